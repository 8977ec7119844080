import { STEP_BATCH } from "../../routing/steps.ts";
import type { Ref } from "../../queue/job.ts";
import type { Lane } from "../../core/lane.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { isContention, isDatabaseUnavailable } from "../../db/fault.ts";
import { IN_SCOPE, type Scope, scopeValues, WORKSPACE_NOW } from "../../workspaces/clock.ts";
import type { Flow } from "../../queue/fairness.ts";
import type { EngineDeps } from "../deps.ts";
import { moveSteps, type StepDeps } from "../../routing/due-steps.ts";
import { moveRetries } from "./due-retries.ts";
import { wakeBroadcasts } from "../broadcast/schedule.ts";
import { wakeRefreshes } from "../segments/refresh.ts";
import { returnSnoozed } from "../../inbox/snooze.ts";
import { stepClocks } from "./test-clock.ts";

/**
 * The waker moves what is due to the live queues: sleeping runs, steps of smart routings, scheduled broadcasts,
 * messages waiting for a retry, lists whose query is due again, items of the inbox that were snoozed. Sleepers are rows under an index, not jobs: one million deferred jobs in a live queue slow its fetch to less
 * than half, while one million sleeping rows cost nothing until they are due. It sleeps until the next due time.
 *
 * Its statements are about all workspaces at once. When one fails, it is repeated for each workspace alone, and the one
 * that fails there is set aside for a while: nobody's rows and nobody's clock stop the others.
 */
export interface Waker {
  /** Something will be due at `at`: do not sleep past it. */
  expect: (at: Date) => void;
  start: () => void;
  stop: () => Promise<void>;
  /** Moves everything that is due now; returns how many rows. */
  tick: () => Promise<number>;
}

/** Limits a sleep, so that rows of other processes are found. */
const LONGEST_SLEEP_MS = 1000;
/** Pause between two looks while much is due: what is due within it is moved together. */
const PAUSE_MS = 20;
/** How soon a moving test clock is checked again. */
const CLOCK_STEP_MS = 5;
/** How long a workspace that failed is set aside. */
const ASIDE_MS = 10_000;

