import { describe, expect, it } from "vitest";
import { contentText } from "../../../test/content-text.ts";
import type { JsonObject } from "../../core/json.ts";
import { createTranslator, type Translator } from "../../core/translations/lookup.ts";
import teams from "../ms_teams.ts";
import slack from "../slack.ts";

/** A rich body with a place for a text. */
const RICH = {
  block: '{"blocks": [{"type": "section", "text": TEXT}]}',
  card: '{"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": TEXT}]}',
};

const text = (source: string) => source.replaceAll("{{name}}", "Ann");

describe.each([
  ["slack", slack, "block", "body_block", 13_200],
  ["ms_teams", teams, "card", "body_card", 14_000],
] as const)("%s content", (_channel, definition, rich, field, max) => {
  const parse = (content: object) => definition.content.parse(content);

  it("asks for the body its type names, and only for that", () => {
    expect(definition.findProblems(parse({}))).toEqual({ body_text: ["missing"] });
    expect(definition.findProblems(parse({ body_type: rich }))).toEqual({ [field]: ["missing"] });
    expect(definition.findProblems(parse({ body_text: "t" }))).toEqual({});
    expect(definition.findProblems(parse({ body_type: "x", templating_language: "y" }))).toMatchObject({
      body_type: [`must be one of ['text' '${rich}']`],
      templating_language: ["must be one of ['handlebars' 'jsonnet']"],
    });
  });

  it("applies the limits of both bodies", () => {
    const content = parse({ body_text: "t".repeat(4001), [field]: "b".repeat(max + 1) });
    expect(definition.findProblems(content)).toEqual({
      body_text: ["must contain at maximum 4000 characters"],
      [field]: [`must contain at maximum ${max} characters`],
    });
  });

  it("renders the text", () => {
    const content = parse({ body_text: "Hi {{name}}", [field]: "{{name}}" });
    expect(definition.render(content, text)).toMatchObject({ body_text: "Hi Ann", [field]: "{{name}}" });
  });

  it.each<[string, object, string]>([
    ["Handlebars", {}, RICH[rich].replace("TEXT", '"Hi {{name}}"')],
    ["Jsonnet that is not named", {}, RICH[rich].replace("TEXT", '"Hi " + data.name')],
    [
      "Jsonnet",
      { templating_language: "jsonnet" },
      `local d = data; ${RICH[rich].replace("TEXT", '"Hi " + d.name')}`,
    ],
  ])("renders a rich body in %s", (_language, more, source) => {
    const content = parse({ body_type: rich, [field]: source, ...more });
    expect(documentOf(definition.render(content, contentText({ name: "Ann" })))).toMatchObject(
      JSON.parse(RICH[rich].replace("TEXT", '"Hi Ann"')),
    );
  });

  it("escapes values in a rich body as the wire does, and never breaks out of its JSON", () => {
    const name = `</b>"\\ \n, "x": 'y'`;
    const content = parse({ body_type: rich, [field]: RICH[rich].replace("TEXT", '"{{name}}"') });
    const shown = JSON.stringify(documentOf(definition.render(content, contentText({ name }))));
    expect(shown).toContain(
      JSON.stringify("&lt;/b&gt;&quot;\\ \n, &quot;x&quot;: &#x27;y&#x27;").slice(1, -1),
    );
  });

  it("translates with t in both languages", () => {
    const { translator } = spanish({ hello: "Hola, {{name}}" });
    for (const text of ['"{{t "hello" name=name}}"', 't("hello", { name: data.name })']) {
      const content = parse({ body_type: rich, [field]: RICH[rich].replace("TEXT", text) });
      const rendered = definition.render(content, contentText({ name: "Ann" }, translator));
      expect(JSON.stringify(documentOf(rendered))).toContain('"Hola, Ann"');
    }
  });

  it.each([
    ["{{name}}", "is not JSON after rendering"],
    ["[{}]", rich === "block" ? "is the list itself" : "AdaptiveCard"],
    ["{}", rich === "block" ? "`blocks`" : "AdaptiveCard"],
    ["data.none", "field does not exist: none"],
    ["{ a: t('x') }", "translations are not available here"],
  ])("refuses a rich body that gives %s", (source, reason) => {
    const content = parse({ body_type: rich, [field]: source });
    expect(() => definition.render(content, contentText({ name: "Ann" }))).toThrow(reason);
  });

  function documentOf(rendered: JsonObject): unknown {
    return JSON.parse(rendered[field] as string);
  }
});

describe("Slack blocks", () => {
  const render = (body_block: string, more: object = {}, data: JsonObject = {}) =>
    slack.render(slack.content.parse({ body_type: "block", body_block, ...more }), contentText(data));

  it("are 1 to 50", () => {
    expect(() => render("{ blocks: [] }")).toThrow("must have 1 to 50 blocks, and has 0");
    expect(() => render("{ blocks: [{} for i in std.range(1, 51)] }")).toThrow("and has 51");
    expect(() => render("{ blocks: ['x'] }")).toThrow("a list of objects");
  });

  it("are posted in the thread that the payload names", () => {
    expect(render("{ blocks: [{}] }")).toMatchObject({ thread_ts: "" });
    expect(render("{ blocks: [{}] }", {}, { thread_ts: "1712.5" })).toMatchObject({ thread_ts: "1712.5" });
    expect(render("{ blocks: [{}] }", { thread_ts: "{{root}}" }, { root: "9.1" })).toMatchObject({
      thread_ts: "9.1",
    });
  });
});

describe("a Teams card", () => {
  const render = (body_card: string) =>
    JSON.parse(
      teams.render(teams.content.parse({ body_type: "card", body_card }), contentText()).body_card as string,
    );

  it("gets the schema and the version that it lacks", () => {
    expect(render('{"type": "AdaptiveCard"}')).toEqual({
      $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
      type: "AdaptiveCard",
      version: "1.5",
    });
    expect(render('{"type": "AdaptiveCard", "version": "1.2", "$schema": "x"}')).toMatchObject({
      version: "1.2",
      $schema: "x",
    });
  });

  it("is refused where Teams would not show it", () => {
    expect(() => render('{"type": "AdaptiveCard", "version": "1.7"}')).toThrow('at most "1.6"');
    expect(() => render('{"type": "AdaptiveCard", "version": 1}')).toThrow("version must be a text");
    expect(() => render('{ type: "AdaptiveCard", body: [std.repeat("x", 30000)] }')).toThrow(
      "a card has at most 28672 bytes",
    );
  });
});

function spanish(texts: JsonObject): { translator: Translator } {
  const locales = new Map([["es", new Map([[null, texts]])]]);
  return { translator: createTranslator({ locales }, "es-MX") };
}
