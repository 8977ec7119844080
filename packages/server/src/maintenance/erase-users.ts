import type { Erasures } from "../privacy/erasures.ts";
import type { Job } from "./job.ts";

const EVERY_MS = 10_000;

/** Erases from the logs the users who were deleted. */
export function eraseUsers({ eraseWaiting }: Erasures): Job {
  return {
    name: "erase users",
    every_ms: EVERY_MS,
    async run({ log }) {
      const erased = await eraseWaiting((error, id) =>
        log.error({ err: error, erasure: id }, "a user is not erased from the logs yet; trying again later"),
      );
      if (erased > 0) log.info({ erased }, "erased users from the logs");
    },
  };
}
