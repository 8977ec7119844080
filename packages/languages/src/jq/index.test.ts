import { describe, expect, it } from "vitest";
import { createJqEngine, JqError } from "./node.ts";
import type { JsonObject } from "../json.ts";

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

  it.each([
    ["input", "input is not available here"],
    ['import "fs" as fs; 1', "import is not available here"],
    ['include "fs"; 1', "include is not available here"],
    ["input_filename", "input_filename is not available here"],
    ['"\\(input)"', "input is not available here"],
    ["[1 | halt_error]", "halt_error is not available here"],
  ])("has no way out: %s", (expression, reason) => {
    expect(() => engine.evaluate(expression, input)).toThrow(reason);
    expect(engine.check(expression)).toBe(reason);
  });

  it("sees an empty environment", () => {
    expect(engine.evaluate("[env, $ENV, env.PATH, $ENV.HOME]", input)).toEqual([{}, {}, null, null]);
  });

  it("is refused when it is absurdly long", () => {
    expect(() => engine.evaluate(`${"1 + ".repeat(5000)}1`, input)).toThrow("longer than 16384 characters");
  });

  it("is one of as many as anybody writes: those forgotten are read again", () => {
    for (let index = 0; index < 2100; index++)
      expect(engine.evaluate(`.wait + ${index}`, input)).toBe(5 + index);
    expect(engine.evaluate(".wait + 0", input)).toBe(5);
  });

  it.each<[string, string]>([
    ['error("a\\u0000b")', "a\\u0000b"],
    ['error({a: "\\u0000"})', '(not a string): {"a":"\\u0000"}'],
    ['error("x" * 5000)', `${"x".repeat(500)}…`],
    [`[1] ${"| [., .]".repeat(60)} | error`, "(not a string)"],
    ['.a |= 1 | error("x" * 5000)', `${"x".repeat(500)}…`],
    ['.a |= 1 | error("two\nlines")', "two\nlines"],
    ['debug | .a |= 1 | error("after")', "after"],
    [`${"[".repeat(400)}${"]".repeat(400)}`, "gives a value that is nested too deeply"],
  ])("%s fails with words that can be stored", (expression, message) => {
    expect(() => engine.evaluate(expression, input)).toThrow(new JqError(message));
  });

  it("may be written in lines, with comments, and end with one", () => {
    expect(engine.evaluate("# what to wait\n.wait # five\n  * 2 # twice", input)).toBe(10);
    expect(engine.evaluate(".wait |= 7 # seven\n | .wait # and that", input)).toBe(7);
  });

  it("keeps names that objects are born with as data", () => {
    const keys = '{"__proto__": 1, constructor: 2} | [keys, .["__proto__"], .constructor, .toString]';
    expect(engine.evaluate(keys, {})).toEqual([["__proto__", "constructor"], 1, 2, null]);
    const merged = engine.evaluate('{"__proto__": {a: 1}} + {b: 2}', {});
    expect(Object.keys(merged as JsonObject)).toEqual(["__proto__", "b"]);
    expect(engine.evaluate(".a", JSON.parse('{"__proto__": {"a": 1}}') as JsonObject)).toBeNull();
  });
});

describe("variables", () => {
  const own = createJqEngine({ variables: ["$user", "$order"] });
  const data = { $user: { name: "Ada" }, $recipient: 1 };

  it("are the fields of the input that the engine names, in either evaluator", () => {
    expect(own.evaluate("$user.name", data)).toBe("Ada");
    expect(own.evaluate('$user | .name |= ascii_upcase | .name, ."$user".name', data)).toBe("ADA");
  });

  it("are null where the input lacks them, and unknown where nobody named them", () => {
    expect(own.evaluate("$order", data)).toBeNull();
    expect(own.check("$recipient")).toBe("$recipient is not defined");
  });

  it("have names that jq can read", () => {
    expect(() => createJqEngine({ variables: ["user"] })).toThrow("not the name of a variable: user");
  });
});

describe("all values of an expression", () => {
  it.each<[string, unknown[]]>([
    [".items[].n", [1, 2]],
    ["empty", []],
    ['$recipient.tags[], .["first name"]', ["a", "Ann"]],
    [".items[].n |= . * 2 | .items[].n", [2, 4]],
  ])("%s are %j", (expression, values) => {
    expect(engine.evaluateAll(expression, input)).toEqual(values);
  });

  it.each(["range(10)", "1 | recurse(. + 1)"])("%s are no more than asked for", (expression) => {
    expect(engine.evaluateAll(expression, input, 3)).toHaveLength(3);
  });

  it("are a thousand unless asked for", () => {
    expect(engine.evaluateAll("range(5000)", input)).toHaveLength(1000);
    expect(engine.evaluateAll("repeat(1)", input)).toHaveLength(1000);
  });

  it("are none when one of them fails", () => {
    expect(() => engine.evaluateAll('.wait, error("no")', input)).toThrow(JqError);
    expect(() => engine.evaluateAll('.wait = 1, error("no")', input)).toThrow("no");
  });
});

