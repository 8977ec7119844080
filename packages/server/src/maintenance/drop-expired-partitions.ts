import { databaseTime, dropExpiredPartitions } from "../db/partitions.ts";
import { HOUR_MS, type Job } from "./job.ts";

const FAR_OFF_MS = 60_000;

export const dropExpired: Job = {
  name: "drop expired partitions",
  every_ms: 6 * HOUR_MS,
  async run({ db, log, config }) {
    const off_ms = Math.abs(Date.now() - (await databaseTime(db)));
    if (off_ms > FAR_OFF_MS) {
      log.error(
        { off_seconds: Math.round(off_ms / 1000) },
        "this machine's clock is not the database's; correct it",
      );
    }
    const { changed, busy, young, left } = await dropExpiredPartitions(db, {
      request_days: config.RETENTION_REQUEST_DAYS,
      run_days: config.RETENTION_RUN_DAYS,
      message_days: config.RETENTION_MESSAGE_DAYS,
    });
    if (changed.length > 0) log.info({ dropped: changed }, "dropped expired partitions");
    if (young.length > 0) {
      log.error(
        { kept: young },
        "partitions are old by their ids and hold new rows: somebody's clock was wrong",
      );
    }
    if (left.length > 0) {
      log.error(
        { left },
        "more has expired than one pass drops; if that is no surprise, there is nothing to do",
      );
    }
    if (busy.length > 0) log.warn({ busy }, "tables are busy; their expired partitions are dropped later");
  },
};
