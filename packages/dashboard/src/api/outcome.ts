/**
 * The five words for what became of something, the same on every page. "Not sent" is what a rule or a person wanted, and
 * never looks like a failure.
 */
export type Outcome = "delivered" | "sent" | "waiting" | "not_sent" | "failed";

export const OUTCOMES: readonly Outcome[] = ["delivered", "sent", "waiting", "not_sent", "failed"];

const OF_MESSAGE: Record<string, Outcome> = {
  to_be_triggered: "waiting",
  triggered: "waiting",
  trigger_blocked: "not_sent",
  not_to_be_triggered: "not_sent",
  sent_by_vendor: "sent",
  delivered: "delivered",
  seen: "delivered",
  read: "delivered",
  clicked: "delivered",
  dismissed: "delivered",
};

const OF_RUN: Record<string, Outcome> = {
  in_progress: "waiting",
  completed: "delivered",
  partial_failure: "failed",
  failed: "failed",
  failure: "failed",
  cancelled: "not_sent",
  skipped: "not_sent",
};

export function outcomeOfMessage(status: string): Outcome {
  return OF_MESSAGE[status] ?? "failed";
}

export function outcomeOfRun(status: string): Outcome {
  return OF_RUN[status] ?? "waiting";
}

/** Verdicts of `explain`, by whether they are a wish or a mishap. */
const BY_DESIGN = new Set([
  "absorbed",
  "cancelled",
  "throttled",
  "conditions_false",
  "duplicate",
  "preference",
  "test_mode",
  "below_minimum",
  "nothing_to_send",
  "nothing_triggered",
]);

export function outcomeOfVerdict(verdict: string): Outcome {
  if (verdict === "sent") return "sent";
  if (verdict === "sending" || verdict === "waiting" || verdict === "in_progress") return "waiting";
  return BY_DESIGN.has(verdict) ? "not_sent" : "failed";
}
