import type { Queryable } from "../db/db.ts";
import { PROFILE_CHANGED } from "./node.ts";

/**
 * What is under way for a user goes on for the one that took over from them: runs that wait are those of the new row
 * from now on, and so are messages, which are sent, or whose item is marked, later. Both keep the id that the log knows
 * them by, through any number of merges. Relies on the indexes of runs and of messages by recipient.
 */
export async function followMerge(
  tx: Queryable,
  workspace_id: number,
  { from, to, distinct_id }: { from: string; to: string; distinct_id: string },
): Promise<void> {
  // The rows of the one that is deleted go with it.
  const names = await tx.query<{ distinct_id: string }>(
    `insert into merged_user (workspace_id, recipient_id, distinct_id)
     select $1, $3, distinct_id from merged_user where workspace_id = $1 and recipient_id = $2
      union select $1, $3, $4
         on conflict (workspace_id, recipient_id, distinct_id) do update set distinct_id = excluded.distinct_id
     returning distinct_id`,
    [workspace_id, from, to, distinct_id],
  );
  const values = [workspace_id, names.map((name) => name.distinct_id), from, to];
  await tx.query(
    `update run set recipient_id = $4
      where distinct_id = any($2) and workspace_id = $1 and recipient_id = $3 and status = 'in_progress'`,
    values,
  );
  await tx.query(
    `update message set recipient_id = $4
      where distinct_id = any($2) and workspace_id = $1 and recipient_id = $3`,
    values,
  );
  // A run that watches both profiles has one waiter left.
  await tx.query(
    `with gone as (
       delete from waiter where workspace_id = $1 and key = $2 and topic = $4 returning *)
     insert into waiter (workspace_id, key, topic, run_id, wait_id, created_at)
     select workspace_id, $3, topic, run_id, wait_id, created_at from gone
     on conflict do nothing`,
    [workspace_id, from, to, PROFILE_CHANGED],
  );
}