describe("the check of an expression", () => {
  it.each([".wait", "$recipient", "def f: .; f", ".a = 1", ".note - 1", "# c\n1"])(
    "has nothing against %s",
    (expression) => {
      expect(engine.check(expression)).toBeNull();
    },
  );

  it.each<[string, string]>([
    ["", "expression is empty"],
    ["(1", "syntax error, ) is missing"],
    ["1) | (2", "syntax error, unexpected )"],
    ["{a: [1}]", "syntax error, unexpected }"],
    ["nosuchfunction", "nosuchfunction/0 is not defined"],
    ["$nobody", "$nobody is not defined"],
    ["1 +\n\n nope", "nope/0 is not defined in line 3"],
    ["if 1 then", "syntax error, unexpected ')'"],
    ["\ud800", "expression is not valid text"],
    ["1 \0", "expression is not valid text"],
  ])("says of %j: %s", (expression, reason) => {
    expect(engine.check(expression)).toBe(reason);
    expect(() => engine.evaluate(expression, input)).toThrow(reason);
  });
});

describe("an expression that ends by itself", () => {
  it.each([
    '.a.b // "x"',
    "$recipient.plan",
    ".items | map(select(.n > 1)) | length",
    "[range(1; 5)] | add",
    "[..] | length",
    'try error("x") catch .',
  ])("is %s", (expression) => {
    expect(engine.isBounded(expression)).toBe(true);
  });

  it.each([
    "until(false; .)",
    "[range(0; 9; 0)]",
    'test("^(a+)+$")',
    "def f: f; f",
    "recurse(.)",
    "repeat(.)",
  ])("is not %s", (expression) => {
    expect(engine.isBounded(expression)).toBe(false);
  });

  it.each([
    ["range(1000000000) | select(false)", "takes too many steps"],
    [`[.items${",.items".repeat(9)}] ${"| [.[], .[], .[]]".repeat(40)}`, "takes too many steps"],
    [`[1] ${"| . + .".repeat(60)}`, "takes too many steps"],
    [`"x" ${"| . + .".repeat(60)}`, "makes a text too long"],
    ['"x" * 1000000000', "makes a text too long"],
    [`[1] ${"| [., .]".repeat(60)} | tojson`, "takes too many steps"],
    [`[1] ${"| [., .]".repeat(60)} | . == .`, "takes too many steps"],
    [`[1] ${"| [., .]".repeat(60)} | flatten`, "takes too many steps"],
    [`[1] ${"| [., .]".repeat(60)} | [..] | length`, "takes too many steps"],
    [`{} ${"| {a: ., b: .}".repeat(60)} | . * .`, "takes too many steps"],
    [
      "[range(1500)] | [.[] as $a | .[] | select(. == $a)] | . as $l | [$l[] as $a | $l[]] | length",
      "takes too many steps",
    ],
  ])("because it counts: %s", (expression, reason) => {
    expect(engine.isBounded(expression)).toBe(true);
    expect(() => engine.evaluate(expression, input)).toThrow(reason);
  });

  it.each([90, 250])("may be nested as deep as results may be, and deeper: %i levels", (levels) => {
    const text = "[".repeat(levels) + 1 + "]".repeat(levels);
    for (const expression of [
      text,
      `reduce range(${levels}) as $i (1; [.])`,
      `def f: if . == 0 then 1 else . - 1 | [f] end; ${levels} | f`,
    ]) {
      expect(JSON.stringify(engine.evaluate(expression, input))).toBe(text);
      expect(engine.evaluate(`${expression} | tojson | ltrimstr("x")`, input)).toBe(text);
      expect(engine.evaluate(`def same: .; ${expression} | tojson | same`, input)).toBe(text);
    }
  });

  it("joins and adds many texts", () => {
    expect(engine.evaluate('[range(20000) | "ab"] | (add | length), (join(",") | length)', input)).toBe(
      40_000,
    );
  });

  it("may be as long as it likes in one line", () => {
    expect(engine.evaluate(`${"1 + ".repeat(4000)}1`, input)).toBe(4001);
    expect(engine.evaluate(`.wait${" | .".repeat(100)}`, input)).toBe(5);
    expect(() => engine.evaluate(`${"(".repeat(3000)}1${")".repeat(3000)}`, input)).not.toThrow(TypeError);
  });
});