export function createWaker(deps: WakerDeps & Pick<EngineDeps, "log">): Waker {
  let timer: NodeJS.Timeout | undefined;
  let wakeAtMs = Number.POSITIVE_INFINITY;
  let running: Promise<unknown> | undefined;
  let stopped = true;

  /** Workspaces that failed, and until when they are set aside. */
  const aside = new Map<number, number>();

  async function tick(): Promise<number> {
    let moved = 0;
    if ((await forEach(stepAll)) > 0) expect(new Date(Date.now() + CLOCK_STEP_MS));
    for (const move of MOVES) moved += await moveAll(move);
    return moved;
  }

  async function moveAll(move: Move): Promise<number> {
    let moved = 0;
    for (;;) {
      const batch = await forEach(move);
      moved += batch;
      if (batch < STEP_BATCH) return moved;
    }
  }

  /** For all workspaces together, or, when that fails for a reason of one of them, for each alone. */
  async function forEach(move: Move): Promise<number> {
    try {
      return await move(deps, scopeNow());
    } catch (error) {
      if (isDatabaseUnavailable(error) || isContention(error)) throw error;
      deps.log.error({ err: error }, "waking failed; trying each workspace alone");
      return forEachAlone(move);
    }
  }

  async function forEachAlone(move: Move): Promise<number> {
    let moved = 0;
    const { except } = scopeNow();
    const rows = await deps.db.query<{ workspace_id: number }>(
      "select workspace_id from workspace where workspace_id <> all($1) order by workspace_id",
      [except],
    );
    for (const { workspace_id } of rows) {
      try {
        moved += await move(deps, { only: workspace_id, except });
      } catch (error) {
        if (isDatabaseUnavailable(error) || isContention(error)) throw error;
        aside.set(workspace_id, performance.now() + ASIDE_MS);
        deps.log.error(
          { err: error, workspace_id },
          "waking failed for a workspace; it is set aside for a while",
        );
      }
    }
    return moved;
  }

  function scopeNow(): Scope {
    for (const [workspace_id, until] of aside) if (until < performance.now()) aside.delete(workspace_id);
    return { only: null, except: [...aside.keys()] };
  }

  /** One query reports what is due and when the next will be, so that an idle waker costs nothing more. */
  async function look(): Promise<void> {
    const { clocks, due_in_ms } = await readDue(deps.db, await deps.clock(deps.db), scopeNow());
    if (clocks) {
      await tick();
      return;
    }
    const begun = Date.now();
    for (const [index, move] of MOVES.entries()) {
      const ms = due_in_ms[index] ?? null;
      if (ms === null) continue;
      if (ms <= 0) await moveAll(move);
      expect(new Date(begun + Math.max(ms, PAUSE_MS)));
    }
  }

  function schedule(): void {
    clearTimeout(timer);
    if (stopped) return;
    const delay = Math.max(0, Math.min(wakeAtMs - Date.now(), LONGEST_SLEEP_MS));
    timer = setTimeout(() => void cycle(), delay);
  }

  async function cycle(): Promise<void> {
    if (running !== undefined) return;
    wakeAtMs = Number.POSITIVE_INFINITY;
    running = look().catch((error: unknown) => deps.log.error({ err: error }, "waking failed; trying again"));
    await running;
    running = undefined;
    schedule();
  }

  function expect(at: Date): void {
    if (at.getTime() >= wakeAtMs) return;
    wakeAtMs = at.getTime();
    if (running === undefined) schedule();
  }

  return {
    expect,
    start() {
      stopped = false;
      schedule();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
    tick,
  };
}

type WakerDeps = StepDeps & Pick<EngineDeps, "announce">;

/** Moves up to `STEP_BATCH` rows that are due; returns how many. */
type Move = (deps: WakerDeps, scope: Scope) => Promise<number>;

const MOVES: readonly Move[] = [
  (deps, scope) => deps.db.tx((tx) => moveRuns(tx, deps, scope), { relaxed: true }),
  moveSteps,
  (deps, scope) => deps.db.tx((tx) => wakeBroadcasts(tx, deps, scope), { relaxed: true }),
  moveRetries,
  (deps, scope) => deps.db.tx((tx) => wakeRefreshes(tx, deps, scope), { relaxed: true }),
  wakeSnoozed,
];

/** 1 while a clock is on its way. */
const stepAll: Move = async (deps, scope) =>
  (await deps.db.tx((tx) => stepClocks(tx, deps, scope))) ? 1 : 0;

/**
 * Milliseconds until the first of each kind is due, in the order of `MOVES`; null: nothing waits, or only for a frozen
 * clock. Reads the first entry of each index.
 */
async function readDue(
  db: Queryable,
  base: Date | null,
  scope: Scope,
): Promise<{ clocks: boolean; due_in_ms: (number | null)[] }> {
  const first = (table: string, column: string) =>
    `(select min(extract(epoch from first.due - ${WORKSPACE_NOW("$1")}) * 1000)::float8
        from workspace w,
             lateral (select ${column} as due from ${table} t
                       where t.workspace_id = w.workspace_id and ${column} is not null
                       order by ${column} limit 1) first
       where (w.clock_frozen_at is null or first.due <= w.clock_frozen_at) and ${IN_SCOPE("w.workspace_id", 2)})`;
  const [row] = await db.query<{ clocks: boolean; due_in_ms: (number | null)[] }>(
    `select exists (select 1 from workspace w where clock_target is not null and ${IN_SCOPE("w.workspace_id", 2)}) as clocks,
            array[${first("run", "wake_at")}, ${first("smart_step", "due_at")}, ${first("broadcast", "wake_at")},
                  (select extract(epoch from min(next_attempt_at) - coalesce($1::timestamptz, now()))::float8 * 1000
                     from message m where next_attempt_at is not null and ${IN_SCOPE("m.workspace_id", 2)}),
                  (select extract(epoch from min(refresh_at) - coalesce($1::timestamptz, now()))::float8 * 1000
                     from list_query q where refresh_at is not null and ${IN_SCOPE("q.workspace_id", 2)}),
                  (select extract(epoch from min(snoozed_until) - coalesce($1::timestamptz, now()))::float8 * 1000
                     from inbox_item i where snoozed_until is not null and ${IN_SCOPE("i.workspace_id", 2)})] as due_in_ms`,
    [base, ...scopeValues(scope)],
    "waker_due",
  );
  return row ?? { clocks: false, due_in_ms: [] };
}

/**
 * Relies on run_wake, once per workspace at its own time. `skip locked`: any number of wakers share the work without
 * waiting for each other.
 */
async function moveRuns(tx: Tx, deps: WakerDeps, scope: Scope): Promise<number> {
  const rows = await tx.query<Ref & Flow & { lane: Lane }>(
    `update run r set wake_at = null
       from workspace w,
            lateral (select workspace_id, id from run
                      where workspace_id = w.workspace_id and wake_at <= ${WORKSPACE_NOW("$1")}
                      order by wake_at limit ${STEP_BATCH} for update skip locked) due
      where r.workspace_id = due.workspace_id and r.id = due.id and ${IN_SCOPE("w.workspace_id", 2)}
      returning r.workspace_id, r.id, r.lane, r.tenant_id`,
    [await deps.clock(tx), ...scopeValues(scope)],
    "wake_runs",
  );
  await deps.queue.enqueue(tx, "execute", rows);
  return rows.length;
}

/** Items of the inbox. */
async function wakeSnoozed({ db, clock, announce }: WakerDeps, scope: Scope): Promise<number> {
  return db.tx(
    async (tx) => returnSnoozed(tx, { announce, base: await clock(tx), limit: STEP_BATCH }, scope),
    { again: true },
  );
}
