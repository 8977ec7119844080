import { createRenderText, type RenderText } from "../src/channels/channel.ts";
import type { JsonObject } from "../src/core/json.ts";
import type { Translator } from "../src/core/translations/lookup.ts";
import { createContentEngines } from "../src/expressions/content-engines.ts";

export const languages = createContentEngines();

/** Renders texts of a content over a context, in the real languages. */
export function contentText(context: JsonObject = {}, translator: Translator | null = null): RenderText {
  return createRenderText(languages, { context, now: new Date(0), translator });
}
