import { type Db, isDatabaseUnavailable, isDiskFull } from "../db/db.ts";
import { AppError } from "../errors.ts";
import type { QueueReading } from "../metrics.ts";

/** The state of the database, for monitors and load balancers. */
export interface Health {
  /** `full`: it has no room for writes. */
  database: "up" | "full" | "down";
  /** Why it is not up. */
  reason?: string;
  /** Absent if it did not answer. */
  queues?: QueueReading[];
}

export interface HealthDeps {
  db: Pick<Db, "ensureRoom">;
  measureQueues: () => Promise<QueueReading[]>;
  /** True while the database is known to be down for lack of disk space. Default: unknown. */
  isOutOfRoom?: () => boolean;
  /** How long to wait for an answer. */
  patience_ms?: number;
}

const PATIENCE_MS = 3000;
const DISK_FULL = "the disk of the database is full";

/**
 * Checks the database, for at most `patience_ms`. Callers that ask during a check share its result, so that a hanging
 * database is not asked again and again.
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
      // The driver's message contains addresses, so it is only logged.
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

/** The refusal for a request that the database could not serve; null if the database is not the cause. */
export function databaseRefusal(error: unknown, isOutOfRoom = false): AppError | null {
  if (!isDatabaseUnavailable(error)) return null;
  const reason =
    isOutOfRoom || isDiskFull(error)
      ? `${DISK_FULL}; send the request again when there is room`
      : "the database is not answering; send the request again";
  return new AppError("database_unavailable", reason, { cause: error });
}
