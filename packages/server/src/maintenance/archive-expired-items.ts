import { archiveExpired } from "../inbox/retention.ts";
import type { Job } from "./job.ts";

const MINUTE_MS = 60_000;

/** Nobody sees them any more; lists are faster without them. */
export const archiveExpiredItems: Job = {
  name: "archive expired items",
  every_ms: MINUTE_MS,
  run: async ({ db }) => void (await archiveExpired(db)),
};
