import { describe, expect, it } from "vitest";
import type { JsonObject } from "../core/json.ts";
import { createTemplateEngine, TemplateError } from "./engine.ts";

/** Why a template is refused for its cost, at either step. */
function refusalOf(source: string, context: JsonObject): string {
  try {
    render(source, context);
  } catch (error) {
    if (error instanceof TemplateError && error.code === "template_budget") return error.message;
    throw error;
  }
  return "not refused";
}

const engine = createTemplateEngine();
const render = (source: string, context: JsonObject = {}) => engine.compile(source).render(context);
const list = (length: number) => Array.from({ length }, (_, index) => index);

describe("iterations", () => {
  it("are counted over all loops of a render, and start from zero with the next one", () => {
    const template = engine.compile("{{#each a}}{{/each}}{{#each b}}{{/each}}");
    expect(template.render({ a: list(5000), b: list(5000) })).toBe("");
    expect(template.render({ a: list(5000), b: list(5000) })).toBe("");
    expect(() => template.render({ a: list(5000), b: list(5001) })).toThrow(/more than 10000 iterations/);
  });

  it.each([
    ["nested", "{{#each a}}{{#each @root.a}}x{{/each}}{{/each}}"],
    ["of a plain block", "{{#a}}{{#each @root.a}}x{{/each}}{{/a}}"],
    ["of an object", "{{#each o}}{{#each @root.o}}x{{/each}}{{/each}}"],
  ])("%s loops multiply", (_, source) => {
    const a = list(101);
    const o = Object.fromEntries(a.map((index) => [`k${index}`, index]));
    expect(refusalOf(source, { a, o })).toMatch(/more than 10000 iterations/);
  });
});

describe("output", () => {
  const big = "x".repeat(100_000);
  const quotes = "'".repeat(200_000);

  it.each([
    ["a loop over a long text", "{{#each l}}{{@root.big}}{{/each}}"],
    ["a loop over a long raw text", "{{#each l}}{{{@root.big}}}{{/each}}"],
    ["a loop over long content", `{{#each l}}${"y".repeat(100_000)}{{/each}}`],
    ["content printed often enough", `{{{big}}}`.repeat(11)],
    ["escaping that makes it long", "{{quotes}}"],
    ["a long list, many times", "{{l}}".repeat(700)],
    ["a long raw list, many times", "{{{l}}}".repeat(700)],
    ["a separator between many items", "{{join l big}}"],
    [
      "quotes of quotes of quotes",
      `{{${"jsonStringify (".repeat(20)}jsonStringify quotes${")".repeat(20)}}}`,
    ],
    ["raw text without end", "{{{big}}}".repeat(4900)],
    ["a longer text in capitals", "{{length (uppercase sharp)}}"],
  ])("is bounded for %s", (_, source) => {
    expect(refusalOf(source, { big, quotes, l: list(500), sharp: "ß".repeat(600_000) })).toMatch(
      /renders to more than 1048576 characters/,
    );
  });

  it("may be allowed to be larger", () => {
    const roomy = createTemplateEngine({ max_output: 2 * 1024 * 1024 });
    expect(roomy.compile("{{{big}}}".repeat(20)).render({ big })).toHaveLength(2_000_000);
    expect(() => roomy.compile("{{{big}}}".repeat(21)).render({ big })).toThrow(TemplateError);
  });

  it("counts a text once however deep the blocks around it are", () => {
    const source = `${"{{#if big}}".repeat(90)}{{big}}${"{{/if}}".repeat(90)}`;
    expect(render(source, { big })).toBe(big);
  });
});

describe("time", () => {
  /** A clock that advances by `step` milliseconds whenever it is read. */
  function stepping(step: number): () => number {
    let at = 0;
    return () => (at += step);
  }

  const loop = "{{#each l}}x{{/each}}";

  it("is up after a quarter of a second", () => {
    const slow = createTemplateEngine({ clock: stepping(1) });
    expect(slow.compile(loop).render({ l: list(240) })).toHaveLength(240);
    expect(() => slow.compile(loop).render({ l: list(251) })).toThrow(/longer than 250 ms/);
  });

  it.each([
    ["helpers", "{{add 1 1}}".repeat(400)],
    ["blocks", "{{#if a}}{{/if}}".repeat(400)],
    ["lookups", "{{lookup a 'b'}}".repeat(400)],
    ["printed values", "{{a}}".repeat(2500)],
    ["raw values", "{{{a}}}".repeat(2500)],
  ])("is checked by %s", (_, source) => {
    const slow = createTemplateEngine({ clock: stepping(10) });
    expect(() => slow.compile(source).render({ a: 1 })).toThrow(/longer than 250 ms/);
  });

  it("does not count time in which the machine stalled", () => {
    const times = [0, 0, 5000, 5001, 5002, 5003];
    const stalled = createTemplateEngine({ clock: () => times.shift() ?? 5003 });
    expect(stalled.compile(loop).render({ l: list(3) })).toBe("xxx");
  });

  it("ends templates that only compute", () => {
    const l = list(50_000);
    for (const source of ["{{length (unique l)}}", "{{length (jsonParse (jsonStringify l))}}"]) {
      expect(refusalOf(source.repeat(1000), { l })).toMatch(/longer than 250 ms/);
    }
  });
});

