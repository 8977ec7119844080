import type { Lane } from "../core/lane.ts";
import type { Tx } from "../db/db.ts";
import { WORKSPACE_NOW } from "../workspaces/clock.ts";
import type { Ref } from "./dispatch.ts";
import type { Flow } from "./fairness.ts";
import type { EngineDeps } from "./deps.ts";
import { moveSteps } from "./smart-steps.ts";
import { stepClocks } from "./test-clock.ts";
import { enqueueByLane } from "./waiters.ts";

/**
 * The waker moves what is due to the live queues: sleeping runs, steps of smart routings, messages waiting for a
 * retry. Sleepers are rows under an index, not jobs: one million deferred jobs in a live queue slow its fetch to less
 * than half, while one million sleeping rows cost nothing until they are due. It sleeps until the next due time.
 */
export interface Waker {
  /** Something will be due at `at`: do not sleep past it. */
  expect: (at: Date) => void;
  start: () => void;
  stop: () => Promise<void>;
  /** Moves everything that is due now; returns how many rows. */
  tick: () => Promise<number>;
}

const BATCH = 500;
/** The backstop for rows that another process made. */
const LONGEST_SLEEP_MS = 1000;
/** How soon a test clock on its way is looked at again. */
const CLOCK_STEP_MS = 5;

export function createWaker(deps: Pick<EngineDeps, "db" | "dispatch" | "clock" | "log">): Waker {
  let timer: NodeJS.Timeout | undefined;
  let wakeAtMs = Number.POSITIVE_INFINITY;
  let running: Promise<unknown> | undefined;
  let stopped = true;

  async function tick(): Promise<number> {
    let moved = 0;
    if (await deps.db.tx((tx) => stepClocks(tx, deps))) expect(new Date(Date.now() + CLOCK_STEP_MS));
    for (const move of [moveRuns, moveSteps, moveMessages]) {
      let batch: number;
      do {
        batch = await deps.db.tx((tx) => move(tx, deps), { relaxed: true });
        moved += batch;
      } while (batch >= BATCH);
    }
    return moved;
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
    running = tick().catch((error: unknown) => deps.log.error({ err: error }, "waking failed; trying again"));
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

type WakerDeps = Pick<EngineDeps, "dispatch" | "clock">;

/**
 * Relies on run_wake, once for each workspace, at its own time. `skip locked`: any number of wakers share the work,
 * and none waits for another.
 */
async function moveRuns(tx: Tx, deps: WakerDeps): Promise<number> {
  const rows = await tx.query<Ref & Flow & { lane: Lane }>(
    `update run r set wake_at = null
       from workspace w,
            lateral (select workspace_id, id from run
                      where workspace_id = w.workspace_id and wake_at <= ${WORKSPACE_NOW("$1")}
                      order by wake_at limit ${BATCH} for update skip locked) due
      where r.workspace_id = due.workspace_id and r.id = due.id
      returning r.workspace_id, r.id, r.lane, r.tenant_id`,
    [await deps.clock(tx)],
    "wake_runs",
  );
  await enqueueByLane(tx, rows, deps.dispatch);
  return rows.length;
}

/** A retry is leased to its new job, as a first attempt is. */
async function moveMessages(tx: Tx, deps: WakerDeps): Promise<number> {
  const due = await tx.query<Ref & Flow & { lane: Lane }>(
    `select workspace_id, id, lane, tenant_id from message where next_attempt_at <= coalesce($1, now()) order by next_attempt_at limit ${BATCH}
        for update skip locked`,
    [await deps.clock(tx)],
    "wake_messages",
  );
  for (const lane of [0, 1, 2] as const) {
    for (const { job } of deps.dispatch.plan(
      "send",
      lane,
      due.filter((row) => row.lane === lane),
    )) {
      await tx.query(
        `update message m set next_attempt_at = null, lease = $3, attempt = m.attempt + 1, updated_at = now()
           from unnest($1::int[], $2::text[]) as k(workspace_id, id)
          where m.workspace_id = k.workspace_id and m.id = k.id`,
        [job.refs.map((ref) => ref.workspace_id), job.refs.map((ref) => ref.id), job.id],
        "wake_lease",
      );
      await deps.dispatch.enqueueJobs(tx, "send", lane, [job]);
    }
  }
  return due.length;
}
