import { describe, expect, it } from "vitest";
import type { JsonObject } from "../core/json.ts";
import { createTranslator } from "../core/translations/lookup.ts";
import { createContentEngines } from "../expressions/content-engines.ts";
import { createTemplateEngine } from "./engine.ts";

const { handlebars, jsonnet } = createContentEngines();

const texts: JsonObject = {
  plain: "Bienvenido",
  hello: "Hola, {{name}}",
  raw: "Hola, {{{name}}}",
  bold: "<b>Hola</b>",
  two: "{{a}} y {{b}}",
  items: { zero: "nada", one: "un artículo", other: "{{count}} artículos" },
  upper: "{{uppercase name}}",
  nested: '{{t "plain"}}',
  broken: "{{#if name}}",
  deep: "{{user.name}}",
  blank: "",
};
const translator = createTranslator({ locales: new Map([["es", new Map([[null, texts]])]]) }, "es");
const context: JsonObject = {
  $recipient: { name: "D'Arcy & Co" },
  key: "plain",
  count: 3,
  events: [{ name: "plain" }],
  none: null,
};

const render = (source: string) => handlebars.compile(source).render(context, { translator });

describe("t in Handlebars", () => {
  it.each([
    ['{{t "plain"}}', "Bienvenido"],
    ['{{t "hello" name=$recipient.name}}', "Hola, D&#x27;Arcy &amp; Co"],
    ['{{t "raw" name=$recipient.name}}', "Hola, D&#x27;Arcy &amp; Co"],
    ['{{{t "hello" name=$recipient.name}}}', "Hola, D'Arcy & Co"],
    ['{{t "bold"}} {{{t "bold"}}}', "&lt;b&gt;Hola&lt;/b&gt; <b>Hola</b>"],
    ['{{t "items" count=count}}', "3 artículos"],
    ['{{t "items" count=1}}', "un artículo"],
    ['{{t "items" count=none}}', "nada"],
    ["{{t key}}", "Bienvenido"],
    ['{{t (lookup events.[0] "name")}}', "Bienvenido"],
    ["{{#each events}}{{t name}}{{/each}}", "Bienvenido"],
    ['{{default (t "blank") "Guest"}}', "Guest"],
    ['{{uppercase (t "plain")}}', "BIENVENIDO"],
    ['{{t "upper" name="ana"}}', "ANA"],
    ["{{t count}}|{{t none}}|{{t events}}|{{t}}", "3|||"],
    ['{{#if (t "blank")}}yes{{else}}no{{/if}}', "no"],
  ])("%s gives %s", (source, text) => {
    expect(render(source)).toBe(text);
  });

  it.each([
    [
      '{{t "nope"}}',
      't: translation key "nope" not found in translation file for locales- es, nor for en - 1:0',
    ],
    [
      '{{default (t "nope") "Guest"}}',
      't: translation key "nope" not found in translation file for locales- es, nor for en - 1:10',
    ],
    [
      '{{t "hello"}}',
      't: the text of translation key "hello" needs variables that are not given: name - 1:0',
    ],
    [
      '{{t "two" c=1}}',
      't: the text of translation key "two" needs variables that are not given: a, b - 1:0',
    ],
    ['{{t "two" a=1}}', 't: the text of translation key "two" needs variables that are not given: b - 1:0'],
    ['{{t "items" count="many"}}', 't: count of translation key "items" must be a number - 1:0'],
    // The template's data is not seen.
    ['{{t "deep"}}', 't: the text of translation key "deep" needs variables that are not given: user - 1:0'],
  ])("%s is refused", (source, message) => {
    expect(() => render(source)).toThrow(expect.objectContaining({ message, code: "template_render" }));
  });

  it("refuses a text that does not render, and one that translates", () => {
    expect(() => render('{{t "broken"}}')).toThrow(
      /^t: the text of translation key "broken" does not render: Parse error/,
    );
    expect(() => render('{{t "nested"}}')).toThrow(/translations are not available here/);
  });

  it("is no helper of a workflow's settings", () => {
    expect(createTemplateEngine().compile('{{t "plain"}}').problem).toBe('Missing helper: "t" - 1:2');
  });

  it("is refused where nothing is translated", () => {
    expect(() => handlebars.compile('{{t "plain"}}').render({})).toThrow(
      "t: translations are not available here",
    );
  });
});

describe("t in Jsonnet", () => {
  it.each<[string, unknown]>([
    ['t("plain")', "Bienvenido"],
    ['t("hello", { name: data["$recipient"].name })', "Hola, D'Arcy & Co"],
    ['t("items", { count: data.count })', "3 artículos"],
    ["t(data.events[0].name)", "Bienvenido"],
    ["[t(5), t(null), t([]), t(true)]", [5, "", "", true]],
    ['"%s!" % t("plain")', "Bienvenido!"],
    ['t("plain", null)', "Bienvenido"],
  ])("%s gives %j", (source, value) => {
    expect(jsonnet(source, context, translator)).toEqual(value);
  });

  it.each([
    [
      't("nope")',
      't: translation key "nope" not found in translation file for locales- es, nor for en at 1:2',
    ],
    ['t("hello")', 't: the text of translation key "hello" needs variables that are not given: name at 1:2'],
    ['t("hello", "Ann")', "t: params must be an object at 1:2"],
  ])("%s is refused", (source, message) => {
    expect(() => jsonnet(source, context, translator)).toThrow(expect.objectContaining({ message }));
  });
});
