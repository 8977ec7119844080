import type { MessageAction } from "../core/channel.ts";
import type { JsonObject } from "../core/json.ts";
import { insertAll, int, json, rowsOf, text, textArray } from "../db/bulk.ts";
import type { Tx } from "../db/db.ts";

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
  const owner = recipient_id ?? `${object_type}/${distinct_id}`;
  return [{ workspace_id, id, recipient_id: owner, tenant_id, category, message: item }];
}

interface InboxMessage extends Omit<NewInboxItem, "recipient_id" | "message"> {
  /** Null for people who are not stored. */
  recipient_id: string | null;
  object_type: string;
  distinct_id: string;
}

/** Repeating it changes nothing: the id is the message's. */
export async function insertInboxItems(tx: Tx, items: NewInboxItem[]): Promise<void> {
  await insertAll(
    tx,
    "inbox_item",
    items,
    {
      workspace_id: int((item) => item.workspace_id),
      id: text((item) => item.id),
      recipient_id: text((item) => item.recipient_id),
      tenant_id: text((item) => item.tenant_id),
      category: text((item) => item.category),
      message: json((item) => item.message),
      tags: textArray((item) => tagsOf(item.message)),
    },
    "on conflict do nothing",
  );
}

/** What happened to the message of an item; what an item does not show is left out. */
export interface ItemAction {
  /** The message's id. */
  id: string;
  /** The `recipient_id` of the item. */
  owner: string;
  action: MessageAction;
}

/** Relies on the primary key. Messages of other channels have no item. */
export async function markItems(tx: Tx, workspace_id: number, actions: readonly ItemAction[]): Promise<void> {
  if (actions.length === 0) return;
  const { from, values, next } = rowsOf("a", actions, {
    id: text(({ id }) => id),
    owner: text(({ owner }) => owner),
    action: text(({ action }) => action),
  });
  await tx.query(
    `update inbox_item i
        set seen_at = case when a.action in ('seen', 'read', 'clicked') then coalesce(i.seen_at, now()) else i.seen_at end,
            read_at = case a.action when 'read' then now() when 'unread' then null else i.read_at end,
            interacted_at = case a.action when 'clicked' then coalesce(i.interacted_at, now()) else i.interacted_at end,
            archived_at = case a.action when 'archived' then now() when 'unarchived' then null else i.archived_at end
       from ${from}
      where i.workspace_id = $${next} and i.recipient_id = a.owner and i.id = a.id`,
    [...values, workspace_id],
    "inbox_items_mark",
  );
}

function tagsOf({ tags }: JsonObject): string[] {
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
}
