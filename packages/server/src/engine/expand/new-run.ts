import { startOf } from "../../core/run-state.ts";
import type { Intent } from "./intent.ts";
import { nothingLeft, type Run } from "../run.ts";

/** What tells the runs of one intent apart. */
export type Newcomer = Pick<
  Run,
  | "id"
  | "parent_run_id"
  | "parent_object"
  | "object_type"
  | "distinct_id"
  | "recipient_id"
  | "actor"
  | "inline"
>;

/** A run that stands before its first node. */
export function newRun({ request, workflow, tenant_id, data }: Intent, newcomer: Newcomer, now: Date): Run {
  return {
    ...newcomer,
    workspace_id: request.workspace_id,
    request_id: request.id,
    workflow,
    tenant_id,
    idempotency_key: request.idempotency_key,
    cancellation_key: request.cancellation_key,
    data,
    data_changed: false,
    status: "in_progress",
    position: startOf(workflow.nodes),
    wake_at: null,
    now,
    memory: request.depth === null ? {} : { depth: request.depth },
    steps: [],
    left: nothingLeft(),
  };
}
