import type { Db } from "../db/db.ts";
import { WORKSPACE_NOW } from "../workspaces/clock.ts";
import { HOUR_MS, type Job } from "./job.ts";

/**
 * Rows that nobody will come back for. Whoever ends a wait takes its rows along; this is for what a bug, an old
 * version or a hand in the database has left, and for rows that time alone makes void.
 */
export const clearLeftovers: Job = {
  name: "clear leftovers",
  every_ms: HOUR_MS,
  async run({ db, log }) {
    const cleared: Record<string, number> = {};
    for (const [table, condition] of LEFTOVERS) {
      const count = await clear(db, table, condition);
      if (count > 0) cleared[table] = (cleared[table] ?? 0) + count;
    }
    if (Object.keys(cleared).length > 0) log.info({ cleared }, "cleared leftovers");
  },
};

const nobodyRuns = (run_id: string): string =>
  `not exists (select from run r where r.workspace_id = t.workspace_id and r.id = ${run_id} and r.status = 'in_progress')`;

/** By the workspace's clock, which may stand still or be put back: an hour more than needed costs nothing. */
const isPast = (column: string): string =>
  `t.${column} < (select ${WORKSPACE_NOW("now()")} from workspace w where w.workspace_id = t.workspace_id) - interval '1 hour'`;

/** Whatever was accepted before it, and has not come to runs, may still be meant. */
const IS_HEEDED = `t.at < (select coalesce(min(created_on), now()) from pgboss.job
                         where state <= 'active' and name like 'expand-%') - interval '1 day'`;

type Leftovers = [table: "waiter" | "signal" | "throttle" | "batch" | "cancel_notice", condition: string];

const LEFTOVERS: Leftovers[] = [
  ["signal", nobodyRuns("t.run_id")],
  ["waiter", nobodyRuns("t.run_id")],
  // The database's clock bounds the look into the index; what a clock that was put forward wrote goes later.
  ["throttle", `t.until < now() - interval '1 hour' and ${isPast("until")}`],
  // A window behind a leading item in which nothing came. Whoever comes next at last would clear it too.
  ["batch", `t.carrier_run_id is null and ${isPast("closes_at")}`],
  // Items of a carrier that is no more would be joined for ever.
  ["batch", `t.carrier_run_id is not null and ${nobodyRuns("t.carrier_run_id")}`],
  // Pages of a fan-out come after the request that began it: hence the day.
  ["cancel_notice", IS_HEEDED],
];

const AT_ONCE = 5000;

/** In short transactions; a row that somebody holds is not left over. */
async function clear(db: Db, table: Leftovers[0], condition: string): Promise<number> {
  let cleared = 0;
  for (;;) {
    const rows = await db.query(
      `delete from ${table} where ctid = any(array(
         select t.ctid from ${table} t where ${condition} limit ${AT_ONCE} for update skip locked)) returning 1`,
    );
    cleared += rows.length;
    if (rows.length < AT_ONCE) return cleared;
  }
}
