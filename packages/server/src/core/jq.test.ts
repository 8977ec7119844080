import { describe, expect, it } from "vitest";
import { createJqEngine, JqError } from "./jq.ts";
import type { JsonObject } from "./json.ts";

const engine = createJqEngine();

const input: JsonObject = {
  wait: 5,
  note: "hi",
  items: [{ n: 1 }, { n: 2 }],
  empty: null,
  "first name": "Ann",
  $recipient: { plan: "gold", tags: ["a"] },
  $actor: {},
  $brand: {},
  $tenant: {},
};

describe("a jq expression", () => {
  it.each<[string, unknown]>([
    [".wait", 5],
    [".wait * 2", 10],
    ['.note + "!"', "hi!"],
    [".items | length", 2],
    [".items[1].n", 2],
    ["[.items[].n]", [1, 2]],
    ["[.items[] | select(.n > 1)]", [{ n: 2 }]],
    [".missing", null],
    [".missing.deeper", null],
    [".empty", null],
    ['.["first name"]', "Ann"],
    ['.["$recipient"].plan', "gold"],
    ['."$recipient".plan', "gold"],
    ['."$recipient".tags[0]', "a"],
    ["$recipient.plan", "gold"],
    ["$recipient.tags | length", 1],
    ['."first name"', "Ann"],
    ['.items[0]."n"', 1],
    ['[."wait", "."]', [5, "."]],
    ['"a.\\"b"', 'a."b'],
    ['"\\("." + .note) \\(."first name")"', ".hi Ann"],
    ['.missing // "1h"', "1h"],
    ['."$recipient".wait // .wait', 5],
    ['.empty // .missing // "2h"', "2h"],
    ["false // 3", 3],
    [".wait // 9", 5],
    ["[(1, null, 2) // 3]", [1, 2]],
    ["empty // 4", 4],
    ['.["$recipient"].tags[0]', "a"],
    ['if .wait > 3 then "1h" else "2h" end', "1h"],
    ['"in \\(.wait) s"', "in 5 s"],
    ["[.items[].n] | add", 3],
    ["{wait, x: .note}", { wait: 5, x: "hi" }],
    [".items | map(.n) | max", 2],
    ['["email", "sms"]', ["email", "sms"]],
    ["true and false", false],
    ["1, 2, 3", 1],
    ["first(range(10; 20))", 10],
    ["reduce .items[] as $item (0; . + $item.n)", 3],
    [".items as $list | $list | length", 2],
  ])("%s gives %j", (expression, value) => {
    expect(engine.evaluate(expression, input)).toEqual(value);
  });

  it.each(["empty", ".items[] | select(.n > 9)"])("%s gives nothing", (expression) => {
    expect(engine.evaluate(expression, input)).toBeUndefined();
  });

  it.each([".items[", "nosuchfunction", "if", '"open'])("%s is refused when it is read", (expression) => {
    expect(() => engine.evaluate(expression, input)).toThrow(JqError);
  });

  it.each([".note - 1", ".items + 1", '.items["x"]', ". + 1"])(
    "%s fails when it runs, as an error of its own",
    (expression) => {
      expect(() => engine.evaluate(expression, input)).toThrow(JqError);
    },
  );

  it("that failed once fails again, and harms no other", () => {
    expect(() => engine.evaluate(".note - 1", input)).toThrow(JqError);
    expect(() => engine.evaluate(".note - 1", input)).toThrow(JqError);
    expect(engine.evaluate(".wait - 1", input)).toBe(4);
  });

  it("is the same for every input it is given, and changes none", () => {
    const before = JSON.stringify(input);
    expect(engine.evaluate(".wait", { ...input, wait: 6 })).toBe(6);
    expect(engine.evaluate(".wait", input)).toBe(5);
    expect(engine.evaluate(".wait = 9 | .wait", input)).toBe(9);
    expect(JSON.stringify(input)).toBe(before);
  });

  it("has no way to files, modules or the environment", () => {
    for (const expression of [
      "env",
      "$ENV.PATH",
      "input",
      'import "fs" as fs; 1',
      'include "fs"; 1',
      "input_filename",
    ]) {
      let value: unknown;
      try {
        value = engine.evaluate(expression, input);
      } catch (error) {
        expect(error).toBeInstanceOf(JqError);
      }
      expect(value ?? null).toBeNull();
    }
  });

  it("is refused when it is absurdly long", () => {
    expect(() => engine.evaluate(`${"1 + ".repeat(5000)}1`, input)).toThrow("longer than 16384 characters");
  });

  it("is one of as many as anybody writes: those forgotten are read again", () => {
    for (let index = 0; index < 2100; index++)
      expect(engine.evaluate(`.wait + ${index}`, input)).toBe(5 + index);
    expect(engine.evaluate(".wait + 0", input)).toBe(5);
  });
});
