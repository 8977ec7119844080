import { formatText } from "../output/format.ts";
import { numberText } from "../output/number-text.ts";
import { allocateSlots, allocateText, fail, spend, spendText } from "../runtime.ts";
import { characterEnd, fromCodePoint, isPlain, sliceText, textLength } from "../text.ts";
import { arrayOf, type FunctionValue, isArray, type Runtime, type Value } from "../value.ts";
import { asCount, asNumber, asText } from "./arguments.ts";
import { createFind, createFindLast } from "../../text-search.ts";
import { append, charsOf, createDraft, finish, mapText } from "../work.ts";
import { define, type Library } from "./define.ts";

const WHITE_SPACE = " \t\n\f\r\u0085\u00a0";

function ofText(name: string, compute: (rt: Runtime, str: string) => Value): FunctionValue {
  return define(["str"], (rt, str) => compute(rt, asText(rt, str, `std.${name}: str`)));
}

/** Lowers ASCII letters only, whatever the locale. */
export function asciiLower(rt: Runtime, text: string): string {
  return mapText(rt, text, (piece) => piece.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()));
}

function asciiUpper(rt: Runtime, text: string): string {
  return mapText(rt, text, (piece) => piece.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase()));
}

function stripper(name: string, left: boolean, right: boolean): FunctionValue {
  return define(["str", "chars"], (rt, str, chars) => {
    const text = asText(rt, str, `std.${name}: str`);
    if (!isArray(chars)) return strip(rt, text, asText(rt, chars, `std.${name}: chars`), left, right);
    throw fail(rt, `std.${name}: chars must be a string, got array`);
  });
}

function strip(rt: Runtime, text: string, chars: string, left: boolean, right: boolean): string {
  spendText(rt, text.length);
  const unwanted = new Set<number>();
  for (let at = 0; at < chars.length; at = characterEnd(chars, at)) {
    spend(rt, 1);
    allocateSlots(rt, 0);
    unwanted.add(chars.codePointAt(at) ?? 0);
  }
  let from = 0;
  let to = text.length;
  while (left && from < to && unwanted.has(text.codePointAt(from) ?? 0)) {
    spend(rt, 1);
    from = characterEnd(text, from);
  }
  while (right && to > from) {
    spend(rt, 1);
    const start = to - from > 1 && characterEnd(text, to - 2) === to ? to - 2 : to - 1;
    if (!unwanted.has(text.codePointAt(start) ?? 0)) break;
    to = start;
  }
  return text.slice(from, to);
}

function substr(rt: Runtime, str: Value, from: Value, len: Value): string {
  const text = asText(rt, str, "std.substr: str");
  const start = asCount(rt, from, "std.substr: from");
  const count = asCount(rt, len, "std.substr: len");
  spendText(rt, text.length);
  return sliceText(text, start, start + count);
}

function findSubstr(rt: Runtime, pat: Value, str: Value): Value {
  const pattern = asText(rt, pat, "std.findSubstr: pat");
  const text = asText(rt, str, "std.findSubstr: str");
  const places: number[] = [];
  if (pattern === "") return arrayOf(places);
  spendText(rt, text.length + pattern.length);
  const plain = isPlain(text);
  const find = createFind(pattern);
  let counted = 0;
  let characters = 0;
  for (let at = find(text, 0); at !== -1; at = find(text, at + 1)) {
    spendText(rt, pattern.length);
    characters = plain ? at : characters + textLength(text.slice(counted, at));
    counted = at;
    allocateSlots(rt, 1);
    spend(rt, 1);
    places.push(characters);
  }
  return arrayOf(places);
}

function splitText(
  rt: Runtime,
  name: string,
  str: Value,
  c: Value,
  maxsplits: Value,
  fromRight: boolean,
): Value {
  const text = asText(rt, str, `std.${name}: str`);
  const separator = asText(rt, c, `std.${name}: c`);
  const limit = asNumber(rt, maxsplits, `std.${name}: maxsplits`);
  if (separator === "") throw fail(rt, `std.${name}: c must not be empty`);
  spendText(rt, text.length + separator.length);
  const parts: string[] = [];
  const enough = () => limit !== -1 && parts.length >= limit;
  const keep = (part: string) => {
    allocateText(rt, part.length + 16);
    spend(rt, 1);
    parts.push(part);
  };
  if (fromRight && limit !== -1) {
    const findLast = createFindLast(separator);
    let end = text.length;
    for (let at = findLast(text, end); at !== -1 && !enough(); at = findLast(text, end)) {
      keep(text.slice(at + separator.length, end));
      end = at;
    }
    keep(text.slice(0, end));
    return arrayOf(parts.reverse());
  }
  const find = createFind(separator);
  let start = 0;
  for (let at = find(text, 0); at !== -1 && !enough(); at = find(text, start)) {
    keep(text.slice(start, at));
    start = at + separator.length;
  }
  keep(text.slice(start));
  return arrayOf(parts);
}

