import { createHash, randomUUID } from "node:crypto";
import { PgBoss } from "pg-boss";
import type { Lane } from "../core/lane.ts";
import { LANES } from "../core/lane.ts";
import {
  createDb,
  type Db,
  isContention,
  isDatabaseUnavailable,
  type Queryable,
  type Stoppable,
  type Tx,
} from "../db/db.ts";
import type { Log } from "../log.ts";
import { createFairness, type Fairness, type Flow, priorityOf } from "./fairness.ts";
import { createPresence } from "./presence.ts";
import { createRemoteWake, WAKE_CHANNEL } from "./remote-wake.ts";
import { createUrgency, type Urgency } from "./urgency.ts";

/**
 * Work is dispatched through pg-boss: one queue per stage and lane. A job carries ids, in chunks, never
 * payloads; it is inserted by the transaction that makes the rows it is about, and taken off its queue by the
 * transaction that handles them. So a job is done exactly once, whatever dies in between.
 *
 * pg-boss gives fetch with SKIP LOCKED, heartbeats, retries with backoff and maintenance. The loops here are
 * ours, because completion must be part of our transaction, and because a wake-up by NOTIFY inside a
 * transaction serialises commits (PostgreSQL holds one lock for it through the flush to disk): loops of this
 * process are woken directly, those of others by a NOTIFY of its own, at most one every few milliseconds.
 */
export type Stage = "expand" | "execute" | "call" | "tell" | "send";

export interface Ref {
  workspace_id: number;
  id: string;
}

export interface Job {
  id: string;
  /** How often it was handed out before: its workers died, or could not finish. */
  tries: number;
  refs: Ref[];
}

/** A job before it is queued. */
export interface PlannedJob extends Omit<Job, "tries"> {
  priority: number;
}

export interface Handler {
  /** Does the work of these jobs and settles them in its own transaction. A throw splits them and tries again. */
  handle: (jobs: Job[], lane: Lane) => Promise<void>;
  /** A single ref failed for good: writes that down in the transaction that takes its job away. */
  giveUp: (tx: Tx, ref: Ref, error: unknown) => Promise<void>;
  /** Jobs of a lane taken at once; each holds up to `CHUNK` refs. What is taken together is handled together. */
  batch: Record<Lane, number>;
  /** Handing a job out is itself the record that its work began: it must be on disk before the work does. */
  durableClaim?: boolean;
  /** Loops of a lane side by side. */
  loops: Record<Lane, number>;
  /**
   * Resolves when there is room for more work of a lane. A handler that has it bounds itself: its loop does not wait
   * for one batch before it takes the next.
   */
  room?: (lane: Lane) => Promise<void>;
  /** A failed batch may be tried again in halves. False where the job itself is what its rows refer to. */
  divisible: boolean;
}

export interface Dispatch {
  /** Queues refs, as part of `tx`. */
  enqueue: (tx: Tx, stage: Stage, lane: Lane, refs: (Ref & Flow)[]) => Promise<void>;
  /** Splits what is to be queued into fair jobs of at most `CHUNK` recipients, with ids that rows can refer to. */
  plan: <T extends Ref & Flow>(stage: Stage, lane: Lane, members: T[]) => { job: PlannedJob; members: T[] }[];
  /** Queues planned jobs, as part of `tx`. */
  enqueueJobs: (tx: Tx, stage: Stage, lane: Lane, jobs: PlannedJob[]) => Promise<void>;
  /** Takes jobs off their queue, as part of `tx`. Throws `ClaimLostError` when they are no longer ours. */
  settle: (tx: Tx, stage: Stage, lane: Lane, jobs: Job[]) => Promise<void>;
  work: (stage: Stage, handler: Handler) => void;
  /** Work of this workspace is queued or under way. Reads all live jobs: for the test clock alone. */
  isBusy: (db: Queryable, workspace_id: number) => Promise<boolean>;
  /** When the oldest work of a stage that is not done was queued; null: all is done. */
  oldestPending: (db: Queryable, stage: Stage) => Promise<Date | null>;
  /** See `urgency.ts`: who begins work of a lane outside of the loops says so, who works long gives way. */
  begin: Urgency["begin"];
  calm: Urgency["calm"];
  /** Waiting and active jobs and the age of the oldest waiting one, per queue. */
  measure: () => Promise<QueueDepth[]>;
  start: (options: { worker: boolean }) => Promise<void>;
  stop: () => Promise<void>;
}

