import { errorAt } from "../jsonnet-error.ts";
import { readQuoted, readTextBlock, readVerbatim } from "./string-literal.ts";

/** The words, literals and symbols of a source in order, followed by one of kind `end`. */
export interface Token {
  readonly kind: "number" | "string" | "name" | "keyword" | "symbol" | "end";
  /** The name, keyword or symbol; the value of a string; the digits of a number. */
  readonly text: string;
  /** Offset in the source. */
  readonly at: number;
}

const KEYWORDS = new Set(
  (
    "assert else error false for function if import importstr importbin in local null self super tailstrict " +
    "then true"
  ).split(" "),
);

const BLANK = /(?:[ \t\r\n]+|\/\/[^\n]*|#[^\n]*)+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:[eE][+-]?\d(?:_?\d)*)?/y;
/** Longest first. */
const SYMBOL = /\+?:::|\+?::|\+?:|&&|\|\||==|!=|<=|>=|<<|>>|[-{}[\],.();$+*/%!~&|^<>=]/y;

export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = skipBlank(source, 0);
  while (at < source.length) {
    const { token, end } = readToken(source, at);
    tokens.push(token);
    at = skipBlank(source, end);
  }
  tokens.push({ kind: "end", text: "", at: source.length });
  return tokens;
}

function readToken(source: string, at: number): { token: Token; end: number } {
  const string = readString(source, at);
  if (string !== null) return { token: { kind: "string", text: string.text, at }, end: string.end };
  const name = matchAt(NAME, source, at);
  if (name !== null) {
    const kind = KEYWORDS.has(name) ? "keyword" : "name";
    return { token: { kind, text: name, at }, end: at + name.length };
  }
  const number = matchAt(NUMBER, source, at);
  if (number !== null) {
    const end = at + number.length;
    // `01`, `1_`, `1.` and `2x` would otherwise read as two tokens, with a misleading error.
    if (/[\w.]/.test(source.charAt(end))) {
      throw errorAt(source, at, `not a number: ${source.slice(at, end + 1)}`);
    }
    return { token: { kind: "number", text: number.replaceAll("_", ""), at }, end };
  }
  const symbol = matchAt(SYMBOL, source, at);
  if (symbol === null) {
    const char = String.fromCodePoint(source.codePointAt(at) ?? 0);
    throw errorAt(source, at, `unexpected character ${JSON.stringify(char)}`);
  }
  return { token: { kind: "symbol", text: symbol, at }, end: at + symbol.length };
}

function readString(source: string, at: number): { text: string; end: number } | null {
  const char = source.charAt(at);
  if (char === '"' || char === "'") return readQuoted(source, at);
  const next = source.charAt(at + 1);
  if (char === "@" && (next === '"' || next === "'")) return readVerbatim(source, at);
  return source.startsWith("|||", at) ? readTextBlock(source, at) : null;
}

function skipBlank(source: string, start: number): number {
  let at = start;
  for (;;) {
    at += matchAt(BLANK, source, at)?.length ?? 0;
    if (!source.startsWith("/*", at)) return at;
    const end = source.indexOf("*/", at + 2);
    if (end === -1) throw errorAt(source, at, "comment is not closed");
    at = end + 2;
  }
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}
