import { redriveMessages } from "./messages.ts";
import { redriveRequests } from "./requests.ts";
import type { Redriven, RedriveDeps, RedriveKind, RedriveOrder } from "./order.ts";
import { redriveRuns } from "./runs.ts";

/** Runs in one transaction: for thousands of ids the caller splits the order. */
export async function redrive(
  deps: RedriveDeps,
  workspace_id: number,
  order: RedriveOrder,
): Promise<Record<RedriveKind, Redriven>> {
  return deps.db.tx(async (tx) => ({
    requests: await redriveRequests(tx, workspace_id, order, deps),
    executions: await redriveRuns(tx, workspace_id, order, deps),
    messages: await redriveMessages(tx, workspace_id, order, deps),
  }));
}
