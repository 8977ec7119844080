import { type RawBuilder, sql } from "kysely";
import { isBroadcastId } from "../../../core/broadcast-id.ts";
import type { Step } from "../../../core/log/step-log.ts";
import type { StoredNode } from "../../../catalog/workflow.ts";
import { recipientName } from "../../../core/text/recipient-name.ts";
import { maskAddresses } from "../../../core/secret-addresses.ts";
import { microsZ, orNull } from "../../../core/time/wire-time.ts";

/**
 * A run as the execution log shows it, entirely in its workspace's time: it was created with its first step and updated
 * with its last. Step keys are abbreviated in the row and spelled out here.
 */
export interface RunRow {
  id: string;
  request_id: string;
  parent_run_id: string | null;
  parent_object: string | null;
  workflow_slug: string;
  version_no: number;
  category: string;
  object_type: string;
  distinct_id: string;
  tenant_id: string;
  idempotency_key: string;
  status: string;
  wake_at: Date | null;
  wait: StoredWait | null;
  created_at: Date;
  updated_at: Date;
}

/** The stored wait of a run. */
export interface StoredWait {
  until: string | null;
  topics?: { name: string; key: string }[];
  batch_id?: string;
}

/** The time of the first step, or of the last. The columns of the row are in the time of the database, whatever a test clock says. */
function timeOfStep(index: 0 | -1): string {
  const real = index === 0 ? "r.created_at" : "r.updated_at";
  return `coalesce(to_timestamp((r.steps -> ${index} ->> 't')::float8 / 1000), ${real})`;
}

export const RUN_COLUMNS = `r.id, r.request_id, r.parent_run_id, r.parent_object, r.workflow_slug, v.version_no,
  v.definition ->> 'category' as category, r.object_type, r.distinct_id, r.tenant_id, r.idempotency_key, r.status,
  r.wake_at, r.state -> 'wait' as wait, ${timeOfStep(0)} as created_at, ${timeOfStep(-1)} as updated_at`;

/** The rows of a page of runs. */
export function selectRuns(page: RawBuilder<unknown>, order: RawBuilder<unknown>): RawBuilder<RunRow> {
  return sql`
    select ${sql.raw(RUN_COLUMNS)} from (select r.* ${page}) r
      join workflow_version v on v.workspace_id = r.workspace_id and v.id = r.version_id ${order}`;
}

export function presentRun(row: RunRow): Record<string, unknown> {
  return {
    execution_id: row.id,
    request_id: row.request_id,
    parent_object_execution_id: isOfBroadcast(row) ? null : row.parent_run_id,
    broadcast_execution_id: isOfBroadcast(row) ? row.parent_run_id : null,
    parent_object: row.parent_object,
    workflow_slug: row.workflow_slug,
    workflow_version: row.version_no,
    category: row.category,
    recipient: recipientName(row),
    tenant_id: row.tenant_id,
    idempotency_key: row.idempotency_key,
    status: row.status,
    waiting_until: orNull(microsZ, row.wake_at),
    waiting_for: presentWait(row),
    created_at: microsZ(row.created_at),
    updated_at: microsZ(row.updated_at),
    ended_at: row.status === "in_progress" ? null : microsZ(row.updated_at),
  };
}

function isOfBroadcast({ parent_run_id }: RunRow): boolean {
  return parent_run_id !== null && isBroadcastId(parent_run_id);
}

/** Null for runs that are over, and for those that continue in a moment. */
export function presentWait({ status, wake_at, wait }: Pick<RunRow, "status" | "wake_at" | "wait">) {
  if (status !== "in_progress" || (wake_at === null && wait === null)) return null;
  const names = wait?.topics?.map(({ name }) => name) ?? [];
  return {
    until: orNull(microsZ, wake_at),
    events: [...new Set(names)],
    batch_id: wait?.batch_id ?? null,
  };
}

/** Names and types of the nodes of a stored tree, by ref. */
export function nodesByRef(
  nodes: readonly StoredNode[],
): Map<string, Pick<StoredNode, "name" | "node_type">> {
  const known = new Map<string, Pick<StoredNode, "name" | "node_type">>();
  const left = [...nodes];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    known.set(node.ref, node);
    for (const branch of node.branches ?? []) left.push(...branch.nodes);
  }
  return known;
}

export function presentSteps(
  steps: Step[],
  nodes: ReadonlyMap<string, Pick<StoredNode, "name" | "node_type">>,
): Record<string, unknown>[] {
  return steps.map((step) => ({
    created_at: microsZ(new Date(step.t)),
    node_ref: step.n ?? null,
    node_name: nodes.get(step.n ?? "")?.name ?? null,
    node_type: nodes.get(step.n ?? "")?.node_type ?? null,
    execution_stage: step.s,
    status: step.l ?? "info",
    message: step.m,
    properties: maskAddresses(step.p ?? null),
  }));
}
