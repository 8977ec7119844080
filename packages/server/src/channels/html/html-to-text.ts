import { decodeHTML, decodeHTMLAttribute } from "entities";
import { commentEnd, createFinder, mustacheEnd, readTag, type Finder, type Tag } from "./html-tags.ts";
import { createTextLines, type TextLines } from "./text-lines.ts";

/*
 * Generates the plain-text part of an e-mail from its HTML. The source is a template, so Handlebars tags are kept as
 * they are, and where hidden parts are dropped their block tags stay if the rest needs them. No tree is built: one
 * pass, linear in the source, robust against broken and hostile HTML.
 */

/** Dropped with their content. */
const DROPPED: ReadonlySet<string> = new Set([
  "audio",
  "canvas",
  "iframe",
  "math",
  "noscript",
  "object",
  "select",
  "svg",
  "template",
  "video",
]);

/** Also dropped, but their content is not HTML: only their own end tag ends them. */
const RAW: ReadonlySet<string> = new Set(["script", "style", "textarea", "title", "xmp"]);

const VOID: ReadonlySet<string> = new Set(
  "area base br col embed hr img input link meta param source track wbr".split(" "),
);

/** Elements with a blank line around them, and those that only start and end a line. */
const PARAGRAPHS =
  "address article aside blockquote dl fieldset figure footer form h1 h2 h3 h4 h5 h6 header main nav ol p pre section ul";
const LINES = "body caption center dd div dt figcaption head html legend li table tbody tfoot thead tr";

/** The number of line breaks before and after an element. */
const BREAKS: ReadonlyMap<string, number> = new Map([
  ...PARAGRAPHS.split(" ").map((name): [string, number] => [name, 2]),
  ...LINES.split(" ").map((name): [string, number] => [name, 1]),
]);

interface Writer {
  finder: Finder;
  lines: TextLines;
  /** Open lists, innermost last: the next number of an ordered one, null for bullets. */
  lists: (number | null)[];
  /** The open link, if any. */
  link: { href: string; mark: number } | null;
  preformatted: number;
}

/** Converts an HTML template to plain text, which is a template with the same Handlebars tags. */
export function htmlToText(html: string): string {
  const finder = createFinder(html);
  const writer: Writer = { finder, lines: createTextLines(), lists: [], link: null, preformatted: 0 };
  let at = 0;
  while (at < html.length) at = step(writer, at);
  return writer.lines.finish();
}

/** Handles the piece that starts at `at`; returns where the next one starts. */
function step(writer: Writer, at: number): number {
  const { finder, lines } = writer;
  const { source } = finder;
  const mustache = mustacheEnd(finder, at);
  if (mustache >= 0) {
    lines.atom(source.slice(at, mustache));
    return mustache;
  }
  if (source[at] === "<") {
    const comment = commentEnd(finder, at);
    if (comment >= 0) return drop(writer, at, comment);
    const tag = readTag(finder, at);
    if (tag !== null) return element(writer, tag, at);
  }
  const end = Math.min(following(finder, "<", at + 1), following(finder, "{{", at + 1));
  lines.text(decodeText(source.slice(at, end)), writer.preformatted > 0);
  return end;
}

function element(writer: Writer, tag: Tag, at: number): number {
  if (tag.closing) {
    close(writer, tag.name);
    return tag.end;
  }
  if (RAW.has(tag.name)) return drop(writer, at, rawEnd(writer.finder, tag));
  if (DROPPED.has(tag.name) || isHidden(tag)) return drop(writer, at, elementEnd(writer.finder, tag));
  open(writer, tag);
  return tag.end;
}

function open(writer: Writer, tag: Tag): void {
  const { lines } = writer;
  breakLine(writer, tag.name);
  switch (tag.name) {
    case "br":
      lines.newline();
      break;
    case "hr":
      lines.rule();
      break;
    case "img":
      writeImage(writer, tag);
      break;
    case "td":
    case "th":
      lines.space();
      break;
    case "pre":
      writer.preformatted += 1;
      break;
    case "ul":
      writer.lists.push(null);
      break;
    case "ol":
      writer.lists.push(listStart(tag));
      break;
    case "li":
      startItem(writer);
      break;
    case "a":
      writer.link = {
        href: decodeOutsideMustaches(tag.attributes.get("href") ?? "").trim(),
        mark: lines.mark(),
      };
      break;
    default:
  }
}

function close(writer: Writer, name: string): void {
  if (name === "a") closeLink(writer);
  else if (name === "li") writer.lines.prefix("");
  else if (name === "ul" || name === "ol") writer.lists.pop();
  else if (name === "pre") writer.preformatted = Math.max(0, writer.preformatted - 1);
  else if (name === "td" || name === "th") writer.lines.space();
  breakLine(writer, name);
}

/** Nested lists are lines of the outer one, without a blank line around them. */
function breakLine(writer: Writer, name: string): void {
  const breaks = BREAKS.get(name);
  if (breaks === undefined) return;
  const nested = (name === "ul" || name === "ol") && writer.lists.length > 0;
  writer.lines.break(nested ? 1 : breaks);
}

function listStart(tag: Tag): number {
  const start = Number.parseInt(tag.attributes.get("start") ?? "", 10);
  return Number.isSafeInteger(start) ? start : 1;
}

function startItem(writer: Writer): void {
  const last = writer.lists.length - 1;
  const number = writer.lists[last] ?? null;
  writer.lines.prefix(number === null ? "• " : `${number}. `);
  if (number !== null) writer.lists[last] = number + 1;
}

