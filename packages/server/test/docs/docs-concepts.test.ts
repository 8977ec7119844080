import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  type Condition,
  conditionsSchema,
  evaluateConditions,
} from "../../src/core/conditions/conditions.ts";
import { VALUE_OPS } from "../../src/core/conditions/condition-operators.ts";
import { parseDuration } from "../../src/core/time/duration.ts";
import { categoryDocumentSchema, categoryProblems } from "../../src/preferences/category-document.ts";
import { channels } from "../../src/channels/index.gen.ts";
import { createTemplateEngine } from "../../src/templates/engine.ts";
import { createJqEngine } from "@carillon/languages/jq";
import { createJsonnetEngine } from "@carillon/languages/jsonnet";
import type { JsonObject } from "../../src/core/json.ts";
import { parseTranslationFileName } from "../../src/core/translations/file-name.ts";
import { createTranslator } from "../../src/core/translations/lookup.ts";
import { createContentEngines } from "../../src/expressions/content-engines.ts";
import { createExpressions, type Language } from "../../src/expressions/expressions.ts";
import { all, leaf } from "../conditions.ts";
import { FENCED } from "./run-page.ts";

/* The tables of the concepts about expressions, conditions and time are examples, and each of them is tested. */
const read = (name: string) =>
  readFile(fileURLToPath(new URL(`../../../../docs/concepts/${name}.md`, import.meta.url)), "utf8");

const [expressionsPage, conditionsPage, timePage] = await Promise.all([
  read("expressions"),
  read("conditions"),
  read("time"),
]);

/** The cells of the rows under a header, without their code marks. */
function tableOf(page: string, ...header: string[]): string[][] {
  const rows = page.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const from = rows.findIndex((cells) => cells.join("|") === header.join("|"));
  if (from === -1) throw new Error(`there is no table of ${header.join(", ")}`);
  const body = rows.slice(from + 2);
  const end = body.findIndex((cells) => cells.length === 0);
  return body.slice(0, end).map((cells) => cells.map((cell) => cell.replaceAll(/^`(.*)`$/g, "$1")));
}

/** The page's blocks of JSON. */
function jsonOf(page: string): unknown[] {
  return [...page.matchAll(FENCED)].flatMap(([, language, block = ""]) =>
    language === "json" ? [JSON.parse(block) as unknown] : [],
  );
}

const NOW = new Date("2026-07-16T12:00:00Z");

describe("expressions", () => {
  const expressions = createExpressions({
    jq: createJqEngine(),
    jsonnet: createJsonnetEngine(),
    handlebars: createTemplateEngine({ strict: false, escape: false }),
    content: createContentEngines(),
  });
  const [payload] = jsonOf(expressionsPage) as [JsonObject];
  const rows = tableOf(expressionsPage, "language", "expression", "gives");

  it("has examples of every language", () => {
    expect(new Set(rows.map(([language]) => language))).toEqual(new Set(["jq", "Jsonnet", "Handlebars"]));
  });

  it.each(rows)("%s: %s gives %s", (language = "", expression = "", gives = "") => {
    const source = language.toLowerCase() as Language;
    expect(expressions.check(source, expression)).toBeNull();
    expect(expressions.evaluate(1, source, expression, payload, NOW)).toEqual({
      ok: true,
      value: JSON.parse(gives),
    });
  });
});

describe("conditions", () => {
  const blocks = jsonOf(conditionsPage);
  const [list, payload, status] = blocks as [unknown, JsonObject, JsonObject];
  const rows = tableOf(conditionsPage, "variable", "op", "value", "holds");

  it("are written as the page writes them", () => {
    expect(blocks).toHaveLength(3);
    expect(conditionsSchema.safeParse(list).error).toBeUndefined();
    expect(conditionsSchema.safeParse([all(status as never)]).error).toBeUndefined();
  });

  it("have an example of every operator", () => {
    expect(new Set(rows.map(([, op]) => op))).toEqual(new Set(VALUE_OPS));
  });

  it.each(rows)("%s %s %s holds: %s", (variable = "", op = "", value = "", holds = "") => {
    const written = leaf(variable, op, value === "" ? undefined : value, "");
    const conditions: Condition[] = conditionsSchema.parse([all(written)]);
    const scope = { namespaces: { "": payload }, now: new Date("2026-07-13T12:00:00Z") };
    expect(evaluateConditions(conditions, scope).result).toBe(holds === "yes");
  });
});

