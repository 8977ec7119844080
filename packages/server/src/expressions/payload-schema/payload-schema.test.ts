import { Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../core/json.ts";
import { createPayloadChecker } from "./payload-schema.ts";

/** One check of one payload, without caching. */
function validatePayload(schema: JsonObject, data: Json): string[] {
  return createPayloadChecker({ clock: () => 0 }).compile(schema)(data);
}

const object = (schema: JsonObject): JsonObject => ({ type: "object", ...schema });
const x = (schema: Json): JsonObject => object({ properties: { x: schema } });
const parse = (text: string) => JSON.parse(text) as JsonObject;

describe("the wording of the wire", () => {
  it.each<[string, JsonObject, Json, string[]]>([
    ["a property that is missing", { required: ["a"] }, {}, ["(root): missing required property 'a'"]],
    ["one below", x(object({ required: ["a"] })), { x: {} }, ["x: missing required property 'a'"]],
    [
      "one too many",
      object({ properties: { a: {} }, additionalProperties: false }),
      { a: 1, b: 2 },
      ["(root): property 'b' is not allowed by the schema."],
    ],
    [
      "one that is forbidden by name",
      x(false),
      { x: 1 },
      ["(root): property 'x' is not allowed by the schema."],
    ],
    [
      "one that nothing has looked at",
      object({ allOf: [{ properties: { a: {} } }], unevaluatedProperties: false }),
      { a: 1, b: 2 },
      ["(root): property 'b' is not allowed by the schema."],
    ],
    [
      "an item too many",
      x({ prefixItems: [{}], items: false }),
      { x: [1, 2] },
      ["x: item '1' is not allowed by the schema."],
    ],
    ["a type", x({ type: "string" }), { x: 1 }, ['x: Instance type "number" is invalid. Expected "string".']],
    [
      "one of several types",
      x({ type: ["string", "null"] }),
      { x: 1 },
      ['x: Instance type "number" is invalid. Expected "string", "null".'],
    ],
    [
      "a payload that is no object",
      object({}),
      [1],
      ['(root): Instance type "array" is invalid. Expected "object".'],
    ],
    ["a short text", x({ type: "string", minLength: 4 }), { x: "" }, ["x: String is too short (0 < 4)."]],
    ["a short text, by characters", x({ minLength: 2 }), { x: "😀" }, ["x: String is too short (1 < 2)."]],
    ["a format", x({ format: "date" }), { x: "2026-02-30" }, ['x: String does not match format "date".']],
    ["a pattern", x({ pattern: "^a$" }), { x: "b" }, ["x: String does not match pattern."]],
    [
      "too many properties",
      { maxProperties: 1 },
      { a: 1, b: 1 },
      ["(root): Instance does not have at most 1 properties."],
    ],
    [
      "a place in a list",
      x({ items: object({ properties: { sku: { type: "string" } } }) }),
      { x: [{ sku: "a" }, { sku: 1 }] },
      ['x/1/sku: Instance type "number" is invalid. Expected "string".'],
    ],
    [
      "a place in an object",
      object({ properties: { driver: object({ properties: { driverId: { type: "string" } } }) } }),
      { driver: { driverId: 7 } },
      ['driver/driverId: Instance type "number" is invalid. Expected "string".'],
    ],
    [
      "a place behind a reference",
      { $ref: "#/$defs/order", $defs: { order: x({ type: "integer" }) } },
      { x: 1.5 },
      ['x: Instance type "number" is invalid. Expected "integer".'],
    ],
    [
      "every alternative",
      x({ anyOf: [{ type: "string" }, { type: "null" }] }),
      { x: 1 },
      [
        'x: Instance type "number" is invalid. Expected "string".',
        'x: Instance type "number" is invalid. Expected "null".',
      ],
    ],
    [
      "alternatives that fit both, without those that do not",
      x({ oneOf: [{ type: "number" }, { minimum: 0 }, { type: "string" }] }),
      { x: 1 },
      ["x: Instance does not match exactly one subschema (2 matches)."],
    ],
    [
      "a list without the item it needs, not each item",
      x({ contains: { properties: { ok: false }, required: ["id"] } }),
      { x: [{}, { ok: 1 }] },
      ["x: Array does not contain item matching schema."],
    ],
    [
      "a list with too few of the items it needs",
      object({ required: ["y"], properties: { x: { contains: { type: "string" }, minContains: 2 } } }),
      { x: [1, "a"] },
      [
        "(root): missing required property 'y'",
        "x: Array must contain at least 2 items matching schema. Only 1 items were found.",
      ],
    ],
    [
      "what a condition asks for",
      object({ if: { required: ["z"] }, else: { required: ["b"] } }),
      { a: 1 },
      ["(root): missing required property 'b'"],
    ],
    [
      "what another property asks for",
      object({ dependentRequired: { a: ["b"] }, dependentSchemas: { c: { required: ["d"] } } }),
      { a: 1, c: 1 },
      ['(root): Instance has "a" but does not have "b".', "(root): missing required property 'd'"],
    ],
    [
      "the same thing only once",
      object({ allOf: [{ required: ["a"] }, { required: ["a"] }] }),
      {},
      ["(root): missing required property 'a'"],
    ],
  ])("names %s", (_case, schema, data, errors) => {
    expect(validatePayload(schema, data)).toStrictEqual(errors);
  });

  it("prints keys as they are, whatever is in them", () => {
    const key = 'a b/c~d%20"é#.😀';
    const schema = object({ additionalProperties: { type: "string" }, required: [`no${key}`] });
    expect(validatePayload(schema, { [key]: 1 })).toStrictEqual([
      `(root): missing required property 'no${key}'`,
      `${key}: Instance type "number" is invalid. Expected "string".`,
    ]);
  });

  it("shortens what somebody made long, without breaking a character", () => {
    const [error = ""] = validatePayload(x({ enum: ["😀".repeat(5000)] }), { x: 1 });
    expect(error.length).toBeLessThan(510);
    expect(error.isWellFormed()).toBe(true);
  });
});

describe("what fits", () => {
  it.each<[string, JsonObject, Json]>([
    ["an empty schema's payload", object({}), { anything: [1, { a: null }] }],
    ["integers that are written with a fraction", x({ type: "integer" }), { x: 2.0 }],
    ["a format that nobody knows", x({ type: "string", format: "currency" }), { x: "?" }],
    [
      "keywords that have no effect",
      x({ default: 1, example: { $ref: "http://x", id: "y" }, type: "string" }),
      { x: "a" },
    ],
    ["decimals that are multiples", x({ multipleOf: 0.01 }), { x: 19.99 }],
  ])("passes %s", (_case, schema, data) => {
    expect(validatePayload(schema, data)).toStrictEqual([]);
  });

  it("does not look at what belongs to the wire", () => {
    const schema = object({
      additionalProperties: false,
      properties: { inner: { additionalProperties: false } },
    });
    const wire = { $attachments: [{ url: "https://x" }], $ss_sdk_version: "1" };
    expect(validatePayload(schema, { ...wire, inner: {} })).toStrictEqual([]);
    expect(validatePayload(schema, { inner: { $attachments: [] } })).toStrictEqual([
      "inner: property '$attachments' is not allowed by the schema.",
    ]);
  });

  it("treats keys that are traps of the language as keys", () => {
    const strict = parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"}},"additionalProperties":false}',
    );
    expect(validatePayload(strict, parse('{"__proto__":"a"}'))).toStrictEqual([]);
    expect(validatePayload(strict, parse('{"__proto__":1,"constructor":1}'))).toStrictEqual([
      '__proto__: Instance type "number" is invalid. Expected "string".',
      "(root): property 'constructor' is not allowed by the schema.",
    ]);
    const needs = object({ required: ["toString", "__proto__"] });
    expect(validatePayload(needs, {})).toHaveLength(2);
    expect(validatePayload(needs, parse('{"toString":1,"__proto__":1}'))).toStrictEqual([]);
  });

  it("leaves schema and payload as they were", () => {
    const schema = x({ $ref: "#/properties/y" });
    const data = { x: 1, $attachments: [] };
    validatePayload(
      Object.freeze(object({ properties: { y: {}, ...(schema.properties as JsonObject) } })),
      data,
    );
    expect(Object.getOwnPropertyNames(schema.properties)).toStrictEqual(["x"]);
    expect(data).toStrictEqual({ x: 1, $attachments: [] });
  });
});

