import type { Tx } from "../../../db/db.ts";
import { takeOverFeeds } from "../../../inbox/feeds.ts";
import { takeOverMemberships } from "../../../lists/members.ts";
import { takeOverPreferences } from "../../../preferences/take-over.ts";
import type { Services } from "../../../services.ts";
import { deleteRecipients } from "../delete-recipients.ts";

/** A user whose row is locked. */
export interface LockedUser {
  id: string;
  distinct_id: string;
  identified_at: Date | null;
}

/** By distinct_id; in key order, like edits and deletions. */
export async function lockUsers(
  tx: Tx,
  workspace_id: number,
  distinct_ids: readonly string[],
): Promise<Map<string, LockedUser>> {
  const rows = await tx.kysely
    .selectFrom("recipient")
    .select(["id", "distinct_id", "identified_at"])
    .where("workspace_id", "=", workspace_id)
    .where("object_type", "=", "")
    .where("distinct_id", "in", distinct_ids)
    .orderBy("distinct_id")
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.distinct_id, row]));
}

/**
 * Gives one user what another one has, and deletes the other. Null if done; otherwise why not, and the caller rolls
 * back.
 */
export async function mergeUsers(
  tx: Tx,
  { recipients, engine, announce }: Pick<Services, "recipients" | "engine" | "announce">,
  workspace_id: number,
  { from, to }: { from: LockedUser; to: LockedUser },
): Promise<string | null> {
  const takeover = { from: from.id, to: to.id };
  // First: runs that watch the one profile hear of the change of the other.
  await engine.followMerge(tx, workspace_id, {
    ...takeover,
    distinct_id: from.distinct_id,
    into_distinct_id: to.distinct_id,
  });
  const refusal = await recipients.takeOver(tx, workspace_id, takeover);
  if (refusal !== null) return refusal;
  await takeOverPreferences(tx, workspace_id, takeover);
  await takeOverMemberships(tx, workspace_id, takeover);
  const moved = await takeOverFeeds(tx, workspace_id, takeover);
  tx.afterCommit(() => announce(moved));
  await deleteRecipients(tx, workspace_id, "", [from.distinct_id]);
  return null;
}
