import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import { ALL_USERS, type ListMember, type LockedList } from "./lists.ts";

/**
 * Who was in a list at one moment, for what reads it page by page afterwards. It costs one row: members are read in the
 * order in which they came, up to the last one of that moment, and users who leave meanwhile are kept as leavers
 * (`deleteMembers`). Versions that a snapshot is of are not removed. A user who is deleted is in no snapshot any more; a
 * user who takes over another one takes their place, too.
 */
export interface Snapshot {
  id: string;
  /** How many were in it at the moment. */
  size: number;
}

export interface SnapshotMember extends ListMember {
  /** The place in the order. */
  id: string;
}

/**
 * Opens a snapshot of a list, or of all users, as it is now; null if there is no such list. Waits for changes under way:
 * they lock the list, and this locks it against them for a moment.
 */
export async function openSnapshot(
  tx: Queryable,
  workspace_id: number,
  list_id: string,
  ids: IdSource,
): Promise<Snapshot | null> {
  const id = ids.ulid();
  if (list_id === ALL_USERS) {
    const [made] = await tx.query<{ size: number }>(
      `with everybody as (
         select count(*)::int as size, coalesce(max(id), '') as last
           from recipient where workspace_id = $1 and object_type = ''),
       made as (insert into list_snapshot (workspace_id, id, until_id) select $1, $2, last from everybody)
       select size from everybody`,
      [workspace_id, id],
    );
    return { id, size: made?.size ?? 0 };
  }
  const [list] = await tx.query<{ version_id: string }>(
    "select version_id from list where workspace_id = $1 and list_id = $2 for share",
    [workspace_id, list_id],
  );
  if (list === undefined) return null;
  return { id, size: await insertSnapshot(tx, workspace_id, { id, version_id: list.version_id }) };
}

/** The same of the version that a locked list has now; its id. */
export async function snapshotOf(
  tx: Queryable,
  workspace_id: number,
  { version_id }: Pick<LockedList, "version_id">,
  ids: IdSource,
): Promise<string> {
  const id = ids.ulid();
  await insertSnapshot(tx, workspace_id, { id, version_id });
  return id;
}

async function insertSnapshot(
  tx: Queryable,
  workspace_id: number,
  { id, version_id }: { id: string; version_id: string },
): Promise<number> {
  const [made] = await tx.query<{ size: number }>(
    `insert into list_snapshot (workspace_id, id, version_id, until_id)
     select $1, $2, v.version_id,
            coalesce((select m.id from list_member m where m.workspace_id = $1 and m.version_id = $3
                       order by m.id desc limit 1), '')
       from list_version v where v.workspace_id = $1 and v.version_id = $3
     returning (select subscribers_count from list_version where workspace_id = $1 and version_id = $3) as size`,
    [workspace_id, id, version_id],
  );
  return made?.size ?? 0;
}

/**
 * Members after a place, at most `limit`; fewer only at the end. Relies on list_member_newest and recipient_kind. Empty
 * for a snapshot that was closed.
 */
export async function readSnapshot(
  tx: Queryable,
  workspace_id: number,
  snapshot_id: string,
  after: string,
  limit: number,
): Promise<SnapshotMember[]> {
  const [snapshot] = await tx.query<{ version_id: string | null; until_id: string }>(
    "select version_id, until_id from list_snapshot where workspace_id = $1 and id = $2",
    [workspace_id, snapshot_id],
    "snapshot_load",
  );
  if (snapshot === undefined) return [];
  const { version_id, until_id } = snapshot;
  if (version_id === null) {
    return tx.query<SnapshotMember>(
      `select id, id as recipient_id, distinct_id from recipient
        where workspace_id = $1 and object_type = '' and id > $2 and id <= $3 order by id limit $4`,
      [workspace_id, after, until_id, limit],
      "snapshot_everybody",
    );
  }
  return tx.query<SnapshotMember>(
    `select s.id, s.recipient_id, r.distinct_id
       from ((select id, recipient_id from list_member
               where workspace_id = $1 and version_id = $2 and id > $3 and id <= $4 order by id limit $5)
             union all
             (select id, recipient_id from list_leaver
               where workspace_id = $1 and snapshot_id = $6 and id > $3 order by id limit $5)) s
       join recipient r on r.workspace_id = $1 and r.id = s.recipient_id
      order by s.id limit $5`,
    [workspace_id, version_id, after, until_id, limit, snapshot_id],
    "snapshot_members",
  );
}

/** Which of these users are in a snapshot of a version. Relies on the primary key of list_member. */
export async function whoIsIn(
  tx: Queryable,
  workspace_id: number,
  snapshot_id: string,
  recipient_ids: readonly string[],
): Promise<Set<string>> {
  if (recipient_ids.length === 0) return new Set();
  const rows = await tx.query<{ recipient_id: string }>(
    `select m.recipient_id from list_snapshot s
       join list_member m on m.workspace_id = s.workspace_id and m.version_id = s.version_id and m.id <= s.until_id
      where s.workspace_id = $1 and s.id = $2 and m.recipient_id = any($3)
     union all
     select recipient_id from list_leaver where workspace_id = $1 and snapshot_id = $2 and recipient_id = any($3)`,
    [workspace_id, snapshot_id, recipient_ids],
    "snapshot_who",
  );
  return new Set(rows.map(({ recipient_id }) => recipient_id));
}

/** Nobody will read it any more. */
export async function closeSnapshots(
  tx: Queryable,
  workspace_id: number,
  snapshot_ids: readonly string[],
): Promise<void> {
  if (snapshot_ids.length === 0) return;
  await tx.query("delete from list_snapshot where workspace_id = $1 and id = any($2)", [
    workspace_id,
    snapshot_ids,
  ]);
}
