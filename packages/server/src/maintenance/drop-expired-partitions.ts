import { dropExpiredPartitions } from "../db/partitions.ts";
import { HOUR_MS, type Job } from "./job.ts";

export const dropExpired: Job = {
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
};