describe("a hostile schema or payload", () => {
  const TOO_LONG = ["(root): takes longer than 50 ms to be checked against the schema"];
  const compile = (schema: JsonObject, clock = () => 0) =>
    createPayloadChecker({ clock, max_ms: 50 }).compile(schema);
  const doubling: JsonObject = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => {
      const next = { $ref: `#/$defs/d${index + 1}` };
      return [`d${index}`, { allOf: [next, next] }];
    }),
  );

  it.each<[string, JsonObject, Json]>([
    ["a pattern that backtracks", x({ pattern: "^(a+)+$" }), { x: `${"a".repeat(60)}!` }],
    ["a pattern for keys", object({ patternProperties: { "^(a+)+$": {} } }), { [`${"a".repeat(60)}!`]: 1 }],
    ["a format's own pattern", x({ format: "url" }), { x: `http://${"a".repeat(60)}_` }],
    ["references that multiply", { $ref: "#/$defs/d0", $defs: { ...doubling, d60: {} } }, {}],
    [
      "a comparison of all with all",
      x({ uniqueItems: true }),
      { x: Array.from({ length: 60_000 }, (_, at) => at) },
    ],
    [
      "a plain schema with all of a large payload to do",
      x({ items: { enum: Array.from({ length: 20_000 }, (_, at) => at) } }),
      { x: Array.from({ length: 100_000 }, () => -1) },
    ],
  ])("is out of time with %s", (_case, schema, data) => {
    expect(compile(schema)(data)).toStrictEqual(TOO_LONG);
  });

  it("pauses a schema that ran out of time, for a second", () => {
    let now = 0;
    const check = compile(x({ pattern: "^(a+)+$" }), () => now);
    expect(check({ x: "aa" })).toStrictEqual([]);
    check({ x: `${"a".repeat(60)}!` });
    expect(check({ x: "aa" })).toStrictEqual(TOO_LONG);
    now = 1000;
    expect(check({ x: "aa" })).toStrictEqual([]);
  });

  it("refuses a schema that ran out of time three times in a minute for a minute, and says so", () => {
    let now = 0;
    const check = compile(x({ pattern: "^(a+)+$" }), () => now);
    const bomb = { x: `${"a".repeat(60)}!` };
    for (now of [0, 2000, 4000]) expect(check(bomb)).toStrictEqual(TOO_LONG);
    const refused = [
      "(root): the schema took longer than 50 ms for 3 payloads within a minute; it is refused for a minute",
    ];
    expect(check(bomb)).toStrictEqual(refused);
    now = 63_999;
    expect(check({ x: "aa" })).toStrictEqual(refused);
    now = 64_000;
    expect(check({ x: "aa" })).toStrictEqual([]);
    expect(check(bomb)).toStrictEqual(TOO_LONG);
    now = 65_000;
    expect(check({ x: "aa" })).toStrictEqual([]);
  });

  it("has no schema refused whose overruns lie apart, nor a neighbour of the one that is", () => {
    let now = 0;
    const checker = createPayloadChecker({ clock: () => now, max_ms: 50 });
    const check = checker.compile(x({ pattern: "^(a+)+$" }));
    for (now of [0, 30_000, 60_000, 90_000])
      expect(check({ x: `${"a".repeat(60)}!` })).toStrictEqual(TOO_LONG);
    now = 91_000;
    expect(check({ x: "aa" })).toStrictEqual([]);
    expect(checker.compile(x({ pattern: "^(a+)+$" }))({ x: "aa" })).toStrictEqual([]);
  });

  it("reports what it can of hundreds of thousands of errors", () => {
    const check = createPayloadChecker({ clock: () => 0, max_ms: 5000 }).compile(
      x({ items: { type: "string" } }),
    );
    expect(check({ x: Array.from({ length: 200_000 }, () => 1) })).toStrictEqual([
      'x/0: Instance type "number" is invalid. Expected "string".',
    ]);
  });

  it("reports in time what is wrong below a key of half the payload", () => {
    const long = `é/${"a".repeat(400_000)}`;
    const data = { [long]: Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`k${at}`, 1])) };
    const errors = validatePayload(object({ additionalProperties: { additionalProperties: false } }), data);
    expect(errors).toStrictEqual([`%C3%A9~1${"a".repeat(492)}…`]);
  });

  it("reports at most a hundred errors", () => {
    const data = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`k${at}`, 1]));
    expect(validatePayload(object({ additionalProperties: false }), data)).toHaveLength(100);
  });

  it("refuses what is deeper than the stack", () => {
    let data: Json = {};
    for (let depth = 0; depth < 20_000; depth++) data = { x: data };
    const check = createPayloadChecker({ clock: () => 0, max_ms: 5000 }).compile(x({ $ref: "#" }));
    expect(check(data)).toStrictEqual(["(root): is too large or nested too deeply to be checked"]);
  });
});

