import { z } from "zod";
import type { Json, JsonObject } from "../../core/json.ts";
import { parseJson } from "../../core/json/parse-json.ts";
import { RenderError, type RenderText, type TemplateSource } from "../channel.ts";
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

/** The rich form of a service. */
export interface RichForm {
  /** Its `body_type`. */
  type: "block" | "card";
  /** Holds its source. */
  field: "body_block" | "body_card";
  /** Of the source: what remains of the service's limit. */
  maxLength: number;
  /** The document as it is sent, or why it cannot be. */
  finish: (document: Json) => { ok: true; document: JsonObject } | { ok: false; reason: string };
}

export function defineChatBody({ type: rich, field, maxLength, finish }: RichForm) {
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

    /** Renders the form that is sent: a text, or the rich form as the text of one JSON document. */
    render: (content: ChatContent, text: RenderText): ChatContent => {
      if (content.body_type !== rich) return renderFields(content, ["body_text"], text);
      const source = richSource(content, field);
      const rendered = text(source, isJsonnet(content, source) ? "jsonnet" : "html_in_json");
      const document = jsonOf(rendered);
      if (document === undefined) throw new RenderError(field, "is not JSON after rendering");
      const finished = finish(document);
      if (!finished.ok) throw new RenderError(field, finished.reason);
      return { ...content, [field]: JSON.stringify(finished.document) };
    },
  };
}

/** Undefined for what is no JSON. */
function jsonOf(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function richSource(content: ChatContent, field: string): string {
  const source = content[field];
  return typeof source === "string" ? source : "";
}

/** The editor writes Jsonnet and leaves the language at its default, so a source without `{{` is Jsonnet too. */
function isJsonnet(content: ChatContent, source: string): boolean {
  return content.templating_language === "jsonnet" || !isTemplated(source);
}
