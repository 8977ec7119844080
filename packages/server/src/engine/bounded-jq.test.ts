import { describe, expect, it } from "vitest";
import { createJqEngine, type JqEngine, JqError } from "../core/jq.ts";
import { boundJq } from "./bounded-jq.ts";

const MINUTE_MS = 60_000;

/** An engine that counts what it is asked. */
function counting(): { jq: JqEngine; asked: () => number } {
  const inner = createJqEngine();
  let asked = 0;
  return {
    asked: () => asked,
    jq: {
      evaluate(expression, input) {
        asked++;
        return inner.evaluate(expression, input);
      },
    },
  };
}

describe("an expression", () => {
  it("gives what it gives without a limit", () => {
    const jq = boundJq(createJqEngine());
    expect(jq.evaluate(".a + 1", { a: 1 })).toBe(2);
    expect(jq.evaluate("empty", {})).toBeUndefined();
    expect(() => jq.evaluate("(", {})).toThrow(JqError);
    expect(() => jq.evaluate("def f: f; f", {})).toThrow(JqError);
  });

  it.each([
    ["until(false; .)"],
    ["first(while(true; .) | select(false))"],
    ["[range(0; 1; 0)]"],
    ["[range(3000)] | [combinations(5)]"],
    ['"abc" | gsub(""; "a")'],
    ['("a" * 40 + "!") | test("^(a+)+$")'],
  ])("that does not end is ended: %s", (expression) => {
    const jq = boundJq(createJqEngine(), { max_ms: 50 });
    const begun = performance.now();
    expect(() => jq.evaluate(expression, {})).toThrow("takes longer than 50 ms");
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(jq.evaluate("1", {})).toBe(1);
  });

  it.each([
    ["[range(20000)]", "larger than 1000 characters"],
    ['"ab" * 1000', "larger than 1000 characters"],
    ['[range(300) | {"key": .}]', "larger than 1000 characters"],
    ["reduce range(200) as $i (1; [.])", "nested deeper than 100 levels"],
    ["[0] | implode", "null character"],
    ['{"a": ([55296] | implode)}', "half of a surrogate pair"],
  ])("gives nothing that could not be stored: %s", (expression, reason) => {
    const jq = boundJq(createJqEngine(), { max_output: 1000 });
    expect(() => jq.evaluate(expression, {})).toThrow(reason);
  });

  it("that ran out of time is not tried again for a minute", () => {
    const { jq: inner, asked } = counting();
    let now = 0;
    const jq = boundJq(inner, { max_ms: 20, clock: () => now });
    expect(() => jq.evaluate("until(false; .)", {})).toThrow(JqError);
    const once = asked();
    now = MINUTE_MS - 1;
    expect(() => jq.evaluate("until(false; .)", {})).toThrow("takes longer than 20 ms");
    expect(asked()).toBe(once);
    now = MINUTE_MS;
    expect(() => jq.evaluate("until(false; .)", {})).toThrow(JqError);
    expect(asked()).toBeGreaterThan(once);
  });
});
