import { redriveMessages } from "./messages.ts";
import type { Redriven, RedriveDeps, RedriveOrder } from "./order.ts";
import { redriveRuns } from "./runs.ts";

/** One transaction: of an order of thousands the caller makes several. */
export async function redrive(
  deps: RedriveDeps,
  workspace_id: number,
  order: RedriveOrder,
): Promise<{ executions: Redriven; messages: Redriven }> {
  return deps.db.tx(async (tx) => ({
    executions: await redriveRuns(tx, workspace_id, order, deps),
    messages: await redriveMessages(tx, workspace_id, order, deps),
  }));
}
