import type { Queryable } from "../db/db.ts";

/**
 * The time of a workspace: the database's, unless it is a sandbox whose clock was frozen or moved. All wait times of
 * runs are stored in this time.
 */
export const WORKSPACE_NOW = (base: string): string =>
  `coalesce(w.clock_frozen_at, coalesce(${base}::timestamptz, now()) + w.clock_offset_ms * interval '1 millisecond')`;

/** Which workspaces a statement is about that otherwise is about all: one alone, or all but some. */
export interface Scope {
  only: number | null;
  except: readonly number[];
}

export const EVERY_WORKSPACE: Scope = { only: null, except: [] };

/** `scopeValues` as the parameters from `next` on. */
export const IN_SCOPE = (workspace_id: string, next: number): string =>
  `coalesce($${next}::int = ${workspace_id}, true) and ${workspace_id} <> all($${next + 1}::int[])`;

export const scopeValues = ({ only, except }: Scope): unknown[] => [only, except];

/** Replaces the database's time in tests; null is the database's own. */
export type Clock = (db: Queryable) => Promise<Date | null>;

export const databaseClock: Clock = async () => null;

/** `base` replaces the database's clock; null: the time of the transaction. */
export async function readNows(
  db: Queryable,
  workspace_ids: Iterable<number>,
  base: Date | null,
): Promise<Map<number, Date>> {
  const rows = await db.query<{ workspace_id: number; now: Date }>(
    `select w.workspace_id, ${WORKSPACE_NOW("$1")} as now from workspace w where w.workspace_id = any($2)`,
    [base, [...workspace_ids]],
    "workspace_now",
  );
  return new Map(rows.map(({ workspace_id, now }) => [workspace_id, now]));
}

export interface TestClock {
  /** The workspace's time. */
  now: Date;
  frozen: boolean;
  /** How far it is ahead of real time when not frozen. */
  offset_ms: number;
  /** The time to which it is being advanced. */
  advancing_to: Date | null;
}

export async function readClock(db: Queryable, workspace_id: number, base: Date | null): Promise<TestClock> {
  const [clock] = await db.query<TestClock>(
    `select ${WORKSPACE_NOW("$1")} as now, w.clock_frozen_at is not null and not (w.clock_target is not null and w.clock_runs_on) as frozen,
            w.clock_offset_ms as offset_ms, w.clock_target as advancing_to
       from workspace w where w.workspace_id = $2`,
    [base, workspace_id],
  );
  if (clock === undefined) throw new Error(`workspace ${workspace_id} is gone`);
  return clock;
}

/** Freezes the clock at its current time, or at a given one. Claims made later than that are dropped. */
export async function freezeClock(
  db: Queryable,
  workspace_id: number,
  at: Date | null,
  base: Date | null,
): Promise<void> {
  const [clock] = await db.query<{ frozen_at: Date }>(
    `update workspace w set clock_frozen_at = coalesce($3, ${WORKSPACE_NOW("$1")}), clock_target = null, clock_runs_on = false
      where w.workspace_id = $2 returning clock_frozen_at as frozen_at`,
    [base, workspace_id, at],
  );
  if (clock !== undefined) await forgetClaimsAfter(db, workspace_id, clock.frozen_at);
}

/** The time to move a clock to, or how far to move it. */
export type ClockMove = Date | { by_ms: number };

/** How far a clock can be set: what lies between two times of it fits every column that holds seconds. */
export const FIRST_CLOCK = new Date(Date.UTC(2000, 0, 1));
export const LAST_CLOCK = new Date(Date.UTC(2099, 11, 31, 23, 59, 59, 999));

export const CLOCK_BOUNDS = `must lie between ${FIRST_CLOCK.toISOString()} and ${LAST_CLOCK.toISOString()}`;

export function isClock(text: string): boolean {
  const at = new Date(text);
  return at >= FIRST_CLOCK && at <= LAST_CLOCK;
}

/**
 * Moves the clock to a time. It is stepped there (`engine/waits/test-clock.ts`), from one due time to the next, so that
 * the effects of each are in place before the next is due. A running clock continues to run from there. One that is
 * already being moved goes `by_ms` further than its target; the target is computed under the row's lock, so that
 * concurrent moves are not lost. Returns false, and does nothing, if the target is in the past or after `LAST_CLOCK`.
 */
export async function sendClock(
  db: Queryable,
  workspace_id: number,
  move: ClockMove,
  base: Date | null,
): Promise<boolean> {
  const now = WORKSPACE_NOW("$1");
  const target = `coalesce($4::timestamptz, coalesce(w.clock_target, ${now}) + $3::float8 * interval '1 millisecond')`;
  const sent = await db.query(
    `update workspace w
        set clock_runs_on = case when w.clock_target is null then w.clock_frozen_at is null else w.clock_runs_on end,
            clock_frozen_at = ${now}, clock_target = greatest(w.clock_target, ${target})
      where w.workspace_id = $2 and ${target} between ${now} and $5::timestamptz
      returning 1`,
    [base, workspace_id, ...(move instanceof Date ? [null, move] : [move.by_ms, null]), LAST_CLOCK],
  );
  return sent.length > 0;
}

/** Returns to real time. Claims made later than that are dropped. */
export async function resetClock(db: Queryable, workspace_id: number): Promise<void> {
  await db.query(
    `update workspace set clock_frozen_at = null, clock_offset_ms = 0, clock_target = null, clock_runs_on = false
      where workspace_id = $1`,
    [workspace_id],
  );
  await forgetClaimsAfter(db, workspace_id, null);
}

/** Deletes idempotency keys claimed after a time; null: after the database's. */
async function forgetClaimsAfter(db: Queryable, workspace_id: number, at: Date | null): Promise<void> {
  await db.query(
    "delete from idempotency where workspace_id = $1 and created_at > coalesce($2::timestamptz, now())",
    [workspace_id, at],
  );
}
