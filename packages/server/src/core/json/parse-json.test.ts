import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "./parse-json.ts";

describe("parsed JSON", () => {
  it.each([
    ["9007199254740993", "9007199254740993"],
    ["-9007199254740993", "-9007199254740993"],
    ["12345678901234567890", "12345678901234567890"],
    [
      '{"a":[9007199254740993,{"b":1234567890123456789}]}',
      { a: ["9007199254740993", { b: "1234567890123456789" }] },
    ],
    ["9007199254740992", 9007199254740992],
    ["1000000000000000000", 1000000000000000000],
    ["1000000000000000000000000", "1000000000000000000000000"],
    ["1.50", 1.5],
    ["1e400", Number.POSITIVE_INFINITY],
    ['"9007199254740993"', "9007199254740993"],
    ['{"9007199254740993":true}', { "9007199254740993": true }],
    ["[-0,1234567890123456.5]", [-0, 1234567890123456.5]],
  ])("keeps every digit of %s", (text, expected) => {
    expect(parseJson(text)).toEqual(expected);
  });

  it("keeps the digits of any integer", () => {
    fc.assert(
      fc.property(fc.bigInt(), (integer) => {
        expect(`${parseJson(`${integer}`) as number | string}`).toBe(`${integer}`);
      }),
    );
  });

  it("is what JSON.parse gives where there is no such integer", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("throws for what is no JSON", () => {
    expect(() => parseJson("{9007199254740993}")).toThrow(SyntaxError);
  });
});
