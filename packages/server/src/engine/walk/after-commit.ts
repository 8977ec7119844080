import type { Tx } from "../../db/db.ts";
import type { EngineMeter, StageDeps } from "../deps.ts";
import type { NewMessage, Run } from "../run.ts";
/** Once the transaction has committed, notifies the waker of when the first of these runs is due. */
export function announceWakes(tx: Tx, runs: Run[], deps: StageDeps): void {
  // Uses durations, because a workspace's time may differ from the process's.
  const lengths = runs.flatMap(({ wake_at, now }) =>
    wake_at === null ? [] : [wake_at.getTime() - now.getTime()],
  );
  if (lengths.length === 0) return;
  const shortest = lengths.reduce((one, other) => Math.min(one, other));
  tx.afterCommit(() => deps.wakeAt(new Date(Date.now() + shortest)));
}

/** Statuses that delivery counts when it settles the message. */
const UNDER_WAY: ReadonlySet<NewMessage["status"]> = new Set(["triggered", "to_be_triggered"]);

/** Reports the outcome of a chunk to the metrics and, by ids alone, to the log. */
export function report(runs: Run[], messages: NewMessage[], { meter, log }: StageDeps): void {
  countRuns(runs, meter);
  for (const { channel, status } of messages) if (!UNDER_WAY.has(status)) meter.message(channel, status);
  for (const { id, request_id, workflow, status } of runs) {
    log.debug({ run: id, request: request_id, workflow: workflow.slug, status }, "run walked");
  }
}

function countRuns(runs: Run[], meter: EngineMeter): void {
  const counts = new Map<string, number>();
  for (const { status } of runs) counts.set(status, (counts.get(status) ?? 0) + 1);
  for (const [status, count] of counts) meter.runs(status, count);
}
