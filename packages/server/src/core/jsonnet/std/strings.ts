import { formatText } from "../format.ts";
import { numberText } from "../number-text.ts";
import { allocateSlots, allocateText, fail, spend, spendText } from "../runtime.ts";
import { charactersOf, fromCodePoint, isPlain, sliceText, textLength } from "../text.ts";
import { arrayOf, type FunctionValue, isArray, type Runtime, type Value } from "../value.ts";
import { asCount, asNumber, asText } from "./arguments.ts";
import { arrayFrom, charsOf, made } from "./build.ts";
import { define, type Library } from "./define.ts";

const WHITE_SPACE = " \t\n\f\r\u0085\u00a0";

function ofText(name: string, compute: (rt: Runtime, str: string) => Value): FunctionValue {
  return define(["str"], (rt, str) => compute(rt, asText(rt, str, `std.${name}: str`)));
}

/** Looks at each ASCII letter; the locale and other alphabets do not matter. */
export function asciiLower(rt: Runtime, text: string): string {
  return made(
    rt,
    text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  );
}

function asciiUpper(rt: Runtime, text: string): string {
  return made(
    rt,
    text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase()),
  );
}

function stripper(name: string, left: boolean, right: boolean): FunctionValue {
  return define(["str", "chars"], (rt, str, chars) => {
    const text = asText(rt, str, `std.${name}: str`);
    if (!isArray(chars)) return strip(rt, text, asText(rt, chars, `std.${name}: chars`), left, right);
    throw fail(rt, `std.${name}: chars must be a string, got array`);
  });
}

function strip(rt: Runtime, text: string, chars: string, left: boolean, right: boolean): string {
  spend(rt, chars.length);
  const unwanted = new Set(chars);
  let from = 0;
  let to = text.length;
  while (left && from < to) {
    const char = String.fromCodePoint(text.codePointAt(from) ?? 0);
    if (!unwanted.has(char)) break;
    from += char.length;
  }
  while (right && to > from) {
    const pair = text.slice(Math.max(from, to - 2), to);
    const char = charactersOf(pair).at(-1) ?? "";
    if (!unwanted.has(char)) break;
    to -= char.length;
  }
  spend(rt, text.length - (to - from));
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
  spendText(rt, text.length);
  const plain = isPlain(text);
  let counted = 0;
  let characters = 0;
  for (let at = text.indexOf(pattern); at !== -1; at = text.indexOf(pattern, at + 1)) {
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
  spendText(rt, text.length);
  const parts: string[] = [];
  const enough = () => limit !== -1 && parts.length >= limit;
  const keep = (part: string) => {
    allocateText(rt, part.length + 16);
    spend(rt, 1);
    parts.push(part);
  };
  if (fromRight && limit !== -1) {
    let rest = text;
    for (;;) {
      const at = enough() ? -1 : rest.lastIndexOf(separator);
      if (at === -1) break;
      keep(rest.slice(at + separator.length));
      rest = rest.slice(0, at);
    }
    keep(rest);
    return arrayOf(parts.reverse());
  }
  let start = 0;
  for (let at = text.indexOf(separator); at !== -1 && !enough(); at = text.indexOf(separator, start)) {
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
  spendText(rt, text.length);
  return replaceText(rt, text, pattern, replacement);
}

/** Counted before it is made: few matches of something long take more memory than the text has. */
export function replaceText(rt: Runtime, text: string, pattern: string, replacement: string): string {
  let matches = 0;
  for (let at = text.indexOf(pattern); at !== -1; at = text.indexOf(pattern, at + pattern.length)) {
    matches++;
    spend(rt, 1);
  }
  if (matches === 0) return text;
  allocateText(rt, text.length + matches * (replacement.length - pattern.length));
  return text.split(pattern).join(replacement);
}

function affix(name: string, test: (text: string, part: string) => boolean): FunctionValue {
  return define(["a", "b"], (rt, a, b) => {
    const text = asText(rt, a, `std.${name}: a`);
    const part = asText(rt, b, `std.${name}: b`);
    spendText(rt, part.length);
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
  stringChars: ofText("stringChars", (rt, str) => arrayFrom(rt, charsOf(rt, str))),
  codepoint: ofText("codepoint", codepoint),
  char: define(["n"], char),
  format: define(["str", "vals"], (rt, str, vals) =>
    formatText(rt, asText(rt, str, "std.format: str"), vals),
  ),
};
