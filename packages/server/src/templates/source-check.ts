import type { TemplateLimits } from "./budget.ts";
import { TemplateError } from "./template-error.ts";

/**
 * What must be checked in a source before the parser of the `handlebars` package sees it, whose time grows with the
 * square of the nesting depth (5,000 open blocks: 8 s) and with comments times length (5,000 long comments in 500 KB: 4
 * s). Follows the package's lexer closely enough that neither can be hidden from it.
 */
const MAX_TAG_CHARACTERS = 128 * 1024;
/** Long comments times length of the source: about a tenth of a second. */
const MAX_COMMENT_WORK = 1e8;

const INVERSE = /\^\s*~?\}\}/y;
const ELSE = /\s*else\b/y;
const PLAIN_ELSE = /\s*else\s*~?\}\}/y;
const LONG_COMMENT_END = /--~?\}\}/g;
const LITERALS: Readonly<Record<string, RegExp>> = {
  '"': /"(?:\\"|[^"])*"/y,
  "'": /'(?:\\'|[^'])*'/y,
  "[": /\[(?:\\\]|[^\]])*\]/y,
};
const TOKEN = /["'[()]|\}\}/g;

/**
 * Throws a `TemplateError` for a source that is too big, too dense or too deep; returns the number of its tags. Syntax
 * is left to the parser.
 */
export function checkSource(source: string, limits: TemplateLimits): number {
  if (source.length > limits.max_source) throw refusal(`is longer than ${limits.max_source} characters`);
  const blocks = createBlockDepth();
  let tags = 0;
  let tagCharacters = 0;
  let comments = 0;
  for (let at = source.indexOf("{{"); at !== -1; at = source.indexOf("{{", at)) {
    if (isEscaped(source, at)) {
      at += 2;
      continue;
    }
    if (source.startsWith("{{{{", at)) {
      throw new TemplateError("template_syntax", `raw blocks are not supported - ${positionOf(source, at)}`);
    }
    tags += 1;
    if (tags > limits.max_tags) throw refusal(`has more than ${limits.max_tags} tags`);

    const start = source[at + 2] === "~" ? at + 3 : at + 2;
    if (source[start] === "!") {
      const isLong = source.startsWith("!--", start);
      comments += isLong ? 1 : 0;
      if (comments * source.length > MAX_COMMENT_WORK)
        throw refusal("has too many long comments for its length");
      const end = isLong ? matchFrom(LONG_COMMENT_END, source, start + 1) : source.indexOf("}}", start);
      if (end === -1) return tags;
      at = end + 2;
      continue;
    }

    if (blocks.enter(source, start) > limits.max_depth) {
      throw refusal(`nests blocks deeper than ${limits.max_depth} levels - ${positionOf(source, at)}`);
    }
    const { end, depth } = scanTag(source, start);
    if (depth > limits.max_depth) {
      throw refusal(
        `nests subexpressions deeper than ${limits.max_depth} levels - ${positionOf(source, at)}`,
      );
    }
    tagCharacters += end - at;
    if (tagCharacters > MAX_TAG_CHARACTERS)
      throw refusal(`has more than ${MAX_TAG_CHARACTERS} characters in tags`);
    at = end;
  }
  return tags;
}

/** Follows open blocks; each `else if` opens another one inside its block, which closes with it. */
function createBlockDepth(): { enter: (source: string, start: number) => number } {
  const open: number[] = [];
  let depth = 0;
  return {
    enter(source, start) {
      const sign = source[start];
      if (sign === "#" || (sign === "^" && !matchesAt(INVERSE, source, start))) {
        open.push(1);
        depth += 1;
      } else if (sign === "/") {
        depth -= open.pop() ?? 0;
      } else if (matchesAt(ELSE, source, start) && !matchesAt(PLAIN_ELSE, source, start)) {
        open.push((open.pop() ?? 0) + 1);
        depth += 1;
      }
      return depth;
    },
  };
}

/** The end of a tag, and the depth of its parentheses. An unclosed tag takes the rest: the parser reports why. */
function scanTag(source: string, start: number): { end: number; depth: number } {
  let depth = 0;
  let deepest = 0;
  let at = start;
  for (;;) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(source);
    if (token === null) return { end: source.length, depth: deepest };
    const [text] = token;
    at = token.index + text.length;
    if (text === "}}") return { end: at, depth: deepest };
    if (text === "(") deepest = Math.max(deepest, ++depth);
    else if (text === ")") depth -= 1;
    else {
      const literal = LITERALS[text];
      if (literal === undefined || !matchesAt(literal, source, token.index))
        return { end: source.length, depth: deepest };
      at = literal.lastIndex;
    }
  }
}

/** `\{{` prints itself; after two backslashes a tag is a tag again. */
function isEscaped(source: string, at: number): boolean {
  return source[at - 1] === "\\" && source[at - 2] !== "\\";
}

function matchesAt(pattern: RegExp, source: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(source);
}

/** The index of the braces that end the comment, or -1. */
function matchFrom(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex - 2 : -1;
}

/** In the package's format: lines from 1, columns from 0. */
function positionOf(source: string, at: number): string {
  const before = source.slice(0, at);
  const line = before.split("\n").length;
  return `${line}:${at - (before.lastIndexOf("\n") + 1)}`;
}

function refusal(reason: string): TemplateError {
  return new TemplateError("template_budget", `template ${reason}`);
}
