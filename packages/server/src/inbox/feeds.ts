import { rowsOf, text, timestamptz } from "../db/bulk.ts";
import type { Queryable, Tx } from "../db/db.ts";
import type { Announcement, FeedKey } from "./feed.ts";
import { ownerOf } from "./items.ts";

/** The row of a feed as it was found. One that nothing has come into yet has none: its `feed_id` is null. */
export interface Feed {
  key: FeedKey;
  feed_id: number | null;
  /** That of the last change; 0 without a row. */
  seq: number;
  /** What changed up to this one cannot be told any more. */
  forgotten_seq: number;
}

export interface Person {
  workspace_id: number;
  distinct_id: string;
  tenant_id: string;
}

type FeedRow = Omit<Feed, "key"> & { recipient_id: string | null };

/** The feed of a user in a tenant; somebody who is not stored may have one too. */
export async function findFeed(
  db: Queryable,
  { workspace_id, distinct_id, tenant_id }: Person,
): Promise<Feed> {
  const stranger = ownerOf({ recipient_id: null, object_type: "", distinct_id });
  const [row] = await db.query<FeedRow>(
    `select r.id as recipient_id, f.feed_id, coalesce(f.seq, 0) as seq, coalesce(f.forgotten_seq, 0) as forgotten_seq
       from (select 1) one
       left join recipient r on r.workspace_id = $1 and r.object_type = '' and r.distinct_id = $2
       left join inbox_feed f on f.workspace_id = $1 and f.recipient_id = coalesce(r.id, $4) and f.tenant_id = $3`,
    [workspace_id, distinct_id, tenant_id, stranger],
    "inbox_feed_find",
  );
  const { recipient_id = null, feed_id = null, seq = 0, forgotten_seq = 0 } = row ?? {};
  return {
    key: { workspace_id, recipient_id: recipient_id ?? stranger, tenant_id },
    feed_id,
    seq,
    forgotten_seq,
  };
}

/** The feed of a user that an item is in, whichever tenant's it is: older clients do not say. */
export async function findFeedOfItem(
  db: Queryable,
  { workspace_id, distinct_id }: Omit<Person, "tenant_id">,
  id: string,
): Promise<Feed | null> {
  const [row] = await db.query<{ tenant_id: string }>(
    `select i.tenant_id from inbox_item i
      where i.workspace_id = $1 and i.id = $3 and i.recipient_id = coalesce(
        (select id from recipient where workspace_id = $1 and object_type = '' and distinct_id = $2), $4)`,
    [workspace_id, distinct_id, id, ownerOf({ recipient_id: null, object_type: "", distinct_id })],
    "inbox_feed_of_item",
  );
  return row === undefined ? null : findFeed(db, { workspace_id, distinct_id, tenant_id: row.tenant_id });
}

/** The feed of a key, as `findFeed`. */
export async function readFeed(db: Queryable, key: FeedKey): Promise<Feed> {
  const [row] = await db.query<Omit<Feed, "key">>(
    "select feed_id, seq, forgotten_seq from inbox_feed where workspace_id = $1 and recipient_id = $2 and tenant_id = $3",
    [key.workspace_id, key.recipient_id, key.tenant_id],
    "inbox_feed_read",
  );
  return { key, ...(row ?? { feed_id: null, seq: 0, forgotten_seq: 0 }) };
}

/** Clears the badge: it counts what comes from now on. Returns the seq of the change, or null if it was clear. */
export async function openBell(tx: Tx, key: FeedKey): Promise<number | null> {
  const [row] = await tx.query<{ seq: number }>(
    `update inbox_feed set opened_on = last_on, seq = seq + 1
      where workspace_id = $1 and recipient_id = $2 and tenant_id = $3 and opened_on < last_on returning seq`,
    [key.workspace_id, key.recipient_id, key.tenant_id],
    "inbox_bell_open",
  );
  return row?.seq ?? null;
}

/**
 * Gives the items of one user to another, tenant by tenant. An item that would have the time of another one is a few
 * milliseconds later. Both are locked by the caller. Returns what to announce.
 */
