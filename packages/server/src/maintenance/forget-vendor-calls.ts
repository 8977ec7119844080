import { HOUR_MS, type Job } from "./job.ts";

const AT_ONCE = 10_000;

/** Forgets the counts of vendors' calls after two days: the health board looks back over one. */
export const forgetVendorCalls: Job = {
  name: "forget vendor calls",
  every_ms: HOUR_MS,
  async run({ db }) {
    for (;;) {
      const gone = await db.query(
        `delete from vendor_call_count where ctid = any(array(
           select ctid from vendor_call_count where minute < now() - interval '2 days' limit ${AT_ONCE}
              for update skip locked)) returning 1`,
      );
      if (gone.length < AT_ONCE) return;
    }
  },
};