export interface QueueDepth {
  stage: Stage;
  lane: Lane;
  waiting: number;
  active: number;
  oldest_seconds: number;
}

/** Campaigns take one small chunk at a time: an urgent message then waits for one chunk at most. */
export function lessForCampaigns(count: number): Record<Lane, number> {
  return { 0: count, 1: count, 2: 1 };
}

export class ClaimLostError extends Error {
  override name = "ClaimLostError";
}

export const CHUNK = 100;
const STAGES: readonly Stage[] = ["expand", "execute", "call", "tell", "send"];
const QUEUES = STAGES.flatMap((stage) => LANES.map((root) => `${stage}-${root}`));
const POLL_MS = 1000;
const HEARTBEAT_SECONDS = 10;
const TOUCH_MS = 4000;
/** A handler that throws is given this many tries. */
const MAX_TRIES = 5;
/** A job that was begun and not finished so often is handled alone, and halved, before it is tried again. */
const SUSPICIOUS_TRIES = 3;
/** A single ref that was begun and not finished so often, deaths of workers included, is given up. */
const LAST_TRY = 25;

export interface DispatchDeps {
  db: Db;
  url: string;
  log: Log;
  /** One handled batch, for metrics. */
  observe: (stage: Stage, lane: Lane, seconds: number, refs: number) => void;
}

