import type { Db } from "../db/db.ts";
import { WORKSPACE_NOW } from "../workspaces/clock.ts";
import { HOUR_MS, type Job } from "./job.ts";

/**
 * Rows that nothing will use again. Ending a wait removes its rows; this job removes those left by a bug, an old
 * version or manual changes, and those that expire by time alone.
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

/** By the workspace's clock, which may stand still or be set back: keeping rows an hour longer costs nothing. */
const isPast = (column: string): string =>
  `t.${column} < (select ${WORKSPACE_NOW("now()")} from workspace w where w.workspace_id = t.workspace_id) - interval '1 hour'`;

/** A request accepted before the notice that has no runs yet may still be affected by it. */
const IS_HEEDED = `t.at < (select coalesce(min(created_on), now()) from pgboss.job
                         where state <= 'active' and name like 'expand-%') - interval '1 day'`;

type Leftovers = [table: "waiter" | "signal" | "throttle" | "batch" | "cancel_notice", condition: string];

const LEFTOVERS: Leftovers[] = [
  ["signal", nobodyRuns("t.run_id")],
  ["waiter", nobodyRuns("t.run_id")],
  // The database's clock bounds the index scan; rows written by a clock that was set forward are removed later.
  ["throttle", `t.until < now() - interval '1 hour' and ${isPast("until")}`],
  // A window after a leading item in which no item arrived. The next item would clear it too.
  ["batch", `t.carrier_run_id is null and ${isPast("closes_at")}`],
  // Otherwise items would join the batch of a carrier that no longer exists, forever.
  ["batch", `t.carrier_run_id is not null and ${nobodyRuns("t.carrier_run_id")}`],
  // Pages of a fan-out follow the request that started it, hence the day.
  ["cancel_notice", IS_HEEDED],
];

const AT_ONCE = 5000;

/** Runs in short transactions; a row that is locked is still in use. */
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
