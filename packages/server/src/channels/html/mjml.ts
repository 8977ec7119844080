import { createRequire } from "node:module";
import type * as Mrml from "mrml";
import { cut } from "../../core/text/text.ts";
import { commentEnd, createFinder, mustacheEnd, readTag } from "./html-tags.ts";

/*
 * Compiles MJML (https://documentation.mjml.io) to the HTML of a mail. The compiler is MRML in WebAssembly: it reads no
 * file and no address, and takes a millisecond where MJML's own takes a hundred. The source is a template, so its
 * Handlebars tags are taken out before and put back after.
 */

const require = createRequire(import.meta.url);

/**
 * A fault inside the module (an overflow of its stack, a panic) may leave it unusable, for everybody in the process. Then
 * it is loaded anew, which takes a few milliseconds.
 */
function withEngine<T>(work: (engine: Mrml.Engine) => T): T | null {
  const { Engine } = require("mrml") as typeof Mrml;
  try {
    const engine = new Engine();
    // No mail loads fonts from somebody that its author does not name.
    engine.setRenderOptions({ disableComments: false, socialIconOrigin: null, fonts: {} });
    const result = work(engine);
    engine.free();
    return result;
  } catch {
    delete require.cache[require.resolve("mrml")];
    return null;
  }
}

/** The HTML is about ten times as long. */
const MAX_SOURCE = 128 * 1024;
/** MRML is recursive; far below what overflows its stack. */
const MAX_DEPTH = 50;

const ELEMENTS: ReadonlySet<string> = new Set(
  (
    "accordion accordion-element accordion-text accordion-title all attributes body breakpoint button carousel " +
    "carousel-image class column divider font group head hero image navbar navbar-link preview raw section social " +
    "social-element spacer style table text title wrapper"
  )
    .split(" ")
    .map((name) => `mj-${name}`),
);

export type CompiledMjml = { ok: true; html: string } | { ok: false; reason: string };

export function compileMjml(source: string): CompiledMjml {
  if (source.length > MAX_SOURCE) return refusal(`is longer than ${MAX_SOURCE} characters`);
  const taken = takeOut(source);
  const { text, tags, markOf } = taken;
  const putBack = (html: string) =>
    html.replaceAll(taken.mark, (_mark, index: string) => tags[Number(index)] ?? "");
  const reason = refusedBefore(text);
  if (reason !== null) return refusal(reason);
  const result = withEngine((engine) => engine.toHtml(text));
  if (result === null) return refusal("cannot be compiled");
  if (result.type === "error") {
    return refusal(result.origin === "parser" ? describe(result.details, text, putBack) : result.message);
  }
  const lost = tags.findIndex((_tag, index) => !result.content.includes(markOf(index)));
  if (lost === -1) return { ok: true, html: putBack(result.content) };
  return refusal(
    `${tags[lost]} would be lost where it is: put it into <mj-raw>, or into an attribute that takes any text`,
  );
}

/** A template without its tags. */
interface TakenOut {
  text: string;
  tags: string[];
  /** What stands for the tag with that index: a word, which is right wherever a text may be. */
  markOf: (index: number) => string;
  mark: RegExp;
}

function takeOut(source: string): TakenOut {
  let word = "tag";
  while (source.includes(word)) word += "x";
  const markOf = (index: number) => `${word}${index}${word}`;
  const finder = createFinder(source);
  const tags: string[] = [];
  let text = "";
  let copied = 0;
  for (let at = source.indexOf("{{"); at !== -1; at = source.indexOf("{{", copied)) {
    const end = mustacheEnd(finder, at);
    if (end === -1) break;
    text += source.slice(copied, at) + markOf(tags.length);
    tags.push(source.slice(at, end));
    copied = end;
  }
  return { text: text + source.slice(copied), tags, markOf, mark: new RegExp(`${word}(\\d+)${word}`, "g") };
}

/** What MRML would pass over in silence, or not survive. */
function refusedBefore(text: string): string | null {
  const finder = createFinder(text);
  let depth = 0;
  for (let at = text.indexOf("<"); at !== -1; at = text.indexOf("<", at)) {
    if (text.startsWith("<![", at) || text.startsWith("<?", at)) return "has no use for <![…]> and <?…>";
    const comment = commentEnd(finder, at);
    const tag = comment === -1 ? readTag(finder, at) : null;
    if (tag !== null) {
      const { name, closing, end } = tag;
      if (name === "mj-include") return "mj-include is not supported: there are no files to include";
      if (name.startsWith("mj-") && !ELEMENTS.has(name)) return `there is no element <${name}>`;
      if (closing) depth = Math.max(depth - 1, 0);
      else if (text[end - 2] !== "/") depth += 1;
      if (depth > MAX_DEPTH) return `nests elements deeper than ${MAX_DEPTH} levels`;
    }
    at = tag?.end ?? (comment === -1 ? at + 1 : comment);
  }
  return null;
}

function describe(error: Mrml.ParserError, text: string, putBack: (text: string) => string): string {
  const shown = (at: number, end: number) => putBack(cut(text.slice(at, end), 60));
  switch (error.type) {
    case "unexpected-element":
    case "unexpected-token":
    case "invalid-attribute":
    case "invalid-format":
      return `${error.type.replace("-", " ")}: ${shown(error.position.start, error.position.end)}`;
    case "missing-attribute":
      return `missing attribute ${error.name}: ${shown(error.position.start, error.position.end)}`;
    case "end-of-stream":
      return "ends before an element is closed";
    case "parser-error":
      return error.source;
    case "no-root-node":
      return "has no <mjml> element";
    case "size-limit":
      return "is too large";
    case "include-loader-error":
      return "mj-include is not supported: there are no files to include";
  }
}

function refusal(reason: string): CompiledMjml {
  return { ok: false, reason };
}
