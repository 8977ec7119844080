import type { Queryable } from "../../db/db.ts";
import { removeItems } from "../../inbox/feeds.ts";
import { forgetMembers } from "../../lists/members.ts";

/** An object may have a million subscribers, and a user who is merged as many messages: one statement for all of them. */
export const DELETE_MS = 300_000;

/**
 * Deletes users, or objects of one type, with all their data: identities, subscriptions of either side, preferences and
 * profiles in tenants go with the row, the inbox and list memberships are deleted explicitly. Rows are locked in key
 * order, like by edits, so that the two cannot deadlock. Returns how many there were.
 */
export async function deleteRecipients(
  tx: Queryable,
  workspace_id: number,
  /** Empty for users. */
  object_type: string,
  distinct_ids: string[],
): Promise<number> {
  const locked = await tx.kysely
    .selectFrom("recipient")
    .select("id")
    .where("workspace_id", "=", workspace_id)
    .where("object_type", "=", object_type)
    .where("distinct_id", "in", distinct_ids)
    .orderBy("distinct_id")
    .forUpdate()
    .execute();
  const ids = locked.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await forgetMembers(tx, workspace_id, ids);
  await removeItems(tx, workspace_id, ids);
  await tx.kysely
    .deleteFrom("recipient")
    .where("workspace_id", "=", workspace_id)
    .where("id", "in", ids)
    .execute();
  return ids.length;
}
