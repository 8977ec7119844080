import { describe, expect, it } from "vitest";
import { type ChannelDefinition, renderContent } from "../../src/channels/channel.ts";
import { channels } from "../../src/channels/index.gen.ts";
import { commentEnd, createFinder, readTag } from "../../src/channels/html/html-tags.ts";
import type { Json, JsonObject } from "../../src/core/json.ts";
import { createTranslator } from "../../src/core/translations/lookup.ts";
import { createContentEngines } from "../../src/expressions/content-engines.ts";
import { createExpressions } from "../../src/expressions/expressions.ts";
import { TemplateError } from "../../src/templates/template-error.ts";
import { createTemplateEngine } from "../../src/templates/engine.ts";
import { createJqEngine } from "@carillon/languages/jq";
import { createJsonnetEngine } from "@carillon/languages/jsonnet";
import type { CorpusCase } from "./case.ts";
import { CORPUS, SEEN, TRANSLATIONS } from "./corpus.ts";

/**
 * Real-looking templates, each rendered to the file that is kept for it in `expected/`: read what changes there as a
 * recipient would. `vitest run -u` writes the files anew.
 */
const languages = createContentEngines();
const expressions = createExpressions({
  jq: createJqEngine(),
  jsonnet: createJsonnetEngine(),
  handlebars: createTemplateEngine({ strict: false, escape: false }),
  content: languages,
});

const byChannel = new Map(channels.map((definition) => [definition.channel, definition]));

function definitionOf({ channel }: CorpusCase): ChannelDefinition {
  const definition = byChannel.get(channel);
  if (definition === undefined) throw new Error(`there is no channel ${channel}`);
  return definition;
}

function render(one: CorpusCase, context: JsonObject): JsonObject {
  const definition = definitionOf(one);
  const parsed = definition.content.parse(one.content);
  return renderContent(languages, definition, definition.complete?.(parsed) ?? parsed, {
    context,
    now: new Date("2026-03-01T12:00:00Z"),
    translator: createTranslator(TRANSLATIONS, one.locale ?? null),
  });
}

const contextOf = ({ data }: CorpusCase): JsonObject => ({ ...SEEN, ...data });

describe("the corpus", () => {
  it("has at least 60 templates, of every channel", () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(60);
    expect(new Set(CORPUS.map(({ channel }) => channel))).toEqual(new Set(byChannel.keys()));
  });

  it.each(CORPUS.map((one) => [`${one.channel}/${one.name}`, one] as const))(
    "renders %s",
    async (name, one) => {
      const definition = definitionOf(one);
      const content = definition.content.parse(one.content);
      expect(definition.findProblems(content)).toEqual({});
      for (const { language, source } of definition.sources(content)) {
        expect(expressions.checkTemplate(language, source)).toBeNull();
      }
      const { html, ...rest } = render(one, contextOf(one));
      await expect(`${JSON.stringify(rest, null, 2)}\n`).toMatchFileSnapshot(`expected/${name}.json`);
      if (typeof html === "string") await expect(html).toMatchFileSnapshot(`expected/${name}.html`);
    },
  );
});

/** What somebody may put into a name, a title or a link. */
const PAYLOADS = [
  "<script>alert(1)</script>",
  `"><img src=x onerror=alert(1)>`,
  "'><svg/onload=alert(1)>",
  "' onmouseover='alert(1)' x='",
  "` onload=alert(1) x=`",
  "</title></style></textarea><script>alert(1)</script>",
  "--><script>alert(1)</script><!--",
  "]]><script>alert(1)</script>",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
  '{{constructor}} {{{$brand}}} {{#each this}}{{/each}} {{t "greeting"}}',
  '\\", "admin": true, "x": "',
  "x\r\nBcc: evil@example.com\r\n\r\n<b>",
  "\u2028\u2029</script>",
  "javascript:alert(1)",
  "JaVa\tScRiPt:alert(1)",
  "data:text/html,<script>alert(1)</script>",
];