it("agrees with the package about what fits, with and without a guard", () => {
  const leaf = fc.constantFrom<Json>(
    { type: "string" },
    { type: ["integer", "null"] },
    { minLength: 2 },
    { minimum: 1 },
    { enum: ["a", 1, null] },
    { const: { a: 1 } },
    true,
    false,
  );
  const { schema } = fc.letrec<{ schema: Json }>((tie) => ({
    schema: fc.oneof(
      { depthSize: "small" },
      leaf,
      fc.record(
        {
          properties: fc.dictionary(fc.constantFrom("a", "b", "__proto__"), tie("schema")),
          required: fc.subarray(["a", "b"]),
          additionalProperties: tie("schema"),
        },
        { requiredKeys: [] },
      ) as fc.Arbitrary<Json>,
      fc.record(
        { items: tie("schema"), contains: tie("schema") },
        { requiredKeys: [] },
      ) as fc.Arbitrary<Json>,
      fc
        .tuple(
          fc.constantFrom("allOf", "anyOf", "oneOf"),
          fc.array(tie("schema"), { minLength: 1, maxLength: 3 }),
        )
        .map(([key, members]) => ({ [key]: members })),
      tie("schema").map((not) => ({ not })),
    ),
  }));
  const value = fc.jsonValue({ depthSize: "small" }).map((json) => json as Json);
  const payload = fc
    .dictionary(fc.constantFrom("a", "b", "c", "__proto__"), value)
    .map((json) => json as JsonObject);
  const checker = createPayloadChecker({ clock: () => 0, max_ms: 5000 });
  fc.assert(
    fc.property(schema, payload, (inner, data) => {
      const plain = object({ allOf: [inner] });
      const guarded = object({ allOf: [inner], patternProperties: {} });
      const copy = JSON.parse(JSON.stringify(plain)) as JsonObject;
      const { valid } = new Validator(copy, "2020-12", false).validate(data);
      const errors = checker.compile(plain)(data);
      expect(errors.length === 0).toBe(valid);
      expect(checker.compile(guarded)(data)).toStrictEqual(errors);
      for (const error of errors) expect(error).not.toMatch(/subschema had errors|does not match schema\.$/);
    }),
  );
});
