import type { JsonObject } from "../core/json.ts";
import type { Queryable } from "../db/db.ts";
import { preparedName } from "../db/prepared-name.ts";
import type { Feed } from "./feeds.ts";
import {
  EVERYTHING,
  LIVE,
  sectionOf,
  type Store,
  type StoreQuery,
  UNEXPIRED,
  wordsOf,
} from "./store-query.ts";

/** An item as it is stored. `present-item.ts` makes of it what clients get. */
export interface InboxItem {
  id: string;
  category: string;
  tenant_id: string;
  message: JsonObject;
  tags: string[];
  seq: number;
  /** The seq of its delivery, or of its return from a snooze. */
  new_seq: number;
  created_on: Date;
  seen_at: Date | null;
  read_at: Date | null;
  interacted_at: Date | null;
  is_archived: boolean;
  is_pinned: boolean;
  can_user_unpin: boolean;
  expiry: Date | null;
  is_expired: boolean;
  is_expiry_visible: boolean;
  snoozed_until: Date | null;
  collapse_key: string | null;
}

const ITEM = `i.id, i.category, i.tenant_id, i.message, i.tags, i.seq, i.new_seq, i.created_on, i.seen_at, i.read_at,
  i.interacted_at, i.archived_at is not null as is_archived, i.is_pinned, i.can_user_unpin, i.expiry,
  coalesce(i.expiry <= now(), false) as is_expired, i.is_expiry_visible, i.snoozed_until, i.collapse_key`;

/** Where a page begins: after an item by its place in the order, or, for older clients, by its number. */
export type PageStart =
  | { after: { is_pinned: boolean; created_on: Date } | null }
  /** `before`: only items up to this time, so that those that come meanwhile move nothing. */
  | { page_no: number; before: Date | null };

export interface ItemPage {
  items: InboxItem[];
  /** Of the store, whichever page it is. */
  total_count: number;
  has_more: boolean;
}

/** Pinned items first, then the newest. Relies on inbox_item_live, inbox_item_put_away and the
 * indexes of what is unread in either. */
export async function listItems(
  db: Queryable,
  { feed_id }: Feed,
  query: StoreQuery,
  start: PageStart,
  limit: number,
): Promise<ItemPage> {
  if (feed_id === null) return { items: [], total_count: 0, has_more: false };
  const words = wordsOf(query, 4);
  const values: unknown[] = [feed_id, limit + 1, 0, ...words.values];
  let within = `i.feed_id = $1 and ${sectionOf(query)} and ${words.sql}`;
  let further = "";
  if ("page_no" in start) {
    values[2] = (start.page_no - 1) * limit;
    if (start.before !== null) within += ` and i.created_on <= $${values.push(start.before)}`;
  } else if (start.after !== null) {
    const { is_pinned, created_on } = start.after;
    further = ` and (i.is_pinned, i.created_on) < ($${values.push(is_pinned)}::bool, $${values.push(created_on)}::timestamptz)`;
  }
  const statement = `
    select t.total_count, i.*
      from (select count(*)::int as total_count from inbox_item i where ${within}) t
      left join lateral (
        select ${ITEM} from inbox_item i where ${within}${further}
         order by i.is_pinned desc, i.created_on desc limit $2 offset $3) i on true
     order by i.is_pinned desc, i.created_on desc`;
  const rows = await db.query<{ total_count: number } & (InboxItem | { id: null })>(
    statement,
    values,
    preparedName(statement),
  );
  const items = rows.filter((row): row is { total_count: number } & InboxItem => row.id !== null);
  return {
    items: items.slice(0, limit),
    total_count: rows[0]?.total_count ?? 0,
    has_more: items.length > limit,
  };
}

/** What is not archived and came after one time and up to another, the newest first. Relies on inbox_item_live. */
export async function itemsBetween(
  db: Queryable,
  { feed_id }: Feed,
  { after, upTo }: { after: Date; upTo: Date | null },
  limit: number,
): Promise<InboxItem[]> {
  return db.query<InboxItem>(
    `select ${ITEM} from inbox_item i
      where i.feed_id = $1 and ${LIVE} and ${UNEXPIRED} and i.is_pinned = any('{false,true}')
        and i.created_on > $2 and i.created_on <= coalesce($3, 'infinity'::timestamptz)
      order by i.created_on desc limit $4`,
    [feed_id, after, upTo, limit],
    "inbox_items_between",
  );
}

/** Stores in a statement that connections keep: there is one for each number of them. */
const MAX_PREPARED = 6;