describe("hostile data", () => {
  it.each(CORPUS.map((one) => [`${one.channel}/${one.name}`, one] as const))(
    "changes nothing but texts in %s, or is refused with its reason",
    (_name, one) => {
      const usual = shapeOf(one, render(one, poison(contextOf(one), "a usual text")));
      for (const payload of PAYLOADS) {
        const poisoned = poison(contextOf(one), payload);
        const refusal = refusalOf(one, poisoned);
        if (refusal !== null) expect(refusal).toMatch(REFUSALS);
        else expect(shapeOf(one, render(one, poisoned)), payload).toEqual(usual);
      }
    },
  );

  it("is refused where a client would open its links", () => {
    const refused = CORPUS.filter((one) =>
      /links of this kind/.test(refusalOf(one, poison(contextOf(one), "javascript:alert(1)")) ?? ""),
    );
    const channels = new Set(refused.map(({ channel }) => channel));
    expect(channels).toEqual(new Set(["email", "inbox", "webpush"]));
  });
});

/** A link that runs code, a value that no place has room for, and raw text (`{{{ }}}`) that breaks its document. */
const REFUSALS = /links of this kind are not allowed|more than 30 characters|is not JSON after rendering/;

function refusalOf(one: CorpusCase, context: JsonObject): string | null {
  try {
    render(one, context);
    return null;
  } catch (error) {
    if (error instanceof TemplateError) return error.message;
    throw error;
  }
}

/** What a template takes only in a certain form: times, zones, addresses of mail. */
const FORMED = /^\d{4}-\d\d-\d\d|^[A-Z]\w+\/[A-Z]|@/;

/** Replaces every text that may come from somebody; keys and numbers stay. */
function poison(context: JsonObject, payload: string): JsonObject {
  const replace = (value: Json): Json => {
    if (typeof value === "string") return FORMED.test(value) ? value : payload;
    if (Array.isArray(value)) return value.map(replace);
    return value === null || typeof value !== "object" ? value : poison(value, payload);
  };
  return Object.fromEntries(Object.entries(context).map(([key, member]) => [key, replace(member)]));
}

/** What must not change: the structure of HTML, of JSON and of headers; and that no link runs code. */
function shapeOf({ channel }: CorpusCase, rendered: JsonObject): unknown {
  const { html, headers, ...rest } = rendered;
  for (const line of [rest.subject, rest.from_name, ...Object.values(headers ?? {})]) {
    if (typeof line === "string") expect(line).not.toMatch(/[\r\n]/);
  }
  const documents = [rest.body_block, rest.body_card].map((text) =>
    typeof text === "string" && text.startsWith("{") ? keysOf(JSON.parse(text) as Json) : null,
  );
  if (channel === "inbox" || channel === "webpush") {
    for (const link of linksOf(rest)) expect(link).not.toMatch(ACTIVE);
  }
  return {
    html: typeof html === "string" ? tagsOf(html) : null,
    headers: Object.keys(headers ?? {}),
    documents,
    keys: keysOf(rest),
  };
}

const ACTIVE = /^\s*(?:java\s*script|vbscript|data):/i;

/** Names of tags and of their attributes, in order; comments and scripts as they are. */
function tagsOf(html: string): unknown[] {
  const finder = createFinder(html);
  const tags: unknown[] = [];
  for (let at = html.indexOf("<"); at !== -1; at = html.indexOf("<", at)) {
    const comment = commentEnd(finder, at);
    const tag = comment === -1 ? readTag(finder, at) : null;
    if (tag !== null) {
      tags.push([tag.name, tag.closing, [...tag.attributes.keys()]]);
      for (const name of ["href", "src"]) expect(tag.attributes.get(name) ?? "").not.toMatch(ACTIVE);
    }
    at = tag?.end ?? (comment === -1 ? at + 1 : comment);
  }
  return tags;
}

const LINK_FIELDS: ReadonlySet<string> = new Set(["url", "action_url", "avatar_url"]);

/** The links that clients of the inbox and of browsers open. */
function linksOf(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(linksOf);
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, member]) =>
    LINK_FIELDS.has(key) && typeof member === "string" ? [member] : linksOf(member),
  );
}

function keysOf(value: Json): Json {
  if (Array.isArray(value)) return value.map(keysOf);
  if (value === null || typeof value !== "object") return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, keysOf(member)]));
}
