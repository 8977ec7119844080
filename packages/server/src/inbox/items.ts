import type { JsonObject } from "../core/json.ts";
import { insertAll, int, json, text, textArray } from "../db/bulk.ts";
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

function tagsOf({ tags }: JsonObject): string[] {
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
}