export function createDispatch({ db, url, log, observe }: DispatchDeps): Dispatch {
  // Losing a claim in a crash of the database only means that the job is handed out again.
  const claims = createDb({
    url,
    max: 6,
    relaxed: true,
    onError: (error) => log.warn({ err: error }, "database connection"),
  });
  const adapter = createAdapter();
  const boss = new PgBoss({
    connectionString: url,
    application_name: "carillon-jobs",
    max: 2,
    schema: "pgboss",
    schedule: false,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    maintenanceIntervalSeconds: 60,
  });
  boss.on("error", (error) => log.error({ err: error }, "job engine"));

  const sleepers = new Map<string, Set<() => void>>();
  const active = new Map<string, Set<string>>();
  const fair = new Map<string, Fairness>();
  const urgency = createUrgency();
  const loops: Promise<void>[] = [];
  const running = new Set<Promise<void>>();
  const handlers = new Map<Stage, Handler>();
  const remote = createRemoteWake(db, log);
  let stopping = false;
  /** The database is: a dozen loops need not say so every second. */
  let isAway = false;
  let listener: Stoppable | undefined;
  const presence = createPresence({ db, log, queues: QUEUES, isWorking: () => active.size > 0 });
  let touching: NodeJS.Timeout | undefined;

  function wake(queue: string): boolean {
    const waiting = sleepers.get(queue);
    if (waiting === undefined) return false;
    for (const resume of waiting) resume();
    return true;
  }

  async function enqueueJobs(tx: Tx, stage: Stage, lane: Lane, jobs: PlannedJob[]): Promise<void> {
    const queue = queueName(stage, lane);
    const inserts = jobs.map(({ id, refs, priority }) => ({ id, priority, data: packRefs(refs) }));
    await boss.insert(queue, inserts, { db: adapter(tx) });
    tx.afterCommit(() => remote.wake(queue, wake(queue)));
  }

  function plan<T extends Ref & Flow>(
    stage: Stage,
    lane: Lane,
    members: T[],
  ): { job: PlannedJob; members: T[] }[] {
    const queue = queueName(stage, lane);
    const fairness = fair.get(queue) ?? createFairness();
    fair.set(queue, fairness);
    return fairness.stamp(members).flatMap((part) =>
      chunksOf(part.members).map((chunk) => ({
        job: {
          id: randomUUID(),
          priority: priorityOf(part.stamp),
          refs: chunk.map(({ workspace_id, id }) => ({ workspace_id, id })),
        },
        members: chunk,
      })),
    );
  }

  async function enqueue(tx: Tx, stage: Stage, lane: Lane, refs: (Ref & Flow)[]): Promise<void> {
    const jobs = plan(stage, lane, refs).map(({ job }) => job);
    await enqueueJobs(tx, stage, lane, jobs);
  }

  async function settle(tx: Tx, stage: Stage, lane: Lane, jobs: Job[]): Promise<void> {
    const ids = jobs.map(({ id }) => id);
    const done = await boss.complete(queueName(stage, lane), ids, null, { db: adapter(tx) });
    // The package returns the count without declaring it.
    const { affected } = done as { affected: number };
    if (affected !== ids.length) {
      throw new ClaimLostError(`${ids.length - affected} of ${ids.length} jobs are no longer ours`);
    }
  }

  async function loop(stage: Stage, lane: Lane, handler: Handler): Promise<void> {
    const queue = queueName(stage, lane);
    const mine = active.get(queue) ?? new Set();
    active.set(queue, mine);
    while (!stopping) {
      await handler.room?.(lane);
      await urgency.calm(lane);
      const woken = sleep(queue);
      const end = urgency.begin(lane);
      const jobs = await fetch(queue, lane, handler);
      if (jobs.length === 0) {
        end();
        await woken.wait();
        continue;
      }
      woken.cancel();
      const done = run(stage, lane, handler, jobs, mine).finally(end);
      if (handler.room === undefined) await done;
      else void done;
    }
  }

  async function run(
    stage: Stage,
    lane: Lane,
    handler: Handler,
    jobs: Job[],
    mine: Set<string>,
  ): Promise<void> {
    for (const job of jobs) mine.add(job.id);
    const batch = perform(stage, lane, handler, jobs).finally(() => {
      for (const job of jobs) mine.delete(job.id);
      running.delete(batch);
    });
    running.add(batch);
    await batch;
  }

  async function perform(stage: Stage, lane: Lane, handler: Handler, jobs: Job[]): Promise<void> {
    const started = performance.now();
    await attempt(stage, lane, handler, jobs);
    const refs = jobs.reduce((sum, job) => sum + job.refs.length, 0);
    observe(stage, lane, (performance.now() - started) / 1000, refs);
  }

  /** Registers for the next wake-up before the queue is looked at, so that none falls between. */
  function sleep(queue: string): { wait: () => Promise<void>; cancel: () => void } {
    const waiting = sleepers.get(queue) ?? new Set();
    sleepers.set(queue, waiting);
    let timer: NodeJS.Timeout | undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    let isOver = false;
    const cancel = () => {
      isOver = true;
      clearTimeout(timer);
      waiting.delete(resume);
    };
    const resume = () => {
      cancel();
      resolve();
    };
    waiting.add(resume);
    return {
      cancel,
      wait() {
        if (stopping) resume();
        else if (!isOver) timer = setTimeout(resume, POLL_MS);
        return promise;
      },
    };
  }

  async function fetch(queue: string, lane: Lane, { batch, durableClaim = false }: Handler): Promise<Job[]> {
    try {
      const jobs = await boss.fetch<PackedRefs>(queue, {
        batchSize: batch[lane],
        includeMetadata: true,
        db: adapter(durableClaim ? db : claims),
      });
      if (isAway) log.info({ queue }, "jobs are fetched again");
      isAway = false;
      return jobs.map(({ id, data, retryCount }) => ({
        id,
        tries: retryCount,
        refs: unpackRefs(data),
      }));
    } catch (error) {
      if (!stopping && !isAway)
        log.error({ err: error, queue }, "fetching jobs failed; trying again every second");
      isAway = isDatabaseUnavailable(error);
      return [];
    }
  }

  /**
   * Runs the handler; after a failure the bad member is isolated by halves, through the queue itself, so that a
   * crash in the middle of that loses nothing. A single ref is retried with backoff and then given up.
   */
  async function attempt(stage: Stage, lane: Lane, handler: Handler, jobs: Job[]): Promise<void> {
    const [job] = jobs;
    if (jobs.length > 1 && jobs.some(({ tries }) => tries >= SUSPICIOUS_TRIES)) {
      return attemptEach(stage, lane, handler, jobs);
    }
    try {
      // What may have killed its workers is not given the chance to take others along.
      if (job !== undefined && job.tries >= SUSPICIOUS_TRIES) {
        if (handler.divisible && job.refs.length > 1) return await halve(stage, lane, job);
        if (job.tries >= LAST_TRY) throw new Error(`it was begun ${job.tries} times and never finished`);
      }
      await handler.handle(jobs, lane);
    } catch (error) {
      if (isDatabaseUnavailable(error)) return postpone(stage, lane, jobs, error);
      if (isContention(error)) return attempt(stage, lane, handler, jobs);
      if (jobs.length > 1) return attemptEach(stage, lane, handler, jobs);
      if (error instanceof ClaimLostError) return log.warn({ stage, lane }, error.message);
      if (job !== undefined) await isolate(stage, lane, handler, job, error);
    }
  }

  async function attemptEach(stage: Stage, lane: Lane, handler: Handler, jobs: Job[]): Promise<void> {
    for (const job of jobs) await attempt(stage, lane, handler, [job]);
  }

  async function isolate(
    stage: Stage,
    lane: Lane,
    handler: Handler,
    job: Job,
    error: unknown,
  ): Promise<void> {
    try {
      if (handler.divisible && job.refs.length > 1) return await halve(stage, lane, job);
      const { tries } = job;
      log.error(
        { stage, lane, ref: job.refs[0]?.id, refs: job.refs.length, tries, err: error },
        "work failed",
      );
      if (tries < MAX_TRIES - 1) return await postpone(stage, lane, [job], error);
      await db.tx(async (tx) => {
        await settle(tx, stage, lane, [job]);
        for (const ref of job.refs) await handler.giveUp(tx, ref, error);
      });
    } catch (second) {
      log.error({ stage, lane, err: second }, "could not put failed work back; its heartbeat will");
    }
  }

  async function halve(stage: Stage, lane: Lane, job: Job): Promise<void> {
    const middle = Math.ceil(job.refs.length / 2);
    await db.tx(async (tx) => {
      await settle(tx, stage, lane, [job]);
      await enqueue(tx, stage, lane, job.refs.slice(0, middle));
      await enqueue(tx, stage, lane, job.refs.slice(middle));
    });
  }

  async function postpone(stage: Stage, lane: Lane, jobs: Job[], error: unknown): Promise<void> {
    const reason = { message: error instanceof Error ? error.message : String(error) };
    const ids = jobs.map(({ id }) => id);
    await boss.fail(queueName(stage, lane), ids, reason).catch((second: unknown) => {
      log.error({ stage, lane, err: second }, "could not put failed work back; its heartbeat will");
    });
  }

  async function touch(): Promise<void> {
    for (const [queue, ids] of active) {
      if (ids.size === 0) continue;
      await boss
        .touch(queue, [...ids], { db: adapter(claims) })
        .catch((error: unknown) => log.warn({ err: error, queue }, "heartbeat failed"));
    }
  }

  return {
    enqueue,
    plan,
    enqueueJobs,
    settle,
    begin: urgency.begin,
    calm: urgency.calm,
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
        [LANES.map((_root, lane) => queueName(stage, lane as Lane))],
      );
      return row?.since ?? null;
    },
    async measure() {
      const rows = await db.query<{ name: string; waiting: number; active: number; oldest_seconds: number }>(
        `select name, count(*) filter (where state < 'active')::int as waiting,
                count(*) filter (where state = 'active')::int as active,
                coalesce(extract(epoch from now() - min(created_on) filter (where state < 'active' and start_after <= now())), 0)::float8
                  as oldest_seconds
           from pgboss.job where state <= 'active' group by name`,
      );
      return STAGES.flatMap((stage) =>
        LANES.map((_root, index) => {
          const lane = index as Lane;
          const row = rows.find(({ name }) => name === queueName(stage, lane));
          return {
            stage,
            lane,
            waiting: row?.waiting ?? 0,
            active: row?.active ?? 0,
            oldest_seconds: row?.oldest_seconds ?? 0,
          };
        }),
      );
    },
    async start({ worker }) {
      await boss.start();
      for (const stage of STAGES) {
        for (const lane of [0, 1, 2] as const) {
          await boss.createQueue(queueName(stage, lane), {
            retryLimit: 1_000_000,
            retentionSeconds: 366 * 86_400,
            retryDelay: 1,
            retryBackoff: true,
            retryDelayMax: 30,
            heartbeatSeconds: HEARTBEAT_SECONDS,
            expireInSeconds: 3600,
            deleteAfterSeconds: 60,
          });
        }
      }
      if (!worker) return;
      await presence.announce();
      listener = await db.listen(
        WAKE_CHANNEL,
        (queue) => void wake(queue),
        () => {
          for (const queue of sleepers.keys()) wake(queue);
        },
      );
      touching = setInterval(() => void touch(), TOUCH_MS);
      for (const [stage, handler] of handlers) {
        for (const lane of [0, 1, 2] as const) {
          for (let index = 0; index < handler.loops[lane]; index++) loops.push(loop(stage, lane, handler));
        }
      }
    },
    async stop() {
      stopping = true;
      for (const queue of sleepers.keys()) wake(queue);
      await Promise.all(loops);
      await Promise.all(running);
      clearInterval(touching);
      remote.stop();
      await listener?.stop();
      await presence.stop();
      await boss.stop({ graceful: false });
      await claims.close();
    },
  };
}

