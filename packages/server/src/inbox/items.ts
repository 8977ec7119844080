import type { JsonObject } from "../core/json.ts";
import { parseExpiry } from "../core/time/expiry.ts";
import { bool, float8, int, json, rowsOf, text, textArray } from "../db/bulk.ts";
import type { Tx } from "../db/db.ts";
import { preparedName } from "../db/prepared-name.ts";
import type { Announce, FeedKey } from "./feed.ts";

/**
 * The items of our own inbox. An item is stored by the transaction that sets its message to delivered, so it exists
 * exactly when it was delivered.
 */
export interface NewInboxItem {
  workspace_id: number;
  /** The message's id. */
  id: string;
  recipient_id: string;
  tenant_id: string;
  category: string;
  message: JsonObject;
}

/** What a delivered message leaves in the inbox: its item, or nothing where the message has none. */
export function toInboxItem(
  { recipient_id, object_type, distinct_id, ...message }: InboxMessage,
  item: JsonObject | null,
): NewInboxItem[] {
  if (item === null) return [];
  const { workspace_id, id, tenant_id, category } = message;
  const owner = ownerOf({ recipient_id, object_type, distinct_id });
  return [{ workspace_id, id, recipient_id: owner, tenant_id, category, message: item }];
}

interface InboxMessage extends Omit<NewInboxItem, "recipient_id" | "message">, Addressee {}

export interface Addressee {
  /** Null for people who are not stored. */
  recipient_id: string | null;
  object_type: string;
  distinct_id: string;
}

/** The `recipient_id` of feeds. */
export function ownerOf({ recipient_id, object_type, distinct_id }: Addressee): string {
  return recipient_id ?? `${object_type}/${distinct_id}`;
}

/**
 * Stores items and announces them, in the order given. Repeating it changes nothing: the id is the message's. Locks the
 * rows of the feeds, in key order like all who change items, and last of all that a transaction locks, so that those
 * who wait for each other never do so in a circle.
 */
export async function insertInboxItems(
  tx: Tx,
  items: readonly NewInboxItem[],
  announce: Announce,
): Promise<void> {
  if (items.length === 0) return;
  const groups = [...Map.groupBy(items, feedOf).values()];
  const feeds = rowsOf("g", groups, {
    workspace_id: int(([item]) => item?.workspace_id ?? 0),
    recipient_id: text(([item]) => item?.recipient_id ?? ""),
    tenant_id: text(([item]) => item?.tenant_id ?? ""),
    total: int((group) => group.length),
  });
  const rows = rowsOf(
    "r",
    groups.flatMap((group) => group.map((item, index) => rowOf(item, index + 1 - group.length))),
    {
      step: int(({ step }) => step),
      workspace_id: int(({ item }) => item.workspace_id),
      id: text(({ item }) => item.id),
      recipient_id: text(({ item }) => item.recipient_id),
      tenant_id: text(({ item }) => item.tenant_id),
      category: text(({ item }) => item.category),
      message: json(({ item }) => item.message),
      tags: textArray(({ item }) => tagsOf(item.message)),
      is_pinned: bool(({ item }) => item.message.is_pinned === true),
      can_user_unpin: bool(({ item }) => item.message.can_user_unpin !== false),
      expires_in_ms: float8(({ expiry }) => (expiry?.format === "relative" ? expiry.after_ms : null)),
      expires_at_ms: float8(({ expiry }) => (expiry?.format === "absolute" ? expiry.at_ms : null)),
      is_expiry_visible: bool(({ is_expiry_visible }) => is_expiry_visible),
      collapse_key: text(({ item }) => textOrNull(item.message.collapse_key)),
    },
    feeds.next,
  );
  const statement = INSERT(feeds.from, rows.from);
  const values = [...feeds.values, ...rows.values];
  const stored = await tx.query<StoredItem>(statement, values, preparedName(statement));
  stored.sort((a, b) => a.seq - b.seq);
  tx.afterCommit(() =>
    announce(stored.map(({ id, seq, ...key }) => ({ key, seq, change: { kind: "new" as const, n_id: id } }))),
  );
}

const feedOf = ({ workspace_id, recipient_id, tenant_id }: FeedKey) =>
  `${workspace_id} ${recipient_id.length} ${recipient_id} ${tenant_id}`;

interface StoredItem {
  workspace_id: number;
  recipient_id: string;
  tenant_id: string;
  id: string;
  seq: number;
}

/**
 * One statement: the feeds hand out the numbers and the times of their new items, `r.step` before the last of which an
 * item is. The clock is read by the statement, not by the transaction, which may have begun long ago.
 */
const INSERT = (feeds: string, rows: string) => `
  with t as materialized (
    select date_trunc('milliseconds', clock_timestamp()) as at),
  b as materialized (
    select at, floor(extract(epoch from at) * 1000)::bigint as seq from t),
  f as (
    insert into inbox_feed as f (workspace_id, recipient_id, tenant_id, seq, forgotten_seq, last_on)
    select g.workspace_id, g.recipient_id, g.tenant_id, b.seq + g.total, b.seq, b.at + (g.total - 1) * interval '1 millisecond'
      from ${feeds} cross join b
     order by g.workspace_id, g.recipient_id collate "C", g.tenant_id collate "C"
    on conflict (workspace_id, recipient_id, tenant_id) do update
       set seq = f.seq + (excluded.seq - excluded.forgotten_seq),
           last_on = greatest(excluded.last_on,
                              f.last_on + (excluded.seq - excluded.forgotten_seq) * interval '1 millisecond')
    returning f.workspace_id, f.recipient_id, f.tenant_id, f.feed_id, f.seq, f.last_on)
  insert into inbox_item (workspace_id, id, recipient_id, tenant_id, category, message, tags, is_pinned, can_user_unpin,
                          expiry, is_expiry_visible, collapse_key, feed_id, seq, new_seq, created_on)
  select r.workspace_id, r.id, r.recipient_id, r.tenant_id, r.category, r.message::json, r.tags::text[], r.is_pinned,
         r.can_user_unpin,
         coalesce(f.last_on + (r.step + r.expires_in_ms) * interval '1 millisecond',
                  'epoch'::timestamptz + r.expires_at_ms * interval '1 millisecond'),
         r.is_expiry_visible, r.collapse_key,
         f.feed_id, f.seq + r.step, f.seq + r.step, f.last_on + r.step * interval '1 millisecond'
    from ${rows}
    join f on f.workspace_id = r.workspace_id and f.recipient_id = r.recipient_id and f.tenant_id = r.tenant_id
  on conflict do nothing
  returning workspace_id, recipient_id, tenant_id, id, seq`;

/** `step`: 0 for the last item of its feed, -1 for the one before it. */
function rowOf(item: NewInboxItem, step: number) {
  const { is_expiry_enabled, expiry } = item.message;
  const stated =
    is_expiry_enabled === true && typeof expiry === "object" && expiry !== null && !Array.isArray(expiry)
      ? expiry
      : null;
  return {
    item,
    step,
    expiry: typeof stated?.value === "string" ? parseExpiry(stated.value) : null,
    is_expiry_visible: stated?.is_expiry_visible === true,
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function tagsOf({ tags }: JsonObject): string[] {
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
}
