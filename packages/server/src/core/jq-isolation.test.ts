import { expect, it } from "vitest";
import { createJqEngine, JqError } from "./jq.ts";

const engine = createJqEngine();

it("a definition is known to its own expression alone", () => {
  expect(engine.evaluate("def length: 42; [1, 2, 3] | length", {})).toBe(42);
  expect(engine.evaluate("[1, 2, 3] | length", {})).toBe(3);
  expect(engine.evaluate("def length: 42; [1, 2, 3] | length", {})).toBe(42);
  expect(() => engine.evaluate("def mine: 1; (", {})).toThrow(JqError);
  expect(() => engine.evaluate("mine", {})).toThrow(JqError);
  expect(engine.evaluate("[1, 2, 3] | map(. + 1) | length", {})).toBe(3);
});

it.each([
  '.["__proto__"].polluted = true',
  '{} | .["__proto__"].polluted = true',
  '[] | .["__proto__"].polluted = true',
  'setpath(["__proto__", "polluted"]; true)',
  '.["constructor"]["prototype"].polluted = true',
  '.["__proto__"].hasOwnProperty = 1',
])("writes nothing that others see: %s", (expression) => {
  try {
    engine.evaluate(expression, { a: 1 });
  } catch (error) {
    expect(error).toBeInstanceOf(JqError);
  }
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(engine.evaluate("{} | .polluted", {})).toBeNull();
  expect(engine.evaluate('{"a": 1} | has("a")', {})).toBe(true);
});

it.each([".constructor", '.["toString"]', '"constructor" as $key | .[$key]'])(
  "reads nothing but data: %s",
  (expression) => {
    expect(engine.evaluate(expression, { a: 1 }) ?? null).toBeNull();
  },
);
