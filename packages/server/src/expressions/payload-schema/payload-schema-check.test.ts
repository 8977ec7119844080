import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../core/json.ts";
import { checkPayloadSchema, MAX_SCHEMA_BYTES } from "./payload-schema-check.ts";

const object = (schema: JsonObject): JsonObject => ({ type: "object", ...schema });
const x = (schema: Json): JsonObject => object({ properties: { x: schema } });

const LOOKS_LIKE_DATA =
  "Schema looks like JSON data, not a JSON Schema. Include keywords like '$schema', 'type', 'properties', or '$defs'.";
const LEADS_BACK = "a $ref leads back to itself without going deeper into the payload";

describe("a schema is stored", () => {
  it.each<[string, Json]>([
    [
      "as the documentation writes it",
      object({
        $schema: "https://json-schema.org/draft/2020-12/schema",
        required: ["order_id"],
        properties: { order_id: { type: "string" }, amount: { type: "integer" } },
        additionalProperties: true,
      }),
    ],
    ["without a type", { properties: {} }],
    [
      "with an id and references of all kinds",
      {
        $id: "https://example.com/order",
        $ref: "#/$defs/a",
        $defs: {
          a: x({ $ref: "#line" }),
          "b/c d": { $anchor: "line", items: { $ref: "https://example.com/order#/$defs/a" } },
          e: { $ref: "#/$defs/b~1c%20d" },
        },
      },
    ],
    ["that holds itself", object({ properties: { children: { type: "array", items: { $ref: "#" } } } })],
    [
      "with keywords of older drafts",
      object({ definitions: { a: {} }, properties: { x: { items: [{}], additionalItems: false } } }),
    ],
    [
      "with keywords that nobody knows",
      x({ "x-note": { $ref: "http://elsewhere" }, example: { id: "1" }, examples: [{ $id: 7 }] }),
    ],
    [
      "with properties named like keywords",
      object({ properties: { $ref: { type: "string" }, $id: {}, type: {}, pattern: {}, $dynamicRef: {} } }),
    ],
    ["with data that looks like schemas", x({ const: { $ref: "nowhere" }, enum: [{ type: 7 }] })],
    ["with a format that nobody knows", x({ format: "currency" })],
    [
      "with names that are traps",
      JSON.parse(
        '{"type":"object","properties":{"__proto__":{"type":"string"}},"required":["constructor"]}',
      ) as Json,
    ],
  ])("%s", (_case, schema) => {
    expect(checkPayloadSchema(schema)).toBeNull();
  });
});

