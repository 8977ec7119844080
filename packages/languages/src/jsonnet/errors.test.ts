import { describe, expect, it } from "vitest";
import { checkJsonnet, createJsonnetEngine, JsonnetError } from "./index.ts";

const engine = createJsonnetEngine();

type Case = [source: string, message: string];

function errorOf(work: () => unknown): JsonnetError {
  try {
    work();
  } catch (error) {
    if (error instanceof JsonnetError) return error;
    throw error;
  }
  throw new Error("no error");
}

describe("what does not compile", () => {
  it.each<Case>([
    ["", "expected an expression, found the end at 1:1"],
    ["1 +", "expected an expression, found the end at 1:4"],
    ["1 2", 'expected the end, found "2" at 1:3'],
    ["a\n", "unknown variable: a at 1:1"],
    ["{a: b}", "unknown variable: b at 1:5"],
    ["if false then nope else 1", "unknown variable: nope at 1:15"],
    ["local f(x) = y; 1", "unknown variable: y at 1:14"],
    ["local x = 1; local y = z; x", "unknown variable: z at 1:24"],
    ["[x for x in [1]] + [x]", "unknown variable: x at 1:21"],
    ["{local a = 1, [a]: 1}", "unknown variable: a at 1:16"],
    ["\n  [1,\n   @]", 'unexpected character "@" at 3:4'],
    ["😀", 'unexpected character "😀" at 1:1'],
    ['"😀" + x', "unknown variable: x at 1:7"],
    ["self.a", "self is used outside of an object at 1:1"],
    ["$.a", "$ is used outside of an object at 1:1"],
    ["super.a", "super is used outside of an object at 1:1"],
    ["{[self.a]: 1}", "self is used outside of an object at 1:3"],
    ["{a: super}", 'expected . or [ after super, found "}" at 1:10'],
    ["1 in super", "super is used outside of an object at 1:3"],
    ["{a: 1, a: 2}", "field a is defined twice at 1:8"],
    ["{a: 1, 'a'+: 2}", "field a is defined twice at 1:8"],
    ["{local x = 1, local x = 2}", "local x is defined twice at 1:21"],
    ["local x = 1, x = 2; x", "local x is defined twice at 1:14"],
    ["local f(a, a) = 1; f", "parameter a is defined twice at 1:12"],
    ["function(a, a) 1", "parameter a is defined twice at 1:13"],
    ["std.length(x=1, x=2)", "argument x is given twice at 1:17"],
    ["std.substr(str='a', 1, 2)", "a positional argument must not follow a named one at 1:21"],
    ["{a 1}", 'expected : after a field name, found "1" at 1:4'],
    ["{a: 1 b: 2}", 'expected , or }, found "b" at 1:7'],
    ["{1: 2}", 'expected a field, found "1" at 1:2'],
    ["{f(x)+: 1}", 'expected : after a field name, found "+:" at 1:6'],
    ["{a: 1", "expected , or }, found the end at 1:6"],
    ["[1, 2", "expected , or ], found the end at 1:6"],
    ["[1 2]", 'expected , or ], found "2" at 1:4'],
    ["[,]", 'expected an expression, found "," at 1:2'],
    ["(1", "expected ), found the end at 1:3"],
    ["f(", "expected an expression, found the end at 1:3"],
    ["local x 1; x", 'expected =, found "1" at 1:9'],
    ["local x = 1", "expected ;, found the end at 1:12"],
    ["local 1 = 2; 3", 'expected a name, found "1" at 1:7'],
    ["local if = 2; 3", 'expected a name, found "if" at 1:7'],
    ["if true 1", 'expected then, found "1" at 1:9'],
    ["assert true", "expected ;, found the end at 1:12"],
    ["a.1", 'expected a name, found "1" at 1:3'],
    ["{}.if", 'expected a name, found "if" at 1:4'],
    ["[1][]", 'expected an index or a slice, found "]" at 1:5'],
    ["[1][1:2:3:4]", 'expected an index or a slice, found "]" at 1:12'],
    ["[1][1 2]", 'expected ], found "2" at 1:7'],
    ["[x for y in]", 'expected an expression, found "]" at 1:12'],
    ["[1 if true]", 'expected , or ], found "if" at 1:4'],
    ["[1 for x in [] else]", 'expected for, if or ], found "else" at 1:16'],
    ["[1, 2 for x in []]", 'expected , or ], found "for" at 1:7'],
    ["{a: 1 for x in []}", "an object comprehension has one field, and its name is computed at 1:1"],
    ["{[x]: 1, b: 2 for x in []}", "an object comprehension has one field, and its name is computed at 1:1"],
    ["{[x]:: 1 for x in []}", "the field of an object comprehension is written with : at 1:2"],
    ["{assert true, [x]: 1 for x in []}", "an object comprehension has no asserts at 1:1"],
    ["=", 'expected an expression, found "=" at 1:1'],
    ["then", 'expected an expression, found "then" at 1:1'],
    ["tailstrict", 'expected an expression, found "tailstrict" at 1:1'],
    ["01", "not a number: 01 at 1:1"],
    ["1.", "not a number: 1. at 1:1"],
    ["1.x", "not a number: 1. at 1:1"],
    ["1x", "not a number: 1x at 1:1"],
    ["1_", "not a number: 1_ at 1:1"],
    ["1e", "not a number: 1e at 1:1"],
    [".5", 'expected an expression, found "." at 1:1'],
    ["1e999", "number is too large: 1e999 at 1:1"],
    ['"abc', "string is not closed at 1:1"],
    ["1 + 'abc\n", "string is not closed at 1:5"],
    ["@'abc", "string is not closed at 1:1"],
    ['"a\\q"', "unknown escape in string: \\q at 1:3"],
    ['"\\u12"', "\\u needs four hexadecimal digits at 1:2"],
    ['"\\ud83d"', "half of a surrogate pair in string at 1:2"],
    ['"\\ude00"', "half of a surrogate pair in string at 1:2"],
    ['"\\ud83d\\u0041"', "half of a surrogate pair in string at 1:2"],
    ["/* open", "comment is not closed at 1:1"],
    ["||| x\n|||", "a text block begins on the line after ||| at 1:1"],
    ["|||\nx\n|||", "the first line of a text block must be indented at 2:1"],
    ["|||\n  x", "text block is not closed with ||| at 1:1"],
    ["|||\n  x\n y\n|||", "text block is not closed with ||| at 1:1"],
    ["import 'a.libsonnet'", "import is not available here: scripts read nothing but their data at 1:1"],
    [
      "{a: importstr '/etc/passwd'}",
      "importstr is not available here: scripts read nothing but their data at 1:5",
    ],
    ["importbin 'x'", "importbin is not available here: scripts read nothing but their data at 1:1"],
  ])("%j: %s", (source, message) => {
    const problem = checkJsonnet(source);
    expect(problem?.message).toBe(message);
    expect(engine.check(source)).toEqual(problem);
    expect(message.endsWith(` at ${problem?.line}:${problem?.column}`)).toBe(true);
    expect(errorOf(() => engine.evaluate(source, {})).message).toBe(message);
  });

  it("is not what merely fails", () => {
    expect(checkJsonnet("data.nope + error 'x'")).toBeNull();
    expect(engine.check("data.nope + error 'x'")).toBeNull();
    expect(checkJsonnet("std.nope")).toBeNull();
  });
});

