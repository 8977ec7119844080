import { storable } from "../core/text/text.ts";
import { preparedName } from "../db/prepared-name.ts";
import { PgBoss } from "pg-boss";
import type { Db, Queryable } from "../db/db.ts";
import type { Log } from "../log.ts";
import { type Job, type PlannedJob, ClaimLostError, type Ref } from "./job.ts";

/** Wraps pg-boss in the operations that the queue needs, each over one of Carillon's connections. */
export interface JobStore {
  start: (queues: readonly string[]) => Promise<void>;
  insert: (db: Queryable, queue: string, jobs: PlannedJob[]) => Promise<void>;
  /** Claims up to `count` jobs. */
  fetch: (db: Queryable, queue: string, count: number) => Promise<Job[]>;
  /** Removes jobs from their queue. Throws `ClaimLostError` for jobs that this worker no longer holds. */
  complete: (db: Queryable, queue: string, ids: string[]) => Promise<void>;
  /** Puts jobs back, to be claimed again after a backoff. */
  fail: (queue: string, ids: string[], reason: string) => Promise<void>;
  /**
   * Puts jobs back as if they had not been handed out, to be so again after a time. Also those that were put back
   * meanwhile because their heartbeat could not be written.
   */
  postpone: (queue: string, jobs: readonly Job[], delay_ms: number) => Promise<void>;
  /** Sends the heartbeat of jobs in progress. */
  touch: (db: Queryable, queue: string, ids: string[]) => Promise<void>;
  stop: () => Promise<void>;
}

export const HEARTBEAT_SECONDS = 10;

const QUEUE_OPTIONS = {
  retryLimit: 1_000_000,
  retentionSeconds: 366 * 86_400,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 30,
  heartbeatSeconds: HEARTBEAT_SECONDS,
  expireInSeconds: 3600,
  deleteAfterSeconds: 60,
};

/** It installs its tables, and clears away what a day has left in them. */
const STATEMENT_MS = 60_000;

/** `db` is for its own work, which it repeats: maintenance, and the freeing of jobs whose workers have died. */
export function createJobStore({ db, log }: { db: Db; log: Log }): JobStore {
  const patient = db.patient(STATEMENT_MS);
  const boss = new PgBoss({
    // Not its own pool, which knows no deadlines.
    db: { executeSql: async (text, values) => ({ rows: await patient.query(text, values) }) },
    schema: "pgboss",
    schedule: false,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    maintenanceIntervalSeconds: 60,
  });
  let stopping = false;
  boss.on("error", (error) => {
    if (!stopping) log.error({ err: error }, "job engine");
  });

  return {
    async start(queues) {
      await boss.start();
      for (const queue of queues) await boss.createQueue(queue, QUEUE_OPTIONS);
    },
    async insert(db, queue, jobs) {
      const rows = jobs.map(({ id, refs, priority }) => ({ id, priority, data: packRefs(refs) }));
      await boss.insert(queue, rows, { db: adapter(db) });
    },
    async fetch(db, queue, count) {
      const jobs = await boss.fetch<PackedRefs>(queue, {
        batchSize: count,
        includeMetadata: true,
        db: adapter(db),
      });
      return jobs.map(({ id, data, retryCount }) => ({ id, tries: retryCount, refs: unpackRefs(data) }));
    },
    async complete(db, queue, ids) {
      const done = await boss.complete(queue, ids, null, { db: adapter(db) });
      // pg-boss returns the count without declaring it.
      const { affected } = done as { affected: number };
      if (affected !== ids.length) {
        throw new ClaimLostError(`${ids.length - affected} of ${ids.length} jobs are no longer ours`);
      }
    },
    async fail(queue, ids, reason) {
      await boss.fail(queue, ids, { message: storable(reason) }, { db: adapter(db) });
    },
    async postpone(queue, jobs, delay_ms) {
      await db.query(
        `update pgboss.job j
            set state = 'retry', started_on = null, heartbeat_on = null,
                start_after = now() + $4::float8 * interval '1 millisecond'
           from unnest($2::uuid[], $3::int[]) k(id, tries)
          where j.name = $1 and j.id = k.id and j.retry_count = k.tries and j.state in ('active', 'retry')`,
        [queue, jobs.map(({ id }) => id), jobs.map(({ tries }) => tries), delay_ms],
        "job_postpone",
      );
    },
    async touch(db, queue, ids) {
      await boss.touch(queue, ids, { db: adapter(db) });
    },
    async stop() {
      stopping = true;
      await boss.stop({ graceful: false });
    },
  };
}

/** Ids grouped by workspace: `[[workspace_id, [id, …]], …]`. */
interface PackedRefs {
  refs: [number, string[]][];
}

function packRefs(refs: Ref[]): PackedRefs {
  const groups = Map.groupBy(refs, ({ workspace_id }) => workspace_id);
  return { refs: [...groups].map(([workspace_id, own]) => [workspace_id, own.map(({ id }) => id)]) };
}

function unpackRefs({ refs }: PackedRefs): Ref[] {
  return refs.flatMap(([workspace_id, ids]) => ids.map((id) => ({ workspace_id, id })));
}

type ExecuteSql = (text: string, values?: unknown[]) => Promise<{ rows: object[] }>;

/**
 * Runs pg-boss's statements over Carillon's connections. They are few and constant, so each is prepared once per
 * connection: planning them was half the cost of a small flush.
 */
function adapter(db: Queryable): { executeSql: ExecuteSql } {
  return { executeSql: async (text, values) => ({ rows: await db.query(text, values, preparedName(text)) }) };
}
