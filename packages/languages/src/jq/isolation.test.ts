import { existsSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { createJqEngine, JqError } from "./node.ts";

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

it(
  "what failed, died or was too large leaves nothing behind, two thousand times over",
  { timeout: 60_000 },
  () => {
    const light = [".a |= . + 1 | .a", "def f: error; f"];
    const heavy = [
      "[] | .[100000000] = 1",
      "nosuchfunction",
      '"aaaaaaaaaaaaaaaaaaaa" as $s | [limit(60000; repeat($s))]',
      "def f: 1 + f; f",
    ];
    const run = (turns: number) => {
      const own = createJqEngine();
      for (let turn = 0; turn < turns; turn++) {
        const program = turn % 25 === 0 ? heavy[(turn / 25) % heavy.length] : light[turn % light.length];
        try {
          own.evaluate(program ?? "", { a: turn });
        } catch (error) {
          expect(error).toBeInstanceOf(JqError);
        }
        if (turn % 25 === 0) expect(own.evaluate(".a |= . + 1 | .a", { a: turn })).toBe(turn + 1);
      }
    };
    const listeners = process.eventNames().map((name) => process.listenerCount(name));
    run(100);
    const files = openFiles();
    const before = process.memoryUsage().rss;
    run(2000);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    expect(openFiles()).toBeLessThanOrEqual(files);
    expect(process.eventNames().map((name) => process.listenerCount(name))).toEqual(listeners);
    expect(process.exitCode).toBeUndefined();
  },
);

/** Counts open files where the system lists them; gives 0 elsewhere. */
function openFiles(): number {
  return existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0;
}
