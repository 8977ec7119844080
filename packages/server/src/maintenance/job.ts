import type { Config } from "../config.ts";
import type { Db } from "../db/db.ts";
import type { Log } from "../log.ts";

/** Housekeeping. Any number of nodes may run a job, at the same time too: each is harmless to repeat. */
export interface Job {
  /** For the log, where it fails. */
  name: string;
  every_ms: number;
  run: (deps: MaintenanceDeps) => Promise<void>;
}

export interface MaintenanceDeps {
  db: Db;
  log: Log;
  config: Config;
}

export const HOUR_MS = 3_600_000;
