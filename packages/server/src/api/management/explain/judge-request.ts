import type { Finding, Question, Verdict } from "./finding.ts";

/** A request that made no execution for whoever is asked about. */
export interface ExplainedRequest {
  id: string;
  api_type: string;
  name: string;
  status: string;
  errors: StoredProblem[] | null;
  created_at: Date;
  has_runs: boolean;
  /** Some enabled workflow is there for its event. */
  has_workflow: boolean;
  /** Of an event: runs may wait for it, or count it as a success. */
  is_awaited: boolean;
}

interface StoredProblem {
  error_code: string;
  error_description: string;
  workflow_slug?: string | null;
  recipient?: string;
  trace?: unknown;
}

const VERDICT_OF: ReadonlyMap<string, Verdict> = new Map([
  ["conditions_false", "conditions_false"],
  ["throttled", "throttled"],
  ["workflow_not_available", "workflow_unavailable"],
  ["workflow_missing", "workflow_unavailable"],
  ["workflow_disabled", "workflow_unavailable"],
  ["workflow_not_committed", "workflow_unavailable"],
  ["not_found", "workflow_unavailable"],
  ["duplicate_idempotency_key", "duplicate"],
  ["schema_validation_error", "schema_mismatch"],
  ["tenant_not_found", "tenant_refused"],
  ["tenant_not_associated", "tenant_refused"],
  ["user_not_found", "no_such_user"],
  ["channel_identities_invalid", "no_channel"],
  ["cancelled", "cancelled"],
  ["override_failed", "override_failed"],
  ["internal", "failed"],
]);

/** Null when the request has nothing to say about whoever is asked about, or whichever workflow. */
export function judgeRequest(
  request: ExplainedRequest,
  { distinct_id: who, workflow }: Pick<Question, "distinct_id" | "workflow">,
): Finding | null {
  const isAbout = (asked: string | null, about: string | null = null) =>
    asked === null || about === null || asked === about;
  const problems = (request.errors ?? []).filter(
    ({ error_code, recipient, workflow_slug }) =>
      error_code !== "redriven" && isAbout(who, recipient) && isAbout(workflow, workflow_slug),
  );
  const decisive = problems.find(({ error_code }) => VERDICT_OF.has(error_code)) ?? problems[0];
  const at = request.created_at;
  const evidence = { when: at, request_id: request.id, execution_id: null };
  if (decisive !== undefined) {
    return {
      verdict: VERDICT_OF.get(decisive.error_code) ?? "refused",
      summary: `${who ?? `request ${request.id}`}: nothing began: ${decisive.error_description}.`,
      at,
      evidence: problems.map(({ error_code, error_description, trace }) => ({
        what: error_description,
        ...evidence,
        values: { error_code, ...(trace === undefined ? {} : { trace }) },
      })),
    };
  }
  if (request.has_runs || request.status !== "accepted") return null;
  // It may have ended a wait, or counted as a success: that is told with the run.
  if (request.api_type === "event" && !request.has_workflow && request.is_awaited) return null;
  const kind = request.api_type === "event" ? "event" : "trigger";
  const isIdle = request.api_type === "event" && !request.has_workflow;
  const because = isIdle
    ? `no enabled workflow is started by event '${request.name}'`
    : `the ${kind} '${request.name}' was accepted and is about to be expanded`;
  return {
    verdict: isIdle ? "workflow_unavailable" : "in_progress",
    summary: `${who ?? `request ${request.id}`}: ${because}.`,
    at,
    evidence: [{ what: because, ...evidence }],
  };
}
