import { codeOf, type Stage, type Step, type StepCode } from "../../../core/log/step-log.ts";
import type { StoredWait } from "../log/run-row.ts";
import type { Evidence, Finding, Verdict } from "./finding.ts";

/** An execution with its log and its messages, the input of `judgeRun`. */
export interface ExplainedRun {
  id: string;
  request_id: string;
  workflow_slug: string;
  who: string;
  status: string;
  wake_at: Date | null;
  wait: StoredWait | null;
  steps: Step[];
  created_at: Date;
  updated_at: Date;
  messages: ExplainedMessage[];
  /** The run whose batch absorbed this one. */
  carrier: { id: string; status: string; wake_at: Date | null } | null;
}

export interface ExplainedMessage {
  id: string;
  channel: string;
  status: string;
  node_ref: string;
  failure_reason: string | null;
  has_content: boolean;
  has_vendor: boolean;
  created_at: Date;
}

const ARRIVED = new Set(["sent_by_vendor", "delivered", "seen", "read", "clicked", "dismissed"]);

/** Pure: uses only the log. */
export function judgeRun(run: ExplainedRun): Finding {
  const messages = run.messages.filter(({ channel }) => channel !== "webhook");
  const { verdict, because } = messages.length > 0 ? judgeMessages(messages) : judgeLog(run);
  const summary = `${run.who}: ${because} (workflow '${run.workflow_slug}')`;
  return {
    verdict:
      run.status === "cancelled" && verdict !== "sent" && verdict !== "sending" ? "cancelled" : verdict,
    summary: `${summary}${afterwards(run, messages.length > 0)}.`,
    at: run.created_at,
    evidence: [...stepsOf(run), ...run.messages.map((message) => evidenceOf(run, message))],
  };
}

interface Judged {
  verdict: Verdict;
  because: string;
}

/** The best outcome counts. */
function judgeMessages(messages: ExplainedMessage[]): Judged {
  const list = messages.map(({ channel, status }) => `${channel} ${status}`).join(", ");
  const count = (statuses: ReadonlySet<string>) =>
    messages.filter(({ status }) => statuses.has(status)).length;
  const has = (status: string) => messages.some((message) => message.status === status);
  const arrived = count(ARRIVED);
  if (arrived > 0)
    return { verdict: "sent", because: `${arrived} of ${messages.length} messages went out: ${list}` };
  if (has("triggered")) return { verdict: "sending", because: `messages are on their way: ${list}` };
  if (has("to_be_triggered")) return { verdict: "waiting", because: `channels wait for their turn: ${list}` };
  if (has("trigger_blocked")) {
    return {
      verdict: "test_mode",
      because: `messages were held back, as the workspace is in test mode: ${list}`,
    };
  }
  const failed = messages.findLast(({ failure_reason }) => failure_reason !== null) ?? messages[0];
  const reason = failed?.failure_reason ?? "unknown";
  if (failed?.status === "not_to_be_triggered") {
    return { verdict: "nothing_to_send", because: `messages were not to be sent: ${reason}` };
  }
  const facts = failed ?? { has_content: false, has_vendor: false };
  return { verdict: failureOf(facts), because: `no message went out: ${reason}` };
}

function failureOf({
  has_content,
  has_vendor,
}: Pick<ExplainedMessage, "has_content" | "has_vendor">): Verdict {
  if (!has_content) return "render_failure";
  return has_vendor ? "vendor_refused" : "no_vendor";
}

function judgeLog(run: ExplainedRun): Judged {
  if (run.status === "cancelled") return { verdict: "cancelled", because: "the execution was cancelled" };
  if (run.status === "in_progress") return judgeUnfinished(run);
  for (const step of run.steps.toReversed()) {
    const judged = judgeStep(step, run);
    if (judged !== null) return judged;
  }
  const exit = run.steps.findLast(({ s }) => s === "run_stopped");
  if (exit !== undefined) return { verdict: "nothing_to_send", because: `the execution ended: ${exit.m}` };
  return { verdict: "nothing_to_send", because: "the execution ended without passing a node that sends" };
}

function judgeUnfinished({ wake_at, wait }: ExplainedRun): Judged {
  if (wake_at === null && wait === null) {
    return { verdict: "in_progress", because: "the execution is queued and goes on in a moment" };
  }
  const until = wake_at === null ? "a call is answered" : wake_at.toISOString();
  const events = [...new Set(wait?.topics?.map(({ name }) => name) ?? [])].join(", ");
  const batch = wait?.batch_id === undefined ? "" : ` for batch ${wait.batch_id}`;
  return {
    verdict: "waiting",
    because: `the execution waits${batch} until ${until}${events === "" ? "" : `, or until one of: ${events}`}`,
  };
}

