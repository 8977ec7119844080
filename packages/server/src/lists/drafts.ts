import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import { checkId, type LockedList, lockLists, refuseList } from "./lists.ts";
import { deleteMembers, holdUsers, insertMembers } from "./members.ts";

/**
 * Drafts: versions of a list that are filled while the list is as it was, and then take its place at once. A list may
 * have several. All functions run in the caller's transaction and lock the list; a text is why they refuse.
 */
export interface DraftKey {
  list_id: string;
  version_id: string;
}

export type DraftOutcome<Value> = { ok: true; value: Value } | { ok: false; error: string };

/** Starts an empty draft; its id. */
export async function startDraft(
  tx: Queryable,
  workspace_id: number,
  list_id: string,
  ids: IdSource,
): Promise<DraftOutcome<string>> {
  const list = await lock(tx, workspace_id, list_id);
  if (typeof list === "string") return { ok: false, error: list };
  const version_id = ids.ulid();
  await tx.query(
    "insert into list_version (workspace_id, version_id, list_id, state) values ($1, $2, $3, 'draft')",
    [workspace_id, version_id, list_id],
  );
  return { ok: true, value: version_id };
}

/** Adds users to a draft or removes them; how many really moved. */
export async function changeDraft(
  tx: Queryable,
  workspace_id: number,
  key: DraftKey,
  change: { op: "add" | "remove"; recipient_ids: readonly string[] },
  ids: IdSource,
): Promise<DraftOutcome<number>> {
  const users = await holdUsers(tx, workspace_id, change.recipient_ids);
  const list = await lockDraft(tx, workspace_id, key);
  if (typeof list === "string") return { ok: false, error: list };
  const members = [...users.keys()].map((recipient_id) => ({ version_id: key.version_id, recipient_id }));
  const moved =
    change.op === "add"
      ? await insertMembers(tx, workspace_id, members, ids)
      : await deleteMembers(tx, workspace_id, members);
  return { ok: true, value: moved.length };
}

/** What a draft took the place of. */
export interface Swap {
  list: LockedList;
  before: string;
  after: string;
}

/** Puts a draft in the place of the list's members. Both versions can still be read in this transaction. */
export async function finishDraft(
  tx: Queryable,
  workspace_id: number,
  key: DraftKey,
): Promise<DraftOutcome<Swap>> {
  const list = await lockDraft(tx, workspace_id, key);
  if (typeof list === "string") return { ok: false, error: list };
  await tx.query(
    `update list_version
        set state = case version_id when $3 then 'live' else 'retired' end, updated_at = now()
      where workspace_id = $1 and version_id in ($2, $3)`,
    [workspace_id, list.version_id, key.version_id],
  );
  await tx.query(
    "update list set version_id = $3, updated_at = now() where workspace_id = $1 and list_id = $2",
    [workspace_id, key.list_id, key.version_id],
  );
  return { ok: true, value: { list, before: list.version_id, after: key.version_id } };
}

/** Gives a draft up; the rows of its members are removed later. */
export async function discardDraft(
  tx: Queryable,
  workspace_id: number,
  key: DraftKey,
): Promise<DraftOutcome<null>> {
  const list = await lockDraft(tx, workspace_id, key);
  if (typeof list === "string") return { ok: false, error: list };
  await tx.query("update list_version set state = 'retired' where workspace_id = $1 and version_id = $2", [
    workspace_id,
    key.version_id,
  ]);
  return { ok: true, value: null };
}

/** In the wire's words. */
export function draftNotFound({ list_id, version_id }: DraftKey): string {
  return `version_id ${version_id} not found for list_id ${list_id}`;
}

async function lock(tx: Queryable, workspace_id: number, list_id: string): Promise<LockedList | string> {
  const list = (await lockLists(tx, workspace_id, [{ list_id }])).get(list_id);
  const refusal = checkId(list_id) ?? refuseList(list_id, list);
  return refusal ?? list ?? "";
}

async function lockDraft(tx: Queryable, workspace_id: number, key: DraftKey): Promise<LockedList | string> {
  const list = await lock(tx, workspace_id, key.list_id);
  if (typeof list === "string") return list;
  const rows = await tx.query(
    `select from list_version
      where workspace_id = $1 and version_id = $2 and list_id = $3 and state = 'draft'`,
    [workspace_id, key.version_id, key.list_id],
  );
  return rows.length === 0 ? draftNotFound(key) : list;
}
