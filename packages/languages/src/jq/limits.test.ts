import { describe, expect, it } from "vitest";
import { createJqEngine, JqOverrunError } from "./node.ts";
import type { JsonObject } from "../json.ts";

const engine = createJqEngine();

const input: JsonObject = {
  text: "aB< '\n".repeat(50_000),
  base64: "QUJD".repeat(75_000),
  list: Array.from({ length: 20_000 }, () => false),
  objects: Array.from({ length: 20_000 }, (_, at) => ({ at })),
  map: Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`k${at}`, at])),
};

/** A thousand rounds take some thousand steps, unless each pays for what it goes over. */
function rounds(of: string, work: string): string {
  return `.${of} as $v | [range(1000) | ($v | ${work})] | length`;
}

describe("an expression pays for all that it goes over", () => {
  it.each([
    ["text", "length"],
    ["text", "utf8bytelength"],
    ["text", 'startswith("y")'],
    ["text", 'endswith("y")'],
    ["text", 'ltrimstr("y")'],
    ["text", 'rtrimstr("y")'],
    ["text", 'contains("y")'],
    ["text", '[.] | inside(["y"])'],
    ["text", 'indices("y")'],
    ["text", 'index("y")'],
    ["text", 'split("y")'],
    ["text", '. / "y"'],
    ["text", ". < ."],
    ["text", '. < "b"'],
    ["text", '(. + "x") == (. + "y")'],
    ["text", ".[1:2]"],
    ["text", "trim"],
    ["text", "ascii_downcase"],
    ["text", "ascii_upcase"],
    ["text", "reverse"],
    ["text", "tojson"],
    ["text", "try tonumber catch 1"],
    ["text", "@json"],
    ["text", "@html"],
    ["text", "@uri"],
    ["text", "@sh"],
    ["text", "[.] | @csv"],
    ["text", "[.] | @tsv"],
    ["text", "@base64"],
    ["text", "@base32"],
    ["base64", "@base64d"],
    ["text", ". as $key | {} | has($key)"],
    ["text", ". as $key | {} | .[$key]"],
    ["text", ". as $key | {($key): 1}"],
    ["text", ". as $key | [] | .[$key]?"],
    ["text", "[{key: ., value: 1}] | from_entries"],
    ["list", "any"],
    ["list", "map(true) | all"],
    ["list", ". - []"],
    ["list", ". + [1]"],
    ["list", ".[1:]"],
    ["list", "reverse"],
    ["list", "flatten"],
    ["list", "keys"],
    ["list", "index(true)"],
    ["list", "contains([true])"],
    ["list", "tojson"],
    ["list", "min"],
    ["list", "sort"],
    ["list", "to_entries"],
    ["objects", "try @csv catch 1"],
    ["objects", "try @sh catch 1"],
    ["map", "length"],
    ["map", "keys"],
    ["map", "keys_unsorted"],
    ["map", "any"],
    ["map", "first(.[])"],
    ["map", ". + {a: 1}"],
    ["map", ". * {a: 1}"],
    ["map", ". == ."],
    ["map", "to_entries"],
    ["map", "tojson"],
  ])("%s: %s", (of, work) => {
    const expression = rounds(of, work);
    expect(engine.isBounded(expression)).toBe(true);
    expect(() => engine.evaluate(expression, input)).toThrow("takes too many steps");
  });

  it.each<[name: string, work: string]>([
    ["pipes", ".|".repeat(90) + "."],
    ["signs", `${"-".repeat(90)}.`],
    ["alternatives", `${"null//".repeat(90)}.`],
    ["conditions", `.${" | if . then . else . end".repeat(90)}`],
    ["values of none", `(${"empty,".repeat(90)}1)`],
    ["variables", `${"1 as $a|".repeat(90)}.`],
    ["texts in texts", `"${"\\(1)".repeat(2500)}"`],
    ["functions", `${"not|".repeat(90)}.`],
  ])("also where it only makes it long: %s", (_name, work) => {
    const expression = `[range(40000) | (${work})] | length`;
    expect(engine.isBounded(expression)).toBe(true);
    expect(() => engine.evaluate(expression, {})).toThrow("takes too many steps");
  });

  it("also for errors that are caught", () => {
    for (const failing of ['(error("x"))?', 'try error("x") catch .', ".a?", "(1 / 0)?"]) {
      const expression = `[range(50000) | ${failing}] | length`;
      expect(() => engine.evaluate(expression, {})).toThrow("takes too many steps");
    }
  });
});

describe("work that used to grow with the square", () => {
  it.each([
    ["looking for a long text", "indices($p)", null],
    ["containing one", "contains($p)", false],
    ["splitting at one", "split($p) | length", 1],
  ])("is in proportion: %s", (_name, work, value) => {
    const expression = `("a" * 900000) as $t | ("a" * 200000 + "b" + "a" * 200000) as $p | $t | ${work}`;
    // With JavaScript's own search this takes minutes: the test would time out.
    expect(engine.evaluate(expression, {}) ?? null).toStrictEqual(value ?? []);
  });

  it("is in proportion: lists in lists, flattened or written", () => {
    const deep = "reduce range(500) as $i ([range(5000)]; [., 0])";
    expect(engine.evaluate(`${deep} | flatten | length`, {})).toBe(5500);
    expect(engine.evaluate(`${deep} | tojson | length`, {})).toBe(25_891);
  });

  it("ends as an overrun: long keys, which JavaScript compares one by one", () => {
    const keys = '("x" * 20000) as $s | [range(1000) as $i | {} | has($s + ($i | tostring))] | length';
    const made = '("x" * 20000) as $s | [range(1000) | {($s + tostring): 1}] | add | length';
    expect(() => engine.evaluate(keys, {})).toThrow(JqOverrunError);
    expect(() => engine.evaluate(made, {})).toThrow(JqOverrunError);
  });

  it("leaves what is in common use far below the limit", () => {
    const items = Array.from({ length: 1000 }, (_, n) => ({ n, name: `item ${n}`, price: n * 3.5 }));
    const expression =
      '.items | map(select(.price > 10) | {key: .name, value: "\\(.price) €"}) | from_entries | to_entries | sort_by(.key) | map("\\(.key): \\(.value)") | join(", ") | ascii_upcase | length';
    expect(engine.evaluate(expression, { items })).toBeGreaterThan(10_000);
  });
});
