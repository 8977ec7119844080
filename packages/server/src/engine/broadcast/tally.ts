import { codeOf } from "../../core/log/step-log.ts";
import type { RequestProblem } from "../problem.ts";
import type { NewMessage, Run } from "../run.ts";
import type { PageResult } from "./stored.ts";

type Counts = Pick<PageResult, "triggered" | "skipped" | "failed" | "reasons" | "problems">;

/** Statuses of messages that are on their way or there. */
const TRIGGERED: ReadonlySet<NewMessage["status"]> = new Set(["triggered", "delivered", "to_be_triggered"]);

/**
 * What a page came to, one count for each recipient: triggered, if a message is on its way on at least one channel;
 * otherwise failed if something went wrong, or skipped by preferences, missing channels, test mode or the tenant.
 */
export function tally(
  begun: readonly Run[],
  messages: readonly NewMessage[],
  problems: RequestProblem[],
): Counts {
  const byRun = Map.groupBy(messages, ({ run }) => run);
  const counts: Counts = { triggered: 0, skipped: 0, failed: 0, reasons: {}, problems };
  const count = (fate: "skipped" | "failed", code: string) => {
    counts[fate]++;
    counts.reasons[code] = (counts.reasons[code] ?? 0) + 1;
  };
  for (const run of begun) {
    const own = byRun.get(run) ?? [];
    if (own.some(({ status }) => TRIGGERED.has(status))) counts.triggered++;
    else count(run.status === "failed" ? "failed" : "skipped", reasonOf(run, own));
  }
  for (const { error_code, severity } of problems)
    count(
      severity === "warning" || error_code === "tenant_not_associated" ? "skipped" : "failed",
      error_code,
    );
  return counts;
}

/** The code of the first thing that went another way than planned. */
function reasonOf({ steps }: Run, messages: readonly NewMessage[]): string {
  for (const step of steps) {
    const code = codeOf(step);
    if (code !== null) return code;
  }
  return messages.some(({ status }) => status === "trigger_blocked") ? "test_mode" : "nothing_to_send";
}
