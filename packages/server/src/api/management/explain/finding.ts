/** Why a recipient did or did not get something: one word for machines, one sentence for people, and the evidence. */
export const VERDICTS = [
  "sent",
  "sending",
  "waiting",
  "in_progress",
  "absorbed",
  "cancelled",
  "throttled",
  "conditions_false",
  "workflow_unavailable",
  "duplicate",
  "schema_mismatch",
  "override_failed",
  "tenant_refused",
  "preference",
  "no_channel",
  "no_vendor",
  "template_missing",
  "render_failure",
  "vendor_refused",
  "test_mode",
  "below_minimum",
  "failed",
  "refused",
  "no_such_user",
  "nothing_to_send",
  "nothing_triggered",
  "mixed",
] as const;

export type Verdict = (typeof VERDICTS)[number];

export interface Finding {
  verdict: Verdict;
  summary: string;
  /** When its request was made or its execution started. */
  at: Date;
  evidence: Evidence[];
}

export interface Evidence {
  /** In words, for people. */
  what: string;
  when: Date | null;
  request_id: string | null;
  execution_id: string | null;
  message_id?: string;
  node_ref?: string;
  /** The values that the gate saw. */
  values?: unknown;
}

/** The subject of the question. One of `distinct_id` and `idempotency_key` is set. */
export interface Question {
  workspace_id: number;
  /** A user's distinct_id, or `object_type/id`. */
  distinct_id: string | null;
  workflow: string | null;
  idempotency_key: string | null;
  since: Date;
}
