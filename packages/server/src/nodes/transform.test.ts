import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBench, refusals } from "../../test/node-context.ts";
import type { JsonObject } from "../core/json.ts";
import type { NodeDefinition } from "../engine/node.ts";
import definition from "./transform.ts";

const transform = definition as unknown as NodeDefinition;

const jsonnet = (key: string, value: string) => ({ key, value_lang: "jsonnet", value });
const handlebars = (key: string, value: string) => ({ key, value_lang: "handlebars", value });

function transformed(data: JsonObject, ...variables: JsonObject[]): JsonObject {
  const bench = createBench(data);
  expect(bench.run(transform, { variables })).toEqual({ kind: "next" });
  return bench.data();
}

describe("a transform", () => {
  it.each<[string, JsonObject[], JsonObject]>([
    [
      "keeps the types of Jsonnet",
      [jsonnet("b", "{ n: data.a + 1, l: [true, null] }")],
      { b: { n: 2, l: [true, null] } },
    ],
    ["renders a template to text", [handlebars("b", "{{a}}-{{user.name}}")], { b: "1-Ann & Bob" }],
    ["renders missing variables of a template as empty", [handlebars("b", "[{{nope.deeper}}]")], { b: "[]" }],
    ["replaces a key as a whole", [jsonnet("user", "{ plan: 'pro' }")], { user: { plan: "pro" } }],
    ["takes a key literally", [jsonnet("user.name", "1")], { "user.name": 1 }],
    ["accepts JavaScript property names as keys", [jsonnet("constructor", "1")], { constructor: 1 }],
  ])("%s", (_title, variables, expected) => {
    const data = { a: 1, user: { name: "Ann & Bob" } };
    expect(transformed(data, ...variables)).toEqual({ ...data, ...expected });
  });

  it("reads the original payload: no variable sees another", () => {
    const variables = [jsonnet("a", "data.a + 1"), jsonnet("b", "data.a + 1"), handlebars("c", "{{a}}{{b}}")];
    expect(transformed({ a: 1 }, ...variables)).toEqual({ a: 2, b: 2, c: "1" });
  });

  it("does not reach a prototype", () => {
    const data = transformed({}, jsonnet("__proto__", "{ admin: true }"));
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect(Object.entries(data)).toEqual([["__proto__", { admin: true }]]);
  });

  it("returns any JSON unchanged", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        fc.pre(
          value !== null && !JSON.stringify(value).includes("\\u") && !JSON.stringify(value).includes("-0"),
        );
        const data = JSON.parse(JSON.stringify({ value })) as JsonObject;
        expect(transformed(data, jsonnet("copy", "data.value")).copy).toEqual(data.value);
      }),
      { numRuns: 50 },
    );
  });

  it.each<[string, JsonObject, RegExp]>([
    ["Jsonnet that fails", jsonnet("b", "data.nope"), /^variable 'b': .*nope/],
    ["invalid Jsonnet", jsonnet("b", "{"), /^variable 'b': /],
    ["Jsonnet that does not end", jsonnet("b", "local f(x) = f(x + 1); f(0)"), /^variable 'b': /],
    ["an invalid template", handlebars("b", "{{#if}}"), /^variable 'b': /],
  ])("ends the run on %s, and merges nothing", (_title, variable, message) => {
    const bench = createBench({ a: 1 });
    expect(bench.run(transform, { variables: [jsonnet("a", "2"), variable] })).toEqual({
      kind: "fail",
      code: "variable_error",
      message: expect.stringMatching(message),
    });
    expect(bench.data()).toEqual({ a: 1 });
  });
});

describe("the settings of a transform", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_unused, index) => jsonnet(`v${index}`, "1"));

  it.each<[string, unknown, string[]]>([
    ["25 variables", many(25), []],
    ["a 26th variable", many(26), ["variables: must have at most 25 entries"]],
    ["no variable", [], ["variables: must have at least 1 entry"]],
    [
      "a key that is used twice",
      [jsonnet("a", "1"), jsonnet("a", "2")],
      ["variables.1.key: 'a' is used twice, keys must differ"],
    ],
    ["an empty key", [jsonnet("", "1")], ["variables.0.key: must not be empty"]],
    ["an empty value", [jsonnet("a", "")], ["variables.0.value: must not be empty"]],
    [
      "another language",
      [{ key: "a", value_lang: "jq", value: "." }],
      ["variables.0.value_lang: must be jsonnet or handlebars"],
    ],
  ])("%s", (_title, variables, expected) => {
    expect(refusals(transform, { variables } as JsonObject)).toEqual(expected);
  });

  it("name the language of each expression", () => {
    const config = transform.config.parse({ variables: [jsonnet("a", "1"), handlebars("b", "{{x}}")] });
    expect(transform.expressions?.(config)).toEqual([
      { path: "variables.0.value", language: "jsonnet", source: "1" },
      { path: "variables.1.value", language: "handlebars", source: "{{x}}" },
    ]);
  });
});
