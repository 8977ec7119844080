import { storableJson } from "../../core/text/text.ts";
import type { Step } from "../../core/log/step-log.ts";
import type { Lane } from "../../core/lane.ts";
import type { Tx } from "../../db/db.ts";
import { readNows } from "../../workspaces/clock.ts";
import { type RedriveDeps, type Redriven, type RedriveOrder, type Refusal, sortOut } from "./order.ts";

interface FailedRun {
  id: string;
  workspace_id: number;
  lane: Lane;
  tenant_id: string;
  status: string;
  failed_at: string | null;
  /** Its payload is the request's, and the request no longer exists. */
  is_without_payload: boolean;
  distinct_id: string;
  is_orphan: boolean;
}

/** Puts runs back to the node that stopped them. `failed_at` stays: it makes execute enter that node. */
export async function redriveRuns(
  tx: Tx,
  workspace_id: number,
  { executions, dry_run }: RedriveOrder,
  deps: Pick<RedriveDeps, "queue" | "clock">,
): Promise<Redriven> {
  if (executions.length === 0) return { redriven: [], refused: [] };
  const runs = await tx.query<FailedRun>(
    `select r.id, r.workspace_id, r.lane, r.tenant_id, r.status, r.state ->> 'failed_at' as failed_at, r.distinct_id,
            r.data is null and not exists (select from request q
                                            where q.workspace_id = r.workspace_id and q.id = r.request_id) as is_without_payload,
            r.recipient_id is not null and not exists (select from recipient p
                                                        where p.workspace_id = r.workspace_id and p.id = r.recipient_id) as is_orphan
       from run r where r.workspace_id = $1 and r.id = any($2) order by r.id ${dry_run ? "" : "for no key update of r"}`,
    [workspace_id, executions],
  );
  const { fit, refused } = sortOut("execution", executions, runs, refusalOf);
  if (!dry_run && fit.length > 0) await putBack(tx, workspace_id, fit, deps);
  return { redriven: fit.map(({ id }) => id), refused };
}

function refusalOf(run: FailedRun): Omit<Refusal, "id"> | null {
  if (run.status !== "failed") {
    return { code: "not_failed", reason: `its status is ${run.status}: only failed executions are put back` };
  }
  if (run.failed_at === null) {
    const reason =
      "it went on to its end after what failed: redrive its failed messages, or trigger it again";
    return { code: "not_stopped", reason };
  }
  if (run.is_without_payload) {
    const reason = "the request with its payload has outlived its retention: trigger it again";
    return { code: "request_gone", reason };
  }
  if (run.is_orphan) {
    return { code: "recipient_gone", reason: `'${run.distinct_id}' was deleted since: trigger it again` };
  }
  return null;
}

async function putBack(
  tx: Tx,
  workspace_id: number,
  runs: FailedRun[],
  { queue, clock }: Pick<RedriveDeps, "queue" | "clock">,
): Promise<void> {
  const now = (await readNows(tx, [workspace_id], await clock(tx))).get(workspace_id) ?? new Date();
  const step: Step = { t: now.getTime(), s: "redriven", m: "put back via API" };
  await tx.query(
    `update run set status = 'in_progress', position = state ->> 'failed_at', wake_at = null, updated_at = now(),
                    state = (state::jsonb - 'wait' - 'call')::json, steps = (steps::jsonb || $3::jsonb)::json
      where workspace_id = $1 and id = any($2)`,
    [workspace_id, runs.map(({ id }) => id), storableJson([step])],
  );
  await queue.enqueue(tx, "execute", runs);
}
