import { HOUR_MS, type Job } from "./job.ts";

/** They name the messages that they came from, and are kept as long. */
export const forgetPreferenceChanges: Job = {
  name: "forget changes of preferences",
  every_ms: 6 * HOUR_MS,
  async run({ db, config }) {
    await db.query("delete from preference_change where created_at < now() - $1 * interval '1 day'", [
      config.RETENTION_MESSAGE_DAYS,
    ]);
  },
};
