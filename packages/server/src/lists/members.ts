import { insertAll, int, rowsOf, text } from "../db/bulk.ts";
import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";

/*
 * Who is in which version of a list. Written in bulk, under the lock of the list's row: nobody else changes a version of
 * the list, so the counts are exact.
 */

/** A user in a version of a list. */
export interface Member {
  version_id: string;
  recipient_id: string;
}

/** Ids of versions and of recipients contain no space. */
export const memberKey = ({ version_id, recipient_id }: Member) => `${version_id} ${recipient_id}`;

/**
 * `distinct_id` by recipient id, users only; locked against deletion. Locked in the same order as by deletions, and
 * before the lists, as deletions do.
 */
export async function holdUsers(
  tx: Queryable,
  workspace_id: number,
  recipient_ids: readonly string[],
): Promise<Map<string, string>> {
  if (recipient_ids.length === 0) return new Map();
  const rows = await tx.query<{ id: string; distinct_id: string }>(
    `select id, distinct_id from recipient
      where workspace_id = $1 and id = any($2) and object_type = ''
      order by distinct_id for key share`,
    [workspace_id, [...new Set(recipient_ids)]],
    "lists_users",
  );
  return new Map(rows.map(({ id, distinct_id }) => [id, distinct_id]));
}

/** Returns those who were not in the version before. */
export async function insertMembers(
  tx: Queryable,
  workspace_id: number,
  members: readonly Member[],
  ids: IdSource,
): Promise<Member[]> {
  const entered = await insertAll<"list_member", Member, Member>(
    tx,
    "list_member",
    members,
    {
      workspace_id: int(() => workspace_id),
      version_id: text((member) => member.version_id),
      recipient_id: text((member) => member.recipient_id),
      id: text(() => ids.ulid()),
    },
    "on conflict (workspace_id, version_id, recipient_id) do nothing returning version_id, recipient_id",
  );
  await recount(tx, workspace_id, entered, 1);
  return entered;
}

/** Returns those who were in the version. Snapshots of it that they are in keep them as leavers. */
export async function deleteMembers(
  tx: Queryable,
  workspace_id: number,
  members: readonly Member[],
): Promise<Member[]> {
  if (members.length === 0) return [];
  const { from, values, next } = rowsOf("p", members, {
    version_id: text((member) => member.version_id),
    recipient_id: text((member) => member.recipient_id),
  });
  const left = await tx.query<Member>(
    `with gone as (
       delete from list_member m using ${from}
        where m.workspace_id = $${next} and m.version_id = p.version_id and m.recipient_id = p.recipient_id
       returning m.version_id, m.recipient_id, m.id),
     kept as (
       insert into list_leaver (workspace_id, snapshot_id, id, recipient_id)
       select s.workspace_id, s.id, g.id, g.recipient_id
         from gone g join list_snapshot s
           on s.workspace_id = $${next} and s.version_id = g.version_id and g.id <= s.until_id
          -- One that is being closed is awaited, and then no longer there.
          for key share of s)
     select version_id, recipient_id from gone`,
    [...values, workspace_id],
    "lists_remove",
  );
  await recount(tx, workspace_id, left, -1);
  return left;
}

/**
 * Removes users from all lists and their counts, before they are deleted. They did not leave a list, so no event is
 * emitted.
 */
export async function forgetMembers(
  tx: Queryable,
  workspace_id: number,
  recipient_ids: readonly string[],
): Promise<void> {
  if (!(await lockListsOf(tx, workspace_id, recipient_ids))) return;
  const gone = await tx.query<Member>(
    "delete from list_member where workspace_id = $1 and recipient_id = any($2) returning version_id, recipient_id",
    [workspace_id, recipient_ids],
  );
  await recount(tx, workspace_id, gone, -1);
}

/**
 * Gives a user the memberships of another one, who keeps those that both have: they go, and are counted, with that
 * user. Nobody entered or left a list, so no event is emitted. The same with the places of leavers. The caller holds both
 * rows.
 */
export async function takeOverMemberships(
  tx: Queryable,
  workspace_id: number,
  { from, to }: { from: string; to: string },
): Promise<void> {
  await tx.query("update list_leaver set recipient_id = $3 where workspace_id = $1 and recipient_id = $2", [
    workspace_id,
    from,
    to,
  ]);
  if (!(await lockListsOf(tx, workspace_id, [from]))) return;
  await tx.query(
    `update list_member m set recipient_id = $3
      where m.workspace_id = $1 and m.recipient_id = $2
        and not exists (select from list_member own
                         where own.workspace_id = $1 and own.version_id = m.version_id and own.recipient_id = $3)`,
    [workspace_id, from, to],
  );
}

/** In the order of their ids; false if they are in no version of any. */
async function lockListsOf(
  tx: Queryable,
  workspace_id: number,
  recipient_ids: readonly string[],
): Promise<boolean> {
  const lists = await tx.query(
    `select l.list_id from list l
      where l.workspace_id = $1 and l.list_id in (
        select v.list_id from list_member m
          join list_version v on v.workspace_id = m.workspace_id and v.version_id = m.version_id
         where m.workspace_id = $1 and m.recipient_id = any($2))
      order by l.list_id for no key update of l`,
    [workspace_id, recipient_ids],
  );
  return lists.length > 0;
}

/** Nothing reads the count of a retired version, and no lock protects it. */
async function recount(
  tx: Queryable,
  workspace_id: number,
  moved: readonly Member[],
  sign: 1 | -1,
): Promise<void> {
  if (moved.length === 0) return;
  const counts = new Map<string, number>();
  for (const { version_id } of moved) counts.set(version_id, (counts.get(version_id) ?? 0) + sign);
  const { from, values, next } = rowsOf("c", [...counts], {
    version_id: text(([version_id]) => version_id),
    change: int(([, change]) => change),
  });
  await tx.query(
    `update list_version v set subscribers_count = v.subscribers_count + c.change, updated_at = now()
       from ${from}
      where v.workspace_id = $${next} and v.version_id = c.version_id and v.state <> 'retired'`,
    [...values, workspace_id],
    "lists_recount",
  );
}
