import { HOUR_MS, type Job } from "./job.ts";

/** What people needed to sign in, once it is over, and the record of changes after its time. */
export const forgetSignIns: Job = {
  name: "forget sign-ins",
  every_ms: HOUR_MS,
  async run({ db, config }) {
    await db.query("delete from session where idle_until < now() or expires_at < now()");
    await db.query("delete from sign_in_code where expires_at < now()");
    await db.query("delete from setup_link where expires_at < now()");
    await db.query("delete from sign_in_attempt where full_at < now()");
    // Those that were never accepted can be sent again for a while.
    await db.query("delete from invitation where expires_at < now() - interval '30 days'");
    await db.query("delete from audit where created_at < now() - make_interval(days => $1)", [
      config.RETENTION_AUDIT_DAYS,
    ]);
  },
};
