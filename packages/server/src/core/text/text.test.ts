import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, shorten, storable, storableJson } from "./text.ts";

const anyText = fc.string({ unit: "binary" });
/** Halves of surrogate pairs and null characters among ordinary text. */
const hostile = fc
  .array(fc.constantFrom("a", "é", "😀", "\ud83d", "\ude00", "\0", "\\", '"', "\\u0000", "\\ud83d", "…"))
  .map((parts) => parts.join(""));

describe("a cut", () => {
  it("never falls inside a character, and takes as much as fits", () => {
    expect(cut("ab😀c", 3)).toBe("ab");
    expect(cut("ab😀c", 4)).toBe("ab😀");
    expect(cut("ab", 4)).toBe("ab");
    expect(cut("😀", 1)).toBe("");
    fc.assert(
      fc.property(anyText, fc.nat(40), (text, max) => {
        const part = cut(text, max);
        expect(text.startsWith(part)).toBe(true);
        expect(part.length).toBeGreaterThanOrEqual(Math.min(text.length, max) - 1);
        expect(part.length).toBeLessThanOrEqual(max);
        if (text.isWellFormed()) expect(part.isWellFormed()).toBe(true);
      }),
    );
  });

  it("is marked where something is missing", () => {
    expect(shorten("abc", 3)).toBe("abc");
    expect(shorten("abcd", 3)).toBe("abc…");
    expect(shorten("a😀", 2)).toBe("a…");
  });
});

describe("what is stored", () => {
  it("has neither null characters nor halves of pairs, and is otherwise as it was", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const stored = storable(text);
        expect(stored.isWellFormed()).toBe(true);
        expect(stored).not.toContain("\0");
        if (text.isWellFormed() && !text.includes("\0")) expect(stored).toBe(text);
        expect(storable(stored)).toBe(stored);
      }),
    );
  });

  it("is JSON with storable texts and keys, at any depth", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), hostile, hostile, (value, key, text) => {
        const whole = { value, [key]: [{ [text]: text }] };
        const parsed: unknown = JSON.parse(storableJson(whole));
        expect(JSON.stringify(parsed)).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/);
        const same = JSON.stringify(whole);
        if (!/\\u(?:0000|d[89a-f])/.test(same)) expect(storableJson(whole)).toBe(same);
      }),
    );
  });

  it("keeps a text that only looks like an escape", () => {
    expect(JSON.parse(storableJson({ a: "\\u0000 \\ud83d 😀" }))).toEqual({ a: "\\u0000 \\ud83d 😀" });
    expect(storableJson(undefined)).toBe("null");
    expect(JSON.parse(storableJson(JSON.parse('{"__proto__":"\\u0000"}')))).toEqual(
      JSON.parse('{"__proto__":"\u{fffd}"}'),
    );
  });
});
