import { type Db, isDatabaseUnavailable, isDiskFull } from "../db/db.ts";
import { AppError } from "../errors.ts";
import type { QueueReading } from "../metrics.ts";

/** Whether the database can be worked with, as monitors and balancers are told. */
export interface Health {
  /** `full`: it has no room to write. */
  database: "up" | "full" | "down";
  /** Why it is not up. */
  reason?: string;
  /** Absent when it did not answer. */
  queues?: QueueReading[];
}

export interface HealthDeps {
  db: Pick<Db, "ensureRoom">;
  measureQueues: () => Promise<QueueReading[]>;
  /** The database is known to be away for want of room. Default: nobody knows. */
  isOutOfRoom?: () => boolean;
  /** Longer than this no answer is waited for. */
  patience_ms?: number;
}

const PATIENCE_MS = 3000;
const DISK_FULL = "the disk of the database is full";

/**
 * Looks at the database, for at most `patience_ms`. Whoever asks while a look is under way gets what it finds: a database
 * that hangs is not asked again and again.
 */
export function createHealth(deps: HealthDeps): () => Promise<Health> {
  const { db, measureQueues, isOutOfRoom = () => false, patience_ms = PATIENCE_MS } = deps;
  let looking: Promise<Health> | undefined;

  async function look(): Promise<Health> {
    try {
      const queues = await measureQueues();
      const isFull = await db.ensureRoom().then(() => false, isFullElseThrow);
      return isFull ? { database: "full", reason: DISK_FULL, queues } : { database: "up", queues };
    } catch (error) {
      if (isDiskFull(error) || isOutOfRoom()) return { database: "full", reason: DISK_FULL };
      // The driver's own words name addresses: they are for the log.
      return { database: "down", reason: "the database is not answering" };
    }
  }

  return async () => {
    const mine = (looking ??= look());
    const { promise: tooLate, resolve: give } = Promise.withResolvers<Health>();
    const reason = `the database did not answer within ${patience_ms / 1000} s`;
    const patience = setTimeout(() => give({ database: "down", reason }), patience_ms);
    try {
      return await Promise.race([mine, tooLate]);
    } finally {
      clearTimeout(patience);
      if (looking === mine) looking = undefined;
    }
  };
}

function isFullElseThrow(error: unknown): true {
  if (isDiskFull(error)) return true;
  throw error;
}

/** What a request is answered with that the database could not serve; null: the database is not why it failed. */
export function databaseRefusal(error: unknown, isOutOfRoom = false): AppError | null {
  if (!isDatabaseUnavailable(error)) return null;
  const reason =
    isOutOfRoom || isDiskFull(error)
      ? `${DISK_FULL}; send the request again when there is room`
      : "the database is not answering; send the request again";
  return new AppError("database_unavailable", reason, { cause: error });
}
