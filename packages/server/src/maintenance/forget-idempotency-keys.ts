import { WORKSPACE_NOW } from "../workspaces/clock.ts";
import { HOUR_MS, type Job } from "./job.ts";

export const forgetIdempotencyKeys: Job = {
  name: "forget idempotency keys",
  every_ms: HOUR_MS,
  async run({ db }) {
    // The database's clock bounds the index scan; keys claimed by a clock that was set back live longer.
    await db.query(
      `delete from idempotency i using workspace w
        where w.workspace_id = i.workspace_id and i.created_at < now() - interval '25 hours'
          and i.created_at < ${WORKSPACE_NOW("now()")} - interval '25 hours'`,
    );
  },
};
