import type { Lane } from "../../core/lane.ts";
import type { Db, Tx } from "../../db/db.ts";

/** How fast a vendor may be called with some settings; null: without a limit. */
export interface Pace {
  /** Calls per second, on average. */
  rate_per_second: number | null;
  /** How many of them may come at once after a pause; null: as many as the rate allows in one second, at least one. */
  burst: number | null;
  /** Calls per day, by UTC. */
  daily_cap: number | null;
}

/**
 * Keeps to the rate and the daily cap of each vendor's settings, over all processes together: calls are claimed at a row
 * of the database, as many in one statement as wait for it in this process.
 */
export interface Pacer {
  /** Resolves when the call may be made, or to when its message should come back. */
  admit: (call: PacedCall, pace: Pace) => Promise<Admitted>;
}

export interface PacedCall {
  workspace_id: number;
  vendor_config_id: string;
  lane: Lane;
  /** It came back at its turn: it is not sent to the end of the line again. */
  had_turn: boolean;
}

export type Admitted =
  | { kind: "now" }
  /** The rate is used up. */
  | { kind: "later"; ms: number }
  /** The day's calls are used up. */
  | { kind: "tomorrow"; ms: number };

interface Waiting extends PacedCall {
  resolve: (admitted: Admitted) => void;
  reject: (error: unknown) => void;
}

/** Calls this far ahead are waited for in memory; later ones give their place up. */
const AHEAD_MS = 200;
/** Within this time messages come back that had their turn and found it taken. */
const SOON_MS = 1000;
/** Over this time the messages of a day come back that did not fit into the one before. */
const MORNING_MS = 60_000;

export function createPacer({ db }: { db: Db }): Pacer {
  const lines = new Map<string, Waiting[]>();

  async function serve(key: string, pace: Pace): Promise<void> {
    for (let calls = lines.get(key) ?? []; calls.length > 0; calls = lines.get(key) ?? []) {
      lines.set(key, []);
      // Urgent ones first, each lane in its order.
      const ordered = calls.toSorted((one, other) => one.lane - other.lane);
      try {
        await claimFor(ordered, pace);
      } catch (error) {
        for (const { reject } of ordered) reject(error);
      }
    }
    lines.delete(key);
  }

  async function claimFor(calls: readonly Waiting[], pace: Pace): Promise<void> {
    const [first] = calls;
    if (first === undefined) return;
    const interval = intervalOf(pace);
    const { granted, first_ms, left, midnight_ms } = await db.tx((tx) =>
      claim(tx, first, calls.length, pace),
    );
    for (const [index, { resolve }] of calls.slice(0, granted).entries()) {
      const ms = first_ms + index * interval;
      if (ms <= 0) resolve({ kind: "now" });
      else setTimeout(resolve, ms, { kind: "now" });
    }
    const rest = calls.slice(granted);
    if (left !== null && left - granted <= 0) {
      for (const { resolve } of rest)
        resolve({ kind: "tomorrow", ms: midnight_ms + Math.random() * MORNING_MS });
      return;
    }
    for (const { resolve } of rest.filter(({ had_turn }) => had_turn))
      resolve({ kind: "later", ms: AHEAD_MS + Math.random() * SOON_MS });
    const fresh = Map.groupBy(
      rest.filter(({ had_turn }) => !had_turn),
      ({ lane }) => lane,
    );
    for (const [lane, own] of fresh) {
      const begins_ms = await db.tx((tx) => takeTurns(tx, first, lane, own.length * interval));
      for (const [index, { resolve }] of own.entries())
        resolve({ kind: "later", ms: Math.max(begins_ms + index * interval, AHEAD_MS) });
    }
  }

  return {
    admit(call, pace) {
      const { promise, resolve, reject } = Promise.withResolvers<Admitted>();
      const key = `${call.workspace_id}/${call.vendor_config_id}`;
      const waiting = { ...call, resolve, reject };
      const line = lines.get(key);
      if (line !== undefined) line.push(waiting);
      else {
        lines.set(key, [waiting]);
        void serve(key, pace);
      }
      return promise;
    },
  };
}

