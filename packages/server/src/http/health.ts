import type { Db } from "../db/db.ts";
import { type DatabaseState, databaseState, isDiskFull } from "../db/fault.ts";
import { AppError } from "../errors.ts";
import type { QueueReading } from "../metrics.ts";

/** The state of the database, for monitors and load balancers. */
export interface Health {
  /** `full`: it has no room for writes. `busy`: it answers, but takes no writes now. */
  database: "up" | "full" | "busy" | "down";
  /** Why it is not up. */
  reason?: string;
  /** Absent if it did not answer. */
  queues?: QueueReading[];
}

export interface HealthDeps {
  db: Pick<Db, "ensureRoom">;
  measureQueues: () => Promise<QueueReading[]>;
  /** Throws the server's refusal if it takes no writes. */
  checkWrites: () => Promise<void>;
  /** How long what is being accepted has waited so far: some connections may be dead while others answer. */
  acceptWaited_ms: () => number;
  /** True while the database is known to be down for lack of disk space. Default: unknown. */
  isOutOfRoom?: () => boolean;
  /** How long to wait for an answer. */
  patience_ms?: number;
}

const PATIENCE_MS = 3000;

/** For people. The server's and the driver's own words contain addresses and names, so they are only logged. */
const REASONS: Record<DatabaseState, string> = {
  full: "the disk of the database is full",
  read_only: "the database takes no writes: it is a standby, or was set to read only",
  busy: "the database did not do it in time: a table is locked, or a limit of its administrator was reached",
  away: "the database is not answering",
};

/**
 * Checks the database, for at most `patience_ms`. Callers that ask during a check share its result, so that a hanging
 * database is not asked again and again.
 */
export function createHealth(deps: HealthDeps): () => Promise<Health> {
  const { db, measureQueues, checkWrites, isOutOfRoom = () => false, patience_ms = PATIENCE_MS } = deps;
  let looking: Promise<Health> | undefined;

  async function look(): Promise<Health> {
    let queues: QueueReading[] | undefined;
    try {
      queues = await measureQueues();
      await db.ensureRoom();
      await checkWrites();
      const waited_ms = deps.acceptWaited_ms();
      if (waited_ms <= patience_ms) return { database: "up", queues };
      const reason = `triggers have waited for the database for ${Math.round(waited_ms / 1000)} s`;
      return { database: "busy", reason, queues };
    } catch (error) {
      const state = isOutOfRoom() ? "full" : (databaseState(error) ?? "away");
      const database = state === "full" ? "full" : queues === undefined || state === "away" ? "down" : "busy";
      return { database, reason: REASONS[state], ...(queues !== undefined && { queues }) };
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

/** The refusal for a request that the database could not serve; null if the database is not the cause. */
export function databaseRefusal(error: unknown, isOutOfRoom = false): AppError | null {
  const found = databaseState(error);
  if (found === null) return null;
  const state = isOutOfRoom || isDiskFull(error) ? "full" : found;
  const when = state === "full" ? "send the request again when there is room" : "send the request again";
  return new AppError("database_unavailable", `${REASONS[state]}; ${when}`, { cause: error });
}
