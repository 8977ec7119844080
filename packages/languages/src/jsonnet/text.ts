/*
 * Strings as the language sees them: rows of characters (Unicode code points), where JavaScript has UTF-16 units.
 * Nearly all strings are the same both ways, and are found to be so first.
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

/** By code points: UTF-16 order differs where one string has a surrogate and the other a character above them. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at < shorter && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  // The units differ at the second half of a pair if the first halves are equal, and are in order there.
  const left = a.codePointAt(at) ?? -1;
  const right = b.codePointAt(at) ?? -1;
  return left < right ? -1 : 1;
}

/** From one character up to, not including, another. */
export function sliceText(text: string, from: number, to: number): string {
  if (isPlain(text)) return text.slice(from, to);
  const start = skipCharacters(text, 0, from);
  return text.slice(start, skipCharacters(text, start, to - from));
}

/** The character at a place that exists. */
export function charAt(text: string, index: number): string {
  return sliceText(text, index, index + 1);
}

/** Where so many characters end that begin at an offset. */
function skipCharacters(text: string, start: number, count: number): number {
  let at = start;
  for (let left = count; left > 0 && at < text.length; left--) at = characterEnd(text, at);
  return at;
}

/** The offset behind the character at another. */
export function characterEnd(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

export function fromCodePoint(code: number): string {
  return code >= 0xd800 && code <= 0xdfff ? "\ufffd" : String.fromCodePoint(code);
}
