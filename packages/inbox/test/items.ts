import fc from "fast-check";
import { type Edit, compareKeys, keyOf, matches } from "../src/core/state/item.ts";
import type { Page } from "../src/core/state/model.ts";
import type { ActionName, Item, Store } from "../src/core/types.ts";

export function itemOf(some: Partial<Item> = {}): Item {
  return {
    n_id: "i1",
    n_category: "news",
    created_on: 1_000,
    seen_on: null,
    read_on: null,
    interacted_on: null,
    archived: false,
    tags: [],
    expiry: null,
    is_expiry_visible: false,
    is_pinned: false,
    message: { schema: "1.0", text: "Hello" },
    seq: 1,
    snoozed_until: null,
    collapse_key: null,
    ...some,
  };
}

export const editOf = (action: ActionName, some: Partial<Edit> = {}): Edit => ({
  id: "e1",
  action,
  ids: ["i1"],
  at: 5_000,
  ...some,
});

/** Those that are done to items by id. */
export const SINGLE: readonly ActionName[] = [
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
];

export const anyItem: fc.Arbitrary<Item> = fc
  .record({
    read_on: fc.constantFrom(null, 2_000),
    seen_on: fc.constantFrom(null, 1_500),
    is_pinned: fc.boolean(),
    place: fc.constantFrom("live", "archived", "snoozed"),
    tags: fc.subarray(["a", "b"]),
    n_category: fc.constantFrom("news", "billing"),
  })
  .map(({ place, ...some }) =>
    itemOf({ ...some, archived: place !== "live", snoozed_until: place === "snoozed" ? 9_000 : null }),
  );

/** What a server has of a store, in the order of its pages. */
export const listOf = (items: Iterable<Item>, store: Store, now = 0): Item[] =>
  Array.from(items)
    .filter((item) => matches(item, store.query ?? {}, now))
    .sort((a, b) => compareKeys(keyOf(a), keyOf(b)));

export function pageOf(list: readonly Item[], seq: number, size: number): Page {
  return { items: list.slice(0, size), seq, hasMore: list.length > size };
}