describe("sources", () => {
  const repeat = (text: string, times: number) => text.repeat(times);

  it.each([
    ["too long a text", "x".repeat(512 * 1024 + 1), /longer than 524288 characters/],
    ["too many tags", repeat("{{a}}", 5001), /more than 5000 tags/],
    ["too much inside tags", repeat(`{{default a "${"x".repeat(100)}"}}`, 2000), /characters in tags/],
    ["too many long comments", repeat(`{{!--${"x".repeat(500)}--}}`, 1000), /too many long comments/],
    ["blocks in blocks", repeat("{{#if a}}", 101), /nests blocks deeper than 100 levels - 1:900/],
    ["inverse blocks", repeat("{{^a}}", 101), /nests blocks deeper than 100 levels/],
    ["blocks with trimmed space", repeat("{{~#if a}}", 101), /nests blocks deeper than 100 levels/],
    [
      "a long chain of else",
      `{{#if a}}${repeat("{{else if b}}", 100)}{{/if}}`,
      /nests blocks deeper than 100 levels/,
    ],
    [
      "subexpressions",
      `{{add ${repeat("(add ", 101)}${repeat(")", 101)}}}`,
      /nests subexpressions deeper than 100 levels - 1:0/,
    ],
    ["a path of many steps", `{{a${repeat(".b", 60_000)}}}`, /./],
    ["very many arguments", `{{and ${repeat("a ", 60_000)}}}`, /./],
  ])("with %s are refused", (_, source, reason) => {
    expect(refusalOf(source, { a: 1 })).toMatch(reason);
  });

  it.each([
    ["blocks after a text that looks like the end", `{{default "}}" "{{/if}}"}}`],
    ["blocks after a name that looks like a string", '{{lookup a ["]}}'],
    ["blocks after a comment that looks like an end", "{{!-- }} {{/if}} --}}{{! {{/if}}"],
    ["blocks after an escaped tag", "\\{{/if}} \\\\{{lookup a 1}}"],
  ])("cannot hide %s", (_, cover) => {
    expect(refusalOf(repeat(`${cover}{{#if a}}`, 101), { a: {} })).toMatch(/nests blocks deeper/);
  });

  it.each([
    ["a hundred blocks", `${repeat("{{#if a}}", 100)}x${repeat("{{/if}}", 100)}`, "x"],
    ["many blocks one after the other", repeat("{{#if a}}x{{else}}y{{/if}}", 1000), "x".repeat(1000)],
    ["many inverse blocks", repeat("{{^b}}x{{^}}y{{/b}}", 500), "x".repeat(500)],
    ["ninety-nine times else", `{{#if b}}${repeat("{{else if b}}", 98)}{{else}}x{{/if}}`, "x"],
    ["a hundred subexpressions", `{{add ${repeat("(add ", 99)}1${repeat(")", 99)}}}`, "1"],
    ["parentheses in texts", `{{default "${repeat("(", 200)}" 1}}`, repeat("(", 200)],
    ["blocks in comments", `${repeat("{{!-- {{#if}} --}}", 200)}x`, "x"],
    ["escaped blocks", repeat("\\{{#if}} ", 200), repeat("{{#if}} ", 200)],
    ["long runs of white space", `${"\n ".repeat(100_000)}x{{~#if a}}y{{/if}}`, `${"\n ".repeat(100_000)}xy`],
  ])("with %s are fine", (_, source, text) => {
    expect(render(source, { a: 1, b: false })).toBe(text);
  });

  it("that are hostile are refused, or rendered, at once", () => {
    const hostile = [
      repeat("{{#if a}}", 40_000),
      `{{add ${repeat("(", 200_000)}`,
      repeat("{{!--", 80_000),
      repeat("{{#each a}}{{b}}{{/each}}", 1600),
      repeat('{{a "', 80_000),
      `{{[${repeat("\\]", 200_000)}`,
      `{{"${repeat('\\"', 200_000)}`,
      `{{#a as |${repeat("x ", 50_000)}|}}${repeat("{{y}}", 4000)}{{/a}}`,
      `${"\n".repeat(500_000)}x{{#if a}}{{/if}}`,
    ];
    for (const source of hostile) {
      const started = performance.now();
      try {
        render(source, { a: [1], b: 1 });
      } catch (error) {
        expect(error).toBeInstanceOf(TemplateError);
      }
      expect(performance.now() - started).toBeLessThan(2000);
    }
  });
});
