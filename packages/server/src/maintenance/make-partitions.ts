import { ensurePartitions } from "../db/partitions.ts";
import { HOUR_MS, type Job } from "./job.ts";

export const makePartitions: Job = {
  name: "make partitions ahead",
  every_ms: 6 * HOUR_MS,
  async run({ db, log }) {
    const { changed, busy } = await ensurePartitions(db);
    if (changed.length > 0) log.info({ made: changed }, "made partitions");
    if (busy.length > 0) log.warn({ busy }, "tables are busy; their partitions are made later");
  },
};
