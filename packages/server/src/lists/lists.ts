import { cut } from "../core/text/text.ts";
import { unsafeText } from "../core/json/json-guard.ts";
import { isPlainId } from "../core/plain-id.ts";
import { insertAll, int, rowsOf, text } from "../db/bulk.ts";
import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";

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
      /** The event to emit for each of them. */
      event: ListEvent;
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
const ALL_USERS = "all_users";
const MAX_LIST_ID = 64;
const MAX_LIST_NAME = 255;

export function createLists({ ids }: ListsDeps): Lists {
  return {
    async add(tx, workspace_id, changes) {
      const sound = changes.filter(({ list_id }) => checkId(list_id) === null);
      const users = await holdUsers(tx, workspace_id, sound);
      await makeLists(tx, workspace_id, sound);
      const lists = await lockLists(tx, workspace_id, sound);
      const entered = await insertMembers(tx, workspace_id, pairsOf(sound, lists, users), ids);
      await recount(tx, workspace_id, entered, 1);
      return settle(changes, lists, users, entered, "$USER_ENTERED_LIST");
    },
    async remove(tx, workspace_id, changes) {
      const sound = changes.filter(({ list_id }) => checkId(list_id) === null);
      const users = await holdUsers(tx, workspace_id, sound);
      const lists = await lockLists(tx, workspace_id, sound);
      const left = await deleteMembers(tx, workspace_id, pairsOf(sound, lists, users));
      await recount(tx, workspace_id, left, -1);
      return settle(changes, lists, users, left, "$USER_EXITED_LIST");
    },
  };
}

/**
 * Removes users from the counts of their lists, before they are deleted together with their memberships. They did not
 * leave a list, so no event is emitted.
 */
export async function forgetMembers(
  tx: Queryable,
  workspace_id: number,
  recipient_ids: readonly string[],
): Promise<void> {
  if (!(await lockListsOf(tx, workspace_id, recipient_ids))) return;
  const gone = await tx.query<Pair>(
    "delete from list_member where workspace_id = $1 and recipient_id = any($2) returning list_id, recipient_id",
    [workspace_id, recipient_ids],
  );
  await recount(tx, workspace_id, gone, -1);
}

/** In the order of their ids; false if they are in no list. */
async function lockListsOf(
  tx: Queryable,
  workspace_id: number,
  recipient_ids: readonly string[],
): Promise<boolean> {
  const lists = await tx.query(
    `select l.list_id from list l
      where l.workspace_id = $1 and exists (
        select 1 from list_member m
         where m.workspace_id = $1 and m.list_id = l.list_id and m.recipient_id = any($2))
      order by l.list_id for no key update of l`,
    [workspace_id, recipient_ids],
  );
  return lists.length > 0;
}

/**
 * Gives a user the memberships of another one, who keeps those that both have: they go, and are counted, with that
 * user. Nobody entered or left a list, so no event is emitted. The caller holds both rows.
 */
export async function takeOverMemberships(
  tx: Queryable,
  workspace_id: number,
  { from, to }: { from: string; to: string },
): Promise<void> {
  if (!(await lockListsOf(tx, workspace_id, [from]))) return;
  await tx.query(
    `update list_member m set recipient_id = $3
      where m.workspace_id = $1 and m.recipient_id = $2
        and not exists (select from list_member own
                         where own.workspace_id = $1 and own.list_id = m.list_id and own.recipient_id = $3)`,
    [workspace_id, from, to],
  );
}

/** The outcome of each change. A user named by two changes moves with the first. */
function settle(
  changes: readonly ListChange[],
  lists: ReadonlyMap<string, StoredList>,
  users: ReadonlyMap<string, string>,
  moved: readonly Pair[],
  event: "$USER_ENTERED_LIST" | "$USER_EXITED_LIST",
): ListOutcome[] {
  const due = new Set(moved.map(pairKey));
  return changes.map(({ list_id, recipient_ids }): ListOutcome => {
    const list = lists.get(list_id);
    const error = checkId(list_id) ?? refuseList(list_id, list);
    if (error !== null || list === undefined) return { ok: false, error: error ?? "" };
    const members = recipient_ids.flatMap((recipient_id): ListMember[] => {
      const distinct_id = users.get(recipient_id);
      if (distinct_id === undefined || !due.delete(pairKey({ list_id, recipient_id }))) return [];
      return [{ recipient_id, distinct_id }];
    });
    const properties = { list_id, list_name: list.list_name };
    return { ok: true, members, event: { event: `${event} - ${list_id}`, properties } };
  });
}

interface StoredList {
  list_id: string;
  list_name: string;
  list_type: string;
}

function checkId(list_id: string): string | null {
  if (!isPlainId(list_id)) return `list_id: '${cut(list_id, MAX_LIST_ID)}' must be made of a-z, 0-9, - and _`;
  if (list_id.length > MAX_LIST_ID) return `list_id: must be at most ${MAX_LIST_ID} characters`;
  return list_id === ALL_USERS ? `list_id: ${ALL_USERS} is kept by the product and cannot be changed` : null;
}

