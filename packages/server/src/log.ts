import { type BaseLogger, pino } from "pino";

/**
 * Structured logs: one JSON object per line, with request and run ids. Never personal data: no addresses, payloads,
 * rendered content or credentials. A recipient is identified by the id of its run or message.
 */
export interface Log {
  debug: (fields: LogFields, message: string) => void;
  info: (fields: LogFields, message: string) => void;
  warn: (fields: LogFields, message: string) => void;
  error: (fields: LogFields, message: string) => void;
  with: (fields: LogFields) => Log;
}

export type LogFields = Record<string, unknown>;

export function createLog(level: string): Log {
  const logger = pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
  return wrap(logger);
}

function wrap(logger: BaseLogger & { child: (fields: LogFields) => BaseLogger }): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    with: (fields) => wrap(logger.child(fields) as typeof logger),
  };
}

/** For tests and one-off commands. */
export function createSilentLog(): Log {
  return createLog("silent");
}
