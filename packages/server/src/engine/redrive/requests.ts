import type { Lane } from "../../core/lane.ts";
import type { Tx } from "../../db/db.ts";
import { reviveBroadcasts } from "../broadcast/schedule.ts";
import { type RedriveDeps, type Redriven, type RedriveOrder, type Refusal, sortOut } from "./order.ts";

interface FailedRequest {
  id: string;
  workspace_id: number;
  lane: Lane;
  status: string;
  has_runs: boolean;
  weight: number;
  is_broadcast: boolean;
}

/**
 * Requests that were accepted and made no runs are expanded again as accepted: with the original payload and the
 * current configuration and people. The last failure stays readable.
 */
export async function redriveRequests(
  tx: Tx,
  workspace_id: number,
  { requests: ids, dry_run }: RedriveOrder,
  deps: Pick<RedriveDeps, "queue">,
): Promise<Redriven> {
  if (ids.length === 0) return { redriven: [], refused: [] };
  const requests = await tx.query<FailedRequest>(
    `select q.id, q.workspace_id, q.lane, q.status, q.api_type = 'broadcast' as is_broadcast,
            case json_typeof(q.body -> 'recipients') when 'array' then json_array_length(q.body -> 'recipients')
                 else 1 end as weight,
            exists (select from run r where r.workspace_id = q.workspace_id and r.request_id = q.id) as has_runs
       from request q where q.workspace_id = $1 and q.id = any($2) order by q.id ${dry_run ? "" : "for no key update of q"}`,
    [workspace_id, ids],
  );
  const { fit, refused } = sortOut("request", ids, requests, refusalOf);
  if (!dry_run && fit.length > 0) await putBack(tx, workspace_id, fit, deps);
  return { redriven: fit.map(({ id }) => id), refused };
}

function refusalOf({ status, has_runs }: FailedRequest): Omit<Refusal, "id"> | null {
  if (has_runs) {
    const reason = "it came to executions: redrive those that failed, or trigger it again for the others";
    return { code: "not_failed", reason };
  }
  if (status === "failure") return null;
  const reason =
    status === "refused"
      ? "it was refused and never accepted: mend it and send it again"
      : `its status is ${status}: only requests that failed are put back`;
  return { code: "not_failed", reason };
}

async function putBack(
  tx: Tx,
  workspace_id: number,
  requests: FailedRequest[],
  { queue }: Pick<RedriveDeps, "queue">,
): Promise<void> {
  await tx.query(
    `update request q set status = 'accepted', updated_at = now(), errors = json_build_array(json_build_object(
              'error_code', 'redriven', 'severity', 'info', 'error_type', 'workflow_trigger', 'workflow_slug', null,
              'error_description', 'put back via API; it had failed: ' || (q.errors -> 0 ->> 'error_description')))
      where workspace_id = $1 and id = any($2)`,
    [workspace_id, requests.map(({ id }) => id)],
  );
  const broadcasts = requests.filter(({ is_broadcast }) => is_broadcast);
  await reviveBroadcasts(
    tx,
    workspace_id,
    broadcasts.map(({ id }) => id),
    queue,
  );
  await queue.enqueue(
    tx,
    "expand",
    requests.filter(({ is_broadcast }) => !is_broadcast),
  );
}
