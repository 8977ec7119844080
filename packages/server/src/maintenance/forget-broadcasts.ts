import { HOUR_MS, type Job } from "./job.ts";

/** Broadcasts are kept as long as the requests that they came with, in days of the database's clock. */
export const forgetBroadcasts: Job = {
  name: "forget broadcasts",
  every_ms: 6 * HOUR_MS,
  async run({ db, config }) {
    await db.query("delete from broadcast where ended_at < now() - $1 * interval '1 day'", [
      config.RETENTION_REQUEST_DAYS,
    ]);
  },
};
