import { archiveExpiredItems } from "./archive-expired-items.ts";
import { clearLeftovers } from "./clear-leftovers.ts";
import { dropExpired } from "./drop-expired-partitions.ts";
import { forgetBroadcasts } from "./forget-broadcasts.ts";
import { forgetInboxItems } from "./forget-inbox-items.ts";
import { forgetIdempotencyKeys } from "./forget-idempotency-keys.ts";
import { forgetPreferenceChanges } from "./forget-preference-changes.ts";
import { forgetSuccessEvents } from "./forget-success-events.ts";
import type { Job, MaintenanceDeps } from "./job.ts";
import { forgetVendorAcks } from "./forget-vendor-acks.ts";
import { forgetSignIns } from "./forget-sign-ins.ts";
import { forgetVendorCalls } from "./forget-vendor-calls.ts";
import { makePartitions } from "./make-partitions.ts";
import { removeRetiredLists } from "./remove-retired-lists.ts";

/** Housekeeping reads and moves what a week has left. */
const STATEMENT_MS = 600_000;

/** One file per job; this one schedules them. */
const JOBS: Job[] = [
  makePartitions,
  dropExpired,
  forgetIdempotencyKeys,
  forgetBroadcasts,
  forgetPreferenceChanges,
  forgetSuccessEvents,
  forgetVendorAcks,
  forgetSignIns,
  forgetVendorCalls,
  forgetInboxItems,
  archiveExpiredItems,
  clearLeftovers,
  removeRetiredLists,
];

/** `more` are jobs that need more than the database. */
export function createMaintenance(
  deps: MaintenanceDeps,
  more: readonly Job[],
): { start: () => void; stop: () => Promise<void> } {
  const patient = { ...deps, db: deps.db.patient(STATEMENT_MS) };
  const timers: NodeJS.Timeout[] = [];
  const running = new Set<Promise<void>>();
  function launch(job: Job): void {
    const run = job
      .run(patient)
      .catch((error: unknown) =>
        deps.log.error({ err: error, job: job.name }, "maintenance failed; trying again later"),
      )
      .finally(() => running.delete(run));
    running.add(run);
  }
  return {
    start() {
      for (const job of [...JOBS, ...more]) {
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
