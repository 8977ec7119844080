import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { getAtPath, parseJsonPath } from "./json-path.ts";
import type { Json } from "../json.ts";

describe("parseJsonPath", () => {
  it.each([
    ["a", ["a"]],
    ["a.b.c", ["a", "b", "c"]],
    ["a.0.b", ["a", "0", "b"]],
    ["a[0].b", ["a", "0", "b"]],
    ["a[0][12]", ["a", "0", "12"]],
    ["first name.x-y", ["first name", "x-y"]],
    ['a["x.y"].z', ["a", "x.y", "z"]],
    ["a['x y']", ["a", "x y"]],
    ["['x']", ["x"]],
    ['data["$recipient"].plan', ["data", "$recipient", "plan"]],
    [".cart_id", ["cart_id"]],
    ['."$recipient".plan', ["$recipient", "plan"]],
    ['a."b c"', ["a", "b c"]],
    ['[""]', [""]],
    ["größe.名前", ["größe", "名前"]],
    ["__proto__.x", ["__proto__", "x"]],
  ])("reads %s", (text, path) => {
    expect(parseJsonPath(text)).toEqual(path);
  });

  it.each([
    "",
    ".",
    "..",
    "a.",
    "a..b",
    ".[0]",
    "a[",
    "a[]",
    "a[x]",
    "a[-1]",
    'a["x',
    "a]b",
    'a"b"',
    "a[0]b",
    '"a',
  ])("refuses %j", (text) => {
    expect(parseJsonPath(text)).toBeNull();
  });

  it("refuses a text too long to be a path", () => {
    expect(parseJsonPath("a.".repeat(1000))).toBeNull();
  });

  it("gives back any keys that are written as quoted segments", () => {
    const key = fc.string().filter((text) => !text.includes('"'));
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 5 }), (keys) => {
        expect(parseJsonPath(keys.map((text) => `["${text}"]`).join(""))).toEqual(keys);
      }),
    );
  });
});

describe("getAtPath", () => {
  const root = JSON.parse('{"a":{"b":[10,{"c":null}]},"s":"text","length":3,"__proto__":{"own":1}}') as Json;

  it.each([
    [["a", "b", "0"], 10],
    [["a", "b", "1", "c"], null],
    [["length"], 3],
    [["__proto__", "own"], 1],
  ])("reaches %j", (path, value) => {
    expect(getAtPath(root, path)).toEqual(value);
  });

  it.each([
    [["missing"]],
    [["a", "b", "2"]],
    [["a", "b", "-1"]],
    [["a", "b", "00"]],
    [["a", "b", "length"]],
    [["a", "b", "1", "c", "d"]],
    [["s", "0"]],
    [["s", "length"]],
    [["constructor"]],
    [["toString"]],
    [["a", "__proto__"]],
    [["a", "constructor", "name"]],
  ])("finds nothing at %j", (path) => {
    expect(getAtPath(root, path)).toBeUndefined();
  });
});
