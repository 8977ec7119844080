import { parseInlineTrigger } from "../../catalog/inline-workflow.ts";
import type { JsonObject } from "../../core/json.ts";
import { parseTrigger } from "../../core/trigger.ts";
import type { Tx } from "../../db/db.ts";
import { AppError } from "../../errors.ts";
import { problem } from "../problem.ts";
import type { CancelFilter } from "./filter.ts";
import type { NamedPeople } from "./people.ts";

/**
 * Requests whose keys a cancel names. What has not become runs yet never will: whoever cancels right behind a trigger
 * expects nothing to be sent. `accepted` alone does not say which those are, as it stays when all went well.
 */
export async function cancelRequests(
  tx: Tx,
  workspace_id: number,
  filter: CancelFilter,
  people: NamedPeople | null,
): Promise<string[]> {
  const named = await tx.query<{ id: string }>(
    `select id from request
      where workspace_id = $1 and ($2::text is null or idempotency_key = $2)
        and ($3::text is null or cancellation_key = $3) and api_type <> 'fanout'`,
    [workspace_id, filter.idempotency_key, filter.cancellation_key],
  );
  const ids = named.map(({ id }) => id);
  if (filter.execution_id === null && ids.length > 0) {
    const pending = (await lockPending(tx, workspace_id, ids)).filter((request) =>
      covers(request, filter, people),
    );
    await markCancelled(tx, workspace_id, pending);
  }
  return ids;
}

interface PendingRequest {
  id: string;
  api_type: string;
  name: string;
  body: JsonObject;
}

/**
 * Expand holds a lock on what it makes runs of, so this waits until it has: a second look then sees them. In the order
 * of the key, as expand locks.
 */
async function lockPending(tx: Tx, workspace_id: number, ids: string[]): Promise<PendingRequest[]> {
  const hasRuns = "exists (select from run r where r.workspace_id = q.workspace_id and r.request_id = q.id)";
  const locked = await tx.query<{ id: string }>(
    `select q.id from request q
      where q.workspace_id = $1 and q.id = any($2) and q.status = 'accepted' and not ${hasRuns}
      order by q.id for no key update of q`,
    [workspace_id, ids],
  );
  if (locked.length === 0) return [];
  return tx.query<PendingRequest>(
    `select q.id, q.api_type, q.name, q.body from request q
      where q.workspace_id = $1 and q.id = any($2) and not ${hasRuns} order by q.id`,
    [workspace_id, locked.map(({ id }) => id)],
  );
}

/**
 * Whether all that the request asks for is to be cancelled. Half a request cannot be; which workflows and people it
 * comes to is known in a moment, so that the same call then does what it says.
 */
function covers(request: PendingRequest, filter: CancelFilter, people: NamedPeople | null): boolean {
  const { workflow_slug } = filter;
  if (workflow_slug !== null && request.api_type !== "event" && request.name !== workflow_slug) return false;
  const isWhole = workflow_slug === null || request.api_type !== "event";
  if (isWhole && (people === null || isForNobodyElse(request, people))) return true;
  throw new AppError(
    "conflict",
    `request ${request.id} is being expanded and asks for more than is to be cancelled; send this again in a moment`,
  );
}

function isForNobodyElse({ api_type, body }: PendingRequest, { keys }: NamedPeople): boolean {
  const limits = { max_recipients: Number.MAX_SAFE_INTEGER };
  if (api_type === "event") return false;
  const parsed = api_type === "dynamic" ? parseInlineTrigger(body, limits) : parseTrigger(body, limits);
  if (!parsed.ok) return false;
  return parsed.value.recipients.every(
    ({ is_transient, object_type, distinct_id }) =>
      !is_transient && keys.some((key) => key.object_type === object_type && key.distinct_id === distinct_id),
  );
}

async function markCancelled(tx: Tx, workspace_id: number, pending: PendingRequest[]): Promise<void> {
  if (pending.length === 0) return;
  const told = { ...problem(null, "cancelled", "cancelled via API before it began"), severity: "info" };
  await tx.query(
    "update request set status = 'cancelled', errors = $3, updated_at = now() where workspace_id = $1 and id = any($2)",
    [workspace_id, pending.map(({ id }) => id), JSON.stringify([told])],
  );
}

/**
 * Further pages of objects' subscribers: none is expanded from here on. A page that is being expanded at this moment
 * is waited for, and has queued the next one by then, so they are looked for until none is left. `parents` are the
 * runs of the objects; null: all pages of these keys. True when there were any.
 */
export async function cancelPages(
  tx: Tx,
  workspace_id: number,
  idempotency_keys: string[],
  parents: string[] | null,
  workflow_slug: string | null,
): Promise<boolean> {
  if (idempotency_keys.length === 0 || parents?.length === 0) return false;
  for (let round = 0; ; round++) {
    const found = await tx.query(
      `update request q set status = 'cancelled', updated_at = now()
         from (select id from request
                where workspace_id = $1 and idempotency_key = any($2) and api_type = 'fanout' and status = 'accepted'
                  and ($3::text[] is null or parent_run_id = any($3)) and ($4::text is null or name = $4)
                order by id for no key update) page
        where q.workspace_id = $1 and q.id = page.id
       returning 1`,
      [workspace_id, idempotency_keys, parents, workflow_slug],
    );
    if (found.length === 0) return round > 0;
  }
}