describe("a schema is refused", () => {
  it.each<[string, Json, string]>([
    ["null", null, "must be a JSON object"],
    ["a list", [], "must be a JSON object"],
    ["a text", "{}", "must be a JSON object"],
    ["data", { order_id: "1", amount: 3 }, LOOKS_LIKE_DATA],
    ["data with a title", { title: "1", description: "3" }, LOOKS_LIKE_DATA],
    ["nothing", {}, LOOKS_LIKE_DATA],
    ["a schema of texts", { type: "string" }, '/type: must be "object": every payload is one'],
    [
      "a type that does not exist",
      x({ type: "date" }),
      "/properties/x/type: must be one or more of array, boolean, integer, null, number, object, string",
    ],
    [
      "no types",
      x({ type: [] }),
      "/properties/x/type: must be one or more of array, boolean, integer, null, number, object, string",
    ],
    ["properties that are a list", { properties: [] }, "/properties: must be a JSON object"],
    [
      "a property that is no schema",
      x("string"),
      "/properties/x: must be a schema: a JSON object, true or false",
    ],
    [
      "a property that is null",
      object({ properties: { "a/b~c": null } }),
      "/properties/a~1b~0c: must be a schema: a JSON object, true or false",
    ],
    [
      "the required of an old draft",
      x({ required: true }),
      "/properties/x/required: must be an array of strings",
    ],
    ["a required that is a number", object({ required: [1] }), "/required: must be an array of strings"],
    [
      "the limits of an old draft",
      x({ exclusiveMinimum: true }),
      "/properties/x/exclusiveMinimum: must be a number",
    ],
    [
      "a length that is none",
      x({ minLength: -1 }),
      "/properties/x/minLength: must be a whole number, at least 0",
    ],
    ["a divisor of nothing", x({ multipleOf: 0 }), "/properties/x/multipleOf: must be a number above 0"],
    ["no alternatives", x({ anyOf: [] }), "/properties/x/anyOf: must be an array of schemas"],
    ["an enumeration that is none", x({ enum: "a" }), "/properties/x/enum: must be an array"],
    [
      "the dependencies of an old draft",
      object({ dependencies: { a: ["b"] } }),
      "/dependencies: is not supported; use dependentRequired or dependentSchemas",
    ],
    [
      "names that depend on a text",
      object({ dependentRequired: { a: "b" } }),
      "/dependentRequired/a: must be an array of strings",
    ],
    [
      "a pattern that does not compile",
      x({ pattern: "(" }),
      "/properties/x/pattern: Invalid regular expression: /(/u: Unterminated group",
    ],
    [
      "a pattern for keys that does not compile",
      object({ patternProperties: { "\\-": {} } }),
      "/patternProperties: Invalid regular expression: /\\-/u: Invalid escape",
    ],
    [
      "a format that is a trap",
      x({ format: "__proto__" }),
      '/properties/x/format: there is no format "__proto__"',
    ],
    [
      "a reference to another host",
      x({ $ref: "https://example.com/a" }),
      '$ref "https://example.com/a" leads to no place in this schema; what is shared goes under $defs',
    ],
    [
      "a reference to nothing",
      x({ $ref: "#/$defs/a" }),
      '$ref "#/$defs/a" leads to no place in this schema; what is shared goes under $defs',
    ],
    [
      "a reference to what is no schema",
      object({ $ref: "#/properties", properties: {} }),
      '$ref "#/properties" leads to no place in this schema; what is shared goes under $defs',
    ],
    [
      "a reference to a trap",
      x({ $ref: "#/constructor" }),
      '$ref "#/constructor" leads to no place in this schema; what is shared goes under $defs',
    ],
    ["an address that is none", x({ $ref: "http://[" }), "references cannot be resolved: Invalid URL"],
    ["a reference to itself", object({ $ref: "#" }), LEADS_BACK],
    [
      "a round of references",
      object({
        allOf: [{ $ref: "#/$defs/a" }],
        $defs: { a: { if: { $ref: "#/$defs/b" } }, b: { dependentSchemas: { x: { $ref: "#/$defs/a" } } } },
      }),
      LEADS_BACK,
    ],
    ["a round that nothing leads to", object({ $defs: { a: { not: { $ref: "#/$defs/a" } } } }), LEADS_BACK],
    [
      "a reference found at runtime",
      x({ $dynamicRef: "#a" }),
      "/properties/x/$dynamicRef: is not supported; use $ref",
    ],
    ["an id further down", x({ $id: "a" }), "/properties/x/$id: is supported at the top only"],
    [
      "text that no column can hold",
      x({ title: "\u0000" }),
      "properties.x.title: must not contain the null character",
    ],
  ])("that is %s", (_case, schema, reason) => {
    expect(checkPayloadSchema(schema)).toBe(reason);
  });

  it("that is too large", () => {
    const sized = (bytes: number) => x({ title: "é".repeat(bytes / 2) });
    expect(checkPayloadSchema(sized(MAX_SCHEMA_BYTES - 200))).toBeNull();
    expect(checkPayloadSchema(sized(MAX_SCHEMA_BYTES))).toBe("is too large: at most 200 KB are allowed");
  });

  it("that is too deep, however deep it is", () => {
    let schema: JsonObject = {};
    for (let depth = 0; depth < 50_000; depth++) schema = { not: schema };
    expect(checkPayloadSchema(schema)).toMatch(/is nested deeper than 100 levels$/);
  });

  it("that has more references in a row than the stack takes", () => {
    const chain = (length: number) =>
      object({
        $ref: "#/$defs/d0",
        $defs: Object.fromEntries(
          Array.from({ length }, (_, at) => [
            `d${at}`,
            at === length - 1 ? {} : { $ref: `#/$defs/d${at + 1}` },
          ]),
        ),
      });
    expect(checkPayloadSchema(chain(100))).toBeNull();
    expect(checkPayloadSchema(chain(5000))).toBe("more than 200 references or combinations in a row");
  });

  it("that has long names above many others", () => {
    const wide = { allOf: Array.from({ length: 20_000 }, () => ({})) };
    expect(checkPayloadSchema(object({ properties: { ["a".repeat(100_000)]: wide } }))).toBe(
      "is too large: its names are too long for all that is below them",
    );
    expect(checkPayloadSchema(object({ properties: { short: wide } }))).toBeNull();
  });

  it("in a reason that is short and whole, whatever it quotes", () => {
    const reason = checkPayloadSchema(x({ $ref: `#${"😀".repeat(2000)}` }));
    expect(reason?.length).toBeLessThan(510);
    expect(reason?.isWellFormed()).toBe(true);
  });

  it("in good time, whatever it refers to", () => {
    const ids = (depth: number): JsonObject =>
      depth === 0 ? {} : { id: `i${depth}`, properties: { x: ids(depth - 1) } };
    const many = {
      $defs: { a: ids(40) },
      anyOf: Array.from({ length: 5000 }, () => ({ $ref: "#/$defs/a" })),
    };
    expect(checkPayloadSchema(many)).toBeNull();
  });
});
