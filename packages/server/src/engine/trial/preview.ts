import { createRenderText, RenderError, type RenderText } from "../../channels/channel.ts";
import type { Channel } from "../../core/channel.ts";
import type { JsonObject } from "../../core/json.ts";
import { TemplateError } from "../../templates/engine.ts";
import { withLinks } from "../compose/links.ts";
import type { StageDeps } from "../deps.ts";
import { type MockTrigger, previewRun } from "./mock.ts";

/** A content as a recipient would get it. */
export interface Preview {
  /** Null where something could not be rendered. */
  content: JsonObject | null;
  /** Dotted path into the content to why it could not be rendered. */
  errors: Record<string, string[]>;
}

/** How many fields that fail are found in one preview. */
const MAX_FAILURES = 20;

/**
 * Renders a content for a mock trigger. A field that fails is left blank, so that the others that fail are found too; all
 * attempts together have the budget of one message.
 */
export async function previewContent(
  mock: MockTrigger,
  channel: Channel,
  written: JsonObject,
  deps: StageDeps,
): Promise<Preview> {
  const definition = deps.channels.get(channel);
  if (definition === undefined) return { content: null, errors: { channel: ["is not available"] } };
  const { run, scope, chunkData } = await previewRun(mock, deps);
  const content = definition.complete?.(written) ?? written;
  const sources = definition.sources(content);
  const pathsOf = (source: string): string[] => {
    const paths = sources.filter((one) => one.source === source).map(({ path }) => path);
    return paths.length > 0 ? paths : ["content"];
  };
  const { translator } = scope;
  const { now } = run;
  const context = withLinks(run, scope, chunkData, { channel, message_id: run.id });
  const render = createRenderText(deps.content, { context, now, translator });
  const failed = new Map<string, string>();
  const errors: Preview["errors"] = {};
  let last = "";
  const text: RenderText = (source, ...way) => {
    if (failed.has(source)) return "";
    last = source;
    return render(source, ...way);
  };
  const rendered = deps.content.handlebars.share(() => {
    while (failed.size < MAX_FAILURES) {
      try {
        return definition.render(content, text, now);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        if (error instanceof RenderError) {
          // A field that was left blank is no news.
          errors[error.path] ??= [error.message];
          return null;
        }
        failed.set(last, error.message);
        for (const path of pathsOf(last)) errors[path] ??= [error.message];
        if (error.code === "template_budget") return null;
      }
    }
    return null;
  }, now);
  return Object.keys(errors).length === 0
    ? { content: rendered, errors }
    : { content: null, errors: named(errors) };
}

/** What Carillon generates of a content fails with the part that it is generated from, which is named. */
function named(errors: Preview["errors"]): Preview["errors"] {
  const { content: _generated, ...rest } = errors;
  return Object.keys(rest).length === 0 ? errors : rest;
}