export function queueName(stage: Stage, lane: Lane): string {
  return `${stage}-${LANES[lane]}`;
}

/** Ids grouped by workspace: `[[workspace_id, [id, …]], …]`. */
type PackedRefs = { refs: [number, string[]][] };

function packRefs(refs: Ref[]): PackedRefs {
  const groups = new Map<number, string[]>();
  for (const { workspace_id, id } of refs) {
    const ids = groups.get(workspace_id);
    if (ids === undefined) groups.set(workspace_id, [id]);
    else ids.push(id);
  }
  return { refs: [...groups] };
}

function unpackRefs({ refs }: PackedRefs): Ref[] {
  return refs.flatMap(([workspace_id, ids]) => ids.map((id) => ({ workspace_id, id })));
}

type Adapter = (db: Queryable) => {
  executeSql: (text: string, values?: unknown[]) => Promise<{ rows: object[] }>;
};

/**
 * Lets pg-boss speak over our connections. Its statements are few and constant, so each is prepared once per
 * connection: planning them was half of what a small flush cost.
 */
function createAdapter(): Adapter {
  const names = new Map<string, string>();
  const nameOf = (text: string): string => {
    const known = names.get(text);
    if (known !== undefined) return known;
    const name = `job_${createHash("sha1").update(text).digest("base64url").slice(0, 16)}`;
    names.set(text, name);
    return name;
  };
  return (db) => ({
    executeSql: async (text, values) => ({ rows: await db.query(text, values, nameOf(text)) }),
  });
}

/** Of `CHUNK` recipients at most, so that no job is much longer than another; who stands for more is alone. */
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
