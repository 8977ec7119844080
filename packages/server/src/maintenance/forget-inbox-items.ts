import { forgetItems } from "../inbox/retention.ts";
import { HOUR_MS, type Job } from "./job.ts";

/** Items of our own inbox are kept in days of the database's clock, however long their messages are. */
export const forgetInboxItems: Job = {
  name: "forget inbox items",
  every_ms: HOUR_MS,
  async run({ db, log, config }) {
    const forgotten = await forgetItems(db, config.RETENTION_INBOX_DAYS);
    if (forgotten > 0) log.info({ forgotten }, "forgot items of inboxes");
  },
};