function refuseList(list_id: string, list: StoredList | undefined): string | null {
  if (list === undefined) return `list_id: ${list_id} not found`;
  if (list.list_type === "static_list") return null;
  return `list_id: ${list_id} is a dynamic list and cannot be changed by hand`;
}

/** Creates the requested lists that do not exist. The first name given to a new list is used. */
async function makeLists(
  tx: Queryable,
  workspace_id: number,
  changes: readonly ListAddition[],
): Promise<void> {
  const names = new Map<string, string>();
  for (const { list_id, list_name, create_if_missing } of changes) {
    if (create_if_missing && !names.has(list_id)) names.set(list_id, toName(list_id, list_name));
  }
  await insertAll(
    tx,
    "list",
    [...names],
    {
      workspace_id: int(() => workspace_id),
      list_id: text(([list_id]) => list_id),
      list_name: text(([, list_name]) => list_name),
    },
    `order by list_id collate "C" on conflict (workspace_id, list_id) do nothing`,
  );
}

/** In the order of their ids. */
async function lockLists(
  tx: Queryable,
  workspace_id: number,
  changes: readonly ListChange[],
): Promise<Map<string, StoredList>> {
  if (changes.length === 0) return new Map();
  const rows = await tx.query<StoredList>(
    `select list_id, list_name, list_type from list
      where workspace_id = $1 and list_id = any($2)
      order by list_id for no key update`,
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

/**
 * `distinct_id` by recipient id, users only; locked against deletion. Locked in the same order as by deletions, and
 * before the lists, as deletions do.
 */
async function holdUsers(
  tx: Queryable,
  workspace_id: number,
  changes: readonly ListChange[],
): Promise<Map<string, string>> {
  const wanted = [...new Set(changes.flatMap(({ recipient_ids }) => recipient_ids))];
  if (wanted.length === 0) return new Map();
  const rows = await tx.query<{ id: string; distinct_id: string }>(
    `select id, distinct_id from recipient
      where workspace_id = $1 and id = any($2) and object_type = ''
      order by distinct_id for key share`,
    [workspace_id, wanted],
    "lists_users",
  );
  return new Map(rows.map(({ id, distinct_id }) => [id, distinct_id]));
}

interface Pair {
  list_id: string;
  recipient_id: string;
}

/** List ids contain no space. */
const pairKey = ({ list_id, recipient_id }: Pair) => `${list_id} ${recipient_id}`;

function pairsOf(
  changes: readonly ListChange[],
  lists: ReadonlyMap<string, StoredList>,
  users: ReadonlyMap<string, string>,
): Pair[] {
  const pairs = changes
    .filter(({ list_id }) => refuseList(list_id, lists.get(list_id)) === null)
    .flatMap(({ list_id, recipient_ids }) =>
      recipient_ids.filter((id) => users.has(id)).map((recipient_id) => ({ list_id, recipient_id })),
    );
  return [...new Map(pairs.map((pair) => [pairKey(pair), pair])).values()];
}

/** Returns the members that were not in the list before. */
async function insertMembers(
  tx: Queryable,
  workspace_id: number,
  pairs: Pair[],
  ids: IdSource,
): Promise<Pair[]> {
  return insertAll<"list_member", Pair, Pair>(
    tx,
    "list_member",
    pairs,
    {
      workspace_id: int(() => workspace_id),
      list_id: text((pair) => pair.list_id),
      recipient_id: text((pair) => pair.recipient_id),
      id: text(() => ids.ulid()),
    },
    "on conflict (workspace_id, list_id, recipient_id) do nothing returning list_id, recipient_id",
  );
}

/** Returns the members that were in the list. */
async function deleteMembers(tx: Queryable, workspace_id: number, pairs: Pair[]): Promise<Pair[]> {
  if (pairs.length === 0) return [];
  const { from, values, next } = rowsOf("p", pairs, {
    list_id: text((pair) => pair.list_id),
    recipient_id: text((pair) => pair.recipient_id),
  });
  return tx.query<Pair>(
    `delete from list_member m using ${from}
      where m.workspace_id = $${next} and m.list_id = p.list_id and m.recipient_id = p.recipient_id
     returning m.list_id, m.recipient_id`,
    [...values, workspace_id],
    "lists_remove",
  );
}

/** The lists are locked. */
async function recount(
  tx: Queryable,
  workspace_id: number,
  moved: readonly Pair[],
  sign: 1 | -1,
): Promise<void> {
  if (moved.length === 0) return;
  const counts = new Map<string, number>();
  for (const { list_id } of moved) counts.set(list_id, (counts.get(list_id) ?? 0) + sign);
  const { from, values, next } = rowsOf("c", [...counts], {
    list_id: text(([list_id]) => list_id),
    change: int(([, change]) => change),
  });
  await tx.query(
    `update list l set subscribers_count = l.subscribers_count + c.change, updated_at = now()
       from ${from}
      where l.workspace_id = $${next} and l.list_id = c.list_id`,
    [...values, workspace_id],
    "lists_recount",
  );
}
