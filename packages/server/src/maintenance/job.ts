import type { Config } from "../config.ts";
import type { Db } from "../db/db.ts";
import type { Log } from "../log.ts";

/** Housekeeping. Any number of nodes may run a job, even simultaneously: each is safe to repeat. */
export interface Job {
  /** For the log when it fails. */
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
