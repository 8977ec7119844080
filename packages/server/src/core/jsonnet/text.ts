/*
 * Strings as the language sees them: rows of characters (Unicode code points), where JavaScript has UTF-16 units.
 * Nearly all strings are the same both ways, and are found to be so first.
 */

const SURROGATE = /[\ud800-\udfff]/;

export function charactersOf(text: string): string[] {
  return Array.from(text);
}

export function isPlain(text: string): boolean {
  return !SURROGATE.test(text);
}

export function textLength(text: string): number {
  if (isPlain(text)) return text.length;
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    length++;
    if ((text.codePointAt(at) ?? 0) > 0xffff) at++;
  }
  return length;
}

/** By code points: UTF-16 order differs where one string has a surrogate and the other a character above them. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (isPlain(a) && isPlain(b)) return a < b ? -1 : 1;
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
  return isPlain(text) ? text.slice(from, to) : charactersOf(text).slice(from, to).join("");
}

/** The character at a place that exists. */
export function charAt(text: string, index: number): string {
  return isPlain(text) ? text.charAt(index) : (charactersOf(text)[index] ?? "");
}

export function fromCodePoint(code: number): string {
  return code >= 0xd800 && code <= 0xdfff ? "\ufffd" : String.fromCodePoint(code);
}
