import type { JsonObject } from "../../core/json.ts";
import { createTemplateEngine } from "../../templates/engine.ts";
import { expectCount, type Helper, HelperError, type Helpers } from "../../templates/helper.ts";
import { plainValue, rawText } from "../../templates/print.ts";

/**
 * Templates of HTTP requests that a customer describes: URLs, headers and bodies with `{{to}}` in them. The right
 * encoding of a value depends on its place, so `{{value}}` is encoded automatically, and a text full of quotes,
 * ampersands or line breaks can neither break a JSON body nor add a parameter to a URL:
 *
 * | place  | `{{value}}` becomes                                              |
 * |--------|------------------------------------------------------------------|
 * | `url`  | percent-encoded                                                  |
 * | `form` | percent-encoded                                                  |
 * | `json` | escaped for the inside of a JSON string: write `"{{value}}"`     |
 * | `xml`  | with `& < > " '` as entities                                     |
 * | `text` | as it is                                                         |
 *
 * `{{{value}}}` is always as it is. The results of four helpers are not encoded again: `{{urlencode value}}`, `{{xml
 * value}}`, `{{json value}}`, which writes a whole JSON value with its quotes, and `{{ucs2 value}}`, which writes a text
 * as the hexadecimal digits of its 16-bit characters. They nest: `{{urlencode (json value)}}`. All else is as in the templates of messages: the same engine, with the same helpers and limits. A value
 * that does not exist is an error.
 *
 * Three closing braces are read as the end of `{{{`: inside JSON write `{"a":{{json a}} }`, with a space.
 */
export type Place = "url" | "form" | "json" | "xml" | "text";

export type Template = (values: JsonObject) => string;

export interface RequestTemplates {
  /** Throws `TemplateError` for a source that cannot be rendered with any values. */
  compile: (source: string, place: Place) => Template;
  /** Runs `work` with one budget for all that it renders: the parts of a request together cost no more than one text. */
  share: <T>(work: () => T) => T;
}

export function createRequestTemplates(): RequestTemplates {
  const engine = createTemplateEngine({ helpers: HELPERS });
  return {
    compile(source, place) {
      const template = engine.compile(source);
      const escape = ENCODERS[place];
      return (values) => template.render(values, { escape });
    },
    share: engine.share,
  };
}

const ENCODERS: Record<Place, (text: string) => string> = {
  url: percentEncode,
  form: percentEncode,
  json: (text) => JSON.stringify(text).slice(1, -1),
  xml: (text) => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  text: (text) => text,
};

const HELPERS: Helpers = {
  urlencode: encodeWith((value) => percentEncode(asText(value))),
  xml: encodeWith((value) => ENCODERS.xml(asText(value))),
  json: encodeWith((value) => JSON.stringify(value)),
  ucs2: encodeWith((value) => Buffer.from(asText(value).toWellFormed(), "utf16le").swap16().toString("hex")),
  // A misspelt key must not send a message with a hole in it.
  lookup: (args) => {
    expectCount(args, 2, 2);
    const [holder, key] = args.map(plainValue);
    const isKey = typeof key === "string" || typeof key === "number";
    if (!isKey || !Object.hasOwn(Object(holder) as object, key)) throw missing();
    return (holder as Record<string | number, unknown>)[key];
  },
};

function encodeWith(encode: (value: unknown) => string): Helper {
  return (args) => {
    expectCount(args, 1, 1);
    const value = plainValue(args[0]);
    if (value === undefined) throw missing();
    return rawText(encode(value));
  };
}

function missing(): HelperError {
  return new HelperError("the value does not exist");
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
}

function percentEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
