import type { z } from "zod";
import type { Channel } from "../core/channel.ts";
import { TemplateError } from "../templates/template-error.ts";
import type { IdentityHints, IdentityResult } from "../core/profile/identity.ts";
import type { JsonObject } from "../core/json.ts";

/**
 * A channel is one file: how a recipient's address on it is checked and normalised, what a template
 * holds for it, and how that content is rendered for one recipient.
 */
export interface ChannelDefinition<Content extends JsonObject = JsonObject> {
  channel: Channel;
  /** Parses one identity as clients send it. Never throws: a refusal carries the wire's reason text. */
  parseIdentity: (input: unknown, hints: IdentityHints) => IdentityResult;
  /**
   * What a template variant stores for this channel. Drafts may be incomplete: any object with the right
   * primitive types parses, unknown keys are kept, defaults are filled.
   */
  content: z.ZodType<Content>;

  // The rest are methods, not properties: a registry can then hold channels of different contents.

  /** Lists what keeps this content from being committed: dotted path to reasons. Empty when sound. */
  findProblems(content: Content): Record<string, string[]>;
  /**
   * Adds what rendering needs and the content alone determines (the plain text of an HTML e-mail). Apply it
   * once per version and render the result: `render` takes either, but repeats the work for the first.
   */
  complete?(content: Content): Content;
  /**
   * Renders content for one recipient. `text` renders one template string against the recipient's
   * context and throws `TemplateError`; a rendered value that cannot be sent throws its {@link RenderError}.
   * Either costs this channel's message and no other. The result is what vendors receive and what the
   * message keeps.
   */
  render(content: Content, text: RenderText): JsonObject;
}

/**
 * What `{{ }}` does to a value: `html` (the default, on every channel: that is the wire), `json` for the
 * inside of a JSON string literal, `none` for text that nobody wrote with escaping in mind.
 */
export type Escaping = "html" | "json" | "none";

export type RenderText = (source: string, escaping?: Escaping) => string;

/** The templates of a field rendered, but to something that must not leave the house. */
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