export async function takeOverFeeds(
  tx: Tx,
  workspace_id: number,
  { from, to }: { from: string; to: string },
): Promise<Announcement[]> {
  // Those of the new owner as well: others lock them in this order.
  const feeds = await tx.query<{ recipient_id: string; tenant_id: string; feed_id: number }>(
    `select recipient_id, tenant_id, feed_id from inbox_feed
      where workspace_id = $1 and recipient_id = any($2) order by recipient_id, tenant_id for no key update`,
    [workspace_id, [from, to]],
  );
  const announcements: Announcement[] = [];
  for (const { recipient_id, tenant_id, feed_id } of feeds) {
    if (recipient_id !== from) continue;
    const own = feeds.find((feed) => feed.recipient_id === to && feed.tenant_id === tenant_id);
    const items = await tx.query<{ id: string; created_on: Date }>(
      "select id, created_on from inbox_item where feed_id = $1 order by created_on",
      [feed_id],
    );
    const taken = await readTimes(tx, own?.feed_id ?? null);
    const placed = items.map(({ id, created_on }) => {
      let ms = created_on.getTime();
      while (taken.has(ms)) ms++;
      taken.add(ms);
      return { id, created_on: new Date(ms) };
    });
    const seq = await moveItems(tx, { workspace_id, from, to, tenant_id }, placed);
    const newest = placed.at(-1);
    if (newest === undefined) continue;
    const key = { workspace_id, recipient_id: to, tenant_id };
    announcements.push({ key, seq, change: { kind: "update", n_id: newest.id, action: "merged" } });
  }
  await tx.query("delete from inbox_feed where workspace_id = $1 and recipient_id = $2", [
    workspace_id,
    from,
  ]);
  return announcements;
}

async function readTimes(tx: Tx, feed_id: number | null): Promise<Set<number>> {
  const rows = await tx.query<{ created_on: Date }>("select created_on from inbox_item where feed_id = $1", [
    feed_id,
  ]);
  return new Set(rows.map(({ created_on }) => created_on.getTime()));
}

/** Returns the seq of the last item. */
async function moveItems(
  tx: Tx,
  {
    workspace_id,
    from,
    to,
    tenant_id,
  }: { workspace_id: number; from: string; to: string; tenant_id: string },
  placed: readonly { id: string; created_on: Date }[],
): Promise<number> {
  const {
    from: rows,
    values,
    next,
  } = rowsOf("p", placed, {
    id: text(({ id }) => id),
    created_on: timestamptz(({ created_on }) => created_on),
  });
  // A feed that the new owner had not begins as the other one was: with its numbers and its badge.
  const [moved] = await tx.query<{ seq: number }>(
    `with p as materialized (select p.*, row_number() over (order by p.created_on) as step from ${rows}),
     last as (select max(created_on) as at from p),
     f as (
       insert into inbox_feed as f (workspace_id, recipient_id, tenant_id, seq, forgotten_seq, last_on, opened_on)
       select workspace_id, $${next + 2}, tenant_id, seq + $${next + 4}, forgotten_seq, greatest(last_on, last.at), opened_on from inbox_feed, last
        where workspace_id = $${next} and recipient_id = $${next + 1} and tenant_id = $${next + 3}
       on conflict (workspace_id, recipient_id, tenant_id) do update
          set seq = f.seq + $${next + 4}, last_on = greatest(f.last_on, excluded.last_on)
       returning f.feed_id, f.seq),
     i as (
       update inbox_item i
          set recipient_id = $${next + 2}, feed_id = f.feed_id, created_on = p.created_on, new_seq = 0,
              seq = f.seq - $${next + 4} + p.step
         from p, f
        where i.workspace_id = $${next} and i.recipient_id = $${next + 1} and i.id = p.id)
     select seq from f`,
    [...values, workspace_id, from, to, tenant_id, placed.length],
  );
  return moved?.seq ?? 0;
}

/**
 * Removes the feeds of recipients with up to `limit` of their items; returns their ids. Another call is
 * needed where there were as many.
 */
export async function removeItems(
  tx: Queryable,
  workspace_id: number,
  recipient_ids: readonly string[],
  limit: number | null = null,
): Promise<{ id: string }[]> {
  await tx.query(
    `delete from inbox_feed where workspace_id = $1 and recipient_id = any($2) and feed_id = any(array(
       select feed_id from inbox_feed where workspace_id = $1 and recipient_id = any($2)
        order by recipient_id, tenant_id for update))`,
    [workspace_id, recipient_ids],
  );
  return tx.query<{ id: string }>(
    `delete from inbox_item where workspace_id = $1 and recipient_id = any($2) and id = any(array(
       select id from inbox_item where workspace_id = $1 and recipient_id = any($2) order by id limit $3)) returning id`,
    [workspace_id, recipient_ids, limit],
  );
}
