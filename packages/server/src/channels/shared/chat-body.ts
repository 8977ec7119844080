import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import type { RenderText, TemplateSource } from "../channel.ts";
import {
  collectProblems,
  contentHead,
  fieldSources,
  isBlank,
  isTemplated,
  renderFields,
  textField,
} from "../content.ts";

/*
 * Slack and Teams have the same content under two names: a text, and optionally a rich form (Slack's blocks, a Teams
 * card) as the source of a JSON document.
 */

export type ChatContent = JsonObject & { templating_language: string; body_type: string; body_text: string };

/** The fields that both have; each adds the one for its rich form. */
export function chatFields(schema: string) {
  return { ...contentHead(schema), body_type: z.string().default("text"), body_text: textField };
}

const MAX_TEXT_LENGTH = 4000;

/**
 * `rich` is the `body_type` of the rich form, `field` holds its source, `maxLength` is what remains of the service's
 * limit.
 */
export function defineChatBody(rich: "block" | "card", field: "body_block" | "body_card", maxLength: number) {
  return {
    findProblems: (content: ChatContent): Record<string, string[]> => {
      const problems = collectProblems();
      const source = richSource(content, field);
      problems.oneOf("templating_language", content.templating_language, ["handlebars", "jsonnet"]);
      problems.oneOf("body_type", content.body_type, ["text", rich]);
      if (content.body_type === "text") problems.require("body_text", content.body_text);
      if (content.body_type === rich) problems.require(field, source);
      problems.limit("body_text", content.body_text, MAX_TEXT_LENGTH);
      problems.limit(field, source, maxLength);
      return problems.found;
    },

    sources(content: ChatContent): TemplateSource[] {
      if (content.body_type !== rich) return fieldSources(content, ["body_text"]);
      const source = richSource(content, field);
      // A blank one is missing, not wrong.
      if (isBlank(source)) return [];
      return [{ path: field, language: isJsonnet(content, source) ? "jsonnet" : "handlebars", source }];
    },

    /**
     * Renders the form that is sent. A rich form in Jsonnet is not a string template: it is kept as written, with the
     * language in which to evaluate it.
     */
    render: (content: ChatContent, text: RenderText): ChatContent => {
      if (content.body_type !== rich) return renderFields(content, ["body_text"], text);
      return isJsonnet(content, richSource(content, field))
        ? { ...content, templating_language: "jsonnet" }
        : renderFields(content, [field], text);
    },
  };
}

function richSource(content: ChatContent, field: string): string {
  const source = content[field];
  return typeof source === "string" ? source : "";
}

/** The editor writes Jsonnet and leaves the language at its default, so a source without `{{` is Jsonnet too. */
function isJsonnet(content: ChatContent, source: string): boolean {
  return content.templating_language === "jsonnet" || !isTemplated(source);
}
