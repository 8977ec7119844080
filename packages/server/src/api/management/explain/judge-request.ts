import type { ErrorCode } from "../../../errors.ts";
import type { ProblemCode } from "../../../core/log/problem-codes.ts";
import type { Finding, Question, Verdict } from "./finding.ts";

/** A request that created no execution for the recipient in question. */
export interface ExplainedRequest {
  id: string;
  api_type: string;
  name: string;
  status: string;
  errors: StoredProblem[] | null;
  created_at: Date;
  has_runs: boolean;
  /** It may not have been expanded yet. */
  is_expanding: boolean;
  /** Its body names the recipient in question; otherwise only problems about that recipient count. */
  names_them: boolean;
  /** By now there is an enabled workflow for its event. */
  has_workflow: boolean;
  /** For an event: runs may wait for it, or count it as a success. */
  is_awaited: boolean;
}

interface StoredProblem {
  error_code: string;
  error_description: string;
  workflow_slug?: string | null;
  recipient?: string;
  trace?: unknown;
}

/** What each code of a request's problems says; a new code does not compile until its place is decided. */
const VERDICTS_OF_PROBLEMS: Record<ProblemCode, Verdict | null> & Partial<Record<ErrorCode, Verdict>> = {
  cancelled: "cancelled",
  category_not_found: "refused",
  channel_identities_invalid: "no_channel",
  conditions_false: "conditions_false",
  duplicate_idempotency_key: "duplicate",
  invalid_profile_value: null,
  list_empty: "nothing_to_send",
  list_not_found: "refused",
  list_not_refreshed: "refused",
  no_valid_recipients: null,
  not_rehearsed: null,
  override_failed: "override_failed",
  profile_refused: null,
  redriven: null,
  request_gone: null,
  template_not_found: "template_missing",
  tenant_not_associated: "tenant_refused",
  tenant_not_found: "tenant_refused",
  throttled: "throttled",
  user_not_found: "no_such_user",
  workflow_not_available: "workflow_unavailable",
  workflow_missing: "workflow_unavailable",
  workflow_disabled: "workflow_unavailable",
  workflow_not_committed: "workflow_unavailable",
  not_found: "workflow_unavailable",
  schema_validation_error: "schema_mismatch",
  internal: "failed",
};

/** Null for codes that decide nothing by themselves, and for those of newer versions. */
function verdictOf({ error_code }: StoredProblem): Verdict | null {
  return VERDICTS.get(error_code) ?? null;
}

const VERDICTS = new Map<string, Verdict | null>(Object.entries(VERDICTS_OF_PROBLEMS));

/** Null if the request is irrelevant to the recipient or workflow in question. */
export function judgeRequest(
  request: ExplainedRequest,
  question: Pick<Question, "distinct_id" | "workflow">,
): Finding | null {
  const { distinct_id: who, workflow } = question;
  const problems = problemsAbout(request, question);
  const decisive = problems.find((problem) => verdictOf(problem) !== null) ?? problems[0];
  const at = request.created_at;
  const evidence = { when: at, request_id: request.id, execution_id: null };
  if (decisive !== undefined) {
    return {
      verdict: verdictOf(decisive) ?? "refused",
      summary: `${who ?? `request ${request.id}`}: nothing began: ${decisive.error_description}.`,
      at,
      evidence: problems.map(({ error_code, error_description, trace }) => ({
        what: error_description,
        ...evidence,
        values: { error_code, ...(trace === undefined ? {} : { trace }) },
      })),
    };
  }
  const fate = request.names_them || who === null ? judgeSilent(request, workflow) : null;
  if (fate === null) return null;
  return {
    verdict: fate.verdict,
    summary: `${who ?? `request ${request.id}`}: ${fate.because}.`,
    at,
    evidence: [{ what: fate.because, ...evidence }],
  };
}

/** The recipient's own problems come before those of the whole request, which only concern the recipients it names. */
function problemsAbout(
  { errors, names_them }: ExplainedRequest,
  { distinct_id: who, workflow }: Pick<Question, "distinct_id" | "workflow">,
): StoredProblem[] {
  const told = (errors ?? []).filter(
    ({ error_code, workflow_slug = null }) =>
      error_code !== "redriven" &&
      (workflow === null || workflow_slug === null || workflow_slug === workflow),
  );
  if (who === null) return told;
  const own = told.filter(({ recipient }) => recipient === who);
  return names_them ? [...own, ...told.filter(({ recipient = null }) => recipient === null)] : own;
}

/** Judges a request without problems. */
function judgeSilent(
  request: ExplainedRequest,
  workflow: string | null,
): { verdict: Verdict; because: string } | null {
  const { name, has_runs, is_expanding, has_workflow, is_awaited } = request;
  // Of a broadcast its own row tells.
  if (has_runs || request.status !== "accepted" || request.api_type === "broadcast") return null;
  const kind = request.api_type === "event" ? "event" : "trigger";
  if (is_expanding && (kind === "trigger" || has_workflow)) {
    const because = `the ${kind} '${name}' was accepted and is about to be expanded`;
    return { verdict: "in_progress", because };
  }
  if (kind === "trigger") {
    const because = `the trigger '${name}' was expanded, and came to no execution that is still kept`;
    return { verdict: "nothing_to_send", because };
  }
  // It may have ended a wait, or counted as a success: that is reported with the run.
  if (is_awaited && workflow === null) return null;
  const because = has_workflow
    ? `no enabled workflow was started by event '${name}' when it came`
    : `no enabled workflow is started by event '${name}'`;
  return { verdict: "workflow_unavailable", because };
}
