import { z } from "zod";
import type { Json, JsonObject } from "../core/json.ts";
import type { Escaping, RenderText, TemplateSource } from "./channel.ts";

/*
 * The building blocks of the channels' content. Schemas here are for drafts: they require primitive types and nothing
 * else, since an unfinished template must be storable. Everything that prevents a commit is found afterwards, by a list
 * of problems under dotted paths.
 */

/** Any JSON: content has already been parsed. */
export const anyJson = z.custom<Json>(() => true);

/** An object with some known fields. The others are kept. */
export function contentObject<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape).catchall(anyJson);
}

/** The header fields in the content of every channel. */
export function contentHead(schema: string) {
  return {
    $schema: z.string().default(`https://schema.suprsend.com/template/v2/channel/${schema}_schema.json`),
    templating_language: z.string().default("handlebars"),
  };
}

/** A template string, blank by default. */
export const textField = z.string().default("");

export function flagField(value: boolean) {
  return z.boolean().default(value);
}

export interface Problems {
  /** Dotted path to reasons, in the order found. */
  found: Record<string, string[]>;
  add: (path: string, reason: string) => void;
  /** Reports a blank value as `missing`. */
  require: (path: string, value: string | null | undefined) => void;
  /** Limits apply to the template's source, in characters. */
  limit: (path: string, value: string, max: number) => void;
  oneOf: (path: string, value: string, allowed: readonly string[]) => void;
  atMost: (path: string, items: readonly unknown[], max: number) => void;
}

export function collectProblems(): Problems {
  const found: Record<string, string[]> = {};
  const add = (path: string, reason: string): void => {
    (found[path] ??= []).push(reason);
  };
  return {
    found,
    add,
    require: (path, value) => {
      if (isBlank(value)) add(path, "missing");
    },
    limit: (path, value, max) => {
      if (countCharacters(value) > max) add(path, `must contain at maximum ${max} characters`);
    },
    oneOf: (path, value, allowed) => {
      if (!allowed.includes(value)) {
        add(path, `must be one of [${allowed.map((option) => `'${option}'`).join(" ")}]`);
      }
    },
    atMost: (path, items, max) => {
      if (items.length > max) add(path, `must contain at maximum ${max} items`);
    },
  };
}

export function isBlank(value: string | null | undefined): boolean {
  return value === null || value === undefined || value.trim() === "";
}

/** False for a value that is known before rendering and can be checked on commit. */
export function isTemplated(source: string): boolean {
  return source.includes("{{");
}

/** Counts code points, like JSON Schema. */
export function countCharacters(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; count += 1) i += (text.codePointAt(i) ?? 0) > 0xff_ff ? 2 : 1;
  return count;
}

/** Renders the named fields of an object into a copy of it. Fields that are not strings stay as they are. */
export function renderFields<Content extends JsonObject>(
  content: Content,
  fields: readonly string[],
  text: RenderText,
  escaping: Escaping = "html",
): Content {
  const rendered: JsonObject = {};
  for (const field of fields) {
    const source = content[field];
    if (typeof source === "string") rendered[field] = text(source, escaping);
  }
  return { ...content, ...rendered };
}

/** The sources that {@link renderFields} renders. `place` is the path of the object, with a dot after it. */
export function fieldSources(
  content: JsonObject | null,
  fields: readonly string[],
  place = "",
): TemplateSource[] {
  return fields.flatMap((field) => valueSources(content?.[field] ?? null, `${place}${field}`, false));
}

/** The sources that {@link renderMembers} renders. */
export function memberSources(object: JsonObject | Json[], place: string): TemplateSource[] {
  return valueSources(object, place, true);
}

function valueSources(value: Json, path: string, isDeep: boolean): TemplateSource[] {
  if (typeof value === "string") return [{ path, language: "handlebars", source: value }];
  if (!isDeep || value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, member]) => valueSources(member, `${path}.${key}`, true));
}

/** Renders every string inside an object into a copy of it. Keys are not templates. */
export function renderMembers(object: JsonObject, text: RenderText): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, renderValue(member, text)]));
}

function renderValue(value: Json, text: RenderText): Json {
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return value.map((element) => renderValue(element, text));
  return value === null || typeof value !== "object" ? value : renderMembers(value, text);
}

/**
 * Renders a field whose default is itself a template (`{{$brand.logo}}`). If the author left the default in place, a
 * missing variable in the recipient's context makes the field empty instead of failing the message. Such fields are
 * addresses, colours and names for programs: nothing in them is escaped.
 */
export function renderDefaulted(source: string, schemaDefault: string, text: RenderText): string {
  if (source !== schemaDefault) return text(source, "none");
  try {
    return text(source, "none");
  } catch {
    return "";
  }
}
