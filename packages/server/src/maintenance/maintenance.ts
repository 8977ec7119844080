import type { Config } from "../config.ts";
import type { Db } from "../db/db.ts";
import { dropExpiredPartitions, ensurePartitions } from "../db/partitions.ts";
import type { Log } from "../log.ts";

/** Housekeeping, one entry a job. Any number of nodes may run it: every job is harmless to repeat. */
interface Job {
  name: string;
  every_ms: number;
  run: (deps: MaintenanceDeps) => Promise<void>;
}

export interface MaintenanceDeps {
  db: Db;
  log: Log;
  config: Config;
}

const HOUR_MS = 3_600_000;

const JOBS: Job[] = [
  {
    name: "make partitions ahead",
    every_ms: 6 * HOUR_MS,
    async run({ db, log }) {
      const { changed, busy } = await ensurePartitions(db);
      if (changed.length > 0) log.info({ made: changed }, "made partitions");
      if (busy.length > 0) log.warn({ busy }, "tables are busy; their partitions are made later");
    },
  },
  {
    name: "drop expired partitions",
    every_ms: 6 * HOUR_MS,
    async run({ db, log, config }) {
      const { changed, busy } = await dropExpiredPartitions(db, {
        request_days: config.RETENTION_REQUEST_DAYS,
        run_days: config.RETENTION_RUN_DAYS,
        message_days: config.RETENTION_MESSAGE_DAYS,
      });
      if (changed.length > 0) log.info({ dropped: changed }, "dropped expired partitions");
      if (busy.length > 0) log.warn({ busy }, "tables are busy; their expired partitions are dropped later");
    },
  },
  {
    name: "forget idempotency keys",
    every_ms: HOUR_MS,
    async run({ db }) {
      await db.query("delete from idempotency where created_at < now() - interval '25 hours'");
    },
  },
];

export function createMaintenance(deps: MaintenanceDeps): { start: () => void; stop: () => Promise<void> } {
  const timers: NodeJS.Timeout[] = [];
  const running = new Set<Promise<void>>();
  function launch(job: Job): void {
    const run = job
      .run(deps)
      .catch((error: unknown) =>
        deps.log.error({ err: error, job: job.name }, "maintenance failed; trying again later"),
      )
      .finally(() => running.delete(run));
    running.add(run);
  }
  return {
    start() {
      for (const job of JOBS) {
        launch(job);
        timers.push(setInterval(() => launch(job), job.every_ms));
      }
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(running);
    },
  };
}
