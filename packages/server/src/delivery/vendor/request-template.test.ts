import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { TemplateError } from "../../templates/template-error.ts";
import type { Place } from "./request-template.ts";
import { createRequestTemplates } from "./request-template.ts";

const values = {
  to: "+4915112345678",
  text: `a&b="c" <d> 'é' \\ \n 日本 100%`,
  empty: "",
  zero: 0,
  no: false,
  none: null,
  list: ["x", "y&z"],
  object: { key: "v", "odd key": 1 },
};

const compileTemplate = (source: string, place: Place) => createRequestTemplates().compile(source, place);
const render = (source: string, place: Place): string => compileTemplate(source, place)(values);

describe("a value", () => {
  it("is encoded for its place", () => {
    expect(render("https://x.example/?to={{to}}&text={{text}}", "url")).toBe(
      "https://x.example/?to=%2B4915112345678&text=a%26b%3D%22c%22%20%3Cd%3E%20%27%C3%A9%27%20%5C%20%0A%20%E6%97%A5%E6%9C%AC%20100%25",
    );
    expect(render("to={{to}}", "form")).toBe("to=%2B4915112345678");
    expect(JSON.parse(render('{"to":"{{to}}","text":"{{text}}"}', "json"))).toEqual({
      to: values.to,
      text: values.text,
    });
    expect(render("<t>{{text}}</t>", "xml")).toBe(
      "<t>a&#38;b=&#34;c&#34; &#60;d&#62; &#39;é&#39; \\ \n 日本 100%</t>",
    );
    expect(render("Bearer {{to}}", "text")).toBe("Bearer +4915112345678");
  });

  it.each<[string, string]>([
    ["{{{text}}}", values.text],
    ["{{&text}}", values.text],
    ["{{json text}}", JSON.stringify(values.text)],
    ["{{json object}}", '{"key":"v","odd key":1}'],
    ["{{urlencode to}}", "%2B4915112345678"],
    ["{{urlencode (json list)}}", "%5B%22x%22%2C%22y%26z%22%5D"],
    ["{{xml list.[1]}}", "y&#38;z"],
    ["{{{json zero}}}", "0"],
    ["{{ucs2 'A日💥'}}", "004165e5d83ddca5"],
    ["{{ucs2 zero}}", "0030"],
  ])("is as %s says in every place", (source, expected) => {
    for (const place of ["url", "form", "json", "xml", "text"] as const) {
      expect(render(source, place)).toBe(expected);
    }
  });

  it.each([
    ["{{zero}}{{no}}{{none}}{{empty}}", "0false"],
    ["{{#if empty}}a{{else}}b {{list.[1]}}{{/if}}", "b y%26z"],
    ["{{#each list}}{{this}},{{@index}};{{/each}}", "x,0;y%26z,1;"],
    ["{{#with object}}{{key}}{{../to}}{{/with}}", "v%2B4915112345678"],
    ["{{#unless no}}{{#if to}}{{lookup object 'key'}}{{/if}}{{/unless}}", "v"],
    ["{{lookup list 1}}", "y%26z"],
    [
      "{{uppercase text}}",
      "A%26B%3D%22C%22%20%3CD%3E%20%27%C3%89%27%20%5C%20%0A%20%E6%97%A5%E6%9C%AC%20100%25",
    ],
    ["{{default none 'y&z'}}", "y%26z"],
    ["{{! nothing }}\\{{to}}", "{{to}}"],
    ["plain", "plain"],
    ["", ""],
  ])("in %s renders %s", (source, expected) => {
    expect(render(source, "url")).toBe(expected);
  });

  it("never breaks a JSON body, a URL or an XML body, whatever it holds", () => {
    const json = compileTemplate('{"a":"{{v}}","b":{{json v}} }', "json");
    const url = compileTemplate("https://x.example/{{v}}?a={{v}}&b=1", "url");
    const xml = compileTemplate("{{v}}", "xml");
    assert(
      property(string({ unit: "binary" }), (v) => {
        const whole = v.toWellFormed();
        expect(JSON.parse(json({ v }))).toMatchObject({ a: whole });
        const parsed = new URL(url({ v }));
        expect([parsed.host, parsed.searchParams.get("a"), parsed.searchParams.get("b")]).toEqual([
          "x.example",
          whole,
          "1",
        ]);
        expect(xml({ v })).not.toMatch(/[<>"']/);
      }),
    );
  });
});

describe("a template", () => {
  it.each([
    "{{missing}}",
    "{{{missing}}}",
    "{{object.missing}}",
    "{{urlencode missing}}",
    "{{json missing}}",
    "{{object.constructor.name}}",
    "{{lookup object 'constructor'}}",
  ])("with %s fails rather than leave a hole", (source) => {
    const template = compileTemplate(source, "text");
    expect(() => template(values)).toThrow(/does not exist|not defined|"constructor"|__proto__|undefined/);
  });

  it.each([
    "{{",
    "{{#if to}}",
    "{{/if}}",
    "{{> partial}}",
    "{{#> p}}{{/p}}",
    "{{#*inline 'p'}}{{/inline}}",
    "{{#if to}}{{> p}}{{/if}}",
  ])("like %s is refused when it is written", (source) => {
    expect(() => compileTemplate(source, "text")).toThrow(TemplateError);
  });

  it.each(["{{unknown to}}", "{{log to}}", "{{json}}", "{{xml to text}}"])(
    "like %s is refused by the first values that it gets",
    (source) => {
      expect(() => render(source, "text")).toThrow(TemplateError);
    },
  );

  it("sees no helpers of other templates", () => {
    expect(compileTemplate("{{to}}", "text")(values)).toBe(values.to);
    expect(compileTemplate("{{to}}", "url")(values)).not.toBe(values.to);
    expect(compileTemplate("{{to}}", "text")(values)).toBe(values.to);
  });

  const loops = (depth: number, inside: string) =>
    "{{#each @root.list}}".repeat(depth) + inside + "{{/each}}".repeat(depth);
  const many = { list: Array.from({ length: 40 }, (_, index) => index), text: "x".repeat(1000) };

  it.each([
    ["nested loops", loops(5, "x")],
    ["loops around nothing", loops(5, "")],
    ["a long text", loops(2, "{{@root.text}}")],
  ])("with %s is stopped by the budget of all templates", (_title, source) => {
    const template = compileTemplate(source, "json");
    expect(() => template(many)).toThrow(expect.objectContaining({ code: "template_budget" }));
  });

  it("shares its budget with the other parts of its request", () => {
    const { compile, share } = createRequestTemplates();
    const template = compile(loops(2, "{{this}}"), "json");
    const parts = Array.from({ length: 10 }, () => template);
    expect(parts.map((part) => part(many))).toHaveLength(10);
    expect(() => share(() => parts.map((part) => part(many)))).toThrow(
      expect.objectContaining({ code: "template_budget" }),
    );
  });
});
