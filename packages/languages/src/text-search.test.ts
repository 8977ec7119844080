import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFind, createFindLast } from "./text-search.ts";

const letters = (maxLength: number) => fc.string({ unit: fc.constantFrom("a", "b"), maxLength });

describe("looking for a text", () => {
  it("finds the same places as JavaScript, long patterns included", () => {
    const pattern = fc.oneof(
      letters(4).map((text) => `a${text}`),
      letters(4).map((text) => `${"ab".repeat(140)}${text}`),
    );
    fc.assert(
      fc.property(pattern, fc.array(letters(300), { maxLength: 6 }), fc.nat(400), (part, pieces, from) => {
        const text = pieces.join(part.slice(0, -1)) + part.slice(1);
        expect(createFind(part)(text, from)).toBe(text.indexOf(part, from));
        expect(createFind(part)(text + part, 0)).toBe((text + part).indexOf(part));
      }),
    );
  });

  it("finds the last place that ends before another", () => {
    fc.assert(
      fc.property(letters(3), letters(40), fc.nat(45), (tail, text, to) => {
        const part = `b${tail}`;
        const end = Math.min(to, text.length);
        expect(createFindLast(part)(text, end)).toBe(text.slice(0, end).lastIndexOf(part));
      }),
    );
  });

  it("looks at each character a few times, however the pattern repeats itself", () => {
    // With JavaScript's own search this takes minutes: the test would time out.
    const part = `${"a".repeat(200_000)}b${"a".repeat(200_000)}`;
    expect(createFind(part)("a".repeat(2_000_000), 0)).toBe(-1);
    expect(createFindLast(`${"a".repeat(200_000)}b`)("a".repeat(2_000_000), 2_000_000)).toBe(-1);
  });

  it("uses one search for several texts", () => {
    const find = createFind("x".repeat(300));
    expect([find("x".repeat(299), 0), find(`y${"x".repeat(300)}`, 0), find("", 0)]).toStrictEqual([
      -1, 1, -1,
    ]);
  });
});
