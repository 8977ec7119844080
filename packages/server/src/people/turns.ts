import { AppError } from "../errors.ts";

/** Runs so many pieces of work at once and lets so many wait; refuses whatever comes after them. */
export function createTurns(at_once: number, max_waiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= at_once) {
      if (waiting.length >= max_waiting) {
        throw new AppError("throttled", "too many people sign in at this moment", { retry_after: 2 });
      }
      // Who is woken has the place of the one who left it.
      await new Promise<void>((resume) => waiting.push(resume));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
