import type { z } from "zod";
import type { Channel } from "../core/channel.ts";
import type { TemplateEngine } from "../templates/engine.ts";
import { type Escape, escapeHtml } from "../templates/print.ts";
import { TemplateError } from "../templates/template-error.ts";
import type { IdentityHints, IdentityResult } from "../core/profile/identity.ts";
import type { JsonObject } from "../core/json.ts";

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
   * channel's message. The result is passed to vendors and stored with the message.
   */
  render(content: Content, text: RenderText): JsonObject;
}

/** The title of a sample on channels that have one. */
export const SAMPLE_TITLE = "A test message";

/**
 * How `{{ }}` escapes a value:
 *
 * - `html`: the default, on every channel, as on the wire. Authors of plain texts write `{{{ }}}`.
 * - `json`: for the inside of a JSON string literal.
 * - `none`: for what no HTML ever surrounds. That is text that no author wrote (the text generated from a mail's HTML)
 *   and what programs read instead of people: addresses of mail and of pages, and the values of a WhatsApp template.
 */
export type Escaping = "html" | "json" | "none";

/** A template in the content. */
export interface TemplateSource {
  /** Dotted path into the content. */
  path: string;
  language: "handlebars" | "jsonnet";
  source: string;
}

export type RenderText = (source: string, escaping?: Escaping) => string;

const ESCAPES: Record<Escaping, Escape> = {
  html: escapeHtml,
  json: (text) => JSON.stringify(text).slice(1, -1),
  none: (text) => text,
};

/** Renders texts for one recipient. The only way from an engine to a channel, so that no place loses its escaping. */
export function createRenderText(templates: TemplateEngine, context: JsonObject, now: Date): RenderText {
  return (source, escaping = "html") =>
    templates.compile(source).render(context, { now, escape: ESCAPES[escaping] });
}

/** The rendered form of a channel's sample. Defaults that are templates are left blank: there is no recipient. */
export function renderSample(channel: ChannelDefinition, text: string): JsonObject {
  return channel.render(channel.content.parse(channel.sample(text)), (source) =>
    source.replaceAll(/\{\{.*?\}\}/g, ""),
  );
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