/**
 * What each code of the step log says about why nothing was sent; null where it says nothing. A new code does not
 * compile until its place in this table is decided.
 */
const VERDICTS_OF_STEPS: Record<StepCode, Verdict | null> = {
  user_not_found: "no_such_user",
  tenant_not_found: "failed",
  tenant_not_associated: "failed",
  template_not_found: "template_missing",
  template_not_approved: "template_missing",
  template_render_failed: "render_failure",
  no_active_channels: "no_channel",
  category_not_found: "preference",
  category_not_applicable_tenant: "preference",
  user_unsubscribed_category: "preference",
  user_unsubscribed_channels: "preference",
  no_vendor: "no_vendor",
  attachment_unusable: null,
  dynamic_value_invalid: "failed",
  variable_error: "failed",
  branch_without_default: "failed",
  wait_incomplete: "failed",
  target_in_past: null,
  batch_key_invalid: null,
  batch_absorbed: "absorbed",
  digest_below_min_count: "below_minimum",
  http_node_failed: "failed",
  answer_not_merged: null,
  list_op_failed: "failed",
  object_op_failed: "failed",
  user_update_failed: "failed",
  invoke_failed: "failed",
  done_in_part: null,
  member_left_out: null,
  no_actor: null,
  node_not_supported: "failed",
  not_rehearsed: null,
  internal: "failed",
};

function judgeStep(step: Step, { carrier }: ExplainedRun): Judged | null {
  if (step.s === "batch_item_cancelled") return { verdict: "cancelled", because: step.m };
  // The recipient's preferences refused every channel, not that there was none.
  if (step.s === "preference_evaluated" && step.l !== undefined) {
    return { verdict: "preference", because: step.m };
  }
  const code = codeOf(step);
  const verdict = code === null ? (step.l === "error" ? "failed" : null) : VERDICTS_OF_STEPS[code];
  switch (verdict) {
    case null:
      return null;
    case "absorbed":
      return {
        verdict,
        because: `${step.m}, ${carrier === null ? "which is not kept any more" : fateOf(carrier)}`,
      };
    case "no_such_user":
      return { verdict, because: `${step.m}: deleted since the execution began` };
    case "failed":
      return { verdict, because: `the execution failed: ${step.m}` };
    default:
      return { verdict, because: step.m };
  }
}

function fateOf({ status, wake_at }: NonNullable<ExplainedRun["carrier"]>): string {
  if (status !== "in_progress") return `which is ${status}`;
  return wake_at === null ? "which is being closed" : `which waits until ${wake_at.toISOString()}`;
}

/** What is still to come, or was cut off, after messages. */
function afterwards(run: ExplainedRun, hasMessages: boolean): string {
  if (!hasMessages) return "";
  if (run.status === "cancelled") return "; the rest was cancelled";
  return run.status === "in_progress" ? `; ${judgeUnfinished(run).because}` : "";
}

const DECISIVE = new Set<Stage>([
  "run_started",
  "waiting",
  "resumed",
  "run_cancelled",
  "redriven",
  "batch_item_cancelled",
  "run_stopped",
  "channels_computed",
]);

/** The steps that decided something; the execution's log has all steps. */
function stepsOf({ id, request_id, steps }: ExplainedRun): Evidence[] {
  return steps
    .filter((step) => step.l !== undefined || DECISIVE.has(step.s))
    .map((step) => ({
      what: step.m,
      when: new Date(step.t),
      request_id,
      execution_id: id,
      ...(step.n === undefined ? {} : { node_ref: step.n }),
      ...(step.p === undefined ? {} : { values: step.p }),
    }));
}

/** Dated when its node created it, in the same time as the steps around it. */
function evidenceOf({ id, request_id, steps }: ExplainedRun, message: ExplainedMessage): Evidence {
  const { channel, status, failure_reason } = message;
  const madeAt = steps.findLast(({ n }) => n === message.node_ref)?.t;
  return {
    what: `${channel} message: ${status}${failure_reason === null ? "" : `, ${failure_reason}`}`,
    when: madeAt === undefined ? message.created_at : new Date(madeAt),
    request_id,
    execution_id: id,
    message_id: message.id,
    node_ref: message.node_ref,
  };
}
