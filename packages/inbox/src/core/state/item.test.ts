import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyItem, editOf, itemOf, SINGLE } from "../../../test/items.ts";
import { applyEdit, compareKeys, invert, keyOf, matches } from "./item.ts";
import type { ActionName, Item, StoreQuery } from "../types.ts";

describe("a store", () => {
  it.each<[what: string, query: StoreQuery, item: Partial<Item>, isIn: boolean]>([
    ["without a query has what is not archived", {}, {}, true],
    ["without a query has what is read", {}, { read_on: 1 }, true],
    ["without a query has nothing archived", {}, { archived: true }, false],
    ["without a query has nothing snoozed", {}, { archived: true, snoozed_until: 9 }, false],
    ["has nothing expired", {}, { expiry: 100 }, false],
    ["has what is about to expire", {}, { expiry: 101 }, true],
    ["of unread items has unread ones", { read: false }, {}, true],
    ["of unread items has no read ones", { read: false }, { read_on: 1 }, false],
    ["of read items has read ones", { read: true }, { read_on: 1 }, true],
    ["of the archive has what is archived", { archived: true }, { archived: true }, true],
    ["of the archive has what is snoozed", { archived: true }, { archived: true, snoozed_until: 9 }, true],
    ["of the archive has nothing else", { archived: true }, {}, false],
    ["with tags has items with one of them", { tags: ["a", "b"] }, { tags: ["b", "c"] }, true],
    ["with tags has no items without", { tags: ["a"] }, { tags: [] }, false],
    ["with no tags has all", { tags: [], categories: [] }, { tags: [] }, true],
    ["with categories has items of one of them", { categories: ["news", "x"] }, {}, true],
    ["with categories has no others", { categories: ["x"] }, {}, false],
    ["has items with everything it asks for", { read: true, tags: ["a"] }, { tags: ["a"] }, false],
  ])("%s", (_, query, item, isIn) => {
    expect(matches(itemOf(item), query, 100)).toBe(isIn);
  });
});

describe("the order of a list", () => {
  it("has pinned items first, then the newest", () => {
    const list = [
      itemOf({ n_id: "old", created_on: 1 }),
      itemOf({ n_id: "new", created_on: 3 }),
      itemOf({ n_id: "pinned", created_on: 2, is_pinned: true }),
    ].sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
    expect(list.map(({ n_id }) => n_id)).toEqual(["pinned", "new", "old"]);
  });
});

describe("an edit", () => {
  it.each<[action: ActionName, before: Partial<Item>, after: Partial<Item>]>([
    ["seen", {}, { seen_on: 5_000 }],
    ["seen", { seen_on: 2 }, { seen_on: 2 }],
    ["read", {}, { read_on: 5_000, seen_on: 5_000 }],
    ["read", { is_pinned: true }, { is_pinned: false }],
    ["read", { read_on: 2, seen_on: 2, is_pinned: true }, { read_on: 2, is_pinned: true }],
    ["unread", { read_on: 2, seen_on: 2 }, { read_on: null, seen_on: 2 }],
    ["interacted", {}, { interacted_on: 5_000, read_on: 5_000, seen_on: 5_000 }],
    ["archive", { is_pinned: true }, { archived: true, is_pinned: false }],
    ["archive", { archived: true, snoozed_until: 9 }, { archived: true, snoozed_until: null }],
    ["unarchive", { archived: true, snoozed_until: 9 }, { archived: false, snoozed_until: null }],
    ["pin", {}, { is_pinned: true }],
    ["unpin", { is_pinned: true }, { is_pinned: false }],
    ["snooze", { archived: true }, { archived: true, snoozed_until: 8_000 }],
    ["unsnooze", { archived: true, snoozed_until: 9 }, { archived: false, snoozed_until: null }],
    ["unsnooze", { archived: true }, { archived: true }],
    ["read_all", {}, { read_on: 5_000 }],
    ["read_all", { archived: true }, { read_on: 5_000 }],
    ["read_all", { expiry: 4_000 }, { read_on: null }],
    ["archive_all", {}, { archived: true }],
  ])("%s of %j makes it %j", (action, before, after) => {
    const edit = editOf(action, { until: 8_000, ...(action.endsWith("_all") && { ids: [] }) });
    expect(applyEdit(itemOf(before), edit)).toMatchObject(after);
  });

  it("leaves an item that it does not change as it is, the very same object", () => {
    const item = itemOf({ read_on: 1, seen_on: 1 });
    expect(applyEdit(item, editOf("read"))).toBe(item);
    expect(applyEdit(item, editOf("unread", { ids: ["other"] }))).toBe(item);
    expect(applyEdit(item, editOf("opened", { ids: [] }))).toBe(item);
  });

  it("of a store concerns the items in it", () => {
    const query = { id: "billing", query: { categories: ["billing"] } };
    const edit = editOf("read_all", { ids: [], query });
    expect(applyEdit(itemOf({ n_category: "billing" }), edit).read_on).toBe(5_000);
    expect(applyEdit(itemOf({ n_category: "news" }), edit).read_on).toBeNull();
    expect(applyEdit(itemOf({ n_category: "billing", archived: true }), edit).read_on).toBeNull();
  });

  it("is taken back exactly: place, end of a snooze, read or not, pinned or not", () => {
    const isLike = ({ archived, snoozed_until, is_pinned, read_on }: Item) => ({
      archived,
      snoozed_until,
      is_pinned,
      isRead: read_on !== null,
    });
    fc.assert(
      fc.property(
        fc.array(anyItem, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...SINGLE),
        (some, action) => {
          const items = some.map((item, at) => ({ ...item, n_id: `i${at}` }));
          const ids = items.map(({ n_id }) => n_id);
          const after = items.map((item) => applyEdit(item, editOf(action, { ids, until: 8_000 })));
          const steps = invert(items, new Map(after.map((item) => [item.n_id, item])));
          const back = steps.reduce(
            (list, step) => list.map((item) => applyEdit(item, editOf(step.action, step))),
            after,
          );
          expect(back.map(isLike)).toEqual(items.map(isLike));
        },
      ),
    );
  });
});
