import type { Json } from "../json.ts";

/**
 * Paths into JSON as conditions and template helpers write them: `order.total`, `items[0].sku`, `a["first name"]`,
 * `."$recipient".plan`. Only own properties are read, so no path reaches a prototype.
 */
export type JsonPath = readonly string[];

const MAX_LENGTH = 1024;
const BARE = /[^.[\]"']+/y;
const BRACKETED = /\[(?:(\d+)|"([^"]*)"|'([^']*)')\]/y;
const QUOTED = /"([^"]*)"/y;
const INDEX = /^(?:0|[1-9]\d{0,9})$/;

/** The segments of a path, or null if the text is not a path. A single leading dot is allowed, as in jq. */
export function parseJsonPath(text: string): JsonPath | null {
  if (text.length > MAX_LENGTH) return null;
  const path: string[] = [];
  let at = 0;
  while (at < text.length) {
    const bracketed = matchAt(BRACKETED, text, at);
    const dotted = text[at] === ".";
    // Segments are separated by a dot or a bracket; the first one needs neither.
    if (bracketed === null && !dotted && at > 0) return null;
    const start = dotted ? at + 1 : at;
    const match = bracketed ?? matchAt(QUOTED, text, start) ?? matchAt(BARE, text, start);
    if (match === null) return null;
    path.push(match[1] ?? match[2] ?? match[3] ?? match[0]);
    at = (bracketed === null ? start : at) + match[0].length;
  }
  return path.length > 0 ? path : null;
}

/** The value at a path; undefined if there is none. In an array only elements can be reached. */
export function getAtPath(root: Json | undefined, path: JsonPath): Json | undefined {
  let value = root;
  for (const segment of path) {
    value = getOwn(value, segment);
    if (value === undefined) return undefined;
  }
  return value;
}

/** An own property of an object, or an element of an array. */
export function getOwn(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  if (Array.isArray(value)) return INDEX.test(key) ? value[Number(key)] : undefined;
  return value[key];
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
