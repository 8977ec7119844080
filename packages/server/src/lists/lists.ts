import { cut } from "../core/text/text.ts";
import { unsafeText } from "../core/json/json-guard.ts";
import { isPlainId } from "../core/plain-id.ts";
import { insertAll, int, text } from "../db/bulk.ts";
import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import { deleteMembers, holdUsers, insertMembers, type Member, memberKey } from "./members.ts";

/**
 * Lists of users. Membership is changed in bulk, inside the caller's transaction. Lists are locked in the order of
 * their ids, which makes the reported outcome exact: which users entered or left, and how many are in the list now. No
 * other transaction changes a list until this one ends.
 */
export interface Lists {
  /** One outcome for each change, in order; each sees the effect of the previous ones. */
  add: (tx: Queryable, workspace_id: number, changes: readonly ListAddition[]) => Promise<ListOutcome[]>;
  remove: (tx: Queryable, workspace_id: number, changes: readonly ListChange[]) => Promise<ListOutcome[]>;
}

export interface ListChange {
  list_id: string;
  /** Ids of recipients. Members are users: objects and unknown ids are ignored. */
  recipient_ids: readonly string[];
}

export interface ListAddition extends ListChange {
  /** The name of a list that is created; null: its id. An existing list keeps its name. */
  list_name: string | null;
  create_if_missing: boolean;
}

export interface ListMember {
  recipient_id: string;
  distinct_id: string;
}

export type ListOutcome =
  | {
      ok: true;
      /** The users that actually entered or left. */
      members: ListMember[];
      /** The event to emit for each of them; null where neither the list nor a workflow asks for it. */
      event: ListEvent | null;
    }
  | { ok: false; error: string };

export interface ListEvent {
  /** `$USER_ENTERED_LIST - <list_id>` or `$USER_EXITED_LIST - <list_id>`, with the spaces. */
  event: string;
  properties: { list_id: string; list_name: string };
}

export interface ListsDeps {
  ids: IdSource;
}

/** Contains everybody; it has no rows and cannot be edited. */
export const ALL_USERS = "all_users";
export const MAX_LIST_ID = 64;
export const MAX_LIST_NAME = 255;

export function createLists({ ids }: ListsDeps): Lists {
  return {
    async add(tx, workspace_id, changes) {
      const sound = changes.filter(({ list_id }) => checkId(list_id) === null);
      const users = await holdUsers(tx, workspace_id, namedBy(sound));
      await makeLists(tx, workspace_id, sound, ids);
      const lists = await lockLists(tx, workspace_id, sound);
      const entered = await insertMembers(tx, workspace_id, membersOf(sound, lists, users), ids);
      return settle(changes, lists, users, entered, "entry");
    },
    async remove(tx, workspace_id, changes) {
      const sound = changes.filter(({ list_id }) => checkId(list_id) === null);
      const users = await holdUsers(tx, workspace_id, namedBy(sound));
      const lists = await lockLists(tx, workspace_id, sound);
      const left = await deleteMembers(tx, workspace_id, membersOf(sound, lists, users));
      return settle(changes, lists, users, left, "exit");
    },
  };
}

/** The outcome of each change. A user named by two changes moves with the first. */
function settle(
  changes: readonly ListChange[],
  lists: ReadonlyMap<string, LockedList>,
  users: ReadonlyMap<string, string>,
  moved: readonly Member[],
  way: Way,
): ListOutcome[] {
  const due = new Set(moved.map(memberKey));
  return changes.map(({ list_id, recipient_ids }): ListOutcome => {
    const list = lists.get(list_id);
    const error = checkId(list_id) ?? refuseList(list_id, list);
    if (error !== null || list === undefined) return { ok: false, error: error ?? "" };
    const members = recipient_ids.flatMap((recipient_id): ListMember[] => {
      const distinct_id = users.get(recipient_id);
      if (distinct_id === undefined) return [];
      if (!due.delete(memberKey({ version_id: list.version_id, recipient_id }))) return [];
      return [{ recipient_id, distinct_id }];
    });
    return { ok: true, members, event: eventOf(list, way) };
  });
}

const namedBy = (changes: readonly ListChange[]) => changes.flatMap(({ recipient_ids }) => recipient_ids);

/** Users enter a list or leave it. */
export type Way = "entry" | "exit";

const EVENTS = { entry: "$USER_ENTERED_LIST", exit: "$USER_EXITED_LIST" } as const;

export interface LockedList {
  list_id: string;
  list_name: string;
  list_type: string;
  version_id: string;
  /** Whether who enters causes an event: the list is set so, or a workflow uses the event. */
  tracks_entry: boolean;
  tracks_exit: boolean;
}

