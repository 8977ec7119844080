import { type Json, isJsonObject } from "../core/json.ts";

/**
 * Which items of a feed a tab shows. Clients apply the same predicate to what arrives while they are open, so both must
 * agree exactly: all four parts hold, and one of several tags or categories is enough.
 */
export interface StoreQuery {
  /** Null: both. */
  read: boolean | null;
  archived: boolean;
  /** Null: any, and none at all. */
  tags: readonly string[] | null;
  /** Null: any. */
  categories: readonly string[] | null;
}

/** A client's tab. */
export interface Store {
  store_id: string;
  query: StoreQuery;
}

/** All that is not archived: the store of clients that have none. */
export const EVERYTHING: StoreQuery = { read: null, archived: false, tags: null, categories: null };

/** As the official clients; a count is one column each. */
export const MAX_STORES = 20;
const MAX_WORDS = 100;

export type ParsedStore = { ok: true; store: Store } | { ok: false; reason: string };

/** Reads `{store_id, query: {read, archived, tags: {or}, categories: {or}}}`. A reason begins with the field. */
export function parseStore(value: Json): ParsedStore {
  if (!isJsonObject(value)) return { ok: false, reason: "must be a JSON object with store_id and query" };
  const { store_id = "", query = {} } = value;
  if (typeof store_id !== "string") return { ok: false, reason: "store_id must be a string" };
  if (query !== null && !isJsonObject(query)) return { ok: false, reason: "query must be a JSON object" };
  const { read = null, archived = null, tags = null, categories = null } = query ?? {};
  if (!isFlag(read)) return { ok: false, reason: "query.read must be true or false" };
  if (!isFlag(archived)) return { ok: false, reason: "query.archived must be true or false" };
  const anyTag = parseWords(tags);
  if (typeof anyTag === "string") return { ok: false, reason: `query.tags ${anyTag}` };
  const anyCategory = parseWords(categories);
  if (typeof anyCategory === "string") return { ok: false, reason: `query.categories ${anyCategory}` };
  return {
    ok: true,
    store: {
      store_id,
      query: { read, archived: archived ?? false, tags: anyTag, categories: anyCategory },
    },
  };
}

const isFlag = (value: Json): value is boolean | null => value === null || typeof value === "boolean";

/** An empty list is no filter. Clients send `{or: […]}`; a list, or one word, means the same. A text is what is wrong. */
function parseWords(value: Json): string[] | null | string {
  const given = isJsonObject(value) ? (value.or ?? null) : value;
  if (given === null) return null;
  const words = Array.isArray(given) ? given : [given];
  if (words.length > MAX_WORDS) return `must have at most ${MAX_WORDS} entries`;
  const texts = words.filter((word) => typeof word === "string");
  if (texts.length < words.length) return 'must be {"or": [texts]}';
  return texts.length === 0 ? null : texts;
}

/** Items that were neither archived nor snoozed: the predicate of the indexes inbox_item_live and inbox_item_unread. */
export const LIVE = "i.archived_at is null and i.snoozed_until is null";
/** The others: that of inbox_item_put_away. */
const PUT_AWAY = "(i.archived_at is not null or i.snoozed_until is not null)";
/** An expired item is in no list and in no count, from the same instant on. */
export const UNEXPIRED = "(i.expiry is null or i.expiry > now())";

/** Which part of the feed a store is about, as a condition on `inbox_item i`: each has an index. */
export function sectionOf({ archived, read }: StoreQuery): string {
  const isRead = read === null ? "" : ` and i.read_at is ${read ? "not " : ""}null`;
  return `${archived ? PUT_AWAY : LIVE}${isRead} and ${UNEXPIRED}`;
}

/** What else it asks for, with two parameters from `next` on. */
export function wordsOf({ tags, categories }: StoreQuery, next: number): { sql: string; values: unknown[] } {
  return {
    sql: `($${next}::text[] is null or i.tags && $${next}::text[])
      and ($${next + 1}::text[] is null or i.category = any($${next + 1}::text[]))`,
    values: [tags, categories],
  };
}
