import type { Queryable } from "../db/db.ts";

/**
 * What is under way for a user goes on for the one that took over from them: runs that wait are those of the new row
 * from now on, and so are messages, which are sent, or whose item is marked, later. Both keep the id that the log knows
 * them by. Relies on the indexes of runs and of messages by recipient.
 */
export async function followMerge(
  tx: Queryable,
  workspace_id: number,
  { from, to, distinct_id }: { from: string; to: string; distinct_id: string },
): Promise<void> {
  await tx.query(
    `update run set recipient_id = $4
      where distinct_id = $2 and workspace_id = $1 and recipient_id = $3 and status = 'in_progress'`,
    [workspace_id, distinct_id, from, to],
  );
  await tx.query(
    `update message set recipient_id = $4
      where distinct_id = $2 and workspace_id = $1 and recipient_id = $3`,
    [workspace_id, distinct_id, from, to],
  );
}
