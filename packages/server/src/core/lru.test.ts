import { describe, expect, it } from "vitest";
import { createTextCache } from "./cache.ts";

describe("a text cache", () => {
  it("forgets what was used longest ago", () => {
    const cache = createTextCache<number>(2);
    cache.add("a", 1, 1);
    cache.add("b", 2, 1);
    expect(cache.get("a")).toBe(1);
    cache.add("c", 3, 1);
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([1, undefined, 3]);
  });

  it("makes room for a heavy entry, and does not keep one that is too heavy alone", () => {
    const cache = createTextCache<number>(10);
    for (const text of ["a", "b", "c"]) cache.add(text, 1, 3);
    cache.add("heavy", 2, 7);
    expect([cache.get("a"), cache.get("b"), cache.get("c"), cache.get("heavy")]).toEqual([
      undefined,
      undefined,
      1,
      2,
    ]);
    cache.add("heaviest", 3, 11);
    expect([cache.get("c"), cache.get("heavy"), cache.get("heaviest")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("weighs a text once, however often it is added", () => {
    const cache = createTextCache<number>(10);
    for (let round = 0; round < 10; round += 1) cache.add("a", round, 4);
    cache.add("b", 1, 6);
    expect([cache.get("a"), cache.get("b")]).toEqual([9, 1]);
  });
});
