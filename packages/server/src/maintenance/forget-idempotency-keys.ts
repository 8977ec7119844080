import { HOUR_MS, type Job } from "./job.ts";

export const forgetIdempotencyKeys: Job = {
  name: "forget idempotency keys",
  every_ms: HOUR_MS,
  async run({ db }) {
    await db.query("delete from idempotency where created_at < now() - interval '25 hours'");
  },
};
