import { createContext, Script } from "node:vm";

/**
 * Runs synchronous work for at most so long. Only V8 can break into code that runs (a pattern that backtracks for
 * years, references that multiply), which it offers through a script's timeout: 0.11 ms for each call, so what is
 * known to be quick goes without.
 */
export type TimeLimit = <T>(work: () => T) => { value: T } | null;

/** With less than this share of the time on a processor it was the machine that stood still. */
const BUSY_SHARE = 0.5;
const TRIES = 3;

/** The result of the work; null when it was out of time, and used it. What the work throws passes. */
export function createTimeLimit(max_ms: number): TimeLimit {
  const idle = (): unknown => undefined;
  const sandbox = { work: idle };
  const context = createContext(sandbox);
  const script = new Script("work()");

  return <T>(work: () => T) => {
    for (let tries = 1; ; tries++) {
      sandbox.work = work;
      const before = process.threadCpuUsage();
      try {
        return { value: script.runInContext(context, { timeout: max_ms }) as T };
      } catch (error) {
        if (!isTimeout(error)) throw error;
        const { user, system } = process.threadCpuUsage(before);
        if (tries === TRIES || (user + system) / 1000 > max_ms * BUSY_SHARE) return null;
      } finally {
        sandbox.work = idle;
      }
    }
  };
}

function isTimeout(error: unknown): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
  );
}
