import { describe, expect, it } from "vitest";
import { createJqEngine, JqError } from "@carillon/languages/jq";
import { boundJq } from "./bounded-jq.ts";

describe("an expression", () => {
  it("gives what it gives without a limit", () => {
    const jq = boundJq(createJqEngine());
    expect(jq.evaluate(".a + 1", { a: 1 })).toBe(2);
    expect(jq.evaluate("empty", {})).toBeUndefined();
    expect(() => jq.evaluate("(", {})).toThrow(JqError);
    expect(() => jq.evaluate("def f: f; f", {})).toThrow(JqError);
  });

  it.each([
    "until(false; .)",
    "first(while(true; .) | select(false))",
    "[range(3000)] | [combinations(5)]",
    '("a" * 40 + "!") | test("^(a+)+$")',
    "def f: f; f",
    "reduce range(1e9) as $i (0; .)",
  ])("that does not end is ended: %s", (expression) => {
    const jq = boundJq(createJqEngine(), { max_ms: 250 });
    expect(() => jq.evaluate(expression, {})).toThrow("takes longer than 250 ms");
    expect(jq.evaluate("1", {})).toBe(1);
    expect(jq.evaluate(".a |= 2 | .a", {})).toBe(2);
  });

  it.each([
    ["range(1000000000) | select(false)", "takes too many steps"],
    ["[] | .[100000000] = 1", "needs more memory than it may have"],
    ["[range(0; 300000; 1)]", "gives a value larger than 1048576 characters"],
  ])("that takes too much of anything else is ended too: %s", (expression, reason) => {
    const jq = boundJq(createJqEngine(), { max_ms: 2000 });
    expect(() => jq.evaluate(expression, {})).toThrow(reason);
    expect(jq.evaluate(".a |= 2 | .a", {})).toBe(2);
  });

  it("is ended as often as it takes, and what it held is given back", { timeout: 30_000 }, () => {
    const jq = boundJq(createJqEngine(), { max_ms: 5 });
    const before = process.memoryUsage().rss;
    for (let turn = 0; turn < 100; turn++) {
      expect(() => jq.evaluate(`[limit(${turn + 1e6}; repeat([.]))] | until(false; .)`, {})).toThrow(JqError);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  });

  it.each([
    ["[range(20000)]", "larger than 1000 characters"],
    ['"ab" * 1000', "larger than 1000 characters"],
    ['[range(300) | {"key": .}]', "larger than 1000 characters"],
    ["reduce range(200) as $i (1; [.])", "nested deeper than 100 levels"],
    ["[0] | implode", "null character"],
    ['"\\u0000"', "null character"],
  ])("gives nothing that could not be stored: %s", (expression, reason) => {
    const jq = boundJq(createJqEngine(), { max_output: 1000 });
    expect(() => jq.evaluate(expression, {})).toThrow(reason);
    expect(() => jq.evaluateAll(expression, {})).toThrow(reason);
  });

  it("gives all of its values, within the same limits", () => {
    const jq = boundJq(createJqEngine(), { max_output: 1000 });
    expect(jq.evaluateAll(".[]", { a: 1, b: 2 })).toEqual([1, 2]);
    expect(jq.evaluateAll(".[] |= . + 1 | .[]", { a: 1, b: 2 })).toEqual([2, 3]);
    expect(jq.evaluateAll("repeat(1)", {}, 3)).toEqual([1, 1, 1]);
    expect(() => jq.evaluateAll('range(900) | "ab"', {})).toThrow("larger than 1000 characters");
  });

  it("is checked without being run", () => {
    const jq = boundJq(createJqEngine(), { max_ms: 2000 });
    expect(jq.check("until(false; .)")).toBeNull();
    expect(jq.check("nosuchfunction")).toBe("nosuchfunction/0 is not defined");
    expect(jq.check("(")).toContain("syntax error");
  });

  it("that counts its own steps pays for no time limit", () => {
    const inner = createJqEngine();
    const jq = boundJq({
      ...inner,
      // Inside a time limit the bottom of the stack belongs to another realm.
      evaluate: () => new Error("where").stack?.includes("evalmachine") ?? true,
    });
    expect(jq.evaluate('.a.b // "x"', {})).toBe(false);
    expect(jq.evaluate("until(true; .)", {})).toBe(true);
  });
});
