import type { Lane } from "../core/lane.ts";

/**
 * Limits calls in flight. A loop that passes its work to slots does not wait for one batch before it takes the next: it
 * waits for `capacity`.
 */
export interface Slots {
  /** Takes on the calls of a job. */
  enter: (lane: Lane, calls: number) => Admission;
  /** Resolves when a lane has free slots that none of the calls it has taken on will use, except those of stuck groups. */
  capacity: (lane: Lane) => Promise<void>;
}

/** The calls of one job. */
export interface Admission {
  /**
   * Waits for a slot for one call, and resolves to what gives it back. Calls of one `group` never take the last slots of
   * a lane, so that a group whose calls hang leaves room for the others; calls without a group may. Resolves to null,
   * without a slot, where the group is stuck and many of it wait already: the caller has to come back later.
   */
  take: (group?: string) => Promise<(() => void) | null>;
  /** The job is over, whether or not all its calls were made. */
  leave: () => void;
}

/**
 * A group has at most three times as many calls in flight as its lane has slots free: alone it gets three quarters of
 * them, two that hang together get six sevenths, and there is always room for one that comes later. It is the dynamic
 * threshold by which network switches share their buffers.
 */
const PER_FREE_SLOT = 3;
/** Calls of a stuck group that wait in memory. A process that dies leaves every one of them in doubt. */
export const MAX_IN_LINE = 100;
/** Calls that a lane has taken on, whatever they wait for: bounds the memory. */
const MAX_TAKEN_ON = 10_000;
/** A call that takes this long says nothing about how soon the next one ends. */
const SLOW_MS = 2000;
/** A group with calls in flight is stuck when no quick call of it has ended for so long. */
const STUCK_MS = 1000;
/** How often a loop that waits looks whether a group is stuck by now. */
const LOOK_MS = 200;

interface LaneState {
  places: number;
  free: number;
  /** Taken on, and not given back. */
  taken_on: number;
  /** Taken on, and neither in flight nor in a line, nor done. */
  arriving: number;
  /** The group that was served longest ago comes first. */
  groups: Map<string, Group>;
  loops: (() => void)[];
}

interface Group {
  in_flight: number;
  /** When its first call began, or its last quick one ended. */
  moved_at: number;
  line: (() => void)[];
}

/** The group of calls that have none. */
const NONE = "";

/** Counting semaphores, one per lane: the two upper lanes have a quarter each, campaigns the rest. */
export function createSlots(total: number, now: () => number = () => performance.now()): Slots {
  const quarter = Math.max(1, Math.floor(total / 4));
  const lanes = [quarter, quarter, Math.max(1, total - 2 * quarter)].map((places): LaneState => ({
    places,
    free: places,
    taken_on: 0,
    arriving: 0,
    groups: new Map(),
    loops: [],
  }));
  const at = (lane: Lane) => {
    const state = lanes[lane];
    if (state === undefined) throw new Error(`no lane ${String(lane)}`);
    return state;
  };

  const isStuck = ({ in_flight, moved_at }: Group) => in_flight > 0 && now() - moved_at > STUCK_MS;

  /** As long as a slot is free, all who wait in lines wait for their own group. */
  function hasRoom({ free, arriving, taken_on, groups }: LaneState): boolean {
    if (arriving >= free || taken_on >= MAX_TAKEN_ON) return false;
    let coming = arriving;
    for (const group of groups.values()) if (!isStuck(group)) coming += group.line.length;
    return coming < free;
  }

  function resumeLoops(state: LaneState): void {
    if (state.loops.length > 0 && hasRoom(state)) for (const resume of state.loops.splice(0)) resume();
  }

  function groupOf({ groups }: LaneState, name: string): Group {
    const group = groups.get(name) ?? { in_flight: 0, moved_at: 0, line: [] };
    groups.set(name, group);
    return group;
  }

  function start(state: LaneState, group: Group): void {
    if (group.in_flight === 0) group.moved_at = now();
    group.in_flight++;
    state.free--;
  }

  /** Serves the groups in turns; those that may not start keep their place. False if there was nobody to serve. */
  function startNext(state: LaneState): boolean {
    for (const [name, group] of state.groups) {
      if (group.line.length === 0 || !mayStart(state, name, group)) continue;
      state.groups.delete(name);
      state.groups.set(name, group);
      start(state, group);
      group.line.shift()?.();
      return true;
    }
    return false;
  }

  function giveBack(state: LaneState, name: string, begun: number): void {
    const group = groupOf(state, name);
    if (now() - begun < SLOW_MS) group.moved_at = now();
    group.in_flight--;
    state.free++;
    while (startNext(state));
    if (group.in_flight === 0 && group.line.length === 0) state.groups.delete(name);
    resumeLoops(state);
  }

  async function take(state: LaneState, name: string): Promise<(() => void) | null> {
    const group = groupOf(state, name);
    if (mayStart(state, name, group)) start(state, group);
    else {
      if (name !== NONE && group.line.length >= MAX_IN_LINE && isStuck(group)) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      group.line.push(resolve);
      await promise;
    }
    const begun = now();
    return () => giveBack(state, name, begun);
  }

  return {
    enter(lane, calls) {
      const state = at(lane);
      let arriving = calls;
      state.taken_on += calls;
      state.arriving += calls;
      return {
        async take(group = NONE) {
          arriving--;
          state.arriving--;
          const slot = take(state, group);
          resumeLoops(state);
          return slot;
        },
        leave() {
          state.taken_on -= calls;
          state.arriving -= arriving;
          resumeLoops(state);
        },
      };
    },
    async capacity(lane) {
      const state = at(lane);
      while (!hasRoom(state)) {
        const { promise, resolve } = Promise.withResolvers<void>();
        state.loops.push(resolve);
        // That a group is stuck is noticed by nothing that happens.
        const timer = setInterval(() => resumeLoops(state), LOOK_MS).unref();
        await promise;
        clearInterval(timer);
      }
    },
  };
}

function mayStart({ free }: LaneState, name: string, { in_flight }: Group): boolean {
  return free > 0 && (name === NONE || in_flight < PER_FREE_SLOT * free);
}
