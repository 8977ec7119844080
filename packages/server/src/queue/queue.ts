import { randomUUID } from "node:crypto";
import { LANE_NUMBERS, type Lane } from "../core/lane.ts";
import { createDb, type Db, type Queryable, type Tx } from "../db/db.ts";
import { isDatabaseUnavailable } from "../db/fault.ts";
import type { Stoppable } from "../db/session.ts";
import type { Log } from "../log.ts";
import { createAttempt, type Work } from "./failure.ts";
import { createFairness, type Fairness, type Flow, priorityOf } from "./fairness.ts";
import {
  CHUNK,
  type Handler,
  type Job,
  type Member,
  type PlannedJob,
  queueName,
  type Stage,
  STAGES,
} from "./job.ts";
import { createLoops } from "./loop.ts";
import { createJobStore } from "./pgboss.ts";
import { createPresence } from "./presence.ts";
import { createRemoteWake, WAKE_CHANNEL } from "./remote-wake.ts";
import { createUrgency, type Urgency } from "./urgency.ts";

/**
 * Work waits in pg-boss: one queue per stage and lane. A job carries ids, in chunks, never payloads; it is inserted by
 * the transaction that creates its rows, and removed by the transaction that handles them. So a job is done exactly
 * once, whatever dies in between.
 *
 * pg-boss provides fetch with SKIP LOCKED, heartbeats, retries with backoff and maintenance. The loops are Carillon's
 * own, because completion must be part of the handler's transaction, and because a wake-up by NOTIFY inside a
 * transaction serialises commits (PostgreSQL holds one lock for it through the flush to disk): loops of this process
 * are woken directly, those of others by a separate NOTIFY, at most one every few milliseconds.
 */
export interface Queue {
  /** Queues refs, as part of `tx`. */
  enqueue: (tx: Tx, stage: Stage, members: Member[]) => Promise<void>;
  /** Splits members to be queued into fair jobs of at most `CHUNK` recipients, with ids that rows can refer to. */
  plan: <T extends Member>(stage: Stage, members: T[]) => PlannedJob<T>[];
  /** Queues planned jobs, as part of `tx`. */
  enqueueJobs: (tx: Tx, stage: Stage, jobs: PlannedJob[]) => Promise<void>;
  /** Removes jobs from their queue, as part of `tx`. Throws `ClaimLostError` if this worker no longer holds them. */
  settle: (tx: Tx, stage: Stage, lane: Lane, jobs: Job[]) => Promise<void>;
  work: (stage: Stage, handler: Handler) => void;
  /** True while work of this workspace is queued or in progress. Reads all live jobs: only for the test clock. */
  isBusy: (db: Queryable, workspace_id: number) => Promise<boolean>;
  /** When the oldest unfinished work of a stage was queued; null: all is done. */
  oldestPending: (db: Queryable, stage: Stage) => Promise<Date | null>;
  /** Announces work of a lane that begins outside the loops; see `urgency.ts`. */
  begin: Urgency["begin"];
  /** Yields to more urgent work during long work; see `urgency.ts`. */
  waitForUrgentWork: Urgency["waitForUrgentWork"];
  /** Waiting and active jobs and the age of the oldest waiting one, per queue. */
  measure: () => Promise<QueueDepth[]>;
  start: (options: { worker: boolean }) => Promise<void>;
  /** Nothing new is begun; what cannot be finished is left to others. */
  isStopping: () => boolean;
  stop: () => Promise<void>;
}

export interface QueueDepth {
  stage: Stage;
  lane: Lane;
  waiting: number;
  active: number;
  oldest_seconds: number;
}

export interface QueueDeps {
  db: Db;
  url: string;
  log: Log;
  /** One handled batch, for metrics. */
  observe: (stage: Stage, lane: Lane, seconds: number, refs: number) => void;
}

const QUEUES = STAGES.flatMap((stage) => LANE_NUMBERS.map((lane) => queueName(stage, lane)));
const TOUCH_MS = 4000;

