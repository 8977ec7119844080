import { rowsOf, text, timestamptz } from "../db/bulk.ts";
import type { Tx } from "../db/db.ts";
import type { FeedKey } from "./feed.ts";

/** What can be done with an item: by its owner, by the server's API, and by what is known of its message. */
export const FEED_ACTIONS = [
  "seen",
  "read",
  "unread",
  "interacted",
  "archive",
  "unarchive",
  "pin",
  "unpin",
  "snooze",
  "unsnooze",
] as const;

export type FeedAction = (typeof FEED_ACTIONS)[number];

export interface ItemAction {
  /** The message's id. */
  id: string;
  /** The `recipient_id` of the feed. */
  owner: string;
  action: FeedAction;
  /** The end of a snooze. */
  until?: Date;
}

/** An item that an action was for. */
export interface ActedItem {
  key: FeedKey;
  id: string;
  action: FeedAction;
  /** Its own, after the action. */
  seq: number;
  /** False if it already was as the action would have it. */
  is_changed: boolean;
}

const SEEING = "a.action in ('seen', 'read', 'interacted')";
const READING = "a.action in ('read', 'interacted')";

/**
 * The one state machine of items; `i` is the item, `a` the action. Times are those of the first time. What is read or
 * archived is pinned no longer, and what a person pins afterwards stays: reading it again changes nothing. Snoozing
 * takes an item out of the archive, and archiving it ends the snooze.
 */
const NEXT: Record<string, string> = {
  seen_at: `case when ${SEEING} then coalesce(i.seen_at, now()) else i.seen_at end`,
  read_at: `case when ${READING} then coalesce(i.read_at, now()) when a.action = 'unread' then null else i.read_at end`,
  interacted_at: `case when a.action = 'interacted' then coalesce(i.interacted_at, now()) else i.interacted_at end`,
  archived_at: `case when a.action = 'archive' then coalesce(i.archived_at, now())
                     when a.action in ('unarchive', 'snooze') then null else i.archived_at end`,
  snoozed_until: `case when a.action = 'snooze' then a.until
                       when a.action in ('archive', 'unarchive', 'unsnooze') then null else i.snoozed_until end`,
  is_pinned: `case when a.action = 'pin' then true
                   when a.action = 'unpin' or (a.action = 'archive' and i.archived_at is null)
                     or (${READING} and i.read_at is null) then false
                   else i.is_pinned end`,
};

const COLUMNS = Object.keys(NEXT);

/**
 * Locks the feeds of the items, whose order of changes is thereby that of commits, and gives each item that changes the
 * next number of its feed. Messages without an item are left out. One action for each item. Locks feeds in key order,
 * after everything else that a transaction locks.
 */
export async function actOnItems(
  tx: Tx,
  workspace_id: number,
  actions: readonly ItemAction[],
): Promise<ActedItem[]> {
  if (actions.length === 0) return [];
  const { from, values, next } = rowsOf("a", actions, {
    id: text(({ id }) => id),
    owner: text(({ owner }) => owner),
    action: text(({ action }) => action),
    until: timestamptz(({ until }) => until ?? null),
  });
  const mine = `i.workspace_id = $${next} and i.recipient_id = a.owner and i.id = a.id`;
  const given = [...values, workspace_id];
  // A statement of its own: what it waits for is committed, and the next one sees it.
  const locked = await tx.query(
    `select from ${from}
       join inbox_item i on ${mine}
       join inbox_feed f on f.workspace_id = i.workspace_id and f.recipient_id = i.recipient_id and f.tenant_id = i.tenant_id
      order by f.workspace_id, f.recipient_id, f.tenant_id
        for no key update of f`,
    given,
    "inbox_feeds_lock",
  );
  if (locked.length === 0) return [];
  const rows = await tx.query<Omit<ActedItem, "key"> & FeedKey>(
    `with c as materialized (
       select i.workspace_id, i.recipient_id, i.tenant_id, i.id, i.seq, i.feed_id, a.action, n.*,
              ${asRow("n")} is distinct from ${asRow("i")} as is_changed
         from ${from} join inbox_item i on ${mine}
        cross join lateral (select ${COLUMNS.map((name) => `${NEXT[name]} as ${name}`).join(", ")}) n),
     s as materialized (
       select c.*, row_number() over (feed order by id) as step, count(*) over feed as total
         from c where is_changed window feed as (partition by feed_id)),
     f as (
       update inbox_feed f set seq = f.seq + s.total
         from s
        where s.step = 1
          and f.workspace_id = s.workspace_id and f.recipient_id = s.recipient_id and f.tenant_id = s.tenant_id
       returning f.feed_id, f.seq),
     u as (
       update inbox_item i
          set seq = f.seq - s.total + s.step, ${COLUMNS.map((name) => `${name} = s.${name}`).join(", ")}
         from s join f on f.feed_id = s.feed_id
        where i.workspace_id = s.workspace_id and i.recipient_id = s.recipient_id and i.id = s.id
       returning i.id, i.seq)
     select c.workspace_id, c.recipient_id, c.tenant_id, c.id, c.action, coalesce(u.seq, c.seq) as seq, c.is_changed
       from c left join u on u.id = c.id
      order by seq`,
    given,
    "inbox_items_act",
  );
  return rows.map(({ workspace_id: workspace, recipient_id, tenant_id, ...item }) => ({
    key: { workspace_id: workspace, recipient_id, tenant_id },
    ...item,
  }));
}

const asRow = (alias: string) => `(${COLUMNS.map((name) => `${alias}.${name}`).join(", ")})`;
