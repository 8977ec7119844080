import { forgetGoals } from "../routing/success.ts";
import { HOUR_MS, type Job } from "./job.ts";

export const forgetSuccessEvents: Job = {
  name: "forget events that nobody waits for any more",
  every_ms: HOUR_MS,
  run: ({ db }) => forgetGoals(db),
};
