/**
 * Finds where a string occurs in another, in time proportional to the sum of their lengths. JavaScript's own search
 * has tables only for the last 250 characters of a pattern: before those it advances one character at a time, and
 * searching 400 KB for 20 KB takes seconds.
 */
export type Find = (text: string, from: number) => number;

const NATIVE_LENGTH = 250;

/**
 * Finds the first offset at or after `from` where the pattern, which must not be empty, begins; gives -1 when there
 * is none.
 */
export function createFind(pattern: string): Find {
  if (pattern.length <= NATIVE_LENGTH) return (text, from) => text.indexOf(pattern, from);
  const unit = (at: number) => pattern.charCodeAt(at);
  let borders: Int32Array | undefined;
  return (text, from) => {
    if (from + pattern.length > text.length) return -1;
    borders ??= bordersOf(pattern, unit);
    return search(text.length, (at) => text.charCodeAt(at), pattern.length, unit, borders, from);
  };
}

/** Finds the last offset where the pattern begins and ends at or before `to`; gives -1 when there is none. */
export function createFindLast(pattern: string): Find {
  const last = pattern.length - 1;
  const unit = (at: number) => pattern.charCodeAt(last - at);
  let borders: Int32Array | undefined;
  return (text, to) => {
    if (pattern.length > to) return -1;
    borders ??= bordersOf(pattern, unit);
    const found = search(to, (at) => text.charCodeAt(to - 1 - at), pattern.length, unit, borders, 0);
    return found === -1 ? -1 : to - found - pattern.length;
  };
}

type UnitAt = (at: number) => number;

/** Gives, for each length of a prefix, the longest shorter prefix that it also ends with (Knuth, Morris and Pratt). */
function bordersOf({ length }: string, unit: UnitAt): Int32Array {
  const borders = new Int32Array(length);
  let matched = 0;
  for (let at = 1; at < length; at++) {
    while (matched > 0 && unit(at) !== unit(matched)) matched = borders[matched - 1] ?? 0;
    if (unit(at) === unit(matched)) matched++;
    borders[at] = matched;
  }
  return borders;
}

function search(
  length: number,
  textUnit: UnitAt,
  wanted: number,
  unit: UnitAt,
  borders: Int32Array,
  from: number,
): number {
  let matched = 0;
  for (let at = from; at < length; at++) {
    while (matched > 0 && textUnit(at) !== unit(matched)) matched = borders[matched - 1] ?? 0;
    if (textUnit(at) === unit(matched)) matched++;
    if (matched === wanted) return at - wanted + 1;
  }
  return -1;
}
