import type { Catalog } from "../catalog/catalog.ts";
import type { Clock, Scope } from "../workspaces/clock.ts";
import { leasesOf } from "../queue/job.ts";
import type { Queue } from "../queue/queue.ts";
import type { Preferences } from "../preferences/preferences.ts";
import type { Db, Tx } from "../db/db.ts";
import { closeByAccepted } from "./accepted-goals.ts";
import { achievedReason, cancelSteps } from "./success.ts";
import { concernKey, findUnwanted, loadPolicies, type Policies } from "./unwanted.ts";
import { type DueStep, dropSteps, leaseSteps, readDueConcerns, shiftSteps, takeDueSteps } from "./steps.ts";

/**
 * A step later than this part of the gap moves those after it, so that a person is not notified on two channels at
 * once.
 */
const TOLERANCE = 0.1;

/**
 * Moves the due steps of smart routings: to the job that sends them, or away with the reason. A step that cannot be
 * sent gives its slot to the next step of its node, which is then checked in the same transaction. Returns how many
 * were moved.
 */
export async function moveSteps(deps: StepDeps, scope: Scope): Promise<number> {
  // Before the transaction: what is not cached is read over another connection.
  const policies = await loadPolicies(deps, await readDueConcerns(deps.db, await deps.clock(deps.db), scope));
  if (policies.size === 0) return 0;
  await deps.db.tx(async (tx) => closeByAccepted(tx, await deps.clock(tx), scope), { relaxed: true });
  return deps.db.tx((tx) => move(tx, policies, deps, scope), { relaxed: true });
}

export interface StepDeps {
  db: Db;
  queue: Queue;
  clock: Clock;
  catalog: Catalog;
  preferences: Preferences;
}

async function move(tx: Tx, policies: Policies, deps: StepDeps, scope: Scope): Promise<number> {
  const base = await deps.clock(tx);
  let moved = 0;
  for (;;) {
    const taken = await takeDueSteps(tx, base, scope);
    // What is due since the policies were read, and more than a batch of it, waits for the next pass.
    const due = taken.filter((step) => step.fate !== "send" || policies.has(concernKey(step)));
    moved += due.length;
    const unwanted = await findUnwanted(
      tx,
      due.filter(({ fate }) => fate === "send"),
      policies,
      deps,
    );
    for (const [reason, steps] of Map.groupBy(unwanted.keys(), (step) => unwanted.get(step) ?? "")) {
      await dropSteps(tx, steps, reason);
    }
    const fated = (fate: DueStep["fate"]) => due.filter((step) => step.fate === fate);
    await dropSteps(tx, fated("over"), "");
    const reached = fated("reached");
    for (const [metric, steps] of Map.groupBy(reached, ({ success_metric }) => success_metric)) {
      await dropSteps(tx, steps, achievedReason(metric));
    }
    await cancelSteps(tx, reached);
    const unreachable = fated("unreachable");
    await dropSteps(
      tx,
      unreachable,
      "the address is not part of the recipient's profile any more, or inactive",
    );
    const sent = fated("send").filter((step) => !unwanted.has(step));
    await sendSteps(tx, sent, deps);
    await shiftSteps(tx, [
      ...[...unreachable, ...unwanted.keys()].map((step) => ({ ...step, ms: -step.gap_ms })),
      ...sent
        .filter(({ late_ms, gap_ms }) => late_ms > gap_ms * TOLERANCE)
        .map((step) => ({ ...step, ms: step.late_ms })),
    ]);
    if (unreachable.length + unwanted.size === 0) return moved;
  }
}

async function sendSteps(tx: Tx, steps: DueStep[], { queue }: Pick<StepDeps, "queue">): Promise<void> {
  if (steps.length === 0) return;
  const jobs = queue.plan("send", steps);
  await leaseSteps(tx, leasesOf(jobs));
  await queue.enqueueJobs(tx, "send", jobs);
}
