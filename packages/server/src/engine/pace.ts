/**
 * Breathing in long synchronous work: a chunk of a campaign must not hold up the requests, answers and urgent
 * messages that this process could handle in the meantime.
 */
export type Breathe = () => Promise<void> | void;

const LONGEST_MS = 4;

/** Call it between pieces of work; it gives way once `LONGEST_MS` have passed since it last did. */
export function createPace(now: () => number = () => performance.now()): Breathe {
  let since = now();
  return () => {
    if (now() - since < LONGEST_MS) return undefined;
    return new Promise<void>((resolve) => {
      setImmediate(() => {
        since = now();
        resolve();
      });
    });
  };
}
