import type { Lane } from "../core/lane.ts";

/**
 * Gives urgent work priority within this process. One thread serves all lanes, and a campaign's chunk that runs between
 * two steps of a one-time password doubles the time of each: so less urgent work pauses until more urgent work is done.
 * The pause is limited: neither a busy lane nor a vendor that hangs may stop the others.
 */
export interface Urgency {
  /** Work of a lane is in progress until the returned function is called, or for `HOLD_MS` at most. */
  begin: (lane: Lane) => () => void;
  /** Resolves when no work more urgent than this lane is in progress, after `PATIENCE_MS` at the latest. */
  waitForUrgentWork: (lane: Lane) => Promise<void> | void;
}

/** Per piece of work. Work that takes longer is waiting for the database or a vendor. */
const HOLD_MS = 50;
/** Work pauses every few milliseconds: this leaves a lane a sixth of the thread when the others are always busy. */
const PATIENCE_MS = 20;

export interface UrgencyLimits {
  hold_ms?: number;
  patience_ms?: number;
}

export function createUrgency({ hold_ms = HOLD_MS, patience_ms = PATIENCE_MS }: UrgencyLimits = {}): Urgency {
  const holds = [new Set<NodeJS.Timeout>(), new Set<NodeJS.Timeout>(), new Set<NodeJS.Timeout>()] as const;
  let waiting: { lane: Lane; resume: () => void }[] = [];

  const isUndisturbed = (lane: Lane): boolean => holds.every((own, other) => other >= lane || own.size === 0);

  function resumeUndisturbed(): void {
    if (waiting.length === 0) return;
    const undisturbed = waiting.filter(({ lane }) => isUndisturbed(lane));
    if (undisturbed.length === 0) return;
    waiting = waiting.filter((one) => !undisturbed.includes(one));
    for (const { resume } of undisturbed) resume();
  }

  return {
    begin(lane) {
      // No lane is less urgent, so none would wait.
      if (lane === 2) return () => {};
      const own = holds[lane];
      const end = () => {
        clearTimeout(hold);
        if (own.delete(hold)) resumeUndisturbed();
      };
      const hold = setTimeout(end, hold_ms);
      hold.unref();
      own.add(hold);
      return end;
    },
    waitForUrgentWork(lane) {
      if (isUndisturbed(lane)) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, patience_ms);
      const one = {
        lane,
        resume() {
          clearTimeout(timer);
          resolve();
        },
      };
      waiting.push(one);
      return promise.finally(() => {
        waiting = waiting.filter((other) => other !== one);
      });
    },
  };
}
