/*
 * Strings as Jsonnet sees them: sequences of characters (Unicode code points), where JavaScript has UTF-16 units.
 * Nearly all strings are the same either way, so that is tested first.
 */

const SURROGATE = /[\ud800-\udfff]/;

export function isPlain(text: string): boolean {
  return !SURROGATE.test(text);
}

export function textLength(text: string): number {
  if (isPlain(text)) return text.length;
  let length = 0;
  for (let at = 0; at < text.length; at = characterEnd(text, at)) length++;
  return length;
}

/**
 * Compares by code point: the order of UTF-16 differs where one string has a surrogate and the other a character
 * above the surrogates.
 */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at < shorter && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  // When the first halves of two pairs are equal, the units differ at the second halves, which are in order.
  const left = a.codePointAt(at) ?? -1;
  const right = b.codePointAt(at) ?? -1;
  return left < right ? -1 : 1;
}

/** Slices from one character up to, but not including, another. */
export function sliceText(text: string, from: number, to: number): string {
  if (isPlain(text)) return text.slice(from, to);
  const start = skipCharacters(text, 0, from);
  return text.slice(start, skipCharacters(text, start, to - from));
}

/** Gives the character at an index, which must exist. */
export function charAt(text: string, index: number): string {
  return sliceText(text, index, index + 1);
}

/** Gives the offset at which `count` characters from an offset end. */
function skipCharacters(text: string, start: number, count: number): number {
  let at = start;
  for (let left = count; left > 0 && at < text.length; left--) at = characterEnd(text, at);
  return at;
}

/** Gives the offset after the character at `at`. */
export function characterEnd(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

export function fromCodePoint(code: number): string {
  return code >= 0xd800 && code <= 0xdfff ? "\ufffd" : String.fromCodePoint(code);
}
