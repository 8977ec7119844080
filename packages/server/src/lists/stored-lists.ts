import { sql } from "kysely";
import { countRows } from "../db/count-rows.ts";
import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import { ALL_USERS, checkId, insertLists, lockLists, refuseList } from "./lists.ts";

/** Lists as such: made, changed, read and deleted. */
export interface StoredList {
  list_id: string;
  list_name: string;
  list_description: string | null;
  list_type: string;
  track_user_entry: boolean;
  track_user_exit: boolean;
  subscribers_count: number;
  created_at: Date;
  /** Of the list or of who is in it, whichever changed last. */
  updated_at: Date;
  /** Oldest first. */
  drafts: StoredDraft[];
}

export interface StoredDraft {
  version_id: string;
  subscribers_count: number;
  created_at: Date;
  updated_at: Date;
}

/** Undefined: unchanged, or the default of a new list. */
export interface ListSettings {
  list_name?: string | undefined;
  list_description?: string | null | undefined;
  /** Of a new list; `static_list` if undefined. */
  list_type?: "static_list" | "dynamic_list" | undefined;
  track_user_entry?: boolean | undefined;
  track_user_exit?: boolean | undefined;
}

/** Makes a list, or changes one; a new one is called by its id unless it is given a name. The id is sound. */
export async function saveList(
  tx: Queryable,
  workspace_id: number,
  list_id: string,
  settings: ListSettings,
  ids: IdSource,
): Promise<void> {
  const { list_name = list_id, list_type = "static_list" } = settings;
  await insertLists(tx, workspace_id, [{ list_id, list_name, list_type }], ids);
  await tx.kysely
    .updateTable("list")
    .set({
      list_name: settings.list_name,
      list_description: settings.list_description,
      track_user_entry: settings.track_user_entry,
      track_user_exit: settings.track_user_exit,
      updated_at: sql<Date>`now()`,
    })
    .where("workspace_id", "=", workspace_id)
    .where("list_id", "=", list_id)
    .execute();
}

/** Null if there is none. The list of all users always is. */
export async function findList(
  db: Queryable,
  workspace_id: number,
  list_id: string,
): Promise<StoredList | null> {
  if (list_id === ALL_USERS) return readAllUsers(db, workspace_id);
  const [list] = await readWhere(db, workspace_id, "and l.list_id = $2", [list_id]);
  return list ?? null;
}

/** Newest first; the list of all users is the first that a workspace has. */
export async function readLists(
  db: Queryable,
  workspace_id: number,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ rows: StoredList[]; count: number }> {
  const own = await countRows(db.kysely.selectFrom("list").where("workspace_id", "=", workspace_id));
  const page = "order by l.created_at desc, l.list_id limit $2 offset $3";
  const rows = await readWhere(db, workspace_id, page, [limit, offset]);
  const isLast = rows.length < limit && offset <= own;
  return { rows: isLast ? [...rows, await readAllUsers(db, workspace_id)] : rows, count: own + 1 };
}

async function readWhere(
  db: Queryable,
  workspace_id: number,
  rest: string,
  values: unknown[],
): Promise<StoredList[]> {
  const lists = await db.query<Omit<StoredList, "drafts">>(
    `select l.list_id, l.list_name, l.list_description, l.list_type, l.track_user_entry, l.track_user_exit,
            v.subscribers_count, l.created_at, greatest(l.updated_at, v.updated_at) as updated_at
       from list l
       join list_version v on v.workspace_id = l.workspace_id and v.version_id = l.version_id
      where l.workspace_id = $1 ${rest}`,
    [workspace_id, ...values],
  );
  const drafts = await db.query<StoredDraft & { list_id: string }>(
    `select list_id, version_id, subscribers_count, created_at, updated_at from list_version
      where workspace_id = $1 and list_id = any($2) and state = 'draft' order by version_id`,
    [workspace_id, lists.map(({ list_id }) => list_id)],
  );
  const byList = Map.groupBy(drafts, ({ list_id }) => list_id);
  return lists.map((list) => ({ ...list, drafts: byList.get(list.list_id) ?? [] }));
}

async function readAllUsers(db: Queryable, workspace_id: number): Promise<StoredList> {
  const [workspace] = await db.query<{ created_at: Date }>(
    "select created_at from workspace where workspace_id = $1",
    [workspace_id],
  );
  const at = workspace?.created_at ?? new Date(0);
  const users = db.kysely
    .selectFrom("recipient")
    .where("object_type", "=", "")
    .where("workspace_id", "=", workspace_id);
  return {
    list_id: ALL_USERS,
    list_name: "All Users",
    list_description: null,
    list_type: "static_list",
    track_user_entry: false,
    track_user_exit: false,
    subscribers_count: await countRows(users),
    created_at: at,
    updated_at: at,
    drafts: [],
  };
}

/**
 * Deletes a list with its drafts; who was in it leaves without an event, and the rows that say so are removed later.
 * Returns why not, or null.
 */
export async function deleteList(
  tx: Queryable,
  workspace_id: number,
  list_id: string,
): Promise<string | null> {
  const list = (await lockLists(tx, workspace_id, [{ list_id }])).get(list_id);
  const refusal = checkId(list_id) ?? (list === undefined ? refuseList(list_id, list) : null);
  if (refusal !== null) return refusal;
  const workflows = await findWorkflowsUsing(tx, workspace_id, list_id);
  if (workflows.length > 0) return `list_id: ${list_id} is used by live workflows: ${workflows.join(", ")}`;
  const broadcasts = await findBroadcastsTo(tx, workspace_id, list_id);
  if (broadcasts.length > 0)
    return `list_id: ${list_id} is used by broadcasts that are scheduled or under way: ${broadcasts.join(", ")}`;
  await tx.query(
    "update list_version set state = 'retired' where workspace_id = $1 and list_id = $2 and state <> 'retired'",
    [workspace_id, list_id],
  );
  await tx.query("delete from list where workspace_id = $1 and list_id = $2", [workspace_id, list_id]);
  return null;
}

/** Live workflows that wait for the list's events, or that have a node for the list. */
async function findWorkflowsUsing(tx: Queryable, workspace_id: number, list_id: string): Promise<string[]> {
  const rows = await tx.query<{ slug: string }>(
    `select w.slug from workflow w
       join workflow_version v on v.workspace_id = w.workspace_id and v.id = w.live_version_id
      where w.workspace_id = $1 and w.deleted_at is null and w.is_enabled
        and (exists (select from workflow_event e
                      where e.workspace_id = w.workspace_id and e.slug = w.slug
                        and e.event_name in (lower('$USER_ENTERED_LIST - ' || $2), lower('$USER_EXITED_LIST - ' || $2)))
             or jsonb_path_exists(v.definition::jsonb, '$.tree.**.properties ? (@.list_id == $list)',
                                  jsonb_build_object('list', $2::text)))
      order by w.slug limit 20`,
    [workspace_id, list_id],
  );
  return rows.map(({ slug }) => slug);
}

/** Broadcasts that will be or are being sent to the list. */
async function findBroadcastsTo(tx: Queryable, workspace_id: number, list_id: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select id from broadcast
      where workspace_id = $1 and list_id = $2 and status in ('scheduled', 'in_progress') order by id limit 20`,
    [workspace_id, list_id],
  );
  return rows.map(({ id }) => id);
}
