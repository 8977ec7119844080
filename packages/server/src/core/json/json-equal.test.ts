import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../json.ts";
import { jsonEqual } from "./json-equal.ts";

describe("jsonEqual", () => {
  it("is true for a copy and blind to the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = value as Json;
        expect(jsonEqual(json, structuredClone(json))).toBe(true);
      }),
    );
    expect(jsonEqual({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true);
  });

  it("agrees with a comparison of the texts, keys sorted", () => {
    const sorted = (value: unknown): string =>
      JSON.stringify(value, (_key, inner: unknown) =>
        typeof inner === "object" && inner !== null && !Array.isArray(inner)
          ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
          : inner,
      );
    const value = fc.json({ maxDepth: 3, noUnicodeString: true });
    fc.assert(
      fc.property(value, value, (left, right) => {
        const [a, b] = [JSON.parse(left) as Json, JSON.parse(right) as Json];
        expect(jsonEqual(a, b)).toBe(sorted(a) === sorted(b));
      }),
    );
  });

  it.each<[Json | undefined, Json | undefined]>([
    [1, "1"],
    [null, undefined],
    [0, null],
    [[], {}],
    [{}, []],
    [{ a: 1 }, { b: 1 }],
    [{ a: null }, {}],
    [
      [1, 2],
      [2, 1],
    ],
    [{}, JSON.parse('{"__proto__": {}}')],
    [{ toString: 1 }, { a: 1 }],
  ])("distinguishes %j from %j", (left, right) => {
    expect(jsonEqual(left, right)).toBe(false);
  });

  it("compares values nested deeper than the call stack", () => {
    const deep = (): Json => JSON.parse(`${"[".repeat(200_000)}1${"]".repeat(200_000)}`);
    expect(jsonEqual(deep(), deep())).toBe(true);
  });
});
