import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../json.ts";
import { checkJsonnet, createJsonnetEngine, JsonnetError, type JsonnetLimits } from "./index.ts";
import { DEFAULT_LIMITS } from "./limits.ts";

/** Time is tested apart: on a busy machine it would end what another limit should. */
const PATIENT = { time: 20_000 };

function refusal(source: string, limits: Partial<JsonnetLimits> = PATIENT, data: JsonObject = {}): string {
  try {
    createJsonnetEngine(limits).evaluate(source, data);
  } catch (error) {
    if (error instanceof JsonnetError) {
      // Our own stack ran over: caught, but found too late.
      expect(error.cause).toBeUndefined();
      return error.message;
    }
    throw error;
  }
  throw new Error("no error");
}

function nest(depth: number, open: string, close: string, inner = "1"): string {
  return open.repeat(depth) + inner + close.repeat(depth);
}

function list(item: (name: string) => string): string {
  return Array.from({ length: 3000 }, (_, at) => item(`p${at}`)).join(",");
}

const STEPS = "takes more than 2000000 steps";
const MEMORY = "takes more than 67108864 bytes of memory";
const TEXT = "makes a text longer than 8388608 characters";
const CALLS = "more than 200 calls within each other";
const OUTPUT = "the result is longer than 1048576 characters";
const NESTED = "nested too deeply";
const DEEP = "is nested deeper than 100 levels";

