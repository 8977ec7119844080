import { describe, expect, it } from "vitest";
import { createLru } from "./lru.ts";

describe("the most recently used", () => {
  it("forgets what was used longest ago", () => {
    const cache = createLru<number>(2);
    cache.set("a", 1, 1);
    cache.set("b", 2, 1);
    expect(cache.get("a")).toBe(1);
    cache.set("c", 3, 1);
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([1, undefined, 3]);
  });

  it("makes room for a heavy entry, and does not keep one that is too heavy alone", () => {
    const cache = createLru<number>(10);
    for (const text of ["a", "b", "c"]) cache.set(text, 1, 3);
    cache.set("heavy", 2, 7);
    expect([cache.get("a"), cache.get("b"), cache.get("c"), cache.get("heavy")]).toEqual([
      undefined,
      undefined,
      1,
      2,
    ]);
    cache.set("heaviest", 3, 11);
    expect([cache.get("c"), cache.get("heavy"), cache.get("heaviest")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("weighs a value once, however often it is set", () => {
    const cache = createLru<number>(10);
    for (let round = 0; round < 10; round += 1) cache.set("a", round, 4);
    cache.set("b", 1, 6);
    expect([cache.get("a"), cache.get("b")]).toEqual([9, 1]);
  });

  it("counts values that have no weight, and has room again for what was deleted", () => {
    const cache = createLru<number>(2);
    for (const [index, key] of ["a", "b", "c"].entries()) cache.set(key, index);
    cache.delete("b");
    cache.set("d", 3);
    expect(["a", "b", "c", "d"].map(cache.get)).toEqual([undefined, undefined, 2, 3]);
    cache.clear();
    for (const key of ["e", "f"]) cache.set(key, 4);
    expect(["c", "e", "f"].map(cache.get)).toEqual([undefined, 4, 4]);
  });
});