/** An image becomes its description; one without a description, or of a single pixel, is decoration. */
function writeImage(writer: Writer, tag: Tag): void {
  const alt = decodeOutsideMustaches(tag.attributes.get("alt") ?? "").trim();
  if (alt === "" || isPixel(tag.attributes.get("width")) || isPixel(tag.attributes.get("height"))) return;
  writer.lines.atom(`[${alt.replaceAll(/\s+/g, " ")}]`);
}

function isPixel(size: string | undefined): boolean {
  return size !== undefined && /^\s*[01](?:px)?\s*$/i.test(size);
}

/** `text (href)`, or only one of the two if the other adds nothing. */
function closeLink(writer: Writer): void {
  const { link, lines } = writer;
  writer.link = null;
  if (link === null) return;
  const address = /^(mailto|tel):/i.exec(link.href);
  const target = address === null ? link.href : link.href.slice(address[0].length).replace(/\?.*$/s, "");
  if (target === "" || target.startsWith("#") || /^javascript:/i.test(target)) return;
  const text = lines.since(link.mark);
  if (text === "") lines.atom(target);
  else if (address === null && text !== target && `https://${text}` !== target.replace(/\/$/, "")) {
    lines.append(` (${target})`);
  }
}

const HIDING_STYLE = /(?:^|;)(?:display:none|visibility:hidden)(?:!important)?(?:;|$)/;

function isHidden(tag: Tag): boolean {
  if (tag.attributes.has("hidden") || tag.attributes.get("aria-hidden") === "true") return true;
  const style = tag.attributes.get("style");
  return style !== undefined && HIDING_STYLE.test(style.replaceAll(/\s/g, "").toLowerCase());
}

/** Where the element that `tag` opens ends: after its matching end tag, or with the source. */
function elementEnd(finder: Finder, tag: Tag): number {
  if (VOID.has(tag.name)) return tag.end;
  let depth = 1;
  let at = tag.end;
  while (at < finder.source.length) {
    const mustache = mustacheEnd(finder, at);
    const skipped = mustache < 0 ? commentEnd(finder, at) : mustache;
    const inner = skipped < 0 && finder.source[at] === "<" ? readTag(finder, at) : null;
    if (skipped >= 0) {
      at = skipped;
    } else if (inner === null) {
      at = Math.min(following(finder, "<", at + 1), following(finder, "{{", at + 1));
    } else {
      if (inner.name === tag.name) depth += inner.closing ? -1 : 1;
      // Paragraphs cannot nest: the second starts where the first was left open.
      if (depth > 1 && tag.name === "p") return at;
      at = RAW.has(inner.name) && !inner.closing ? rawEnd(finder, inner) : inner.end;
      if (depth === 0) return at;
    }
  }
  return finder.source.length;
}

/** Where the script, style or title that `tag` opens ends. */
function rawEnd(finder: Finder, tag: Tag): number {
  const { source } = finder;
  for (let at = finder.find("</", tag.end); at >= 0; at = finder.find("</", at + 2)) {
    const nameEnd = at + 2 + tag.name.length;
    if (
      source.slice(at + 2, nameEnd).toLowerCase() !== tag.name ||
      /[a-z0-9]/i.test(source.charAt(nameEnd))
    ) {
      continue;
    }
    const close = finder.find(">", nameEnd);
    return close < 0 ? source.length : close + 1;
  }
  return source.length;
}

function following(finder: Finder, needle: string, from: number): number {
  const at = finder.find(needle, from);
  return at < 0 ? finder.source.length : at;
}

/** Leaves out part of the source, except for block tags that the template needs to stay balanced. */
function drop(writer: Writer, from: number, to: number): number {
  writer.lines.atom(unbalancedBlockTags(writer.finder, from, to));
  return to;
}

/** All block tags in a range if they are unbalanced, otherwise none. */
function unbalancedBlockTags(finder: Finder, from: number, to: number): string {
  const tags: string[] = [];
  let depth = 0;
  let balanced = true;
  let at = following(finder, "{{", from);
  while (at < to) {
    const end = mustacheEnd(finder, at);
    if (end < 0) break;
    const tag = finder.source.slice(at, end);
    const kind = /^\{\{\{*~?\s*(#|\/|\^|else\b)/.exec(tag)?.[1];
    if (kind !== undefined) {
      tags.push(tag);
      const inverse = kind === "else" || /^\{\{~?\s*\^\s*~?\}\}$/.test(tag);
      if (kind === "/") depth -= 1;
      else if (!inverse) depth += 1;
      if (depth < 0 || (inverse && depth === 0)) balanced = false;
    }
    at = following(finder, "{{", end);
  }
  return balanced && depth === 0 ? "" : tags.join("");
}

function decodeText(text: string): string {
  // Braces that were references in the source are text: they must not start a Handlebars tag here.
  return decodeHTML(text).replaceAll("{{", "\\{{");
}

/** Decodes the references in an attribute's value. Handlebars tags in it stay as written. */
function decodeOutsideMustaches(value: string): string {
  if (!value.includes("&")) return value;
  const finder = createFinder(value);
  let out = "";
  let at = 0;
  while (at < value.length) {
    const mustache = mustacheEnd(finder, at);
    const end = mustache < 0 ? following(finder, "{{", at + 1) : mustache;
    out += mustache < 0 ? decodeHTMLAttribute(value.slice(at, end)) : value.slice(at, end);
    at = end;
  }
  return out;
}
