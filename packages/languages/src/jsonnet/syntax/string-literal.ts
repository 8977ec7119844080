import { errorAt } from "../jsonnet-error.ts";

/*
 * The four ways to write a string: "…" and '…' with escapes, @"…" without, and the text block between `|||`. Each
 * reader takes the offset of the literal and gives its value and the offset after it.
 */
interface Literal {
  text: string;
  end: number;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

export function readQuoted(source: string, start: number): Literal {
  const quote = source.charAt(start);
  let text = "";
  let at = start + 1;
  for (;;) {
    const stop = findStop(source, at, quote);
    if (stop === -1) throw errorAt(source, start, "string is not closed");
    text += source.slice(at, stop);
    if (source.charAt(stop) === quote) return { text, end: stop + 1 };
    const escape = readEscape(source, stop);
    text += escape.text;
    at = escape.end;
  }
}

function findStop(source: string, from: number, quote: string): number {
  for (let at = from; at < source.length; at++) {
    const char = source.charAt(at);
    if (char === quote || char === "\\") return at;
  }
  return -1;
}

function readEscape(source: string, at: number): Literal {
  const letter = source.charAt(at + 1);
  if (letter !== "u") {
    const text = ESCAPES.get(letter);
    if (text === undefined) throw errorAt(source, at, `unknown escape in string: \\${letter}`);
    return { text, end: at + 2 };
  }
  const unit = readUnit(source, at);
  if (unit < 0xd800 || unit > 0xdfff) return { text: String.fromCharCode(unit), end: at + 6 };
  // Characters beyond the first 65,536 are written as two halves, neither of which means anything alone.
  const low = unit < 0xdc00 && source.startsWith("\\u", at + 6) ? readUnit(source, at + 6) : 0;
  if (low < 0xdc00 || low > 0xdfff) throw errorAt(source, at, "half of a surrogate pair in string");
  return { text: String.fromCharCode(unit, low), end: at + 12 };
}

function readUnit(source: string, at: number): number {
  const digits = source.slice(at + 2, at + 6);
  if (!/^[\da-fA-F]{4}$/.test(digits)) throw errorAt(source, at, "\\u needs four hexadecimal digits");
  return Number.parseInt(digits, 16);
}

export function readVerbatim(source: string, start: number): Literal {
  const quote = source.charAt(start + 1);
  let text = "";
  let at = start + 2;
  for (;;) {
    const stop = source.indexOf(quote, at);
    if (stop === -1) throw errorAt(source, start, "string is not closed");
    text += source.slice(at, stop);
    if (source.charAt(stop + 1) !== quote) return { text, end: stop + 1 };
    text += quote;
    at = stop + 2;
  }
}

const OPENING = /\|\|\|(-?)[ \t\r]*\n/y;

/** Takes the lines that begin with the white space of the first one; empty lines need not. */
export function readTextBlock(source: string, start: number): Literal {
  OPENING.lastIndex = start;
  const opening = OPENING.exec(source);
  if (opening === null) throw errorAt(source, start, "a text block begins on the line after |||");
  let at = start + opening[0].length;
  let text = "";
  const takeEmptyLines = () => {
    for (;;) {
      const line = source.startsWith("\r\n", at) ? "\r\n" : source.startsWith("\n", at) ? "\n" : "";
      if (line === "") return;
      text += line;
      at += line.length;
    }
  };
  takeEmptyLines();
  const indent = /^[ \t]*/.exec(source.slice(at))?.[0] ?? "";
  if (indent === "") throw errorAt(source, at, "the first line of a text block must be indented");
  while (source.startsWith(indent, at)) {
    const lineEnd = source.indexOf("\n", at);
    if (lineEnd === -1) throw errorAt(source, start, "text block is not closed with |||");
    text += source.slice(at + indent.length, lineEnd + 1);
    at = lineEnd + 1;
    takeEmptyLines();
  }
  const closing = /^[ \t]*\|\|\|/.exec(source.slice(at))?.[0];
  if (closing === undefined) throw errorAt(source, start, "text block is not closed with |||");
  if (opening[1] === "-") text = text.replace(/\r?\n$/, "");
  return { text, end: at + closing.length };
}
