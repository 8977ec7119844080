import { describe, expect, it } from "vitest";
import teams from "../ms_teams.ts";
import slack from "../slack.ts";

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

  it("renders a rich body in Handlebars", () => {
    const content = parse({ body_type: rich, [field]: '{"text": "{{name}}"}' });
    expect(definition.render(content, text)).toMatchObject({
      [field]: '{"text": "Ann"}',
      templating_language: "handlebars",
    });
  });

  it.each([
    ["named so", { templating_language: "jsonnet" }, '{ text: "{{name}}" + data.name }'],
    ["not named, but without any Handlebars tag", {}, "{ text: data.name }"],
  ])("passes a rich body in Jsonnet on as written: %s", (_title, more, source) => {
    const content = parse({ body_type: rich, [field]: source, ...more });
    expect(definition.render(content, text)).toMatchObject({
      [field]: source,
      templating_language: "jsonnet",
    });
  });
});
