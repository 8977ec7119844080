/**
 * Breathing in long synchronous work: a chunk of a campaign must not hold up the requests, answers and urgent
 * messages that this process could handle in the meantime.
 */
export type Pause = () => Promise<void> | void;

const LONGEST_MS = 2;

export interface PaceOptions {
  /** Resolves when nobody more urgent is at work; see `urgency.ts`. */
  waitForUrgentWork?: () => Promise<void> | void;
  now?: () => number;
}

/** Call it between pieces of work; it gives way once `LONGEST_MS` have passed since it last did. */
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
