import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findUnsafe, maybeUnsafe, unsafeText } from "./json-guard.ts";

const nested = (depth: number, inner: unknown = 1): unknown =>
  depth === 0 ? inner : [nested(depth - 1, inner)];

/** The same order as for requests: the bytes first, and the value only if they do not clear it. */
function guard(text: string): string | null {
  return maybeUnsafe(Buffer.from(text)) ? findUnsafe(JSON.parse(text)) : null;
}

describe("a value that no database or later stage can hold", () => {
  it.each([
    ['"a\\u0000b"', "(root): must not contain the null character"],
    ['{"a":{"b":["x","\\u0000"]}}', "a.b.1: must not contain the null character"],
    ['{"a\\u0000":1}', "(root): a key must not contain the null character"],
    ['{"x":{"\\ud800":1}}', "x: a key must be valid Unicode (it has half of a surrogate pair)"],
    ['["\\ud83d"]', "0: must be valid Unicode (it has half of a surrogate pair)"],
    ['["\\udd14\\ud83e"]', "0: must be valid Unicode (it has half of a surrogate pair)"],
    ['{"__proto__":{"constructor":"\\u0000"}}', "__proto__.constructor: must not contain the null character"],
    ['{"a":{"b":[1,1e400]}}', "a.b.1: is a number too large to be kept (beyond 1.8e308)"],
    ["-1E+309", "(root): is a number too large to be kept (beyond 1.8e308)"],
    [`[${"9".repeat(310)}]`, "0: is a number too large to be kept (beyond 1.8e308)"],
    [`{"x":${"9".repeat(310)}.5}`, "x: is a number too large to be kept (beyond 1.8e308)"],
    ["[1.0e999]", "0: is a number too large to be kept (beyond 1.8e308)"],
  ])("%s is found, with its place", (text, reason) => {
    expect(guard(text)).toBe(reason);
  });

  it.each([
    "1",
    "null",
    '""',
    "[]",
    '"\\ud83e\\udd14"',
    '"🛎 Zoë"',
    '"\\\\u0000"',
    '"\\u0001\\t\\n"',
    '{"__proto__":1,"constructor":2,"":3}',
    "[1e308,-1.7976931348623157e308,1e-400,0.1,true,false]",
    `["1e400","${"9".repeat(400)}"]`,
    `[${Array.from({ length: 400 }, () => "9").join(",")}]`,
  ])("%s is sound", (text) => {
    expect(guard(text)).toBeNull();
  });

  it("is nesting deeper than 100 levels, and not one less", () => {
    expect(guard(JSON.stringify(nested(100)))).toBeNull();
    expect(guard(JSON.stringify(nested(101)))).toContain("is nested deeper than 100 levels");
  });

  it("is deep nesting also after texts that look like its end", () => {
    const closers = "]".repeat(300);
    expect(guard(JSON.stringify([closers, nested(150)]))).toContain("is nested deeper");
    let zigzag: unknown = 1;
    for (let depth = 0; depth < 150; depth++) zigzag = ["]}]", zigzag, '\\"]'];
    expect(guard(JSON.stringify(zigzag))).toContain("is nested deeper");
    expect(maybeUnsafe(Buffer.from(JSON.stringify(["[".repeat(300)])))).toBe(false);
  });

  it("is looked at without recursion: a million levels overflow nothing", () => {
    const text = "[".repeat(1_000_000) + "]".repeat(1_000_000);
    expect(maybeUnsafe(Buffer.from(text))).toBe(true);
    let deep: unknown = 1;
    for (let depth = 0; depth < 1_000_000; depth++) deep = { a: deep };
    const found = findUnsafe(deep);
    expect(found).toContain("is nested deeper than 100 levels");
    // The path is only useful while it is short.
    expect(found?.length).toBeLessThan(200);
  });

  it("in a text is reported without its value", () => {
    expect(unsafeText("secret\u0000")).not.toContain("secret");
    expect(unsafeText("fine")).toBeNull();
  });
});

describe("the look at the bytes", () => {
  it("clears no value that has something unsafe in it", () => {
    const unsafe = fc.constantFrom("\u0000", "\ud800", "\udfff x");
    const values = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(values, unsafe, fc.integer({ min: 0, max: 130 }), (value, bad, depth) => {
        const text = JSON.stringify([value, nested(depth, bad)]);
        expect(maybeUnsafe(Buffer.from(text))).toBe(true);
      }),
    );
  });

  it("clears no number that is read as infinite, however it is written", () => {
    const digits = fc.array(fc.nat(9), { maxLength: 330 }).map((list) => list.join(""));
    const exponent = fc.option(
      fc.tuple(fc.constantFrom("e", "E"), fc.constantFrom("", "+", "-"), fc.nat(999)),
    );
    fc.assert(
      fc.property(fc.boolean(), digits, fc.option(digits), exponent, (isNegative, whole, part, power) => {
        const text = [
          isNegative ? "-" : "",
          `1${whole}`,
          part === null ? "" : `.0${part}`,
          power === null ? "" : power.join(""),
        ].join("");
        const isFinite = Number.isFinite(JSON.parse(text));
        expect(guard(`{"a":[${text}]}`) === null).toBe(isFinite);
      }),
    );
  });

  it("and the look at the value agree with each other on any JSON", () => {
    const strings = fc.string({
      unit: fc.constantFrom("a", "[", "{", '"', "\\", "\u0000", "\ud83d", "🛎", "u"),
    });
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        strings,
        fc.integer(),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(strings, tie("value"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(value, (value) => {
        const found = findUnsafe(value);
        if (found !== null) expect(maybeUnsafe(Buffer.from(JSON.stringify(value)))).toBe(true);
        const isSound = JSON.stringify(value).match(/\\u0000|\\ud[89a-f]/i) === null;
        expect(found === null).toBe(isSound);
      }),
    );
  });
});
