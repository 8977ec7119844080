import { loadPolicies } from "../../routing/unwanted.ts";
import { readConcerns, redriveMessages } from "./messages.ts";
import { redriveRequests } from "./requests.ts";
import type { Redriven, RedriveDeps, RedriveKind, RedriveOrder } from "./order.ts";
import { redriveRuns } from "./runs.ts";

/** Thousands of rows are put back by one statement. */
const STATEMENT_MS = 60_000;

/** Runs in one transaction: for thousands of ids the caller splits the order. */
export async function redrive(
  deps: RedriveDeps,
  workspace_id: number,
  order: RedriveOrder,
): Promise<Record<RedriveKind, Redriven>> {
  const policies = await loadPolicies(deps, await readConcerns(deps.db, workspace_id, order));
  return deps.db.patient(STATEMENT_MS).tx(async (tx) => ({
    requests: await redriveRequests(tx, workspace_id, order, deps),
    executions: await redriveRuns(tx, workspace_id, order, deps),
    messages: await redriveMessages(tx, workspace_id, order, policies, deps),
  }));
}
