import { describe, expect, it } from "vitest";
import { compileReader } from "./reply-reader.ts";

const body = JSON.stringify({
  id: "abc",
  n: 7,
  ok: true,
  none: null,
  data: { messages: [{ id: "m-1" }, { "message-id": "m 2" }], "": 1 },
});

describe("a path into a reply", () => {
  it.each([
    ["id", "abc"],
    ["$.id", "abc"],
    [" id ", "abc"],
    ["n", "7"],
    ["ok", "true"],
    ["data.messages[0].id", "m-1"],
    ["$.data.messages[1].message-id", "m 2"],
    ['data["messages"][1]["message-id"]', "m 2"],
    ["none", undefined],
    ["data", undefined],
    ["data.messages", undefined],
    ["missing", undefined],
    ["id.length", undefined],
    ["data.messages.length", undefined],
    ["data.messages[9].id", undefined],
    ["constructor.name", undefined],
    ["__proto__", undefined],
    ["toString", undefined],
  ])("%s is %j", (path, value) => {
    expect(compileReader(path)(body)).toBe(value);
  });

  it("keeps every digit of a large number", () => {
    expect(compileReader("id")('{"id":12345678901234567891}')).toBe("12345678901234567891");
    expect(compileReader("[0]")("[576460752303423489]")).toBe("576460752303423489");
  });

  it("reads past a byte order mark", () => {
    expect(compileReader("id")('\uFEFF{"id":1}')).toBe("1");
  });

  it.each(["", "not json", "{", '"id"', "null", "[]", "7", "[".repeat(100_000)])(
    "finds nothing in %.20s",
    (reply) => {
      expect(compileReader("id")(reply)).toBeUndefined();
    },
  );

  it.each(["", "$", "$.", "a..b", "a[", "a[x]", "a]", "/a", "/a/b", 'a["b', "[-1]"])(
    "refuses %j",
    (source) => {
      expect(() => compileReader(source)).toThrow(/path|pattern/);
    },
  );
});

describe("a pattern over a reply", () => {
  it.each([
    ["/^success/", "success | 91 | 17", "success"],
    ["/^SUCCESS \\| \\d+ \\| (\\d+)/i", "success | 91 | 17", "17"],
    ["/<id>([^<]+)</", "<r><id>x/1</id></r>", "x/1"],
    ["/^error \\| (\\d+)/", "success | 91", undefined],
    ["/(a)?b/", "b", "b"],
    ["//", "anything", ""],
  ])("%s reads %j as %j", (pattern, reply, value) => {
    expect(compileReader(pattern)(reply)).toBe(value);
  });

  it("that would never end finds nothing, and soon", () => {
    const started = performance.now();
    expect(compileReader("/^(a+)+$/")(`${"a".repeat(5000)}!`)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("works again after it had to be stopped", () => {
    const read = compileReader("/^(a+)+$/");
    read(`${"a".repeat(5000)}!`);
    expect(read("aaa")).toBe("aaa");
  });

  it("sees the beginning of an endless reply", () => {
    expect(compileReader("/b/")(`${"a".repeat(20_000)}b`)).toBeUndefined();
  });

  it.each(["/(/", "/a/gy", `/${"a".repeat(201)}/`])("refuses %.20s", (source) => {
    expect(() => compileReader(source)).toThrow(/regular expression|pattern|characters/);
  });
});
