import { microsZ } from "../../../core/wire-time.ts";

/** A run as the execution log shows it. Step keys are written short in the row and named in full here. */
export interface RunRow {
  id: string;
  request_id: string;
  parent_run_id: string | null;
  workflow_slug: string;
  version_no: number;
  category: string;
  object_type: string;
  distinct_id: string;
  tenant_id: string;
  idempotency_key: string;
  status: string;
  wake_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

export interface StoredStep {
  t: number;
  n?: string;
  s: string;
  l?: string;
  m: string;
  p?: unknown;
}

export const RUN_COLUMNS = `r.id, r.request_id, r.parent_run_id, r.workflow_slug, v.version_no,
  v.definition ->> 'category' as category, r.object_type, r.distinct_id, r.tenant_id, r.idempotency_key, r.status,
  r.wake_at, r.created_at, r.updated_at`;

export function presentRun(row: RunRow): Record<string, unknown> {
  return {
    execution_id: row.id,
    request_id: row.request_id,
    parent_object_execution_id: row.parent_run_id,
    workflow_slug: row.workflow_slug,
    workflow_version: row.version_no,
    category: row.category,
    recipient: row.object_type === "" ? row.distinct_id : `${row.object_type}/${row.distinct_id}`,
    tenant_id: row.tenant_id,
    idempotency_key: row.idempotency_key,
    status: row.status,
    waiting_until: row.wake_at === null ? null : microsZ(row.wake_at),
    created_at: microsZ(row.created_at),
    updated_at: microsZ(row.updated_at),
  };
}

export function presentSteps(steps: StoredStep[]): Record<string, unknown>[] {
  return steps.map((step) => ({
    created_at: microsZ(new Date(step.t)),
    node_ref: step.n ?? null,
    execution_stage: step.s,
    status: step.l ?? "info",
    message: step.m,
    properties: step.p ?? null,
  }));
}
