import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../core/json.ts";
import { createJsonnetEngine } from "@carillon/languages/jsonnet";
import { checkSetting, createSettingEngine, nameScript, unwrapBraces } from "./jsonnet-setting.ts";

const engine = createSettingEngine(createJsonnetEngine());
const DATA = { path: "/x", user: { id: 7 }, token: "t0" };

describe("a setting", () => {
  it.each<[source: string, value: Json]>([
    ['"https://h" + data.path', "https://h/x"],
    ['"https://h" + {{data.path}}', "https://h/x"],
    ['"https://h" + {{ data.path }} + "/" + {{data.user.id}}', "https://h/x/7"],
    ["{{data.user}}", { id: 7 }],
    ["{ id: {{data.user.id}} }", { id: 7 }],
    ["{a: {b: {{data.user.id}}}}", { a: { b: 7 } }],
    ["{{ {a: {b: 1}}.a }}", { b: 1 }],
    ["{{ {a: 1}}}", { a: 1 }],
    ["{a: {{{b: 1}}}}", { a: { b: 1 } }],
    ["{{ {{data.user.id}} + 1 }}", 8],
    ["{a: {b: {c: {}}}}", { a: { b: { c: {} } } }],
    ['"{{data.path}}"', "{{data.path}}"],
    ["'a {{' + 'b }}'", "a {{b }}"],
    ["|||\n  {{x}}\n|||", "{{x}}\n"],
    ["1 // {{ not this }}", 1],
    ["https://example.com/a?b=c&d=%20#e", "https://example.com/a?b=c&d=%20#e"],
    ["  https://example.com  ", "https://example.com"],
    ["HTTP://EXAMPLE.com:8080/", "HTTP://EXAMPLE.com:8080/"],
    ["Bearer abc.def-123_~+/=", "Bearer abc.def-123_~+/="],
    ["Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"],
    ["application/json", "application/json"],
    ["application/json; charset=utf-8", "application/json; charset=utf-8"],
    ["application/vnd.api+json", "application/vnd.api+json"],
    ["Content-Type", "Content-Type"],
    ["x-api-key", "x-api-key"],
    ["Authorization", "Authorization"],
    ["'Bearer ' + data.token", "Bearer t0"],
    ["5", 5],
  ])("%j means %j", (source, value) => {
    expect(checkSetting(source)).toBeNull();
    expect(engine.evaluate(source, DATA)).toEqual(value);
    expect(engine.evaluate(source, DATA)).toEqual(value);
  });

  it.each<[source: string, message: string]>([
    ["", "expected an expression, found the end at 1:1"],
    ["dat.path", "unknown variable: dat at 1:1"],
    ["total/count", "unknown variable: total at 1:1"],
    ["price-discount", "unknown variable: price at 1:1"],
    ['"h" + {{dat.path}}', "unknown variable: dat at 1:9"],
    ['"h" +\n  {{ data.path + nope }}', "unknown variable: nope at 2:18"],
    ["https://h/{{data.path}}", 'expected the end, found ":" at 1:6'],
    ["https://h x", 'expected the end, found ":" at 1:6'],
    ['https://h/" + data.path', 'expected the end, found ":" at 1:6'],
    ["Bearer {{data.token}}", "unknown variable: Bearer at 1:1"],
    ["javascript:alert", 'expected the end, found ":" at 1:11'],
    ["{{data.path", "expected ), found the end at 1:12"],
    ["data.path}}", 'expected the end, found "}" at 1:10'],
    ["hello world", 'expected the end, found "world" at 1:7'],
    ["local x", "expected =, found the end at 1:8"],
  ])("%j is refused: %s", (source, message) => {
    const problem = checkSetting(source);
    expect(problem?.message).toBe(message);
    expect(() => engine.evaluate(source, DATA)).toThrow(problem?.message ?? "no problem");
  });

  it("that fails names the place its author sees", () => {
    expect(() => engine.evaluate('"a" + {{data.nope}}', DATA)).toThrow("field does not exist: nope at 1:14");
  });
});

describe("doubled braces", () => {
  it("are rewritten without moving anything, and what has none is not touched", () => {
    const parts = fc.constantFrom(
      "{{",
      "}}",
      "{",
      "}",
      " ",
      "a",
      ":",
      "'{{'",
      '"',
      "\n",
      "1",
      "// {{\n",
      "|||",
      "😀",
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 20 }), (pieces) => {
        const source = pieces.join("");
        const rewritten = unwrapBraces(source);
        expect(rewritten.length).toBe(source.length);
        expect(rewritten.split("\n").length).toBe(source.split("\n").length);
        if (!source.includes("{{")) expect(rewritten).toBe(source);
        for (let at = 0; at < source.length; at++)
          if (!"{}".includes(source.charAt(at))) expect(rewritten.charAt(at)).toBe(source.charAt(at));
      }),
    );
  });
});

describe("the name of a header or of a parameter", () => {
  it.each([
    "id",
    "name",
    " user-id ",
    "user_id",
    "page.size",
    "filter[status]",
    "ids[]",
    "$top",
    "dat.path",
    "data-id",
    "database",
    "standard",
    "Content-Type",
    "__proto__",
    "constructor",
    "if",
    "self",
    "function",
  ])("%j is what it says", (source) => {
    expect(checkSetting(nameScript(source))).toBeNull();
    expect(engine.evaluate(nameScript(source), DATA)).toBe(source.trim());
  });

  it.each<[source: string, value: Json]>([
    ['"id"', "id"],
    ["'a' + 'b'", "ab"],
    ["data.path", "/x"],
    ["data['path']", "/x"],
    ["{{data.path}}", "/x"],
    ["std.toString(5)", "5"],
    ["data.user.id", 7],
    ["null", null],
    ["true", true],
    ["x-api-key", "x-api-key"],
  ])("%j is Jsonnet, as ever: %j", (source, value) => {
    expect(engine.evaluate(nameScript(source), DATA)).toEqual(value);
  });

  it.each(["", "a b", "a+b", "5x", "https:", 'a"b', "-a", "ключ"])("%j is no name", (source) => {
    expect(checkSetting(nameScript(source))).not.toBeNull();
  });
});
