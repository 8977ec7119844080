import { awaitExpanding } from "../expand/notices.ts";
import { type CancelDeps, cancelRuns } from "./cancel.ts";

/** Users who were deleted: the names that their runs bear, and the ids of their former rows. */
export interface ErasedUsers {
  names: readonly string[];
  recipient_ids: readonly string[];
}

const AT_ONCE = 100;

/**
 * Ends the runs that are in progress for users who were deleted, each by a cancel of its own. Nothing makes a new one: an
 * expand that saw the users is awaited, later ones heed the notice of the deletion. Refused with `conflict` while such
 * an expand goes on. Relies on run_recipient.
 */
export async function endRunsOf(
  deps: CancelDeps,
  workspace_id: number,
  { names, recipient_ids }: ErasedUsers,
): Promise<void> {
  await awaitExpanding(deps.db, workspace_id);
  const none = { recipients: null, idempotency_key: null, cancellation_key: null, workflow_slug: null };
  for (let after = ""; ;) {
    const runs = await deps.db.query<{ id: string }>(
      `select id from run
        where distinct_id = any($2) and workspace_id = $1 and recipient_id = any($3) and status = 'in_progress'
          and id > $4
        order by id limit ${AT_ONCE}`,
      [workspace_id, names, recipient_ids, after],
    );
    for (const { id } of runs) {
      await cancelRuns(deps, workspace_id, { ...none, execution_id: id });
      after = id;
    }
    if (runs.length < AT_ONCE) return;
  }
}
