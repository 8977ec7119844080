import { createContext, Script } from "node:vm";

/**
 * Runs synchronous work with a time limit. Only V8 can interrupt running code (a pattern that backtracks for years,
 * references that multiply), through a script's timeout: 0.11 ms for each call, so work that is known to be quick runs
 * without it.
 */
export type TimeLimit = <T>(work: () => T) => { value: T } | null;

/** Below this share of the time on a processor, the machine was stalled and not the work slow. */
const BUSY_SHARE = 0.5;
const TRIES = 3;

/** The result of the work; null when it used up its time. Errors that the work throws pass through. */
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
