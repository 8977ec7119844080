import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import { type ListMember, type LockedList, lockLists } from "./lists.ts";
import { deleteMembers, holdUsers, insertMembers } from "./members.ts";

/** Who really entered and left a list whose members a query finds. */
export interface Synced {
  list: LockedList;
  entered: ListMember[];
  left: ListMember[];
}

/** Lets users enter and leave such a list, in the caller's transaction; null if there is no such list any more. */
export async function syncMembers(
  tx: Queryable,
  workspace_id: number,
  list_id: string,
  { enter, leave }: { enter: readonly string[]; leave: readonly string[] },
  ids: IdSource,
): Promise<Synced | null> {
  const users = await holdUsers(tx, workspace_id, [...enter, ...leave]);
  const list = (await lockLists(tx, workspace_id, [{ list_id }])).get(list_id);
  if (list === undefined || list.list_type !== "dynamic_list") return null;
  const membersOf = (recipient_ids: readonly string[]) =>
    recipient_ids.flatMap((recipient_id) =>
      users.has(recipient_id) ? [{ version_id: list.version_id, recipient_id }] : [],
    );
  const entered = await insertMembers(tx, workspace_id, membersOf(enter), ids);
  const left = await deleteMembers(tx, workspace_id, membersOf(leave));
  const named = (moved: readonly { recipient_id: string }[]) =>
    moved.map(({ recipient_id }) => ({ recipient_id, distinct_id: users.get(recipient_id) ?? "" }));
  return { list, entered: named(entered), left: named(left) };
}
