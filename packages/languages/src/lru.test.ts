import { expect, it } from "vitest";
import { createLru } from "./lru.ts";

it("remembers what is used again, and forgets what is not", () => {
  const lru = createLru<number>({ entries: 10, characters: 1000 });
  lru.set("kept", 0);
  for (let index = 1; index <= 100; index++) {
    lru.set(`s${index}`, index);
    expect(lru.get("kept")).toBe(0);
  }
  expect(lru.get("s1")).toBeUndefined();
  expect(lru.get("s100")).toBe(100);
});

it("holds no more entries than it may, and at least the last half of them", () => {
  const lru = createLru<number>({ entries: 10, characters: 1000 });
  for (let index = 0; index < 50; index++) lru.set(`s${index}`, index);
  const found = Array.from({ length: 50 }, (_, index) => lru.get(`s${49 - index}`) !== undefined);
  expect(found.slice(0, 5)).toEqual([true, true, true, true, true]);
  expect(found.filter((isThere) => isThere).length).toBeLessThanOrEqual(10);
});

it("counts the length of sources too: a few long ones fill it", () => {
  const lru = createLru<number>({ entries: 1000, characters: 100 });
  const long = (letter: string) => letter.repeat(40);
  for (const [index, letter] of ["a", "b", "c", "d"].entries()) lru.set(long(letter), index);
  expect(lru.get(long("a"))).toBeUndefined();
  expect(lru.get(long("d"))).toBe(3);
});

it("takes the last value set, and counts its source once", () => {
  const lru = createLru<number>({ entries: 10, characters: 100 });
  for (let turn = 0; turn < 100; turn++) lru.set("same source", turn);
  lru.set("other", -1);
  expect(lru.get("same source")).toBe(99);
  expect(lru.get("other")).toBe(-1);
});
