import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../json.ts";
import { createJsonnetEngine } from "./index.ts";

const engine = createJsonnetEngine();
const DATA: JsonObject = {
  "first name": "Zoë",
  $recipient: { plan: "gold", tags: ["a", "b"] },
  items: [
    { title: "Cup", price: 4.5 },
    { title: "Pot", price: 20 },
  ],
  nothing: null,
  matrix: [[1, 2], [3]],
};
const evaluate = (source: string) => engine.evaluate(source, DATA);

type Case = [source: string, value: Json];

describe("literals", () => {
  it.each<Case>([
    ["null", null],
    ["true", true],
    ["false", false],
    ["0", 0],
    ["10.50", 10.5],
    ["1e3", 1000],
    ["1E+3", 1000],
    ["25e-1", 2.5],
    ["1_000_000", 1000000],
    ["-5", -5],
    ["0.1 + 0.2", 0.30000000000000004],
    ['"a"', "a"],
    ["'a'", "a"],
    ["'it\\'s'", "it's"],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t'],
    ['"\\u00e9\\u4F60"', "é你"],
    ['"\\ud83d\\ude00"', "😀"],
    ['"two\nlines"', "two\nlines"],
    ['@"c:\\n ""x"""', 'c:\\n "x"'],
    ["@'it''s'", "it's"],
    ["[]", []],
    ["[1, 2,]", [1, 2]],
    ["{}", {}],
    ["{a: 1, \"b c\": 2, 'd': 3,}", { a: 1, "b c": 2, d: 3 }],
    ["{a: 1, /* c */ b: 2 // d\n, # e\n c: 3}", { a: 1, b: 2, c: 3 }],
    ["|||\n  one\n    two\n\n  three\n|||", "one\n  two\n\nthree\n"],
    ["|||-\n  one\n  two\n|||", "one\ntwo"],
    ["|||\n\n  after\n |||", "\nafter\n"],
    ["|||\n\ttab\n\t\ttabs\n|||", "tab\n\ttabs\n"],
    ["|||  \n  \\n stays\n|||", "\\n stays\n"],
    ["{|||\n  key\n|||: 1}", { "key\n": 1 }],
    ['"😀" + "é"', "😀é"],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe("operators", () => {
  it.each<Case>([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["10 - 2 - 3", 5],
    ["100 / 10 / 2", 5],
    ["7 % 3", 1],
    ["-7 % 3", -1],
    ["7.5 % 2", 1.5],
    ["2 + 3 << 1", 10],
    ["1 << 2 < 5", true],
    ["1 | 2 ^ 3 & 1", 3],
    ["6 & 3", 2],
    ["6 ^ 3", 5],
    ["6 | 3", 7],
    ["~5", -6],
    ["~~5", 5],
    ["1 << 40", 1099511627776],
    ["-16 >> 2", -4],
    ["1 >> 70", 0],
    ["5.9 & 7.9", 5],
    ["-1 & 255", 255],
    ["!true", false],
    ["!!true", true],
    ["+5", 5],
    ["-(-5)", 5],
    ["1--1", 2],
    ["1 - -1", 2],
    ["1==-1", false],
    ["true && false", false],
    ["true || error 'x'", true],
    ["false && error 'x'", false],
    ["false || true && false", false],
    ["1 < 2 == true", true],
    ["1 == 1 && 2 != 3", true],
    ["1 <= 1", true],
    ["2 >= 3", false],
    ['"a" < "b"', true],
    ['"a" < "B"', false],
    ['"ab" > "a"', true],
    ['"\\uffff" < "😀"', true],
    ["[1, 2] < [1, 3]", true],
    ["[1] < [1, 0]", true],
    ["[] < []", false],
    ["[[2], 1] > [[1], 2]", true],
    ["[1, 2] <= [1, 2]", true],
    ['"a" + 1', "a1"],
    ['1 + "a"', "1a"],
    ['"a" + null', "anull"],
    ['true + "a"', "truea"],
    ['"" + [1, "a", {b: null}]', '[1, "a", {"b": null}]'],
    ['"" + {} + []', "{ }[ ]"],
    ['"" + "quote \\""', 'quote "'],
    ['"" + ["\\u0001\\u007f\\n"]', '["\\u0001\\u007f\\n"]'],
    ["[1] + [2, 3] + []", [1, 2, 3]],
    ["{a: 1} + {b: 2}", { a: 1, b: 2 }],
    ["{a: 1} {b: 2} {a: 3}", { a: 3, b: 2 }],
    ['"a" in {a: 1}', true],
    ['"b" in {a: 1}', false],
    ['"a" in {a:: 1}', true],
    ['!("a" in {})', true],
    ["null == null", true],
    ["null == false", false],
    ['1 == "1"', false],
    ["[1, [2]] == [1, [2]]", true],
    ["[1] == [1, 2]", false],
    ["{a: 1, b:: 2} == {a: 1}", true],
    ["{a: 1} == {a: 2}", false],
    ["{a: 1} != {b: 1}", true],
    ["{a: [1, {b: 2}]} == {a: [1, {b: 2}]}", true],
    ["0 == -0", true],
    ["1 + if true then 2 else 3", 3],
    ["1 + local x = 2; x * 2", 5],
    ["[1, 2, 3][1]", 2],
    ['"h€llo"[1]', "€"],
    ['"a😀b"[2]', "b"],
    ['{a: {b: 1}}.a["b"]', 1],
    ["-{a: 2}.a", -2],
    ["2 * {a: 2}.a", 4],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe("numbers in texts", () => {
  it.each<[string, string]>([
    ["0.1", "0.10000000000000001"],
    ["0.5", "0.5"],
    ["19.99", "19.989999999999998"],
    ["1/3", "0.33333333333333331"],
    ["100", "100"],
    ["-100", "-100"],
    ["1e15", "1000000000000000"],
    ["9007199254740993", "9007199254740992"],
    ["1e21", "1000000000000000000000"],
    ["1e22 * 10", "99999999999999991611392"],
    ["1e-5", "1.0000000000000001e-05"],
    ["0.0001", "0.0001"],
    ["123456.789", "123456.789"],
    ["1.5e-10", "1.5e-10"],
    ["1e-300", "1e-300"],
    ["-266237974166870.12", "-266237974166870.12"],
    ["-0", "-0"],
    ["2.5", "2.5"],
  ])("%s reads %s", (number, text) => {
    expect(evaluate(`"" + (${number})`)).toBe(text);
    expect(evaluate(`std.toString(${number})`)).toBe(text);
    expect(evaluate(`std.manifestJson(${number})`)).toBe(text);
  });
});

describe("locals, conditions, functions", () => {
  it.each<Case>([
    ["local a = 1; a", 1],
    ["local a = 1, b = a + 1; b", 2],
    ["local a = b, b = 3; a", 3],
    ["local a = 1; local a = 2; a", 2],
    ["local f(x) = x * 2; f(3)", 6],
    ["local f(x, y=2) = x + y; [f(1), f(1, 5), f(1, y=7), f(y=1, x=2)]", [3, 6, 8, 3]],
    ["local f(x, y=x) = [x, y]; f(1)", [1, 1]],
    ["local f(x=y, y=1) = x; f()", 1],
    ["(function(x) x)(5)", 5],
    ["local f = function(a, b,) a - b; f(5, 3,)", 2],
    ["local fib(n) = if n < 2 then n else fib(n - 1) + fib(n - 2); fib(15)", 610],
    ["local even(n) = n == 0 || odd(n - 1), odd(n) = if n == 0 then false else even(n - 1); even(20)", true],
    ["local add(a) = function(b) a + b; add(1)(2)", 3],
    ["local compose(f, g) = function(x) f(g(x)); compose(std.length, std.toString)(1000)", 4],
    ["local unused = error 'never'; 1", 1],
    ["local f(unused) = 1; f(error 'never')", 1],
    ["[error 'never', 2][1]", 2],
    ["{a: error 'never', b: 1}.b", 1],
    ["std.length([error 'never'])", 1],
    ["if true then 1", 1],
    ["if false then 1", null],
    ["if 1 > 2 then 'a' else if 2 > 1 then 'b' else 'c'", "b"],
    ["assert true; 1", 1],
    ["assert 1 == 1 : 'no'; 2", 2],
    [
      "local loop(i, sum) = if i == 0 then sum else loop(i - 1, sum + i) tailstrict; loop(10000, 0)",
      50005000,
    ],
    ["local f(x) = x; f(1) tailstrict", 1],
    ["local loop(i, step=1) = if i <= 0 then 'done' else loop(i - step) tailstrict; loop(5000)", "done"],
    ["local f(x) = std.minArray(x) tailstrict; f([2, 1])", 1],
    ["local f(x, unused=error 'never') = x, g(x) = f(x) tailstrict; g(1)", 1],
    ["local f(x, y=x) = if x == 0 then y else f(x - 1) tailstrict; f(1000)", 0],
    ["local std = {length(x): 'mine'}; std.length(1)", "mine"],
    ["local s = std; s.length('abc')", 3],
    ["(std {mine: 1}).mine", 1],
    ["local data = 5; data", 5],
    ["function(x=3) x * 2", 6],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe("objects", () => {
  it.each<Case>([
    ["{a: 1, b: self.a + 1}", { a: 1, b: 2 }],
    ["{a: 1, b: {c: $.a, d: self.c}}", { a: 1, b: { c: 1, d: 1 } }],
    ["{a: {b: {c: $.x}}, x: 9}", { a: { b: { c: 9 } }, x: 9 }],
    ["{local x = 1, a: x, b: {c: x}}", { a: 1, b: { c: 1 } }],
    ["{local x = self.a, a: 1, b: x}", { a: 1, b: 1 }],
    ["{local f(x) = x + $.a, a: 1, b: f(2)}", { a: 1, b: 3 }],
    ["{f(x): x + self.a, a: 1}.f(2)", 3],
    ["{a:: 1, b: self.a}", { b: 1 }],
    ["{a: 1} + {a:: 2}", {}],
    ["{a:: 1} + {a: 2}", {}],
    ["{a:: 1} + {a::: 2}", { a: 2 }],
    ["{a::: 1} + {a: 2}", { a: 2 }],
    ["({a:: 1} + {a: 2}).a", 2],
    ["{a: 1, b: self.a} + {a: 2}", { a: 2, b: 2 }],
    ["{a: 1} + {a: super.a + 1} + {a: super.a * 10}", { a: 20 }],
    ["{a: 1, b: 2} + {a: super.b}", { a: 2, b: 2 }],
    ["{a: 1} + {b: super['a']}", { a: 1, b: 1 }],
    ["{a: 1} + {b: 'a' in super, c: 'x' in super}", { a: 1, b: true, c: false }],
    ["{b: 'b' in super}", { b: false }],
    ["{a: [1]} + {a+: [2]}", { a: [1, 2] }],
    ["{a: {x: 1}} + {a+: {y: 2}}", { a: { x: 1, y: 2 } }],
    ["{a+: {y: 2}}", { a: { y: 2 } }],
    ["{a: 'x'} + {a+: 1}", { a: "x1" }],
    ["{a:: {x: 1}} + {a+: {y: 2}, b: self.a}", { b: { x: 1, y: 2 } }],
    ["{a: 1} + {a+:: 2} + {b: self.a}", { b: 3 }],
    ["{a:: 1} + {a+::: 2}", { a: 3 }],
    ["local k = 'x'; {[k]: 1, [k + 'y']: 2}", { x: 1, xy: 2 }],
    ["{[null]: 1, [if false then 'a']: 2, b: 3}", { b: 3 }],
    ["{['a']+: 1} ", { a: 1 }],
    ["{a: 1} + {['a']+: 1}", { a: 2 }],
    ["{['f'](x): x}.f(4)", 4],
    ["{[x]: x + '!' for x in ['a', 'b']}", { a: "a!", b: "b!" }],
    ["{[x]: y for x in ['a'] for y in [1] if y > 0}", { a: 1 }],
    ["{local y = x * 2, ['k' + x]: y, for x in [1, 2]}", { k1: 2, k2: 4 }],
    ["{['k' + x]: y, local y = $.k1 + 1 for x in [2]} + {k1: 5}", { k1: 5, k2: 6 }],
    ["{[x]: self.b for x in ['a']} + {b: 7}", { a: 7, b: 7 }],
    ["{[if x > 1 then 'k' + x]: x for x in [1, 2]}", { k2: 2 }],
    ["{[x]+: 1 for x in ['a']}", { a: 1 }],
    ["{assert self.a > 0, a: 1}", { a: 1 }],
    ["{assert self.a > 0 : 'neg', a: -1} + {a: 2}", { a: 2 }],
    ["local base = {n: 1, twice: self.n * 2}; [base.twice, (base {n: 4}).twice]", [2, 8]],
    ["local o = {a: {b: self, c:: 1}}; o.a.b.c", 1],
    ["{a: 1, b: {a: 2, c: $.a, d: self.a}}", { a: 1, b: { a: 2, c: 1, d: 2 } }],
    ["local x = {a: $.b, b: 1}; {c: x.a}", { c: 1 }],
    ["{'__proto__': 1, constructor: 2}.constructor", 2],
    ["{['__proto__']: 'own'}.__proto__", "own"],
    ["'constructor' in {}", false],
    ["{'😀': 1, '\uffff': 2} == {'\uffff': 2, '😀': 1}", true],
    ["std.objectFields({'😀': 1, '\uffff': 2, b: 3, a: 4, B: 5})", ["B", "a", "b", "\uffff", "😀"]],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe("arrays", () => {
  it.each<Case>([
    ["[x * x for x in [1, 2, 3]]", [1, 4, 9]],
    ["[x for x in [1, 2, 3, 4] if x % 2 == 0]", [2, 4]],
    ["[x + y for x in ['a', 'b'] for y in ['c', 'd']]", ["ac", "ad", "bc", "bd"]],
    ["[[x, y] for x in [1, 2, 3] if x > 1 for y in [x] if y < 3]", [[2, 2]]],
    ["[x for x in []]", []],
    ["[x, for x in [1]]", [1]],
    ["[y for x in [[1, 2], [3]] for y in x]", [1, 2, 3]],
    ["local x = 5; [x for x in [1]] + [x]", [1, 5]],
    ["[f(1) for f in [function(x) x, function(x) x + 1]]", [1, 2]],
    ["[1, 2, 3, 4, 5][1:3]", [2, 3]],
    ["[1, 2, 3, 4, 5][:2]", [1, 2]],
    ["[1, 2, 3, 4, 5][3:]", [4, 5]],
    ["[1, 2, 3, 4, 5][::2]", [1, 3, 5]],
    ["[1, 2, 3, 4, 5][1::2]", [2, 4]],
    ["[1, 2, 3, 4, 5][1:4:2]", [2, 4]],
    ["[1, 2, 3, 4, 5][:4:3]", [1, 4]],
    ["[1, 2, 3][:]", [1, 2, 3]],
    ["[1, 2, 3][::]", [1, 2, 3]],
    ["[1, 2, 3][-2:]", [2, 3]],
    ["[1, 2, 3][:-1]", [1, 2]],
    ["[1, 2, 3][5:]", []],
    ["[1, 2, 3][2:1]", []],
    ["[1, 2, 3][:100]", [1, 2, 3]],
    ["[1, 2, 3][null:2]", [1, 2]],
    ["'hello'[1:3]", "el"],
    ["'hello'[::2]", "hlo"],
    ["'h😀llo'[1:3]", "😀l"],
    ["local a = [1, b, 3], b = a[0]; a", [1, 1, 3]],
    ["[[1, 2], [3]][0][1]", 2],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe("the data", () => {
  it.each<Case>([
    ['data["first name"]', "Zoë"],
    ['data["$recipient"].plan', "gold"],
    ["data.items[1].title", "Pot"],
    ["[i.title for i in data.items if i.price > 5]", ["Pot"]],
    ["'nothing' in data", true],
    ["'toString' in data", false],
    ["std.objectHas(data, '__proto__')", false],
    ["std.get(data, 'constructor', 'none')", "none"],
    ["data.nothing", null],
    ["std.extVar('data').matrix", [[1, 2], [3]]],
    ["std.flattenArrays(data.matrix)", [1, 2, 3]],
    ["data.matrix[0] + data.matrix[1]", [1, 2, 3]],
    ["(data {nothing: 1}).nothing", 1],
    ["(data {'$recipient'+: {plan: 'free'}})['$recipient']", { plan: "free", tags: ["a", "b"] }],
    ["data.items[0] + {price: super.price * 2}", { title: "Cup", price: 9 }],
    ["data['$recipient'] == {plan: 'gold', tags: ['a', 'b']}", true],
    ["std.length(data)", 5],
    ["std.objectFields(data)", ["$recipient", "first name", "items", "matrix", "nothing"]],
    ["std.prune(data.items + [data.nothing])", DATA.items ?? null],
    ["'%(first name)s' % data", "Zoë"],
    ["local d = data; d.items[0].title", "Cup"],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });

  it("comes out as it went in, and is not what went in", () => {
    const out = evaluate("data");
    expect(out).toEqual(DATA);
    expect(out).not.toBe(DATA);
    expect((out as JsonObject).items).not.toBe(DATA.items);
  });
});
