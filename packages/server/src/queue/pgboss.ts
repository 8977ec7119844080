import { storable } from "../core/text.ts";
import { preparedName } from "../db/prepared-name.ts";
import { PgBoss } from "pg-boss";
import type { Queryable } from "../db/db.ts";
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

export function createJobStore({ url, log }: { url: string; log: Log }): JobStore {
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
      await boss.fail(queue, ids, { message: storable(reason) });
    },
    async touch(db, queue, ids) {
      await boss.touch(queue, ids, { db: adapter(db) });
    },
    stop: () => boss.stop({ graceful: false }),
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
