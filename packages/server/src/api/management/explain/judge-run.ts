import type { StoredStep, StoredWait } from "../log/run-row.ts";
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
  steps: StoredStep[];
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
  /** It has content and a vendor. */
  is_ready: boolean;
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
  return { verdict: failureOf(reason, failed?.is_ready === true), because: `no message went out: ${reason}` };
}

function failureOf(reason: string, is_ready: boolean): Verdict {
  if (reason.startsWith("no vendor configured")) return "no_vendor";
  return is_ready ? "vendor_refused" : "render_failure";
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

/** Why a step sent nothing; null if it does not say. */
function judgeStep(step: StoredStep, { carrier }: ExplainedRun): Judged | null {
  const code = codeOf(step);
  if (step.s === "batch_item_cancelled") return { verdict: "cancelled", because: step.m };
  if (code === "batch_absorbed") {
    return {
      verdict: "absorbed",
      because: `${step.m}, ${carrier === null ? "which is not kept any more" : fateOf(carrier)}`,
    };
  }
  if (code === "digest_below_min_count") return { verdict: "below_minimum", because: step.m };
  if (step.s === "preference_evaluated" && step.l !== undefined)
    return { verdict: "preference", because: step.m };
  if (step.s === "channels_computed" && step.l !== undefined) {
    if (step.m.startsWith("no vendor configured")) return { verdict: "no_vendor", because: step.m };
    return {
      verdict: step.m.startsWith("TemplateGroup") ? "template_missing" : "no_channel",
      because: step.m,
    };
  }
  if (step.s === "template_rendered" && step.l === "error")
    return { verdict: "render_failure", because: step.m };
  if (code === "user_not_found") {
    return { verdict: "no_such_user", because: `${step.m}: deleted since the execution began` };
  }
  return step.l === "error" ? { verdict: "failed", because: `the execution failed: ${step.m}` } : null;
}

function fateOf({ status, wake_at }: NonNullable<ExplainedRun["carrier"]>): string {
  if (status !== "in_progress") return `which is ${status}`;
  return wake_at === null ? "which is being closed" : `which waits until ${wake_at.toISOString()}`;
}

function codeOf({ p }: StoredStep): unknown {
  return typeof p === "object" && p !== null && "code" in p ? p.code : null;
}

/** What is still to come, or was cut off, after messages. */
function afterwards(run: ExplainedRun, hasMessages: boolean): string {
  if (!hasMessages) return "";
  if (run.status === "cancelled") return "; the rest was cancelled";
  return run.status === "in_progress" ? `; ${judgeUnfinished(run).because}` : "";
}

const TOLD = new Set([
  "run_started",
  "waiting",
  "resumed",
  "run_cancelled",
  "redriven",
  "batch_item_cancelled",
  "run_stopped",
]);

/** The steps that decided something; the execution's log has all steps. */
function stepsOf({ id, request_id, steps }: ExplainedRun): Evidence[] {
  return steps
    .filter((step) => step.l !== undefined || TOLD.has(step.s) || step.s === "channels_computed")
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
