import type { Lane } from "../core/lane.ts";

/**
 * Limits calls in flight. A loop that passes its work to slots does not wait for one batch before it takes the next: it
 * waits for `capacity`.
 */
export interface Slots {
  /** Waits for a slot for one call. */
  take: (lane: Lane) => Promise<void>;
  free: (lane: Lane) => void;
  /** Adds the calls of a job that was taken on; `leave` removes them. */
  enter: (lane: Lane, calls: number) => void;
  leave: (lane: Lane, calls: number) => void;
  /** Resolves when a lane has taken on fewer calls than it has slots. */
  capacity: (lane: Lane) => Promise<void>;
}

/** Counting semaphores, one per lane: the two upper lanes have a quarter each, campaigns the rest. */
export function createSlots(total: number): Slots {
  const quarter = Math.max(1, Math.floor(total / 4));
  const lanes = [quarter, quarter, Math.max(1, total - 2 * quarter)].map((places) => ({
    places,
    free: places,
    taken_on: 0,
    callers: [] as (() => void)[],
    loops: [] as (() => void)[],
  }));
  const at = (lane: Lane) => {
    const state = lanes[lane];
    if (state === undefined) throw new Error(`no lane ${String(lane)}`);
    return state;
  };
  return {
    async take(lane) {
      const state = at(lane);
      if (state.free > 0) state.free--;
      else await new Promise<void>((resolve) => state.callers.push(resolve));
    },
    free(lane) {
      const state = at(lane);
      const next = state.callers.shift();
      if (next === undefined) state.free++;
      else next();
    },
    enter: (lane, calls) => void (at(lane).taken_on += calls),
    leave(lane, calls) {
      const state = at(lane);
      state.taken_on -= calls;
      if (state.taken_on < state.places) for (const resume of state.loops.splice(0)) resume();
    },
    async capacity(lane) {
      const state = at(lane);
      while (state.taken_on >= state.places) await new Promise<void>((resolve) => state.loops.push(resolve));
    },
  };
}
