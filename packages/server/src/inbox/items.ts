import type { JsonObject } from "../core/json.ts";
import { insertAll, int, json, text, textArray } from "../db/bulk.ts";
import type { Tx } from "../db/db.ts";

/**
 * The items of our own inbox. An item is stored by the transaction that makes its message delivered, so it exists
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
