/** Rows of the logs, whose schemas say only that they are records. Times are RFC 3339 in UTC. */

export interface RunRow {
  execution_id: string;
  request_id: string;
  workflow_slug: string;
  workflow_version: number;
  category: string;
  recipient: string;
  tenant_id: string;
  idempotency_key: string;
  status: "in_progress" | "completed" | "partial_failure" | "failed" | "cancelled";
  waiting_until: string | null;
  waiting_for: { until: string | null; events: string[]; batch_id: string | null } | null;
  created_at: string;
  updated_at: string;
  ended_at: string | null;
}

export interface RunStep {
  created_at: string;
  node_ref: string | null;
  node_name: string | null;
  node_type: string | null;
  execution_stage: string;
  status: "info" | "warning" | "error";
  message: string;
  properties: Record<string, unknown> | null;
}

export interface RunMessage {
  message_id: string;
  node_ref: string;
  node_name: string | null;
  template_slug: string | null;
  template_version: number | null;
  variant_id: string | null;
  channel: string;
  channel_value: unknown;
  status: string;
  vendor: string | null;
  vendor_nickname: string | null;
  message_id_by_vendor: string | null;
  attempt: number;
  failure_class: string | null;
  failure_reason: string | null;
  group_id: string;
  fallback_level: number;
  webhook_data: unknown;
  created_at: string;
  triggered_at: string | null;
  delivered_at: string | null;
  seen_at: string | null;
  clicked_at: string | null;
  events: { created_at: string; kind: string; detail: unknown }[];
}

export interface RunDetail extends RunRow {
  workflow_name: string;
  cancellation_key: string | null;
  actor: string | null;
  steps: RunStep[];
  messages: RunMessage[];
  children: { execution_id: string; workflow_slug: string; recipient: string; status: string }[];
}

export interface RequestRow {
  request_id: string;
  created_at: string;
  api_type: string;
  api_name: string;
  name: string;
  distinct_id_list: string[];
  actor: string | null;
  tenant_id: string | null;
  idempotency_key: string;
  status: "in_progress" | "completed" | "partial_failure" | "failure" | "skipped" | "cancelled";
  errors: { error_code: string; error_description: string; severity?: string }[];
  executions: { exec_id: string; distinct_id: string; workflow_slug: string; status: string }[];
  payload: unknown;
  response: unknown;
  metadata: unknown;
}

export interface MessageRow {
  message_id: string;
  created_at: string;
  updated_at: string;
  triggered_at: string | null;
  delivered_at: string | null;
  seen_at: string | null;
  clicked_at: string | null;
  dismissed_at: string | null;
  read_at: string | null;
  archived_at: string | null;
  is_read: boolean;
  is_archived: boolean;
  status: string;
  channel: string;
  idempotency_key: string;
  failure_reason: string | null;
  recipient: { $type: string; distinct_id: string | null; object_type: string | null; id: string | null };
  vendor: { name: string | null; nickname: string | null };
  execution_id: string;
  is_campaign: boolean;
  tenant_id: string;
  workflow: { slug: string; name: string | null; node_ref: string };
  template: {
    name: string | null;
    slug: string;
    version_no: number | null;
    variant_id: string | null;
  } | null;
  channel_identity: Record<string, unknown>;
  category: string;
}

export interface WorkflowNode {
  node_type: string;
  name: string;
  ref: string;
  description?: string | null;
  properties?: Record<string, unknown>;
  branches?: { name: string; ref?: string; is_default?: boolean; nodes: WorkflowNode[] }[];
}

/** What a trigger would do. */
export interface DryRun {
  workflow: string;
  duplicate_of: string | null;
  problems: { error_code: string; error_description: string }[];
  is_complete: boolean;
  recipients: {
    distinct_id?: string;
    object_type?: string;
    id?: string;
    workflow: string;
    status: string;
    ends_at: string;
    messages: {
      node_ref: string;
      channel: string;
      channel_value: unknown;
      status: string;
      failure_reason: string | null;
      content: Record<string, unknown> | null;
    }[];
    steps: {
      at: string;
      node_ref: string | null;
      stage: string;
      severity: "info" | "warning" | "error";
      message: string;
      values?: Record<string, unknown>;
    }[];
  }[];
}

/** A message that a simulator caught. */
export interface CaughtRow {
  message_id: string;
  execution_id: string;
  workflow_slug: string;
  node_ref: string;
  template_slug: string | null;
  category: string;
  tenant_id: string;
  recipient: string;
  channel: string;
  content: Record<string, unknown> | null;
  status: string;
  failure_reason: string | null;
  attempt: number;
  attachments: {
    files: { filename: string; content_type: string; size: number }[] | null;
    left_out: { filename: string; reason: string }[] | null;
  } | null;
  to: unknown;
  vendor: string | null;
  created_at: string;
}
