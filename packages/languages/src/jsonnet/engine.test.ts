import { describe, expect, it } from "vitest";
import type { JsonObject } from "../json.ts";
import { createJsonnetEngine, HostError, type HostFunction, JsonnetError } from "./index.ts";

describe("the engine", () => {
  it("evaluates one source over different data, each time anew", () => {
    const engine = createJsonnetEngine();
    const source =
      "local twice = data.n * 2; {n: data.n, twice: twice, list: [twice + i for i in data.list]}";
    expect(engine.evaluate(source, { n: 1, list: [1] })).toEqual({ n: 1, twice: 2, list: [3] });
    expect(engine.evaluate(source, { n: 5, list: [] })).toEqual({ n: 5, twice: 10, list: [] });
  });

  it("goes on after an evaluation that failed halfway", () => {
    const engine = createJsonnetEngine();
    const source = "{a: if data.ok then 1 else error 'no', b: self.a + 1}";
    expect(() => engine.evaluate(source, { ok: false })).toThrow("no at 1:28");
    expect(engine.evaluate(source, { ok: true })).toEqual({ a: 1, b: 2 });
    expect(() => engine.evaluate("local f(x) = f(x); f(1)", {})).toThrow(JsonnetError);
    expect(engine.evaluate("std.length('abc')", {})).toBe(3);
  });

  it("keeps more sources than its cache has room for", () => {
    const engine = createJsonnetEngine();
    for (let index = 0; index < 2500; index++) expect(engine.evaluate(`${index} + 1`, {})).toBe(index + 1);
    expect(engine.evaluate("0 + 1", {})).toBe(1);
  });

  it("never changes the data, nor hands out a part of it", () => {
    const data: JsonObject = { a: { b: [1, { c: 2 }] } };
    const before = JSON.stringify(data);
    const result = createJsonnetEngine().evaluate("data.a { b+: [3], d: data.a.b }", data) as JsonObject;
    expect(result).toEqual({ b: [1, { c: 2 }, 3], d: [1, { c: 2 }] });
    (result["d"] as unknown[]).push("changed");
    expect(JSON.stringify(data)).toBe(before);
  });

  it("gives a field named __proto__ as an own field, and leaves prototypes alone", () => {
    const engine = createJsonnetEngine();
    const data = JSON.parse('{"__proto__": {"polluted": 1}}') as JsonObject;
    const result = engine.evaluate("data + {constructor: 1, ['__proto__']+: {more: 2}}", data) as JsonObject;
    expect(Object.keys(result).toSorted()).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"more":2,"polluted":1},"constructor":1}');
    expect("polluted" in {}).toBe(false);
  });

  it("refuses what a database cannot hold, wherever it is", () => {
    const engine = createJsonnetEngine();
    const unsafe: [string, string][] = [
      ["std.char(0)", "the result must not contain the null character"],
      ["{a: [1, {b: 'x' + std.char(0)}]}", "the result's a.1.b must not contain the null character"],
      ["{[std.char(0)]: 1}", "has a name that must not contain the null character"],
    ];
    for (const [source, message] of unsafe) expect(() => engine.evaluate(source, {})).toThrow(message);
    expect(() => engine.evaluate("data.x", { x: "\ud800" })).toThrow("half of a surrogate pair");
    expect(() => engine.evaluate("data.x", { x: Number.POSITIVE_INFINITY })).toThrow("is no finite number");
  });

  it("computes nothing that is not shown, and what is shown once", () => {
    const engine = createJsonnetEngine({ time: 20_000, steps: 30_000 });
    // Each field is used twice by the next: computed anew each time it would take 2^60 steps.
    const fields = Array.from({ length: 60 }, (_, index) => `f${index + 1}: self.f${index} + self.f${index}`);
    expect(engine.evaluate(`{f0: 1, ${fields.join(", ")}}.f60`, {})).toBe(2 ** 60);
    const locals = Array.from({ length: 60 }, (_, index) => `v${index + 1} = v${index} + v${index}`);
    expect(engine.evaluate(`local v0 = 1, ${locals.join(", ")}; v60`, {})).toBe(2 ** 60);
    expect(engine.evaluate("{a:: error 'hidden', b: 1}", {})).toEqual({ b: 1 });
  });
});

describe("functions of the host", () => {
  const engine = createJsonnetEngine({ functions: ["t", "u"] });
  const t: HostFunction = {
    parameters: ["key", ["params", null]],
    call: (args) => {
      if (args[0] === "no") throw new HostError("there is no such text");
      return args;
    },
  };

  it("take and return JSON, with arguments by place and by name", () => {
    const call = (source: string) => engine.evaluate(source, { name: "Ada" }, { t });
    expect(call("t('a')")).toEqual(["a", null]);
    expect(call("t('a', {n: data.name, list: [1 + 1]})")).toEqual(["a", { n: "Ada", list: [2] }]);
    expect(call("t(params=1, key=2)")).toEqual([2, 1]);
    expect(call("local f = t; [f(x)[0] for x in ['a', 'b']]")).toEqual(["a", "b"]);
    expect(call("local t = function(x) x; t(3)")).toBe(3);
  });

  it("may do something else in each evaluation of one source", () => {
    const saying = (text: string): HostFunction => ({ parameters: ["key"], call: () => text });
    expect(engine.evaluate("t(1)", {}, { t: saying("one") })).toBe("one");
    expect(engine.evaluate("t(1)", {}, { t: saying("two") })).toBe("two");
  });

  it("refuse with their reason and the place of the call", () => {
    const call = (source: string) => () => engine.evaluate(source, {}, { t });
    expect(call("{a: t('no')}")).toThrow("t: there is no such text at 1:6");
    expect(call("t()")).toThrow("missing argument: key");
    expect(call("t(1, 2, 3)")).toThrow("too many arguments");
    expect(call("t(function(x) x)")).toThrow("is a function, which has no place in JSON");
    expect(call("u(1)")).toThrow("u is not available here");
    expect(() => createJsonnetEngine().evaluate("t('a')", {}, { t })).toThrow("unknown variable: t");
  });

  it("count what they return, and pass on what is a bug", () => {
    const long: HostFunction = { parameters: [], call: () => "x".repeat(9_000_000) };
    expect(() => engine.evaluate("t()", {}, { t: long })).toThrow("a text longer than");
    const broken: HostFunction = {
      parameters: [],
      call: () => {
        throw new TypeError("a bug");
      },
    };
    expect(() => engine.evaluate("t()", {}, { t: broken })).toThrow(TypeError);
  });
});
