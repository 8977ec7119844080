import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { item } from "../../test/stories/items.ts";
import { toRows } from "./rows.ts";

const none = () => null;

describe("the rows of a feed", () => {
  it("are the items, where nothing is stacked or grouped", () => {
    const items = [item(), item()];
    expect(toRows(items, new Set(), none).map((row) => row.item)).toEqual(items);
  });

  it("stack the items of a key behind the newest, and show them below it once opened", () => {
    const items = [
      item({ n_id: "a", collapse_key: "k" }),
      item({ n_id: "b" }),
      item({ n_id: "c", collapse_key: "k" }),
      item({ n_id: "d", collapse_key: "alone" }),
    ];
    const shown = (open: string[]) =>
      toRows(items, new Set(open), none).map(({ item, others, isNested }) => [item.n_id, others, isNested]);
    expect(shown([])).toEqual([
      ["a", 1, false],
      ["b", 0, false],
      ["d", 0, false],
    ]);
    expect(shown(["k", "alone"])).toEqual([
      ["a", 1, false],
      ["c", 0, true],
      ["b", 0, false],
      ["d", 0, false],
    ]);
  });

  it("have a heading where the group changes", () => {
    const items = ["x", "x", "y", "x"].map((n_category) => item({ n_category }));
    const rows = toRows(items, new Set(), ({ n_category }) => n_category);
    expect(rows.map(({ heading }) => heading)).toEqual(["x", null, "y", "x"]);
  });

  it("have each item once, shown or counted", () => {
    const key = fc.option(fc.constantFrom("p", "q", "r"));
    fc.assert(
      fc.property(fc.array(key), fc.subarray(["p", "q", "r"]), (keys, open) => {
        const items = keys.map((collapse_key) => item({ collapse_key }));
        const rows = toRows(items, new Set(open), none);
        const shown = rows.map((row) => row.item);
        expect(new Set(shown).size).toBe(shown.length);
        const hidden = rows.reduce((sum, row) => sum + (row.isOpen ? 0 : row.others), 0);
        expect(shown.length + hidden).toBe(items.length);
      }),
    );
  });
});