describe("hostile scripts", () => {
  it.each<[source: string, message: string]>([
    ["local f(x) = f(x + 1); f(0)", CALLS],
    ["local f(x) = 1 + f(x); f(0)", CALLS],
    ["local a(x) = b(x), b(x) = a(x); a(1)", CALLS],
    ["local f(x) = f(x) tailstrict; f(0)", STEPS],
    ["local f(x, y=x) = f(y) tailstrict; f(0)", STEPS],
    ["{a: {b: $.a.b}}.a.b", "infinite recursion"],
    ["local o = {a: (o {}).a}; o.a", CALLS],
    ["{f(x): self.f(x + 1)}.f(0)", CALLS],
    ["{assert (self {a: 1}).a == 1}", CALLS],
    ["local y = function(f) f(f); y(y)", CALLS],
    [
      "std.foldl(function(a, b) a(b), [1], function(x) std.foldl(function(a, b) a, [1], x))(1)",
      "only functions",
    ],
    ["local f(x) = std.map(f, [x])[0]; f(1)", CALLS],
    ["local f(x) = std.sort([2, 1], f); f(1)", CALLS],
    ["local f(x) = '%s' % [f(x)]; f(1)", CALLS],
    ["local a = [a]; a", DEEP],
    ["local a = [a]; '' + a", CALLS],
    ["local a = [a], b = [b]; a == b", CALLS],
    ["local a = [a], b = [b]; a < b", CALLS],
    ["local a = {x: a}; std.manifestYamlDoc(a)", CALLS],
    ["local a = {x: a}; std.manifestToml(a)", CALLS],
    ["local a = {x: a}; std.manifestPython(a)", CALLS],
    ["local a = ['x', a]; std.manifestXmlJsonml(a)", CALLS],
    ["local a = [a]; std.prune(a)", CALLS],
    ["local a = [a]; std.deepJoin(a)", CALLS],
    ["local a = [a]; std.flattenDeepArray(a)", CALLS],
    ["local a = {x: a}; std.mergePatch(a, a)", CALLS],
    ["{a: $}", DEEP],
    ["std.range(1, 1e12)", MEMORY],
    ["std.length(std.range(1, 1e9))", MEMORY],
    ["std.repeat('x', 1e12)", MEMORY],
    ["std.repeat([1], 1e12)", MEMORY],
    ["std.makeArray(1e9, function(i) i)", MEMORY],
    ["std.makeArray(1e300, function(i) i)", MEMORY],
    ["std.length(std.foldl(function(a, b) a + a, std.range(1, 100), 'xx'))", TEXT],
    ["std.length(std.foldl(function(a, b) a + a, std.range(1, 100), [1]))", MEMORY],
    ["std.foldl(function(a, b) '%s%s' % [a, a], std.range(1, 100), 'xx')", MEMORY],
    ["std.foldl(function(a, b) std.join(a, [a, a]), std.range(1, 100), 'xx')", TEXT],
    ["std.foldl(function(a, b) std.strReplace(a, 'x', 'xx'), std.range(1, 100), 'x')", STEPS],
    ["std.foldl(function(a, b) std.escapeStringJson(a), std.range(1, 100), '\"')", STEPS],
    ["std.foldl(function(a, b) a {[std.toString(b)]: a}, std.range(1, 1e5), {})", MEMORY],
    ["std.foldl(function(a, b) [a, a], std.range(1, 60), 1)", OUTPUT],
    ["std.length(std.toString(std.foldl(function(a, b) [a, a], std.range(1, 60), 1)))", STEPS],
    ["'%1000000000d' % 5", MEMORY],
    ["'%*d' % [1e18, 5]", MEMORY],
    ["std.manifestJsonEx([[[[1]]]], std.repeat(' ', 5e6))", TEXT],
    ["std.length(std.repeat('x', 2e7))", TEXT],
    ["std.length(std.stringChars(std.repeat('x', 8e6)))", MEMORY],
    ["std.length([x for x in std.range(1, 1e6) for y in std.range(1, 1e6)])", STEPS],
    ["local r = std.range(1, 1000); std.length([1 for a in r for b in r for c in r if false])", STEPS],
    [
      "std.length(std.filter(function(x) false, std.flatMap(function(x) std.range(1, 1000), std.range(1, 1e6))))",
      STEPS,
    ],
    ["local f(n) = if n == 0 then 1 else f(n - 1) + f(n - 1); f(60)", STEPS],
    ["local a = std.range(1, 2e5); std.length([1 for i in std.range(1, 1000) if a == a])", STEPS],
    ["local s = std.repeat('x', 3e6); std.length([1 for i in std.range(1, 1e5) if s == 'y' + s])", STEPS],
    ["std.length(std.setUnion(std.range(1, 1e6), std.range(1, 1e6)))", STEPS],
    ["std.sort(std.range(1, 1e6))", MEMORY],
    ["std.length(std.sort(std.range(1, 3e5), function(x) (x * 7919) % 300007))", STEPS],
    ["std.deepJoin(std.repeat([std.repeat(['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'], 1e5)], 1000))", MEMORY],
    ["std.deepJoin(std.repeat([std.repeat([''], 1e5)], 1000))", STEPS],
    ["local x = std.repeat('x', 5e6); '%s%s' % [x, x]", TEXT],
    ["std.format(std.repeat('%s', 1e6), std.repeat([1], 1e6))", STEPS],
    ["std.manifestJsonEx({a: 1, b: 2}, '', '', std.repeat(':', 5e6))", TEXT],
    ["std.manifestYamlDoc(std.repeat('\\n', 5e6))", STEPS],
    ["local k = std.repeat('k', 3e6); std.manifestToml({[k]: {[k]: {[k]: {a: {}}}}})", STEPS],
    ["std.toString(std.makeArray(1e6, function(i) 5e-324))", MEMORY],
    ["std.toString(std.repeat([0.1], 2e5))", STEPS],
    ["std.parseJson('[' + std.repeat('{},', 1e6) + '1]')", STEPS],
    ["std.length({[std.repeat('k', 20000) + i]: 1 for i in std.range(1, 1500)})", STEPS],
    ["local p = std.repeat('k', 20000); [std.objectHas({}, p + i) for i in std.range(1, 1000)]", STEPS],
    ["[std.findSubstr(std.repeat('a', 2e4), std.repeat('a', 1e6))]", STEPS],
    ["[std.sha3(std.repeat('x', 1e6)) for i in std.range(1, 1000)]", STEPS],
    ["local s = std.repeat('x', 1e6); [s + i < 'a' for i in std.range(1, 1000)]", STEPS],
    ["std.repeat('x', 2e6)", OUTPUT],
    ["[std.repeat('x', 1000) for i in std.range(1, 2000)]", OUTPUT],
    ["std.range(1, 200000)", OUTPUT],
    ["{[std.repeat('k', 1000) + i]: 1 for i in std.range(1, 2000)}", OUTPUT],
  ])("%s", (source, message) => {
    expect(checkJsonnet(source)).toBeNull();
    expect(refusal(source)).toContain(message);
  });

  it("whose endless loop makes nothing end with their time", () => {
    const started = performance.now();
    const limits = { time: 50, steps: Number.MAX_SAFE_INTEGER };
    expect(refusal("local f(x) = f(x) tailstrict; f(0)", limits)).toContain(
      "takes longer than 50 milliseconds",
    );
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it.each<[name: string, source: string]>([
    ["parentheses", nest(20_000, "(", ")")],
    ["arrays", nest(20_000, "[", "]")],
    ["arrays that never close", "[".repeat(60_000)],
    ["objects", nest(10_000, "{a:", "}")],
    ["signs", `${"-".repeat(60_000)}1`],
    ["sums", `1${"+1".repeat(30_000)}`],
    ["fields", `{}${".a".repeat(30_000)}`],
    ["calls", `data${"()".repeat(30_000)}`],
    ["indices", `data${"[0]".repeat(20_000)}`],
    ["objects in a row", `data${"{}".repeat(30_000)}`],
    ["conditions", `${"if true then ".repeat(4000)}1`],
    ["alternatives", `${"if true then 1 else ".repeat(3000)}1`],
    ["locals", `${"local a=1;".repeat(6000)}1`],
    ["functions", `${"function() ".repeat(5000)}1`],
    ["asserts", `${"assert true;".repeat(5000)}1`],
    ["errors", `${"error ".repeat(10_000)}1`],
    ["slices", nest(5000, "[1][", ":]")],
    ["defaults", nest(3000, "(function(x=", ") x)")],
    ["names", nest(5000, "{[", "]: 1}")],
  ])("%s nested without measure are refused where they are read", (_name, source) => {
    const problem = checkJsonnet(source);
    expect(problem?.message).toContain(NESTED);
    expect(problem?.cause).toBeUndefined();
  });

  it("with too many clauses are refused where they are read", () => {
    expect(checkJsonnet(`[1 ${"for x in [1] ".repeat(4000)}]`)?.message).toContain("too many clauses");
  });

  it.each<[name: string, source: string]>([
    ["arguments", `data(${list((name) => `${name}=1`)})`],
    ["parameters", `function(${list((name) => name)}) 1`],
    ["variables", `local ${list((name) => `${name}=1`)}; 1`],
    ["variables of an object", `{${list((name) => `local ${name}=1`)}}`],
  ])("may have %s by the thousand, none of them twice", (_name, source) => {
    expect(checkJsonnet(source)).toBeNull();
    expect(checkJsonnet(source.replace("p2999", "p1"))?.message).toMatch(/p1 is (?:defined|given) twice/);
  });

  it("that are too long are not read", () => {
    expect(checkJsonnet(" ".repeat(65_537))?.message).toBe("source is longer than 65536 characters");
    expect(checkJsonnet(`1${" ".repeat(65_535)}`)).toBeNull();
  });

  it.each<[name: string, wrap: (inner: string) => string]>([
    ["sums", (inner) => `1 + (${inner})`],
    ["fields", (inner) => `{a: ${inner}}.a`],
    ["arguments", (inner) => `std.max(${inner}, 0)`],
    ["strict arguments", (inner) => `id(${inner}) tailstrict`],
    ["comprehensions", (inner) => `[x for x in [1] if (${inner}) != null][0]`],
    ["folds", (inner) => `std.foldl(function(a, b) ${inner}, [1], 0)`],
    ["sorting", (inner) => `std.sort([2, 1], function(x) ${inner})[0]`],
    ["texts", (inner) => `std.length("" + [${inner}])`],
    ["added fields", (inner) => `({a: 1} + {a+: ${inner}}).a`],
  ])("cannot overflow our stack with %s within calls", (_name, wrap) => {
    for (const height of [1, 5, 20, 60]) {
      let inner = "f(n + 1)";
      for (let level = 0; level < height; level++) inner = `(${wrap(inner)})`;
      const source = `local id(x) = x; local f(n) = ${inner}; f(0)`;
      expect(refusal(source, { ...PATIENT, depth: 500 })).toMatch(
        /calls within each other|nested too deeply/,
      );
    }
  });
});

describe("what is within the limits", () => {
  const evaluate = (source: string, data: JsonObject = {}) =>
    createJsonnetEngine(PATIENT).evaluate(source, data);

  it.each<[source: string, value: Json]>([
    ["local f(n) = if n == 0 then 0 else 1 + f(n - 1); f(60)", 60],
    ["local loop(n, acc) = if n == 0 then acc else loop(n - 1, acc + 1) tailstrict; loop(50000, 0)", 50000],
    [nest(150, "(", ")"), 1],
    [`1${"+1".repeat(500)}`, 501],
    ["std.length(std.range(1, 100000))", 100000],
    ["std.length(std.foldl(function(a, b) a + 'x', std.range(1, 20000), ''))", 20000],
    ["std.length(std.foldl(function(a, b) a + [b], std.range(1, 2000), []))", 2000],
    ["std.length(std.foldl(function(a, b) a {['k' + b]: b}, std.range(1, 1000), {}))", 1000],
    ["std.length(std.repeat('x', 1000000))", 1000000],
  ])("%.60s is computed", (source, value) => {
    expect(evaluate(source)).toEqual(value);
  });

  it("a result of a hundred levels passes, one more does not", () => {
    expect(evaluate(nest(100, "[", "]"))).toEqual(JSON.parse(nest(100, "[", "]")));
    expect(refusal(nest(101, "[", "]"))).toContain(DEEP);
  });

  it("each limit may be set", () => {
    expect(refusal("local f(x) = f(x) tailstrict; f(0)", { ...PATIENT, steps: 5000 })).toContain(
      "5000 steps",
    );
    expect(refusal("local f(x) = f(x); f(0)", { ...PATIENT, depth: 10 })).toContain("more than 10 calls");
    expect(refusal("std.range(1, 1000)", { ...PATIENT, memory: 1000 })).toContain("1000 bytes");
    expect(refusal("std.range(1, 1000)", { ...PATIENT, output: 1000 })).toContain("1000 characters");
  });
});

describe("deep data", () => {
  const deep = (levels: number): JsonObject => {
    let inner: Json = { found: "it" };
    for (let level = 0; level < levels; level++) inner = level % 2 === 0 ? [inner] : { a: inner };
    return { deep: inner, shallow: 1 };
  };

  it("is no burden to a script that does not go there", () => {
    expect(createJsonnetEngine().evaluate("data.shallow", deep(10_000))).toBe(1);
    expect(createJsonnetEngine().evaluate("std.length(data.deep)", deep(10_000))).toBe(1);
  });

  it.each([
    ["data", DEEP],
    ["data.deep", DEEP],
    ["'' + data", CALLS],
    ["data == data {}", CALLS],
    ["std.prune(data)", CALLS],
    ["std.manifestYamlDoc(data)", CALLS],
  ])("%s is refused", (source, message) => {
    expect(refusal(source, PATIENT, deep(10_000))).toContain(message);
  });

  it("of a megabyte costs nothing when one key of it is read", () => {
    const items = Array.from({ length: 20_000 }, (_, index) => ({ id: `item-${index}`, tags: ["a", "b"] }));
    const engine = createJsonnetEngine({ ...PATIENT, memory: 10_000, steps: 1000 });
    expect(engine.evaluate("data.name", { name: "x", items })).toBe("x");
    expect(() => engine.evaluate("data.items[0].id", { name: "x", items })).toThrow("bytes of memory");
  });
});

describe("the defaults", () => {
  it("are those that are documented", () => {
    expect(DEFAULT_LIMITS).toEqual({
      steps: 2_000_000,
      depth: 200,
      time: 100,
      memory: 64 * 1024 * 1024,
      output: 1024 * 1024,
    });
  });
});

describe("the library", () => {
  const data: JsonObject = {
    list: Array.from({ length: 6000 }, (_, at) => (at * 7919) % 6011),
    words: Array.from({ length: 6000 }, (_, at) => `w${at}`),
    lists: Array.from({ length: 6000 }, (_, at) => [at]),
    no: Array.from({ length: 6000 }, () => false),
    yes: Array.from({ length: 6000 }, () => true),
    object: Object.fromEntries(Array.from({ length: 6000 }, (_, at) => [`k${at}`, at])),
    text: "aB<\"' 1\n".repeat(14_000),
    emoji: "😀".repeat(50_000),
    digits: "QUJD".repeat(25_000),
  };

  /** Steps of an evaluation, to the thousand: the fewest with which it ends. */
  function stepsOf(source: string): number {
    let least = 0;
    let most = DEFAULT_LIMITS.steps;
    while (most - least > 500) {
      const steps = (least + most) >> 1;
      const isEnough = outcomeOf(source, steps) !== `takes more than ${steps} steps`;
      if (isEnough) most = steps;
      else least = steps;
    }
    return most;
  }

  function outcomeOf(source: string, steps: number): string {
    try {
      createJsonnetEngine({ ...PATIENT, steps }).evaluate(source, data);
      return "a value";
    } catch (error) {
      if (!(error instanceof JsonnetError)) throw error;
      return /takes more than \d+ steps/.exec(error.message)?.[0] ?? error.message;
    }
  }

  /** Half of what it takes to look at each item, or at each sixteenth character, of what a case is given. */
  const LEAST = 2500;

  it.each([
    "std.makeArray(6000, function(i) i)",
    "std.range(1, 6000)",
    "std.repeat([1], 6000)",
    "data.list[::2]",
    "std.map(function(x) x, data.list)",
    "std.mapWithIndex(function(i, x) x, data.list)",
    "std.filter(function(x) true, data.list)",
    "std.filterMap(function(x) true, function(x) x, data.list)",
    "std.flatMap(function(x) [x], data.list)",
    "std.foldl(function(a, b) b, data.list, 0)",
    "std.foldr(function(a, b) a, data.list, 0)",
    "std.join('', data.words)",
    "std.join([], data.lists)",
    "std.lines(data.words)",
    "std.deepJoin(data.words)",
    "std.flattenArrays(data.lists)",
    "std.flattenDeepArray(data.lists)",
    "std.reverse(data.list)",
    "std.member(data.list, -1)",
    "std.contains(data.list, -1)",
    "std.count(data.list, -1)",
    "std.find(-1, data.list)",
    "std.remove(data.list, 6010)",
    "std.removeAt(data.list, 1)",
    "std.all(data.yes)",
    "std.any(data.no)",
    "std.sum(data.list)",
    "std.avg(data.list)",
    "std.minArray(data.list)",
    "std.maxArray(data.list)",
    "std.sort(data.list)",
    "std.uniq(data.list)",
    "std.set(data.list)",
    "std.setUnion(data.list, [])",
    "std.setInter(data.list, data.list)",
    "std.setDiff(data.list, [])",
    "std.objectFields(data.object)",
    "std.objectFieldsAll(data.object)",
    "std.objectValues(data.object)",
    "std.objectKeysValues(data.object)",
    "std.objectRemoveKey(data.object, 'k1')",
    "std.mapWithKey(function(k, v) v, data.object)",
    "std.mergePatch(data.object, {a: 1})",
    "std.prune(data.list)",
    "std.length(data.object)",
    "data.object == data.object {}",
    "data.list == data.list",
    "data.list < data.list",
    "std.toString(data.list)",
    "std.manifestJson(data.list)",
    "std.manifestYamlDoc(data.list)",
    "std.manifestYamlStream(data.list)",
    "std.manifestToml(data.object)",
    "std.manifestIni({sections: {a: data.object}})",
    "std.manifestPython(data.list)",
    "std.manifestPythonVars(data.object)",
    "std.manifestXmlJsonml(data.words)",
    "'%s' % [data.list]",
    "std.format(std.repeat('%%', 6000), [])",
    "std.decodeUTF8(std.repeat([65], 6000))",
    "std.base64(std.repeat([65], 6000))",
    "std.length(data.text)",
    "data.text[5]",
    "data.text[1:5]",
    "data.emoji[5]",
    "data.emoji[1:5:2]",
    "data.text < data.text + 'x'",
    "data.text == data.digits + ''",
    "std.stringChars(data.text)",
    "std.substr(data.text, 1, 2)",
    "std.findSubstr('zz', data.text)",
    "std.member(data.text, 'zz')",
    "std.startsWith(data.text, 'zz')",
    "std.endsWith(data.text, 'zz')",
    "std.split(data.text, 'zz')",
    "std.splitLimit(data.text, 'zz', 3)",
    "std.splitLimitR(data.text, 'zz', 3)",
    "std.strReplace(data.text, 'zz', '')",
    "std.stripChars(data.text, 'zz')",
    "std.trim(data.text)",
    "std.asciiUpper(data.text)",
    "std.asciiLower(data.text)",
    "std.equalsIgnoreCase(data.text, '')",
    "std.codepoint(data.text)",
    "std.escapeStringJson(data.text)",
    "std.escapeStringBash(data.text)",
    "std.escapeStringDollars(data.text)",
    "std.escapeStringXML(data.text)",
    "std.base64(data.text)",
    "std.base64Decode(data.digits)",
    "std.base64DecodeBytes(data.digits)",
    "std.encodeUTF8(data.text)",
    "std.md5(data.text)",
    "std.sha1(data.text)",
    "std.sha256(data.text)",
    "std.sha512(data.text)",
    "std.sha3(data.text)",
    "std.parseJson(data.text)",
    "std.objectHas({}, data.text)",
    "{[data.text]: 1}",
    "{}[data.text]",
  ])("pays for what it goes over: %s", (source) => {
    const read = [...new Set(source.match(/data\.\w+/g))].map((name) => `std.type(${name})`);
    expect(stepsOf(`std.type(${source})`)).toBeGreaterThan(stepsOf(`[${read.join(", ")}]`) + LEAST);
  });

  it("looks for long texts in time that grows with their lengths", () => {
    const source =
      "local p = std.repeat('a', 2e5), q = p + 'b' + p, t = std.repeat('a', 1e6);" +
      "[std.findSubstr(q, t), std.length(std.split(t, q)), std.length(std.splitLimitR(t, p + 'b', 3)), std.member(t, q), std.strReplace(t, q, '') == t]";
    // With JavaScript's own search this takes minutes: the test would time out.
    expect(createJsonnetEngine(PATIENT).evaluate(source, {})).toEqual([[], 1, 1, false, true]);
  });

  it("has named arguments looked for at their price", () => {
    const names = Array.from({ length: 1000 }, (_, at) => `p${at}`);
    const call = `f(${names.map((name) => `${name}=1`).join(", ")})`;
    const source = `local f(${names.map((name) => `${name}=0`).join(", ")}) = p5; [${call} for i in std.range(1, 100)]`;
    expect(refusal(source)).toContain(STEPS);
    expect(createJsonnetEngine(PATIENT).evaluate(source.replace("100)", "3)"), {})).toEqual([1, 1, 1]);
  });

  it("says what JavaScript refuses in words of its own", () => {
    for (const source of ["std.parseJson('{')", "std.repeat('', 1e300)[0]", "std.range(-1e300, 1e300)"])
      expect(refusal(source)).not.toMatch(/Invalid|call stack|undefined/);
  });
});
