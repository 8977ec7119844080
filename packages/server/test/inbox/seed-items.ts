import type { JsonObject } from "../../src/core/json.ts";
import type { Db } from "../../src/db/db.ts";
import { createIdSource } from "../../src/ids.ts";
import type { Announcement, FeedKey } from "../../src/inbox/feed.ts";
import { insertInboxItems } from "../../src/inbox/items.ts";

const ids = createIdSource();

export interface SeededItem {
  id?: string;
  category?: string;
  message?: JsonObject;
}

/** Items as the engine stores them, the oldest first; returns their ids. */
export async function seedItems(
  db: Db,
  key: FeedKey,
  items: readonly SeededItem[],
  announce: (changes: readonly Announcement[]) => void = () => {},
): Promise<string[]> {
  const made = items.map(({ id = ids.ulid(), category = "system", message = {} }) => ({
    ...key,
    id,
    category,
    message: { text: "Hello", ...message },
  }));
  await db.tx((tx) => insertInboxItems(tx, made, announce));
  return made.map(({ id }) => id);
}
