import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Condition, evaluateConditions, evaluateEventConditions } from "./conditions.ts";
import type { Json } from "../json.ts";
import { condition, group, holds, leaf, scopeOf } from "../../../test/conditions.ts";

describe("laws", () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
  const literal = json.map((value) => JSON.stringify(value));
  const bare = fc.oneof(
    literal,
    fc.string(),
    fc.constantFrom("now", "now+1d", "$recipient.x", "data.x", ".x", "x", "$message.seen"),
  );
  const left = fc.option(json, { nil: undefined });
  const both = (a: Json | undefined, value: string, op: string, other: string) => [
    holds(a, op, value),
    holds(a, other, value),
  ];

  it.each([
    ["==", "!="],
    ["EMPTY", "NON_EMPTY"],
  ])("%s and %s are complements, whatever the sides are", (op, other) => {
    fc.assert(
      fc.property(left, bare, (a, value) => {
        const [one, two] = both(a, value, op, other);
        expect(one).toBe(!two);
      }),
    );
  });

  it.each([
    ["CONTAINS", "NOT_CONTAINS"],
    ["ARRAY_INTERSECTS", "NOT_ARRAY_INTERSECTS"],
    [">", "<="],
    ["<", ">="],
    ["DATETIME_LT", "DATETIME_GT"],
    ["DATETIME_LT", "DATETIME_EQUALS"],
  ])("%s and %s never both hold", (op, other) => {
    fc.assert(
      fc.property(left, bare, (a, value) => {
        expect(both(a, value, op, other)).not.toEqual([true, true]);
      }),
    );
  });

  it("a value equals, contains and intersects itself", () => {
    fc.assert(
      fc.property(json, fc.array(json), (value, others) => {
        const text = JSON.stringify(value);
        expect(holds(JSON.parse(text) as Json, "==", text)).toBe(true);
        expect(holds([...others, value], "CONTAINS", text)).toBe(true);
        expect(holds([...others, value], "ARRAY_INTERSECTS", `[${text}]`)).toBe(true);
      }),
    );
  });

  it("an array intersects another exactly when it contains one of its items", () => {
    const small = fc.array(
      fc.constantFrom<Json[]>(1, "1", null, true, [], {}, { a: 1, b: 2 }, { b: 2, a: 1 }, [1], "[1]"),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(small, small, (a, b) => {
        const contained = b.some((item) => holds(a, "CONTAINS", JSON.stringify(item)));
        expect(holds(a, "ARRAY_INTERSECTS", JSON.stringify(b))).toBe(contained);
      }),
    );
  });

  it("numbers are in exactly one order", () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const found = ["<", "==", ">"].filter((op) => holds(a, op, JSON.stringify(b)));
        expect(found).toHaveLength(1);
      }),
    );
  });

  it("a group of one, an OR of AND and an AND of OR all mean the leaf itself", () => {
    fc.assert(
      fc.property(
        left,
        bare,
        fc.constantFrom("==", ">", "CONTAINS", "NOT_CONTAINS", "EMPTY"),
        (a, value, op) => {
          const one = leaf("x", op, value);
          const scope = scopeOf(a === undefined ? {} : { x: a });
          const results = [
            group("AND", one),
            group("OR", one),
            group("OR", group("AND", one)),
            group("AND", group("OR", one)),
          ].map((expression) => evaluateConditions([condition(expression)], scope).result);
          expect(new Set(results).size).toBe(1);
        },
      ),
    );
  });

  it("nothing that is stored or sent makes evaluation throw", () => {
    const keys = fc.constantFrom(
      "type",
      "expression_v1",
      "op",
      "args",
      "variable",
      "variable_ns",
      "value",
      "ref",
    );
    const words = fc.constantFrom<Json[]>(
      "expression_v1",
      "AND",
      "OR",
      "==",
      "IS",
      "IS_NOT",
      "$ref",
      "CONTAINS",
      "DATETIME_LT",
      "toString",
      "__proto__",
    );
    const { stored } = fc.letrec<{ stored: Json }>((tie) => ({
      stored: fc.oneof(
        { maxDepth: 5 },
        words,
        json,
        fc.array(tie("stored"), { maxLength: 3 }),
        fc.dictionary(keys, tie("stored"), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(stored, json, (conditions, payload) => {
        const scope = { ...scopeOf(payload), messageStatus: () => null };
        const list = (Array.isArray(conditions) ? conditions : [conditions]) as unknown as Condition[];
        expect(evaluateConditions(list, scope).result).toBeTypeOf("boolean");
        expect(evaluateConditions(conditions as unknown as Condition[], scope).result).toBeTypeOf("boolean");
        expect(evaluateEventConditions(list, scope).result).toBeTypeOf("boolean");
        const wrapped = {
          type: "expression_v1",
          expression_v1: { op: "AND", args: list },
        } as unknown as Condition;
        expect(evaluateConditions([wrapped], scope).result).toBeTypeOf("boolean");
      }),
      { numRuns: 1000 },
    );
  });

  it("two arrays of a hundred thousand items meet in one pass", () => {
    const many = (text: string) => Array.from({ length: 100_000 }, (_, index) => `${text}${index}`);
    const started = performance.now();
    expect(holds(many("a"), "ARRAY_INTERSECTS", "other", { other: many("b") })).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
