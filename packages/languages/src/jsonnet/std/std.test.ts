import { describe, expect, it } from "vitest";
import type { Json } from "../../json.ts";
import { createJsonnetEngine } from "../index.ts";

const engine = createJsonnetEngine();
const evaluate = (source: string) => engine.evaluate(source, {});

type Case = [source: string, value: Json];

describe("types", () => {
  it.each<Case>([
    [
      "[std.type(x) for x in [null, true, 1, 'a', [], {}, std.type]]",
      ["null", "boolean", "number", "string", "array", "object", "function"],
    ],
    ["[std.isString('a'), std.isNumber(1), std.isBoolean(true), std.isNull(null)]", [true, true, true, true]],
    ["[std.isObject({}), std.isArray([]), std.isFunction(std.map)]", [true, true, true]],
    ["[std.isString(1), std.isNumber('1'), std.isObject([]), std.isArray({})]", [false, false, false, false]],
    [
      "[std.length('h😀'), std.length([1]), std.length({a: 1, b:: 2}), std.length(function(a, b) 1)]",
      [2, 1, 1, 2],
    ],
    [
      "[std.toString(x) for x in ['a', 1, null, true, [1], {a: 1}]]",
      ["a", "1", "null", "true", "[1]", '{"a": 1}'],
    ],
    ["[std.equals([1], [1]), std.primitiveEquals(1, 2)]", [true, false]],
    ["[std.xor(true, false), std.xor(true, true), std.xnor(true, true)]", [true, false, true]],
    ["[std.__compare(1, 2), std.__compare('b', 'a'), std.__compare([1], [1])]", [-1, 1, 0]],
    ["std.trace('seen', 5)", 5],
    ["std.assertEqual({a: 1}, {a: 1})", true],
    ["std.thisFile", "script.jsonnet"],
    ["std.objectFields(std)", []],
    ["std.length(x='abc')", 3],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe("mathematics", () => {
  it.each<Case>([
    ["[std.abs(-3), std.sign(-2), std.sign(0), std.sign(9)]", [3, -1, 0, 1]],
    [
      "[std.max(1, 2), std.min(1, 2), std.clamp(5, 0, 3), std.clamp(-1, 0, 3), std.clamp(2, 0, 3)]",
      [2, 1, 3, 0, 2],
    ],
    [
      "[std.pow(2, 10), std.sqrt(16), std.exp(0), std.log(1), std.log2(8), std.log10(1000)]",
      [1024, 4, 1, 0, 3, 3],
    ],
    [
      "[std.floor(1.9), std.floor(-1.1), std.ceil(1.1), std.round(2.5), std.round(-2.5), std.round(2.4)]",
      [1, -2, 2, 3, -2, 2],
    ],
    [
      "[std.sin(0), std.cos(0), std.tan(0), std.asin(0), std.acos(1), std.atan(0), std.atan2(0, 1)]",
      [0, 1, 0, 0, 0, 0, 0],
    ],
    ["[std.hypot(3, 4), std.mod(7, 3), std.modulo(-7, 3), std.mod('%d', 3)]", [5, 1, -1, "3"]],
    ["[std.isEven(4), std.isOdd(4), std.isEven(3), std.isOdd(-3)]", [true, false, false, true]],
    [
      "[std.isInteger(3), std.isInteger(3.5), std.isDecimal(3.5), std.isDecimal(3)]",
      [true, false, true, false],
    ],
    ["[std.mantissa(1), std.exponent(1), std.mantissa(128), std.exponent(128)]", [0.5, 1, 0.5, 8]],
    ["[std.mantissa(0), std.exponent(0), std.mantissa(-3), std.exponent(-3)]", [0, 0, -0.75, 2]],
    ["std.mantissa(5e-324) * std.pow(2, 100) == std.pow(2, 99)", true],
    ["std.exponent(5e-324)", -1073],
    ["std.round(std.deg2rad(180) * 1000)", 3142],
    ["std.rad2deg(std.pi)", 180],
    [
      "[std.parseInt('42'), std.parseInt('-42'), std.parseOctal('755'), std.parseHex('fF')]",
      [42, -42, 493, 255],
    ],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe("strings", () => {
  it.each<Case>([
    ["std.substr('cookie', 1, 3)", "ook"],
    ["std.substr('h😀llo', 1, 2)", "😀l"],
    ["std.substr('abc', 2, 10)", "c"],
    ["std.substr('abc', 5, 1)", ""],
    ["std.findSubstr('aa', 'aaaa')", [0, 1, 2]],
    ["std.findSubstr('b', '😀b😀b')", [1, 3]],
    ["std.findSubstr('', 'abc')", []],
    [
      "[std.startsWith('abc', 'ab'), std.endsWith('abc', 'bc'), std.startsWith('a', 'ab')]",
      [true, true, false],
    ],
    [
      "[std.stripChars(' xax ', ' x'), std.lstripChars('xxa', 'x'), std.rstripChars('axx', 'x')]",
      ["a", "a", "a"],
    ],
    ["std.stripChars('😀a😀', '😀')", "a"],
    ["std.stripChars('xx', 'x')", ""],
    ["std.trim(' \\t\\n a b\\u00a0\\r\\n')", "a b"],
    ["std.split('a,b,,c', ',')", ["a", "b", "", "c"]],
    ["std.split('', ',')", [""]],
    ["std.split('a--b', '--')", ["a", "b"]],
    ["std.splitLimit('a,b,c', ',', 1)", ["a", "b,c"]],
    ["std.splitLimit('a,b,c', ',', -1)", ["a", "b", "c"]],
    ["std.splitLimit('a,b,c', ',', 0)", ["a,b,c"]],
    ["std.splitLimitR('/foo/bar', '/', 1)", ["/foo", "bar"]],
    ["std.splitLimitR('a,b,c', ',', -1)", ["a", "b", "c"]],
    ["std.splitLimitR('aXXXb', 'XX', 5)", ["aX", "b"]],
    ["std.strReplace('a.b.c', '.', '--')", "a--b--c"],
    [
      "std.strReplace('I like to skate with my skateboard', 'skate', 'surf')",
      "I like to surf with my surfboard",
    ],
    ["std.strReplace('aaa', 'aa', 'b')", "ba"],
    ["std.strReplace('a', 'a', '$&')", "$&"],
    ["[std.isEmpty(''), std.isEmpty('a')]", [true, false]],
    ["[std.asciiUpper('aZé1'), std.asciiLower('AzÉ1')]", ["AZé1", "azÉ1"]],
    ["[std.equalsIgnoreCase('aB', 'Ab'), std.equalsIgnoreCase('é', 'É')]", [true, false]],
    ["std.stringChars('a😀')", ["a", "😀"]],
    ["[std.codepoint('a'), std.codepoint('😀'), std.char(97), std.char(128512)]", [97, 128512, "a", "😀"]],
    ["std.char(55296)", "\ufffd"],
    ["std.format('Hello %03d', 12)", "Hello 012"],
    ['std.parseJson(\'{"a": [1, null, "x"], "__proto__": 1}\').a', [1, null, "x"]],
    ["std.parseJson('  -1.5e3 ')", -1500],
    ["std.encodeUTF8('é😀')", [195, 169, 240, 159, 152, 128]],
    ["std.decodeUTF8([195, 169, 97])", "éa"],
    ["std.decodeUTF8([255])", "\ufffd"],
    ["[std.base64('Hello World!'), std.base64([255, 0]), std.base64('')]", ["SGVsbG8gV29ybGQh", "/wA=", ""]],
    ["[std.base64Decode('SGVsbG8='), std.base64DecodeBytes('/wA=')]", ["Hello", [255, 0]]],
    ["std.base64Decode(std.base64('é'))", "é"],
    ["std.md5('')", "d41d8cd98f00b204e9800998ecf8427e"],
    ["std.sha1('abc')", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["std.sha256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["std.substr(std.sha512('abc'), 0, 16)", "ddaf35a193617aba"],
    ["std.substr(std.sha3('abc'), 0, 16)", "b751850b1a57168a"],
    ["std.escapeStringJson('he\"l\\nlo')", '"he\\"l\\nlo"'],
    ["std.escapeStringPython('é')", '"é"'],
    ['std.escapeStringBash("it\'s")', "'it'\"'\"'s'"],
    ["std.escapeStringDollars('a$b')", "a$$b"],
    ["std.escapeStringXML('<a b=\"c\">&\\'')", "&lt;a b=&quot;c&quot;&gt;&amp;&apos;"],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe("arrays", () => {
  it.each<Case>([
    ["std.makeArray(3, function(i) i * i)", [0, 1, 4]],
    ["std.range(2, 5)", [2, 3, 4, 5]],
    ["std.range(2, 1)", []],
    ["[std.repeat('ab', 3), std.repeat([1, 2], 2), std.repeat('x', 0)]", ["ababab", [1, 2, 1, 2], ""]],
    ["[std.slice([1, 2, 3, 4], 0, 4, 2), std.slice('abcd', 1, null, null)]", [[1, 3], "bcd"]],
    ["std.map(function(x) x + 1, [1, 2])", [2, 3]],
    ["std.map(function(c) c + c, 'ab')", ["aa", "bb"]],
    ["std.map(function(x) error 'lazy', [1])[0:0]", []],
    ["std.mapWithIndex(function(i, x) x * i, [5, 6, 7])", [0, 6, 14]],
    ["std.filter(function(x) x > 1, [1, 2, 3])", [2, 3]],
    ["std.filterMap(function(x) x >= 0, function(x) x * x, [-1, 2])", [4]],
    ["std.flatMap(function(x) [x, x], [1, 2])", [1, 1, 2, 2]],
    ["std.flatMap(function(c) c + c, 'ab')", "aabb"],
    ["std.foldl(function(a, b) a + b, ['a', 'b'], '')", "ab"],
    ["std.foldr(function(a, b) [a, b], [1, 2], [])", [1, [2, []]]],
    ["std.foldl(function(a, b) a + b, 'abc', '>')", ">abc"],
    ["std.foldl(function(a, b) a + b, std.range(1, 5000), 0)", 12502500],
    ["std.join(', ', ['a', null, 'b'])", "a, b"],
    ["std.join([0], [[1], null, [2, 3]])", [1, 0, 2, 3]],
    ["std.join(',', [])", ""],
    ["std.lines(['a', 'b'])", "a\nb\n"],
    ["std.deepJoin(['a', ['b', ['c']], []])", "abc"],
    ["std.flattenArrays([[1], [], [2, [3]]])", [1, 2, [3]]],
    ["std.flattenDeepArray([1, [2, [3, [[4]]]], null])", [1, 2, 3, 4, null]],
    ["std.reverse([1, 2, 3])", [3, 2, 1]],
    ["[std.member([1, [2]], [2]), std.member('abc', 'bc'), std.member([], 1)]", [true, true, false]],
    ["[std.contains([1, 2], 2), std.contains([1], '1')]", [true, false]],
    ["std.count([1, 2, 1, [1]], 1)", 2],
    ["std.find(1, [1, 2, 1])", [0, 2]],
    [
      "[std.remove([1, 2, 1], 1), std.remove([1], 5), std.removeAt([1, 2, 3], 1), std.removeAt([1], 9)]",
      [[2, 1], [1], [1, 3], [1]],
    ],
    ["[std.all([true, true]), std.all([]), std.any([false, true]), std.any([])]", [true, true, true, false]],
    ["std.any([true, error 'later'])", true],
    ["[std.sum([1, 2, 3]), std.avg([1, 2, 3]), std.sum([])]", [6, 2, 0]],
    ["[std.minArray([3, 1, 2]), std.maxArray(['a', 'c', 'b'])]", [1, "c"]],
    ["std.minArray([{n: 2, t: 'b'}, {n: 1, t: 'a'}], function(x) x.n).t", "a"],
    ["std.maxArray([], onEmpty='none')", "none"],
    ["std.maxArray([[1, 'first'], [1, 'second']], function(x) x[0])[1]", "first"],
    ["[std.sort([3, 1, 2]), std.sort(['b', 'a', 'B']), std.sort([])]", [[1, 2, 3], ["B", "a", "b"], []]],
    [
      "std.sort([{k: 2, v: 'x'}, {k: 1, v: 'y'}, {k: 2, v: 'z'}], function(e) e.k)",
      [
        { k: 1, v: "y" },
        { k: 2, v: "x" },
        { k: 2, v: "z" },
      ],
    ],
    ["std.sort([[2], [1, 5], [1]], keyF=function(x) x)", [[1], [1, 5], [2]]],
    ["std.uniq([1, 1, 2, 1])", [1, 2, 1]],
    ["std.uniq(['a', 'A', 'b'], std.asciiLower)", ["a", "b"]],
    ["std.set(['b', 'a', 'b'])", ["a", "b"]],
    ["std.set([3, -1, 2], function(x) x * x)", [-1, 2, 3]],
    [
      "[std.setUnion([1, 3], [2, 3]), std.setInter([1, 2, 3], [2, 3, 4]), std.setDiff([1, 2, 3], [2])]",
      [
        [1, 2, 3],
        [2, 3],
        [1, 3],
      ],
    ],
    ["std.setUnion([{k: 1, v: 'left'}], [{k: 1, v: 'right'}], function(e) e.k)", [{ k: 1, v: "left" }]],
    [
      "[std.setMember(2, [1, 2, 3]), std.setMember(4, [1, 2, 3]), std.setMember('A', ['a'], std.asciiLower)]",
      [true, false, true],
    ],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe("objects", () => {
  it.each<Case>([
    ["[std.get({a: 1}, 'a'), std.get({}, 'a'), std.get({}, 'a', 5), std.get({a:: 1}, 'a')]", [1, null, 5, 1]],
    ["[std.get({a:: 1}, 'a', 2, false), std.get({a:: 1}, 'a', inc_hidden=false)]", [2, null]],
    ["std.get({a: 1}, 'a', error 'not needed')", 1],
    [
      "[std.objectHas({a:: 1}, 'a'), std.objectHasAll({a:: 1}, 'a'), std.objectHasEx({a:: 1}, 'a', true)]",
      [false, true, true],
    ],
    ["std.objectFields({b: 1, a: 2, c:: 3})", ["a", "b"]],
    ["std.objectFieldsAll({b: 1, a: 2, c:: 3})", ["a", "b", "c"]],
    ["std.objectFieldsEx({c:: 3}, true)", ["c"]],
    [
      "[std.objectValues({b: 1, a: 2, c:: 3}), std.objectValuesAll({b: 1, a: 2, c:: 3})]",
      [
        [2, 1],
        [2, 1, 3],
      ],
    ],
    [
      "std.objectKeysValues({b: 1, a: 2})",
      [
        { key: "a", value: 2 },
        { key: "b", value: 1 },
      ],
    ],
    ["std.length(std.objectKeysValuesAll({b: 1, a:: 2}))", 2],
    ["std.length(std.objectValues({a: error 'lazy'}))", 1],
    ["std.objectRemoveKey({a: 1, b: 2, c:: 3}, 'a')", { b: 2 }],
    ["std.objectRemoveKey({a: 1, c:: 3}, 'a').c", 3],
    ["std.mapWithKey(function(k, v) k + v, {a: 1, b: 2})", { a: "a1", b: "b2" }],
    [
      "std.mergePatch({a: 1, b: {c: 2, d: 3}}, {b: {c: null, e: 4}, f: 5})",
      { a: 1, b: { d: 3, e: 4 }, f: 5 },
    ],
    ["std.mergePatch({a: [1]}, {a: {b: {c: null, d: 1}}})", { a: { b: { d: 1 } } }],
    ["std.mergePatch({a: 1}, 5)", 5],
    ["std.mergePatch(null, {a: null, b: 1})", { b: 1 }],
    ["std.prune({a: null, b: [null, {}, [], 0, ''], c: {d: {}}, e: false})", { b: [0, ""], e: false }],
    ["std.prune([[[]], null, 1])", [1]],
    ["std.mergePatch({['__proto__']: 1}, {}).__proto__", 1],
  ])("%s", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });
});

describe("documents", () => {
  const value = "{b: [1, 'x'], a: {}, c: [], d: {e: null, f: true}}";

  it.each<[source: string, text: string]>([
    [`std.manifestJsonMinified(${value})`, '{"a":{},"b":[1,"x"],"c":[],"d":{"e":null,"f":true}}'],
    [
      `std.manifestJsonEx(${value}, '  ')`,
      '{\n  "a": {\n\n  },\n  "b": [\n    1,\n    "x"\n  ],\n  "c": [\n\n  ],\n  "d": {\n    "e": null,\n    "f": true\n  }\n}',
    ],
    ["std.manifestJson([1])", "[\n    1\n]"],
    ["std.manifestJsonEx({a: [1, 2]}, '', ' ', ' = ')", '{ "a" = [ 1, 2 ] }'],
    [
      "std.manifestYamlDoc({a: [1, {b: 2, c: []}], d: 'two\\nlines\\n', e: '', f: {g: [[1]]}, 'h i': {}})",
      '"a":\n- 1\n- "b": 2\n  "c": []\n"d": |\n  two\n  lines\n"e": ""\n"f":\n  "g":\n  -\n    - 1\n"h i": {}',
    ],
    ["std.manifestYamlDoc({a: [1], b: {c: 2}}, indent_array_in_object=true)", '"a":\n  - 1\n"b":\n  "c": 2'],
    [
      "std.manifestYamlDoc({plain: 1, 'with space': 2, 'true': 3, '12': 4, '1.5': 5, '0x1F': 6, '2020-01-01': 7, 'a/b': 8, '': 9, '1e3.0': 10, '0b1': 11, 'a-1': 12}, quote_keys=false)",
      '"": 9\n"0b1": 11\n"0x1F": 6\n"1.5": 5\n"12": 4\n"1e3.0": 10\n"2020-01-01": 7\na-1: 12\na/b: 8\nplain: 1\n"true": 3\n"with space": 2',
    ],
    ["std.manifestYamlStream([1, {a: 2}])", '---\n1\n---\n"a": 2\n...\n'],
    ["std.manifestYamlStream([1], c_document_end=false)", "---\n1\n"],
    [
      "std.manifestToml({a: 1, 'b c': 'x', d: [1, [2, {e: 3}]], t: {u: true, v: {w: 1}}, l: [{m: 1}, {}], n: []})",
      'a = 1\n"b c" = "x"\nd = [\n  1,\n  [ 2, { e = 3 } ]\n]\nn = []\n\n[[l]]\n  m = 1\n\n[[l]]\n\n[t]\n  u = true\n\n  [t.v]\n    w = 1',
    ],
    ["std.manifestTomlEx({a: {b: 1}}, '')", "\n\n[a]\nb = 1"],
    [
      "std.manifestIni({main: {a: 1}, sections: {s1: {b: ['x', 'y']}, empty: {}}})",
      "a = 1\n[empty]\n[s1]\nb = x\nb = y\n",
    ],
    [`std.manifestPython(${value})`, '{"a": {}, "b": [1, "x"], "c": [], "d": {"e": None, "f": True}}'],
    ["std.manifestPythonVars({a: 1, b: [false]})", "a = 1\nb = [False]\n"],
    [
      "std.manifestXmlJsonml(['f', {}, ' ', ['g', 'in'], 'no', ['h', {attr: 'yolo', n: 1}, ['x']]])",
      '<f> <g>in</g>no<h attr="yolo" n="1"><x></x></h></f>',
    ],
  ])("%s", (source, text) => {
    expect(evaluate(source)).toBe(text);
  });
});

describe("what the library refuses", () => {
  it.each<[source: string, message: string]>([
    ["std.length(5)", "std.length: x must be a string, array, object or function, got number"],
    ["std.substr(1, 2, 3)", "std.substr: str must be a string, got number"],
    ["std.substr('a', -1, 1)", "std.substr: from must be a whole number of zero or more, got -1"],
    ["std.join(1, [])", "std.join: sep must be an array, got number"],
    ["std.join(',', [1])", "std.join: each element must be a string, got number"],
    ["std.split('a', '')", "std.split: c must not be empty"],
    ["std.strReplace('a', '', 'b')", "std.strReplace: from must not be empty"],
    ["std.parseInt('12a')", 'std.parseInt: not a whole number: "12a"'],
    ["std.parseInt('')", 'std.parseInt: not a whole number: ""'],
    ["std.parseOctal('8')", 'std.parseOctal: not an octal number: "8"'],
    ["std.parseHex('g')", 'std.parseHex: not a hexadecimal number: "g"'],
    ["std.parseInt(std.repeat('9', 400))", "overflow"],
    ["std.parseInt(std.repeat('9', 401))", "std.parseInt: more than 400 digits"],
    ["std.parseJson('{')", "std.parseJson: "],
    ["std.parseJson('[1e999]')", "std.parseJson: a number is too large"],
    ["std.codepoint('ab')", "std.codepoint: str must be one character, got 2"],
    ["std.char(-1)", "std.char: n is no character: -1"],
    ["std.sqrt(-1)", "not a number"],
    ["std.log(0)", "overflow"],
    ["std.pow(10, 1000)", "overflow"],
    ["std.abs('a')", "std.abs: x must be a number, got string"],
    ["std.makeArray(-1, function(i) i)", "std.makeArray: sz must be a whole number of zero or more, got -1"],
    ["std.map(1, [])", "std.map: func must be a function, got number"],
    ["std.filter(function(x) 1, [1])", "std.filter: what func gives must be true or false, got number"],
    ["std.flatMap(function(x) 1, [1])", "std.flatMap: what func gives must be an array, got number"],
    ["std.avg([])", "std.avg: arr must not be empty"],
    ["std.sum(['a'])", "std.sum: each element must be a number, got string"],
    ["std.minArray([])", "std.minArray: arr must not be empty"],
    ["std.sort([1, 'a'])", "cannot compare"],
    ["std.all([1])", "std.all: each element must be true or false, got number"],
    ["std.base64('😀')", "std.base64: a text must have characters below 256 only"],
    ["std.base64([256])", "std.base64: input must hold whole numbers from 0 to 255"],
    ["std.base64Decode('abc')", 'std.base64Decode: not base64: "abc"'],
    ["std.base64Decode('a===')", 'std.base64Decode: not base64: "a==="'],
    ["std.decodeUTF8([1.5])", "std.decodeUTF8: arr must hold whole numbers from 0 to 255"],
    ["std.assertEqual('1', 1)", 'assertion failed: "1" != 1'],
    ["std.objectHas([], 'a')", "std.objectHas: o must be an object, got array"],
    ["std.manifestToml([])", "std.manifestTomlEx: value must be an object, got array"],
    ["std.manifestToml({a: null})", "std.manifestToml: null has no text"],
    ["std.manifestIni({})", "field does not exist: sections"],
    ["std.manifestXmlJsonml({})", "std.manifestXmlJsonml: value must be an array, got object"],
    ["std.manifestYamlStream({})", "std.manifestYamlStream: value must be an array, got object"],
    ["std.manifestJson(std.length)", "a function has no text"],
    ["std.extVar(1)", "std.extVar: x must be a string, got number"],
    ["std.trace(1, 2)", "std.trace: str must be a string, got number"],
  ])("%s", (source, message) => {
    expect(() => evaluate(source)).toThrow(message);
  });
});
