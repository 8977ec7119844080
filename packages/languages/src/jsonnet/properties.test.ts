import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../json.ts";
import { createJsonnetEngine, JsonnetError } from "./index.ts";
import { numberText } from "./output/number-text.ts";
import { compareText, sliceText, textLength } from "./text.ts";

const engine = createJsonnetEngine({ time: 20_000 });
const evaluate = (source: string, value: Json) => engine.evaluate(source, { value });

/** Texts that a database takes: no null character, no half of a pair. */
const text = fc
  .string({ unit: "binary", maxLength: 12 })
  .filter((value) => value.isWellFormed() && !value.includes("\u0000"));
const name = fc.oneof(text, fc.constantFrom("__proto__", "constructor", "toString", "$", "a b", "", "0"));
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    number,
    text,
    fc.array(tie("value"), { maxLength: 4 }),
    fc
      .array(fc.tuple(name, tie("value")), { maxLength: 4 })
      .map(
        (entries) =>
          JSON.parse(
            `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`,
          ) as Json,
      ),
  ),
})).value;

describe("any JSON", () => {
  it("comes out as it went in", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.stringify(sorted(evaluate("data.value", value)))).toBe(JSON.stringify(sorted(value)));
      }),
    );
  });

  it("is Jsonnet, and means the same", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(evaluate(JSON.stringify(value), null)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("is read back from what each of the JSON manifests writes", () => {
    const manifests = [
      "std.toString([data.value])",
      "std.manifestJson([data.value])",
      "std.manifestJsonMinified([data.value])",
      "std.manifestJsonEx([data.value], ' ')",
    ];
    fc.assert(
      fc.property(json, fc.constantFrom(...manifests), (value, source) => {
        expect(JSON.parse(evaluate(source, value) as string)).toEqual([value]);
        expect(evaluate(`std.parseJson(${source})[0] == data.value`, value)).toBe(true);
      }),
    );
  });

  it("is equal to itself rebuilt, and pruning twice is pruning once", () => {
    const rebuild = `
      local copy(v) = if std.isObject(v) then {[k]: copy(v[k]) for k in std.objectFields(v)}
        else if std.isArray(v) then [copy(x) for x in v] else v;
      [copy(data.value) == data.value, std.prune(std.prune(data.value)) == std.prune(data.value)]`;
    fc.assert(
      fc.property(json, (value) => {
        expect(evaluate(rebuild, value)).toEqual([true, true]);
      }),
    );
  });
});

describe("texts", () => {
  it("have the length, order and parts of their characters", () => {
    fc.assert(
      fc.property(text, text, fc.nat(12), fc.nat(12), (a, b, from, count) => {
        const points = Array.from(a, (char) => char.codePointAt(0) ?? 0);
        const others = Array.from(b, (char) => char.codePointAt(0) ?? 0);
        expect(textLength(a)).toBe(points.length);
        expect(sliceText(a, from, from + count)).toBe(
          Array.from(a)
            .slice(from, from + count)
            .join(""),
        );
        const first = points.findIndex((point, index) => point !== others[index]);
        const order =
          first === -1 ? points.length - others.length : (points[first] ?? 0) - (others[first] ?? -1);
        expect(Math.sign(compareText(a, b))).toBe(Math.sign(order));
      }),
    );
  });

  it("split and joined again are the same", () => {
    const source = "std.join(data.value.by, std.split(data.value.text, data.value.by)) == data.value.text";
    const by = text.filter((value) => value !== "");
    fc.assert(
      fc.property(text, by, (value, separator) => {
        const whole = value + separator + value;
        expect(evaluate(source, { text: whole, by: separator })).toBe(true);
      }),
    );
  });

  it("survive base64 by way of their bytes", () => {
    const source = "std.decodeUTF8(std.base64DecodeBytes(std.base64(std.encodeUTF8(data.value))))";
    fc.assert(
      fc.property(text, (value) => {
        expect(evaluate(source, value)).toBe(value);
      }),
    );
  });
});

describe("numbers", () => {
  it("are read back from their text", () => {
    fc.assert(
      fc.property(number, (value) => {
        expect(Number(numberText(value))).toBe(value);
      }),
    );
  });

  it("do to the operators what they do to JavaScript's", () => {
    const source =
      "local v = data.value; [v[0] + v[1], v[0] - v[1], v[0] * v[1], v[0] < v[1], v[0] == v[1], v[0] & v[1], v[0] | v[1], v[0] ^ v[1]]";
    const small = fc.integer({ min: -1_000_000, max: 1_000_000 });
    fc.assert(
      fc.property(small, small, (a, b) => {
        const wanted = [a + b, a - b, a * b + 0, a < b, a === b, a & b, a | b, a ^ b];
        expect(evaluate(source, [a, b])).toEqual(
          wanted.map((value) => (Object.is(a * b, -0) && value === 0 ? expect.closeTo(0) : value)),
        );
      }),
    );
  });
});

describe("arrays", () => {
  it("are sorted as numbers, and sets of them obey the laws", () => {
    const numbers = fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 12 });
    const source = `
      local a = std.set(data.value[0]), b = std.set(data.value[1]);
      [std.sort(data.value[0]), std.setUnion(a, b) == std.setUnion(b, a),
       std.setUnion(std.setDiff(a, b), std.setInter(a, b)) == a,
       std.all([std.setMember(x, a) == std.member(a, x) for x in std.range(-9, 9)])]`;
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        expect(evaluate(source, [a, b])).toEqual([a.toSorted((x, y) => x - y), true, true, true]);
      }),
    );
  });
});

describe("any text", () => {
  it("as a script gives a value or a JsonnetError, and nothing else", () => {
    const words =
      "local x = 1 ; { } [ ] ( ) self super $ data std .length if then else for in function error assert : :: + - * % == 'a' \"b\" ||| @ 1e3 null , tailstrict {{ }} \n".split(
        " ",
      );
    const source = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.array(fc.constantFrom(...words), { maxLength: 25 }).map((parts) => parts.join(" ")),
    );
    fc.assert(
      fc.property(source, (script) => {
        try {
          expect(JSON.stringify(engine.evaluate(script, { a: 1 }))).toBeTypeOf("string");
        } catch (error) {
          expect(error).toBeInstanceOf(JsonnetError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** With keys in order, which is not part of what JSON means. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, child]) => [key, sorted(child)]);
}