/** The event of who enters a list or leaves it. */
export function eventName(list_id: string, way: Way): string {
  return `${EVENTS[way]} - ${list_id}`;
}

/** Null: nothing is caused. */
export function eventOf(list: LockedList, way: Way): ListEvent | null {
  if (!list[`tracks_${way}`]) return null;
  const { list_id, list_name } = list;
  return { event: eventName(list_id, way), properties: { list_id, list_name } };
}

/** Why a list of this id cannot be changed; null if it can, should there be one. */
export function checkId(list_id: string): string | null {
  if (!isPlainId(list_id)) return `list_id: '${cut(list_id, MAX_LIST_ID)}' must be made of a-z, 0-9, - and _`;
  if (list_id.length > MAX_LIST_ID) return `list_id: must be at most ${MAX_LIST_ID} characters`;
  return list_id === ALL_USERS ? `list_id: ${ALL_USERS} is kept by the product and cannot be changed` : null;
}

/** The same for the list, which may be missing. */
export function refuseList(list_id: string, list: LockedList | undefined): string | null {
  if (list === undefined) return `list_id: ${list_id} not found`;
  if (list.list_type === "static_list") return null;
  return `list_id: ${list_id} is a dynamic list and cannot be changed by hand`;
}

/** Creates the requested lists that do not exist. The first name given to a new list is used. */
async function makeLists(
  tx: Queryable,
  workspace_id: number,
  changes: readonly ListAddition[],
  ids: IdSource,
): Promise<void> {
  const names = new Map<string, string>();
  for (const { list_id, list_name, create_if_missing } of changes) {
    if (create_if_missing && !names.has(list_id)) names.set(list_id, toName(list_id, list_name));
  }
  await insertLists(
    tx,
    workspace_id,
    [...names].map(([list_id, list_name]) => ({ list_id, list_name })),
    ids,
  );
}

/** Lists that exist stay as they are. */
export async function insertLists(
  tx: Queryable,
  workspace_id: number,
  lists: readonly { list_id: string; list_name: string; list_type?: "static_list" | "dynamic_list" }[],
  ids: IdSource,
): Promise<void> {
  const made = await insertAll<"list", (typeof lists)[number], { list_id: string; version_id: string }>(
    tx,
    "list",
    lists,
    {
      workspace_id: int(() => workspace_id),
      list_id: text(({ list_id }) => list_id),
      list_name: text(({ list_name }) => list_name),
      list_type: text(({ list_type = "static_list" }) => list_type),
      version_id: text(() => ids.ulid()),
    },
    `order by list_id collate "C" on conflict (workspace_id, list_id) do nothing returning list_id, version_id`,
  );
  await insertAll(tx, "list_version", made, {
    workspace_id: int(() => workspace_id),
    version_id: text(({ version_id }) => version_id),
    list_id: text(({ list_id }) => list_id),
    state: text(() => "live"),
  });
}

/** In the order of their ids. */
export async function lockLists(
  tx: Queryable,
  workspace_id: number,
  changes: readonly { list_id: string }[],
): Promise<Map<string, LockedList>> {
  if (changes.length === 0) return new Map();
  const used = (way: Way) => `exists (
    select from workflow_event e
     where e.workspace_id = list.workspace_id and e.event_name = lower('${EVENTS[way]} - ' || list.list_id))`;
  const rows = await tx.query<LockedList>(
    `select list_id, list_name, list_type, version_id, track_user_entry or ${used("entry")} as tracks_entry,
            track_user_exit or ${used("exit")} as tracks_exit
       from list
      where workspace_id = $1 and list_id = any($2)
      order by list_id for no key update of list`,
    [workspace_id, [...new Set(changes.map(({ list_id }) => list_id))]],
    "lists_lock",
  );
  return new Map(rows.map((row) => [row.list_id, row]));
}

/** The name comes from a template: one that cannot be stored is no reason to refuse the list. */
function toName(list_id: string, list_name: string | null): string {
  const name = list_name?.trim() ?? "";
  if (name === "" || unsafeText(name) !== null) return list_id;
  return cut(name, MAX_LIST_NAME);
}

function membersOf(
  changes: readonly ListChange[],
  lists: ReadonlyMap<string, LockedList>,
  users: ReadonlyMap<string, string>,
): Member[] {
  const members = changes.flatMap(({ list_id, recipient_ids }): Member[] => {
    const list = lists.get(list_id);
    if (list === undefined || refuseList(list_id, list) !== null) return [];
    const { version_id } = list;
    return recipient_ids.flatMap((recipient_id) =>
      users.has(recipient_id) ? [{ version_id, recipient_id }] : [],
    );
  });
  return [...new Map(members.map((member) => [memberKey(member), member])).values()];
}
