/**
 * Pauses in long synchronous work: a chunk of a campaign must not hold up the requests, replies and urgent messages
 * that this process could handle in the meantime.
 */
export type Pause = () => Promise<void> | void;

const LONGEST_MS = 2;

export interface PaceOptions {
  /** Resolves when no more urgent work is in progress; see `urgency.ts`. */
  waitForUrgentWork?: () => Promise<void> | void;
  now?: () => number;
}

/** Call it between pieces of work; it yields once `LONGEST_MS` have passed since it last did. */
export function createPace({
  waitForUrgentWork = () => {},
  now = () => performance.now(),
}: PaceOptions = {}): Pause {
  let since = now();

  async function giveWay(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    await waitForUrgentWork();
    since = now();
  }
  return () => (now() - since < LONGEST_MS ? undefined : giveWay());
}