function strReplace(rt: Runtime, str: Value, from: Value, to: Value): string {
  const text = asText(rt, str, "std.strReplace: str");
  const pattern = asText(rt, from, "std.strReplace: from");
  const replacement = asText(rt, to, "std.strReplace: to");
  if (pattern === "") throw fail(rt, "std.strReplace: from must not be empty");
  return replaceText(rt, text, pattern, replacement);
}

export function replaceText(rt: Runtime, text: string, pattern: string, replacement: string): string {
  spendText(rt, text.length + pattern.length);
  const find = createFind(pattern);
  const draft = createDraft();
  let start = 0;
  for (let at = find(text, 0); at !== -1; at = find(text, start)) {
    append(rt, draft, text.slice(start, at));
    append(rt, draft, replacement);
    start = at + pattern.length;
  }
  if (start === 0) return text;
  append(rt, draft, text.slice(start));
  return finish(rt, draft);
}

function affix(name: string, test: (text: string, part: string) => boolean): FunctionValue {
  return define(["a", "b"], (rt, a, b) => {
    const text = asText(rt, a, `std.${name}: a`);
    const part = asText(rt, b, `std.${name}: b`);
    spendText(rt, text.length + part.length);
    return test(text, part);
  });
}

function codepoint(rt: Runtime, str: string): number {
  spendText(rt, str.length);
  if (textLength(str) !== 1)
    throw fail(rt, `std.codepoint: str must be one character, got ${textLength(str)}`);
  return str.codePointAt(0) ?? 0;
}

function char(rt: Runtime, n: Value): string {
  const code = Math.trunc(asNumber(rt, n, "std.char: n"));
  if (code < 0 || code > 0x10ffff) throw fail(rt, `std.char: n is no character: ${numberText(code)}`);
  return fromCodePoint(code);
}

export const STRINGS: Library = {
  substr: define(["str", "from", "len"], substr),
  findSubstr: define(["pat", "str"], findSubstr),
  startsWith: affix("startsWith", (text, part) => text.startsWith(part)),
  endsWith: affix("endsWith", (text, part) => text.endsWith(part)),
  stripChars: stripper("stripChars", true, true),
  lstripChars: stripper("lstripChars", true, false),
  rstripChars: stripper("rstripChars", false, true),
  trim: ofText("trim", (rt, str) => strip(rt, str, WHITE_SPACE, true, true)),
  split: define(["str", "c"], (rt, str, c) => splitText(rt, "split", str, c, -1, false)),
  splitLimit: define(["str", "c", "maxsplits"], (rt, str, c, limit) =>
    splitText(rt, "splitLimit", str, c, limit, false),
  ),
  splitLimitR: define(["str", "c", "maxsplits"], (rt, str, c, limit) =>
    splitText(rt, "splitLimitR", str, c, limit, true),
  ),
  strReplace: define(["str", "from", "to"], strReplace),
  isEmpty: ofText("isEmpty", (_rt, str) => str === ""),
  asciiUpper: ofText("asciiUpper", asciiUpper),
  asciiLower: ofText("asciiLower", asciiLower),
  equalsIgnoreCase: define(
    ["str1", "str2"],
    (rt, a, b) =>
      asciiLower(rt, asText(rt, a, "std.equalsIgnoreCase: str1")) ===
      asciiLower(rt, asText(rt, b, "std.equalsIgnoreCase: str2")),
  ),
  stringChars: ofText("stringChars", (rt, str) => arrayOf(charsOf(rt, str))),
  codepoint: ofText("codepoint", codepoint),
  char: define(["n"], char),
  format: define(["str", "vals"], (rt, str, vals) =>
    formatText(rt, asText(rt, str, "std.format: str"), vals),
  ),
};
