import type { JsonObject } from "../core/json.ts";
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
  if (items.length === 0) return;
  await tx.query(
    `insert into inbox_item (workspace_id, id, recipient_id, tenant_id, category, message, tags)
     select workspace_id, id, recipient_id, tenant_id, category, message::json, coalesce(string_to_array(nullif(tags, ''), $8), '{}')
       from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
         as i(workspace_id, id, recipient_id, tenant_id, category, message, tags)
     on conflict do nothing`,
    [
      items.map((item) => item.workspace_id),
      items.map((item) => item.id),
      items.map((item) => item.recipient_id),
      items.map((item) => item.tenant_id),
      items.map((item) => item.category),
      items.map((item) => JSON.stringify(item.message)),
      items.map((item) => tagsOf(item.message)),
      SEPARATOR,
    ],
    "inbox_insert",
  );
}

/** The unit separator, which no tag contains: arrays of arrays cannot be unnested row by row. */
const SEPARATOR = "\u001f";

function tagsOf({ tags }: JsonObject): string {
  if (!Array.isArray(tags)) return "";
  return tags
    .flatMap((tag) => (typeof tag === "string" ? [tag.replaceAll(SEPARATOR, "")] : []))
    .join(SEPARATOR);
}