describe("what fails", () => {
  it.each<Case>([
    ["error 'boom'", "boom at 1:1"],
    ["error {a: 1}", '{"a": 1} at 1:1'],
    ["\n  error 'a' + 'b'", "ab at 2:3"],
    ["assert false; 1", "assertion failed at 1:1"],
    ["assert 1 == 2 : 'not ' + 2; 1", "not 2 at 1:1"],
    ["{assert self.a > 0 : 'positive please', a: -1}", "positive please at 1:2"],
    ["{assert false}", "assertion failed at 1:2"],
    ["{a: {assert false, b: 1}}.a.b", "assertion failed at 1:6"],
    ["data.nope", "field does not exist: nope at 1:6"],
    ["data['nope']", "field does not exist: nope at 1:5"],
    ["data.get('x')", "field does not exist: get at 1:6"],
    ["{a: 1} + {b: super.c}", "field does not exist in super: c at 1:14"],
    ["{a: super.a}", "field does not exist in super: a at 1:5"],
    ["std.nope", "field does not exist: nope at 1:5"],
    ["null.a", "null has nothing to index at 1:6"],
    ["5['a']", "number has nothing to index at 1:2"],
    ["'abc'.length", "an index must be a number, got string at 1:7"],
    ["[1, 2][2]", "index 2 is out of bounds, there are 2 at 1:7"],
    ["[1, 2][-1]", "index -1 is out of bounds, there are 2 at 1:7"],
    ["[][0]", "index 0 is out of bounds, there are 0 at 1:3"],
    ["'ab'[2]", "index 2 is out of bounds, there are 2 at 1:5"],
    ["[1][0.5]", "an index must be a whole number, got 0.5 at 1:4"],
    ["[1]['0']", "an index must be a number, got string at 1:4"],
    ["{a: 1}[0]", "a field name must be a string, got number at 1:7"],
    ["[1][::0]", "the step of a slice must be a whole number greater than zero at 1:4"],
    ["[1][::-1]", "the step of a slice must be a whole number greater than zero at 1:4"],
    ["[1]['a':]", "the bounds of a slice must be whole numbers, got string at 1:4"],
    ["{}[1:]", "a slice is of a string or an array, got object at 1:3"],
    ["1 + null", "operator + cannot be used on number and null at 1:3"],
    ["[1] + {}", "operator + cannot be used on array and object at 1:5"],
    ["{} + []", "operator + cannot be used on object and array at 1:4"],
    ["'a' - 1", "operator - cannot be used on string and number at 1:5"],
    ["1 * 'a'", "operator * cannot be used on number and string at 1:3"],
    ["'a' / 1", "operator / cannot be used on string and number at 1:5"],
    ["[] % 1", "operator % cannot be used on array and number at 1:4"],
    ["1 & 'a'", "operator & cannot be used on number and string at 1:3"],
    ["1 / 0", "division by zero at 1:3"],
    ["1 % 0", "division by zero at 1:3"],
    ["1e308 * 10", "overflow at 1:7"],
    ["-1e308 - 1e308", "overflow at 1:8"],
    ["1 << -1", "shift by a negative number at 1:3"],
    ["1 << 63", "shift would lose bits at 1:3"],
    ["1e20 & 1", "100000000000000000000 is too large for a bitwise operation at 1:6"],
    ["!1", "operator ! cannot be used on number at 1:1"],
    ["-'a'", "operator - cannot be used on string at 1:1"],
    ["~null", "operator ~ cannot be used on null at 1:1"],
    ["1 && true", "operator && needs true or false, got number at 1:3"],
    ["true && 1", "operator && needs true or false, got number at 1:6"],
    ["false || null", "operator || needs true or false, got null at 1:7"],
    ["if 1 then 2", "a condition must be true or false, got number at 1:1"],
    ["assert 1; 2", "an assert must be true or false, got number at 1:1"],
    ["1 < 'a'", "cannot compare number with string at 1:3"],
    ["{} < {}", "cannot compare object with object at 1:4"],
    ["true < false", "cannot compare boolean with boolean at 1:6"],
    ["[1] < ['a']", "cannot compare number with string at 1:5"],
    ["(function() 1) == (function() 1)", "cannot test equality of functions at 1:16"],
    ["[std.length] == [std.length]", "cannot test equality of functions at 1:14"],
    ["'a' in []", "operator in cannot be used on string and array at 1:5"],
    ["1 in {}", "a field name must be a string, got number at 1:3"],
    ["5()", "only functions can be called, got number at 1:2"],
    ["(function(x) x)()", "missing argument: x at 1:16"],
    ["(function(x) x)(1, 2)", "too many arguments, expected 1 parameter, got 2 at 1:16"],
    ["(function() 1)(1)", "too many arguments, expected 0 parameters, got 1 at 1:15"],
    ["(function(x) x)(y=1)", "missing argument: x at 1:16"],
    ["(function(x) x)(1, y=1)", "function has no parameter y at 1:16"],
    ["(function(x) x)(1, x=2)", "argument x is given twice at 1:16"],
    ["std.length()", "missing argument: x at 1:11"],
    ["std.length(1, 2)", "too many arguments, expected 1 parameter, got 2 at 1:11"],
    ["{[1]: 2}", "a field name must be a string, got number at 1:2"],
    ["{['a']: 1, a: 2}", "field a is defined twice at 1:2"],
    ["{['a']: 1, ['a']: 2}", "field a is defined twice at 1:12"],
    ["{['a']: x for x in [1, 2]}", "field a is defined twice at 1:2"],
    ["[x for x in 5]", "for goes over an array, got number at 1:4"],
    ["[x for x in 'abc']", "for goes over an array, got string at 1:4"],
    ["[x for x in {}]", "for goes over an array, got object at 1:4"],
    ["[x for x in [1] if x]", "a condition must be true or false, got number at 1:17"],
    ["local x = x; x", "infinite recursion: a value is needed to compute itself at 1:11"],
    ["local a = b + 1, b = a + 1; a", "infinite recursion: a value is needed to compute itself at 1:22"],
    ["{a: self.a}.a", "infinite recursion: field a is needed to compute itself at 1:10"],
    ["local f(x=x) = x; f()", "infinite recursion: a value is needed to compute itself at 1:11"],
    ["'' + function() 1", "a function has no text at 1:4"],
    ["function(x) x", "missing argument: x at 1:1"],
    ["{f: function() 1}", "the result's f is a function, which has no place in JSON at 1:1"],
    ["{f(x): x}", "the result's f is a function, which has no place in JSON at 1:1"],
    ["std.extVar('other')", "undefined external variable: other at 1:11"],
    ["std.native('f')", "std.native is not available here: f at 1:11"],
    ["std.parseYaml('a: 1')", "std.parseYaml is not available here, only std.parseJson at 1:14"],
    ["{a: '\\u0000'}", "the result's a must not contain the null character at 1:1"],
    ["{'\\u0000': 1}", "must not contain the null character"],
    ["local f(n) =\n  if n == 0 then error 'deep'\n  else f(n - 1);\nf(3)", "deep at 2:18"],
  ])("%j: %s", (source, message) => {
    expect(checkJsonnet(source)).toBeNull();
    const error = errorOf(() => engine.evaluate(source, { x: 1 }));
    expect(error.message).toContain(message);
    expect(error.message.endsWith(` at ${error.line}:${error.column}`)).toBe(true);
  });

  it("says so again when it is asked again", () => {
    const missing = errorOf(() => engine.evaluate("local s = std; s.nope", {}));
    expect(errorOf(() => engine.evaluate("local s = std; s.nope", {})).message).toBe(missing.message);
    const first = errorOf(() => engine.evaluate("1 +", {}));
    expect(errorOf(() => engine.evaluate("1 +", {})).message).toBe(first.message);
  });
});

describe("an error that a script raises with a long text", () => {
  it.each([
    ["error std.repeat('x', 1000000)", /^x{500}… at 1:1$/],
    ["assert false : std.repeat('x', 1000000); 1", /^x{500}… at 1:\d+$/],
    ["error 'y' + std.repeat('😀', 1000)", /^y(?:😀){249}\ufffd… at 1:1$/u],
  ])("is cut short, and still says where: %s", (source, message) => {
    expect(errorOf(() => engine.evaluate(source, {})).message).toMatch(message);
  });
});