/** Milliseconds between calls; 0 without a rate. */
function intervalOf({ rate_per_second }: Pace): number {
  return rate_per_second === null ? 0 : 1000 / rate_per_second;
}

interface Claimed {
  granted: number;
  /** When the first of them is due, from now; the others follow at the rate. */
  first_ms: number;
  /** How many the day had left before; null: there is no cap. */
  left: number | null;
  midnight_ms: number;
}

/** `$4` is the interval, `$5` how far ahead of the rate a burst may be, both in milliseconds. */
const CLAIM = `
  with old as (
    select clock_timestamp() as at, * from vendor_pace
     where workspace_id = $1 and vendor_config_id = $2 for no key update),
  state as (
    select at, greatest(next_at, at) as next_at, (at at time zone 'UTC')::date as today,
           case when day = (at at time zone 'UTC')::date then day_count else 0 end as used from old),
  room as (
    select *, extract(epoch from next_at - at)::float8 * 1000 as ahead_ms, case when $6::int is not null then greatest($6::int - used, 0) end as day_left from state),
  granting as (
    select *, greatest(least($3::int, coalesce(day_left, $3),
              case when $4::float8 = 0 then $3 else floor(least((${AHEAD_MS} + $5::float8 - ahead_ms) / $4, 1e9))::int + 1 end), 0) as granted
      from room)
  update vendor_pace p
     set next_at = g.next_at + g.granted * $4 * interval '1 millisecond', day = g.today, day_count = g.used + g.granted
    from granting g where p.workspace_id = $1 and p.vendor_config_id = $2
  returning g.granted, g.ahead_ms - $5::float8 as first_ms, g.day_left as "left",
            extract(epoch from (g.today + 1)::timestamp at time zone 'UTC' - g.at)::float8 * 1000 as midnight_ms`;

async function claim(
  tx: Tx,
  { workspace_id, vendor_config_id }: PacedCall,
  wanted: number,
  pace: Pace,
): Promise<Claimed> {
  const interval = intervalOf(pace);
  const burst = pace.burst ?? Math.max(1, Math.floor(pace.rate_per_second ?? 1));
  const values = [workspace_id, vendor_config_id, wanted, interval, (burst - 1) * interval, pace.daily_cap];
  const [claimed] = await tx.query<Claimed>(CLAIM, values, "vendor_pace_claim");
  if (claimed !== undefined) return claimed;
  const made = await tx.query(
    `insert into vendor_pace (workspace_id, vendor_config_id)
     select workspace_id, id from vendor_config where workspace_id = $1 and id = $2
     on conflict (workspace_id, vendor_config_id) do nothing returning 1`,
    [workspace_id, vendor_config_id],
  );
  const [again] = await tx.query<Claimed>(CLAIM, values, "vendor_pace_claim");
  // The settings are gone, and with them their limits.
  if (again === undefined && made.length === 0) {
    return { granted: wanted, first_ms: 0, left: null, midnight_ms: 0 };
  }
  if (again === undefined) throw new Error("the pace of a vendor was not stored");
  return again;
}

/** Appends turns that take so long to those of a lane; returns when the first begins, in milliseconds from now. */
async function takeTurns(
  tx: Tx,
  { workspace_id, vendor_config_id }: PacedCall,
  lane: Lane,
  lasting_ms: number,
): Promise<number> {
  const [turn] = await tx.query<{ ms: number }>(
    `insert into vendor_turn as t (workspace_id, vendor_config_id, lane, last_at)
     select workspace_id, id, $3, now() + $4::float8 * interval '1 millisecond'
       from vendor_config where workspace_id = $1 and id = $2
     on conflict (workspace_id, vendor_config_id, lane)
     do update set last_at = greatest(t.last_at, now()) + $4::float8 * interval '1 millisecond'
     returning extract(epoch from last_at - now())::float8 * 1000 - $4::float8 as ms`,
    [workspace_id, vendor_config_id, lane, lasting_ms],
    "vendor_turn_take",
  );
  return turn?.ms ?? 0;
}
