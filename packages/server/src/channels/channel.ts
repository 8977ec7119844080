import type { z } from "zod";
import type { Channel } from "../core/channel.ts";
import type { TemplateEngine } from "../templates/engine.ts";
import { type Escape, escapeHtml } from "../templates/print.ts";
import { TemplateError } from "../templates/template-error.ts";
import type { IdentityHints, IdentityResult } from "../core/profile/identity.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Translator } from "../core/translations/lookup.ts";

/**
 * A channel is one file: how a recipient's address on it is checked and normalised, what a template holds for it, and
 * how that content is rendered for one recipient.
 */
export interface ChannelDefinition<Content extends JsonObject = JsonObject> {
  channel: Channel;
  /** Parses one identity as clients send it. Never throws: a refusal carries the wire's reason text. */
  parseIdentity: (input: unknown, hints: IdentityHints) => IdentityResult;
  /**
   * What a template variant stores for this channel. Drafts may be incomplete: any object with the right primitive
   * types parses, unknown keys are kept, defaults are filled in.
   */
  content: z.ZodType<Content>;
  /** Content, without templates, that says this text: what a test of a vendor sends. */
  sample: (text: string) => JsonObject;

  // The rest are methods, not properties, so that a registry can hold channels with different contents.

  /** Lists what prevents this content from being committed: dotted path to reasons. Empty when there is nothing. */
  findProblems(content: Content): Record<string, string[]>;
  /** Lists what `render` renders, so that a source that can never be rendered is found before it is committed. */
  sources(content: Content): TemplateSource[];
  /**
   * Adds what rendering needs and the content alone determines (the plain text of an HTML e-mail). Apply it
   * once per version and render the result: `render` takes either, but repeats the work for the first.
   */
  complete?(content: Content): Content;
  /**
   * Renders content for one recipient. `text` renders one template string against the recipient's context and throws
   * `TemplateError`; a rendered value that cannot be sent throws its {@link RenderError}. Either fails only this
   * channel's message. The result is passed to vendors and stored with the message. What would be over at `now` is
   * refused, where that is given.
   */
  render(content: Content, text: RenderText, now?: Date): JsonObject;
  /** What the sender of a rendered message should know, although it is sent. */
  notices?(rendered: JsonObject): string[];
}

/** The title of a sample on channels that have one. */
export const SAMPLE_TITLE = "A test message";

/**
 * How `{{ }}` escapes a value:
 *
 * - `html`: the default, on every channel, as on the wire. Authors of plain texts write `{{{ }}}`.
 * - `json`: for the inside of a JSON string literal.
 * - `html_in_json`: the same for a text that is HTML's too, as Slack's and Teams' are on the wire.
 * - `none`: for what no HTML ever surrounds. That is text that no author wrote (the text generated from a mail's HTML)
 *   and what programs read instead of people: addresses of mail and of pages, and the values of a WhatsApp template.
 */
export type Escaping = "html" | "json" | "html_in_json" | "none";

/** A template in the content. */
export interface TemplateSource {
  /** Dotted path into the content. */
  path: string;
  language: "handlebars" | "jsonnet";
  source: string;
}

/** `jsonnet`: the source is a script, and what comes back is its value as JSON. */
export type RenderText = (source: string, way?: Escaping | "jsonnet") => string;

/** The languages of content. */
export interface ContentLanguages {
  handlebars: TemplateEngine;
  jsonnet: (source: string, context: JsonObject, translator: Translator | null) => Json;
}

/** For whom content is rendered, and when. */
export interface RenderScope {
  context: JsonObject;
  now: Date;
  /** Null: `t` refuses. */
  translator: Translator | null;
}

const ESCAPES: Record<Escaping, Escape> = {
  html: escapeHtml,
  json: escapeJson,
  html_in_json: (text) => escapeJson(escapeHtml(text)),
  none: (text) => text,
};

function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Renders the single texts of a content. The only way from an engine to a channel, so that no place loses its escaping. */
export function createRenderText(
  { handlebars, jsonnet }: ContentLanguages,
  { context, now, translator }: RenderScope,
): RenderText {
  return (source, way = "html") =>
    way === "jsonnet"
      ? JSON.stringify(jsonnet(source, context, translator))
      : handlebars.compile(source).render(context, { now, escape: ESCAPES[way], translator });
}

/** Renders the content of one message, whose fields share one budget and one time. Throws `TemplateError`. */
export function renderContent<Content extends JsonObject>(
  languages: ContentLanguages,
  definition: ChannelDefinition<Content>,
  content: Content,
  scope: RenderScope,
): JsonObject {
  const text = createRenderText(languages, scope);
  return languages.handlebars.share(() => definition.render(content, text, scope.now), scope.now);
}

/** The rendered form of a channel's sample. Defaults that are templates are left blank: there is no recipient. */
export function renderSample(channel: ChannelDefinition, text: string): JsonObject {
  return renderPlain(channel, channel.sample(text));
}

/** The rendered form of content that is no template. */
export function renderPlain(channel: ChannelDefinition, content: JsonObject): JsonObject {
  return channel.render(channel.content.parse(content), (source) => source.replaceAll(/\{\{.*?\}\}/g, ""));
}

/** A field rendered successfully, but to a value that must not be sent. */
export class RenderError extends TemplateError {
  override name = "RenderError";
  /** Dotted path into the content. */
  readonly path: string;

  constructor(path: string, reason: string) {
    super("template_render", `${path}: ${reason}`);
    this.path = path;
  }
}

export function defineChannel<Content extends JsonObject>(
  definition: ChannelDefinition<Content>,
): ChannelDefinition<Content> {
  return definition;
}
