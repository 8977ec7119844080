import { HOUR_MS, type Job } from "./job.ts";

const AT_ONCE = 10_000;

/** Forgets vendors' own ids of messages: nothing is reported about a message of last month. */
export const forgetVendorAcks: Job = {
  name: "forget vendor acks",
  every_ms: HOUR_MS,
  async run({ db, log }) {
    let forgotten = 0;
    for (;;) {
      const gone = await db.query(
        `delete from vendor_ack where ctid = any(array(
           select ctid from vendor_ack where created_at < now() - interval '30 days' limit ${AT_ONCE}
              for update skip locked)) returning 1`,
      );
      forgotten += gone.length;
      if (gone.length < AT_ONCE) break;
    }
    if (forgotten > 0) log.info({ forgotten }, "forgot the ids of vendors");
  },
};