describe("time", () => {
  it.each(tableOf(timePage, "written", "is"))("%s is %s", (written = "", is = "") => {
    const [seconds = "", unit] = is.split(" ");
    expect(unit).toBe("s");
    expect(parseDuration(written)).toBe(Number(seconds) * 1000);
  });
});

describe("content", async () => {
  const pages = await Promise.all([read("content"), read("mail"), read("texts-and-chat")]);
  const examples = pages.flatMap(jsonOf) as { channel: string; content: JsonObject }[];
  const expressions = createExpressions({
    jq: createJqEngine(),
    jsonnet: createJsonnetEngine(),
    handlebars: createTemplateEngine({ strict: false, escape: false }),
    content: createContentEngines(),
  });

  it("has an example of every channel", () => {
    expect(new Set(examples.map(({ channel }) => channel))).toEqual(
      new Set(channels.map(({ channel }) => channel)),
    );
  });

  it.each(examples.map(({ channel, content }, index) => [channel, index, content] as const))(
    "of %s (%i) can be committed",
    (name, _index, stated) => {
      const definition = channels.find(({ channel }) => channel === name);
      const content = definition?.content.parse(stated) ?? {};
      expect(Object.keys(stated).filter((key) => !(key in (definition?.content.parse({}) ?? {})))).toEqual(
        [],
      );
      expect(definition?.findProblems(content)).toEqual({});
      for (const { language, source } of definition?.sources(content) ?? []) {
        expect(expressions.checkTemplate(language, source)).toBeNull();
      }
    },
  );
});

describe("languages", async () => {
  const page = await read("languages");
  const [files] = jsonOf(page) as [Record<string, JsonObject>];
  const locales = new Map<string, Map<string | null, JsonObject>>();
  for (const [filename, content] of Object.entries(files)) {
    const { locale, namespace } = parseTranslationFileName(filename) ?? { locale: "", namespace: null };
    locales.set(locale, new Map([...(locales.get(locale) ?? []), [namespace, content]]));
  }
  const [, payload = ""] = /and `(\{.*?\})` as the payload/.exec(page) ?? [];
  const { handlebars } = createContentEngines();

  it.each(tableOf(page, "locale", "template", "gives"))("%s: %s gives %s", (locale, source, gives) => {
    const translator = createTranslator({ locales }, locale ?? null);
    const context = JSON.parse(payload) as JsonObject;
    expect(handlebars.compile(source ?? "").render(context, { translator })).toBe(gives);
  });
});

describe("the reference of helpers", async () => {
  const page = await readFile(
    fileURLToPath(new URL("../../../../docs/reference/helpers.md", import.meta.url)),
    "utf8",
  );
  const [data, texts] = jsonOf(page) as [JsonObject, JsonObject];
  const [, time = ""] = /as their data, at (\S+):/.exec(page) ?? [];
  const translator = createTranslator({ locales: new Map([["es", new Map([[null, texts]])]]) }, "es");
  const examples = Array.from(
    page.matchAll(/^- `(.+)` gives (?:`(.+)`|nothing)$/gm),
    ([, source = "", gives = ""]) => [source, gives] as const,
  );
  const { handlebars } = createContentEngines();

  it("has an example of every helper", () => {
    const named = [...page.matchAll(/^### (\S+)$/gm)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(25);
    const sources = examples.map(([source]) => source).join(" ");
    expect(named.filter((name) => !sources.includes(name))).toEqual([]);
  });

  it.each(examples)("%s gives %s", (source, gives) => {
    expect(handlebars.compile(source).render(data, { now: new Date(time), translator })).toBe(gives);
  });
});

describe("preferences", () => {
  it("have a document of categories that can be committed", async () => {
    const [stated] = jsonOf(await read("preferences"));
    const document = categoryDocumentSchema.parse(stated);
    expect(categoryProblems(document, { published: new Set(), used: new Set() })).toEqual([]);
    expect(document.root_categories.flatMap(({ sections }) => sections)).toHaveLength(2);
  });
});