/** What came since the bell was opened (`badge`), and for each store the unread items, under its id. */
export async function countItems(
  db: Queryable,
  { key, feed_id }: Feed,
  stores: readonly Store[],
): Promise<Record<string, number>> {
  const none = stores.map(({ store_id }): [string, number] => [store_id, 0]);
  if (feed_id === null) return Object.fromEntries([...none, ["badge", 0]]);
  const values: unknown[] = [feed_id, key.workspace_id, key.recipient_id, key.tenant_id];
  // A store of read items has no unread ones.
  const counted = stores.filter(({ query }) => query.read !== true);
  const sections = [false, true].map((archived) => {
    const inside = counted.filter(({ query }) => query.archived === archived);
    const columns = inside.map(({ query }) => {
      const words = wordsOf(query, values.length + 1);
      values.push(...words.values);
      return `count(*) filter (where ${words.sql})`;
    });
    return {
      inside,
      sql: `(select array[${columns.join(", ")}]::int[] from inbox_item i
      where i.feed_id = $1 and ${sectionOf({ ...EVERYTHING, archived, read: false })})`,
    };
  });
  const asked = sections.filter(({ inside }) => inside.length > 0);
  const statement = `
    select (select count(*)::int from inbox_item i
             where i.feed_id = $1 and ${LIVE} and ${UNEXPIRED} and i.is_pinned = any('{false,true}')
               and i.created_on > (select opened_on from inbox_feed
                                    where workspace_id = $2 and recipient_id = $3 and tenant_id = $4)) as badge,
           ${["'{}'::int[]", ...asked.map(({ sql }) => sql)].join(" || ")} as unread`;
  const [row] = await db.query<{ badge: number; unread: number[] }>(
    statement,
    values,
    stores.length > MAX_PREPARED ? undefined : preparedName(statement),
  );
  const unread = asked
    .flatMap(({ inside }) => inside)
    .map(({ store_id }, index): [string, number] => [store_id, row?.unread[index] ?? 0]);
  return Object.fromEntries([...none, ...unread, ["badge", row?.badge ?? 0]]);
}

export async function findItem(db: Queryable, { key, feed_id }: Feed, id: string): Promise<InboxItem | null> {
  if (feed_id === null) return null;
  const [item] = await db.query<InboxItem>(
    `select ${ITEM} from inbox_item i
      where i.workspace_id = $1 and i.recipient_id = $2 and i.id = $3 and i.feed_id = $4`,
    [key.workspace_id, key.recipient_id, id, feed_id],
    "inbox_item_find",
  );
  return item ?? null;
}

/** Which of the ids are in the feed. */
export async function knownIds(
  db: Queryable,
  { key, feed_id }: Feed,
  ids: readonly string[],
): Promise<string[]> {
  if (feed_id === null) return [];
  const rows = await db.query<{ id: string }>(
    `select id from inbox_item where workspace_id = $1 and recipient_id = $2 and id = any($3) and feed_id = $4`,
    [key.workspace_id, key.recipient_id, ids, feed_id],
    "inbox_items_known",
  );
  return rows.map(({ id }) => id);
}

/** Ids of what a store shows, the newest first; with `unread` only of what is not read. */
export async function idsInStore(db: Queryable, { feed_id }: Feed, query: StoreQuery): Promise<string[]> {
  if (feed_id === null) return [];
  const words = wordsOf(query, 2);
  const statement = `select i.id from inbox_item i where i.feed_id = $1 and ${sectionOf(query)} and ${words.sql}
    order by i.created_on desc`;
  const rows = await db.query<{ id: string }>(statement, [feed_id, ...words.values], preparedName(statement));
  return rows.map(({ id }) => id);
}

export interface Changes {
  items: InboxItem[];
  /** Where the next page goes on. */
  seq: number;
  has_more: boolean;
}

/**
 * What changed after a number that the caller has from this feed, each item once, in its newest state and whatever store
 * it is in. Null: the number is not of this feed, or items that changed since have been removed; the caller begins
 * anew. 0 is that of a feed that nothing has come into yet. `feed` was read before: what came since is in it or comes
 * later. Relies on inbox_item_changes.
 */
export async function readChanges(
  db: Queryable,
  feed: Feed,
  after: number,
  limit: number,
): Promise<Changes | null> {
  if (after > feed.seq || (after > 0 && after < feed.forgotten_seq)) return null;
  const rows = await db.query<InboxItem>(
    `select ${ITEM} from inbox_item i where i.feed_id = $1 and i.seq > $2 order by i.seq limit $3`,
    [feed.feed_id, after, limit + 1],
    "inbox_changes",
  );
  const items = rows.slice(0, limit);
  const has_more = rows.length > limit;
  const last = items.at(-1)?.seq ?? after;
  return { items, has_more, seq: has_more ? last : Math.max(last, feed.seq) };
}
