import type { Queryable } from "../db/db.ts";
import { MESSAGE_CHANGED, PROFILE_CHANGED, TENANT_CHANGED } from "./node.ts";

/** The row that is deleted and the one that takes over, and the ids of the two users. */
export interface Merge {
  from: string;
  to: string;
  distinct_id: string;
  into_distinct_id: string;
}

/**
 * What is under way for a user goes on for the one that took over from them: runs that wait, as recipient or as actor,
 * are those of the new row from now on, and so are messages, which are sent, or whose item is marked, later. The log
 * keeps the id that it knows them by, through any number of merges; events that are waited for come from the user that
 * is left. Relies on the indexes of runs and of messages by recipient, and of runs by actor.
 */
export async function followMerge(
  tx: Queryable,
  workspace_id: number,
  { from, to, distinct_id, into_distinct_id }: Merge,
): Promise<void> {
  // The rows of the one that is deleted go with it.
  const names = await tx.query<{ distinct_id: string }>(
    `insert into merged_user (workspace_id, recipient_id, distinct_id, former_ids)
     select $1, $3, distinct_id, array(select distinct unnest(array_agg(former)))
       from (select distinct_id, former from merged_user left join lateral unnest(former_ids) as f(former) on true
              where workspace_id = $1 and recipient_id = $2
              union all select $4, $2) taken
      group by distinct_id
         on conflict (workspace_id, recipient_id, distinct_id)
         do update set former_ids = merged_user.former_ids || excluded.former_ids
     returning distinct_id`,
    [workspace_id, from, to, distinct_id],
  );
  const values = [workspace_id, names.map((name) => name.distinct_id), from, to];
  // Locks them: a walk that is under way has committed its waits by then.
  await tx.query(
    `update run set recipient_id = $4
      where distinct_id = any($2) and workspace_id = $1 and recipient_id = $3 and status = 'in_progress'`,
    values,
  );
  await tx.query(
    `update run set actor = jsonb_set(actor::jsonb, '{recipient_id}', to_jsonb($3::text))::json
      where actor ->> 'recipient_id' = $2 and workspace_id = $1 and status = 'in_progress'`,
    [workspace_id, from, to],
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
  await tx.query(
    `with gone as (
       delete from waiter where workspace_id = $1 and key = $2 and topic <> all($4) returning *)
     insert into waiter (workspace_id, key, topic, run_id, wait_id, created_at)
     select workspace_id, $3, topic, run_id, wait_id, created_at from gone
     on conflict do nothing`,
    [workspace_id, distinct_id, into_distinct_id, [PROFILE_CHANGED, TENANT_CHANGED, MESSAGE_CHANGED]],
  );
  await tx.query(
    `with gone as (
       delete from smart_goal where workspace_id = $1 and key = $2 returning *)
     insert into smart_goal (workspace_id, key, topic, execution_id, node_ref, created_at, until)
     select workspace_id, $3, topic, execution_id, node_ref, created_at, until from gone
     on conflict do nothing`,
    [workspace_id, distinct_id, into_distinct_id],
  );
}