export function createQueue({ db, url, log, observe }: QueueDeps): Queue {
  // A claim lost in a database crash only means that the job is claimed again.
  const claims = createDb({
    url,
    max: 8,
    relaxed: true,
    onError: (error) => log.warn({ err: error }, "database connection"),
  });
  const store = createJobStore({ db: claims, log });
  const fair = new Map<string, Fairness>();
  const urgency = createUrgency();
  const handlers = new Map<Stage, Handler>();
  const remote = createRemoteWake(db, log);
  const attempt = createAttempt({
    db,
    log,
    enqueue,
    settle,
    fail: (stage, lane, jobs, reason) => store.fail(queueName(stage, lane), idsOf(jobs), reason),
    postpone: (stage, lane, jobs, delay_ms) => store.postpone(queueName(stage, lane), jobs, delay_ms),
    isStopping: () => stopping,
  });
  const loops = createLoops({ urgency, fetch, attempt, observe });
  const presence = createPresence({ db, log, queues: QUEUES, isWorking: () => loops.active.size > 0 });
  /** True while the database is unreachable, so that only one loop logs it. */
  let isAway = false;
  let stopping = false;
  let listener: Stoppable | undefined;
  let touching: NodeJS.Timeout | undefined;

  async function enqueueJobs(tx: Tx, stage: Stage, jobs: PlannedJob[]): Promise<void> {
    for (const lane of LANE_NUMBERS) {
      const own = jobs.filter((job) => job.lane === lane);
      if (own.length === 0) continue;
      const queue = queueName(stage, lane);
      await store.insert(tx, queue, own);
      tx.afterCommit(() => remote.wake(queue, loops.wake(queue)));
    }
  }

  function plan<T extends Member>(stage: Stage, members: T[]): PlannedJob<T>[] {
    return LANE_NUMBERS.flatMap((lane) => {
      const own = members.filter((member) => member.lane === lane);
      return own.length === 0 ? [] : planLane(queueName(stage, lane), lane, own);
    });
  }

  function planLane<T extends Member>(queue: string, lane: Lane, members: T[]): PlannedJob<T>[] {
    const fairness = fair.get(queue) ?? createFairness();
    fair.set(queue, fairness);
    return fairness.stamp(members).flatMap((part) =>
      chunksOf(part.members).map((chunk) => ({
        id: randomUUID(),
        lane,
        priority: priorityOf(part.stamp),
        refs: chunk.map(({ workspace_id, id }) => ({ workspace_id, id })),
        members: chunk,
      })),
    );
  }

  async function enqueue(tx: Tx, stage: Stage, members: Member[]): Promise<void> {
    await enqueueJobs(tx, stage, plan(stage, members));
  }

  async function settle(tx: Tx, stage: Stage, lane: Lane, jobs: Job[]): Promise<void> {
    await store.complete(tx, queueName(stage, lane), idsOf(jobs));
  }

  async function fetch(queue: string, { lane, handler }: Work): Promise<Job[]> {
    const { batch, durableClaim = false } = handler;
    try {
      const jobs = await store.fetch(durableClaim ? db : claims, queue, batch[lane]);
      if (isAway) log.info({ queue }, "jobs are fetched again");
      isAway = false;
      return jobs;
    } catch (error) {
      if (!stopping && !isAway)
        log.error({ err: error, queue }, "fetching jobs failed; trying again every second");
      isAway = isDatabaseUnavailable(error);
      return [];
    }
  }

  async function touch(): Promise<void> {
    for (const [queue, ids] of loops.active) {
      if (ids.size === 0) continue;
      await store
        .touch(claims, queue, [...ids])
        .catch((error: unknown) => log.warn({ err: error, queue }, "heartbeat failed"));
    }
  }

  return {
    enqueue,
    plan,
    enqueueJobs,
    settle,
    begin: urgency.begin,
    waitForUrgentWork: urgency.waitForUrgentWork,
    work: (stage, handler) => void handlers.set(stage, handler),
    async isBusy(queryable, workspace_id) {
      const [row] = await queryable.query<{ busy: boolean }>(
        `select exists (select 1 from pgboss.job, json_array_elements((data::json)->'refs') ref
                         where state <= 'active' and name = any($1) and (ref->>0)::int = $2) as busy`,
        [QUEUES, workspace_id],
      );
      return row?.busy === true;
    },
    async oldestPending(queryable, stage) {
      const [row] = await queryable.query<{ since: Date | null }>(
        "select min(created_on) as since from pgboss.job where state <= 'active' and name = any($1)",
        [LANE_NUMBERS.map((lane) => queueName(stage, lane))],
      );
      return row?.since ?? null;
    },
    async measure() {
      const rows = await db.query<{ name: string } & Omit<QueueDepth, "stage" | "lane">>(
        `select name, count(*) filter (where state < 'active')::int as waiting,
                count(*) filter (where state = 'active')::int as active,
                coalesce(extract(epoch from now() - min(created_on) filter (where state < 'active' and start_after <= now())), 0)::float8
                  as oldest_seconds
           from pgboss.job where state <= 'active' group by name`,
      );
      const depths = new Map(rows.map(({ name, ...depth }) => [name, depth]));
      return STAGES.flatMap((stage) =>
        LANE_NUMBERS.map((lane) => {
          const depth = depths.get(queueName(stage, lane)) ?? { waiting: 0, active: 0, oldest_seconds: 0 };
          return { stage, lane, ...depth };
        }),
      );
    },
    async start({ worker }) {
      await store.start(QUEUES);
      if (!worker) return;
      await presence.announce();
      listener = await db.listen(WAKE_CHANNEL, (queue) => void loops.wake(queue), loops.wakeAll);
      touching = setInterval(() => void touch(), TOUCH_MS);
      for (const [stage, handler] of handlers) {
        for (const lane of LANE_NUMBERS) {
          for (let index = 0; index < handler.loops[lane]; index++) loops.run({ stage, lane, handler });
        }
      }
    },
    isStopping: () => stopping,
    async stop() {
      stopping = true;
      await loops.stop();
      clearInterval(touching);
      remote.stop();
      await listener?.stop();
      await presence.stop();
      // Together: what the job engine has under way ends with its connections.
      await Promise.all([store.stop(), claims.close()]);
    },
  };
}

function idsOf(jobs: readonly Job[]): string[] {
  return jobs.map(({ id }) => id);
}

/** Splits by `CHUNK` recipients, so that jobs take about equally long; a larger member gets its own job. */
function chunksOf<T extends Flow>(items: T[]): T[][] {
  const chunks: T[][] = [];
  let weight = CHUNK;
  for (const item of items) {
    weight += item.weight ?? 1;
    if (weight <= CHUNK) {
      chunks.at(-1)?.push(item);
      continue;
    }
    chunks.push([item]);
    weight = item.weight ?? 1;
  }
  return chunks;
}
