import type { Tx } from "../db/db.ts";
import { achievedReason, cancelSteps } from "../routing/success.ts";
import { type DueStep, dropSteps, leaseSteps, shiftSteps, takeDueSteps } from "../routing/steps.ts";
import type { EngineDeps } from "./deps.ts";

/** A step later than this part of the gap moves those behind it, so that nobody is rung on two channels at once. */
const TOLERANCE = 0.1;

/**
 * Moves the steps of smart routings that are due: to the job that sends them, or away with the reason why not. What
 * cannot be sent gives its slot to the next step of its node, which is then looked at in the same transaction.
 * Returns how many.
 */
export async function moveSteps(tx: Tx, deps: Pick<EngineDeps, "dispatch" | "clock">): Promise<number> {
  const base = await deps.clock(tx);
  let moved = 0;
  for (;;) {
    const due = await takeDueSteps(tx, base);
    moved += due.length;
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
    const sent = fated("send");
    await sendSteps(tx, sent, deps);
    await shiftSteps(tx, [
      ...unreachable.map((step) => ({ ...step, ms: -step.gap_ms })),
      ...sent
        .filter(({ late_ms, gap_ms }) => late_ms > gap_ms * TOLERANCE)
        .map((step) => ({ ...step, ms: step.late_ms })),
    ]);
    if (unreachable.length === 0) return moved;
  }
}

async function sendSteps(
  tx: Tx,
  steps: DueStep[],
  { dispatch }: Pick<EngineDeps, "dispatch">,
): Promise<void> {
  for (const lane of [0, 1, 2] as const) {
    const own = steps.filter((step) => step.lane === lane);
    const planned = dispatch.plan("send", lane, own);
    for (const { job, members } of planned) await leaseSteps(tx, job.id, members);
    if (planned.length > 0) {
      await dispatch.enqueueJobs(
        tx,
        "send",
        lane,
        planned.map(({ job }) => job),
      );
    }
  }
}
