import type { Queryable, Tx } from "../../db/db.ts";
import { EVERY_WORKSPACE, IN_SCOPE, type Scope, scopeValues, WORKSPACE_NOW } from "../../workspaces/clock.ts";
import type { EngineDeps } from "../deps.ts";

/**
 * Steps the clocks that are moving to a target. A clock moves only while its workspace has nothing queued or in
 * progress, and never past the next due time: a journey of thirty days runs as it would in thirty days, but takes only
 * as long as its work. Returns whether a clock is still moving.
 */
export async function stepClocks(
  tx: Tx,
  deps: Pick<EngineDeps, "queue" | "clock">,
  scope: Scope = EVERY_WORKSPACE,
): Promise<boolean> {
  const base = await deps.clock(tx);
  const clocks = await tx.query<{ workspace_id: number; now: Date; target: Date; runs_on: boolean }>(
    `select w.workspace_id, ${WORKSPACE_NOW("$1")} as now, w.clock_target as target, w.clock_runs_on as runs_on
       from workspace w where w.clock_target is not null and ${IN_SCOPE("w.workspace_id", 2)} order by w.workspace_id for no key update skip locked`,
    [base, ...scopeValues(scope)],
    "clocks_moving",
  );
  let moving = false;
  for (const { workspace_id, now, target, runs_on } of clocks) {
    moving = true;
    // Runs that are already due are moved before the clock is. They are checked before the queues, because no lock here
    // stops another node from moving them: a run moved in between is queued by then, and would otherwise be seen in
    // neither place.
    if (await isOverdue(tx, workspace_id, now)) continue;
    if (await deps.queue.isBusy(tx, workspace_id)) continue;
    const due = await nextDue(tx, workspace_id);
    if (due !== null && due <= now) continue;
    if (due !== null && due < target) await setFrozen(tx, workspace_id, due);
    else await arrive(tx, workspace_id, target, runs_on, base);
  }
  return moving;
}

async function isOverdue(tx: Queryable, workspace_id: number, now: Date): Promise<boolean> {
  const due = await nextDue(tx, workspace_id);
  return due !== null && due <= now;
}

/** Relies on the indexes of waiting rows: run_wake, smart_step_due, broadcast_wake. */
async function nextDue(tx: Queryable, workspace_id: number): Promise<Date | null> {
  const [row] = await tx.query<{ due: Date | null }>(
    `select least((select min(wake_at) from run where workspace_id = $1 and wake_at is not null),
                  (select min(due_at) from smart_step where workspace_id = $1),
                  (select min(wake_at) from broadcast where workspace_id = $1 and wake_at is not null)) as due`,
    [workspace_id],
    "clock_next_due",
  );
  return row?.due ?? null;
}

async function setFrozen(tx: Queryable, workspace_id: number, at: Date): Promise<void> {
  await tx.query("update workspace set clock_frozen_at = $2 where workspace_id = $1", [workspace_id, at]);
}

/** What is due at the target must still be moved: the clock loses its target only once it stands there idle. */
async function arrive(
  tx: Queryable,
  workspace_id: number,
  target: Date,
  runs_on: boolean,
  base: Date | null,
): Promise<void> {
  const due = await nextDue(tx, workspace_id);
  if (due !== null && due <= target) return setFrozen(tx, workspace_id, target);
  await tx.query(
    `update workspace
        set clock_frozen_at = case when $3 then null else $2::timestamptz end, clock_target = null, clock_runs_on = false,
            clock_offset_ms = case when $3
              then round(extract(epoch from $2::timestamptz - coalesce($4::timestamptz, now())) * 1000)
              else clock_offset_ms end
      where workspace_id = $1`,
    [workspace_id, target, runs_on, base],
  );
}
