import { storableJson } from "../../core/text/text.ts";
import type { Tx } from "../../db/db.ts";
import { problem } from "../problem.ts";
import type { CancelFilter } from "./filter.ts";

/** Finds the requests whose keys a cancel names. Broadcasts have a cancel of their own. */
export async function findRequests(
  tx: Tx,
  workspace_id: number,
  { idempotency_key, cancellation_key }: CancelFilter,
): Promise<string[]> {
  const named = await tx.query<{ id: string }>(
    `select id from request
      where workspace_id = $1 and ($2::text is null or idempotency_key = $2)
        and ($3::text is null or cancellation_key = $3) and api_type not in ('fanout', 'broadcast')`,
    [workspace_id, idempotency_key, cancellation_key],
  );
  return named.map(({ id }) => id);
}

/**
 * Cancels requests that have no runs yet: a cancel sent right after a trigger must prevent it. `accepted` alone does
 * not identify them, because that status stays when all went well. Expand holds a lock on the requests it makes runs
 * of, so this waits for it, and a second look sees the runs. Locks in key order, like expand.
 */
export async function cancelRequests(tx: Tx, workspace_id: number, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  const hasRuns = "exists (select from run r where r.workspace_id = q.workspace_id and r.request_id = q.id)";
  const locked = await tx.query<{ id: string }>(
    `select q.id from request q
      where q.workspace_id = $1 and q.id = any($2) and q.status = 'accepted' and not ${hasRuns}
      order by q.id for no key update of q`,
    [workspace_id, ids],
  );
  if (locked.length === 0) return;
  const entry = { ...problem(null, "cancelled", "cancelled via API before it began"), severity: "info" };
  await tx.query(
    `update request q set status = 'cancelled', errors = $3, updated_at = now()
      where q.workspace_id = $1 and q.id = any($2) and not ${hasRuns}`,
    [workspace_id, locked.map(({ id }) => id), storableJson([entry])],
  );
}

/**
 * Cancels further pages of objects' subscribers, so that none is expanded from here on. A page that is being expanded
 * right now is awaited and has queued the next one by then, so the search repeats until none is left. `parents` are the
 * runs of the objects; null: all pages of these keys. Returns true if there were any.
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
