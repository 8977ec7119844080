import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { createFind } from "../text-search.ts";

/**
 * Implements the operations on values. Each pays for its work from a meter, so that no expression, however it nests
 * its loops, costs more than the meter holds.
 */
export interface Meter {
  /** Steps left; one costs about as much as reading a field. */
  left: number;
  /** Set once a number came out that JSON cannot hold: results have to be searched. */
  infinite: boolean;
}

/** An error of jq itself. `try … catch` passes on its value, most often a string. */
export class JqFailure extends Error {
  override name = "JqFailure";
  readonly value: Json;

  constructor(value: Json) {
    // A value that is not a string may be larger in writing than in memory, since lists share their parts.
    super(typeof value === "string" ? value : "(not a string)");
    this.value = value;
  }
}

/** Thrown when an expression goes beyond its limits. `try` does not catch it. */
export class OutOfSteps extends Error {
  override name = "OutOfSteps";
}

export function spend(meter: Meter, steps: number): void {
  meter.left -= steps;
  if (meter.left < 0) throw new OutOfSteps("takes too many steps");
}

export function typeOf(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Gives the string or list itself, paid for by its length. */
export function charged<T extends string | Json[]>(meter: Meter, value: T): T {
  spend(meter, value.length);
  return value;
}

/**
 * Pays for one scan of a string. Pass the whole string even where only a part is scanned: a concatenated one is
 * copied when first read.
 */
export function scanned(meter: Meter, text: string): string {
  spend(meter, text.length >> 4);
  return text;
}

/**
 * Pays for looking up a key. JavaScript hashes a long key by its length alone, and then compares such keys one by
 * one.
 */
export function spendKey(meter: Meter, key: string): void {
  spend(meter, key.length > MAX_HASHED ? key.length : key.length >> 6);
}

const MAX_HASHED = 4096;

/** Gives the number itself; the meter records one that JSON cannot hold. */
export function counted(meter: Meter, value: number): number {
  if (!Number.isFinite(value)) meter.infinite = true;
  return value;
}

export function isTruthy(value: Json): boolean {
  return value !== null && value !== false;
}

/** Describes a value as jq's messages do, as in `number (5)`. */
export function describe(meter: Meter, value: Json): string {
  const text = toJson(meter, value);
  return `${typeOf(value)} (${text.length > 14 ? `${text.slice(0, 11).toWellFormed()}...` : text})`;
}

/** Sets an own key, `__proto__` like any other. */
export function put(target: JsonObject, key: string, value: Json): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else target[key] = value;
}

/** Steps for a field: those of a large object are scattered in memory. */
const FIELD_COST = 3;

export function children(meter: Meter, value: Json): Json[] {
  if (Array.isArray(value)) return value;
  if (!isJsonObject(value)) throw new JqFailure(`Cannot iterate over ${describe(meter, value)}`);
  const values = Object.values(value);
  spend(meter, values.length * FIELD_COST);
  return values;
}

export function index(meter: Meter, value: Json, key: Json): Json {
  meter.left--;
  if (typeof key === "string") {
    if (value === null) return null;
    if (key.length > 64) spendKey(meter, key);
    if (isJsonObject(value)) return Object.hasOwn(value, key) ? (value[key] ?? null) : null;
    spend(meter, key.length);
    throw new JqFailure(`Cannot index ${typeOf(value)} with string ${JSON.stringify(key)}`);
  }
  if (typeof key === "number") {
    if (value === null) return null;
    if (Array.isArray(value)) return value.at(Math.floor(key)) ?? null;
  }
  if (isJsonObject(key)) {
    if (value === null) return null;
    // A slice in the form that paths have.
    const { start, end } = key;
    const isSliceable = Array.isArray(value) || typeof value === "string";
    if (isSliceable && start !== undefined && end !== undefined) return slice(meter, value, start, end);
  }
  if (Array.isArray(key) && Array.isArray(value)) return indices(meter, value, key);
  throw new JqFailure(`Cannot index ${typeOf(value)} with ${typeOf(key)}`);
}

export function slice(meter: Meter, value: Json, from: Json, to: Json): Json {
  if (value === null) return null;
  if (typeof value !== "string" && !Array.isArray(value)) {
    throw new JqFailure(`Cannot index ${typeOf(value)} with object`);
  }
  for (const bound of [from, to]) {
    if (bound !== null && typeof bound !== "number") {
      throw new JqFailure("Start and end indices of an array slice must be numbers");
    }
  }
  const start = typeof from === "number" ? Math.floor(from) : 0;
  const end = typeof to === "number" ? Math.ceil(to) : undefined;
  spend(meter, value.length);
  return typeof value === "string" ? codePoints(value).slice(start, end).join("") : value.slice(start, end);
}

/** Splits a string into code points, which jq counts in; JavaScript's UTF-16 units differ beyond the basic plane. */
export function codePoints(text: string): string[] {
  return Array.from(text);
}

/** Removes the `dropped` characters from the ends; a pattern such as `/ +$/` takes quadratic time. */
export function strip(text: string, dropped: string, ends: "start" | "end" | "both"): string {
  let start = 0;
  let end = text.length;
  if (ends !== "end") while (start < end && dropped.includes(text.charAt(start))) start++;
  if (ends !== "start") while (end > start && dropped.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Finds where `part` begins in a string or array, overlaps included. */
export function indices(meter: Meter, value: Json, part: Json): Json {
  if (value === null) return null;
  if (typeof value === "string" && typeof part === "string") {
    const found: number[] = [];
    if (part === "") return null;
    spend(meter, value.length + (part.length >> 4));
    const find = createFind(part);
    let points = 0;
    let before = 0;
    for (let at = find(value, 0); at !== -1; at = find(value, at + 1)) {
      spend(meter, 1 + (part.length >> 4));
      points += codePoints(value.slice(before, at)).length;
      before = at;
      found.push(points);
    }
    return found;
  }
  if (Array.isArray(value)) {
    const wanted = Array.isArray(part) ? part : [part];
    const found: number[] = [];
    if (wanted.length === 0) return found;
    for (let at = 0; at + wanted.length <= value.length; at++) {
      if (wanted.every((item, offset) => compare(meter, value[at + offset] ?? null, item) === 0)) {
        found.push(at);
      }
    }
    return found;
  }
  return index(meter, value, part);
}

const ORDER = ["null", "false", "true", "number", "string", "array", "object"];

function rank(value: Json): number {
  return ORDER.indexOf(typeof value === "boolean" ? String(value) : typeOf(value));
}

/** Orders any two values as jq does: negative, zero or positive. NaN is less than any number, itself included. */
export function compare(meter: Meter, a: Json, b: Json): number {
  spend(meter, 1);
  if (typeof a === "number" && typeof b === "number") {
    return a < b || Number.isNaN(a) ? -1 : a === b ? 0 : 1;
  }
  if (typeof a === "string" && typeof b === "string") {
    spend(meter, Math.max(a.length, b.length) >> 4);
    return compareText(a, b);
  }
  if (Array.isArray(a) && Array.isArray(b)) return compareArrays(meter, a, b);
  if (isJsonObject(a) && isJsonObject(b)) {
    const keys = sortedKeys(meter, a);
    const byKeys = compareArrays(meter, keys, sortedKeys(meter, b));
    if (byKeys !== 0) return byKeys;
    return compareArrays(
      meter,
      keys.map((key) => a[key] ?? null),
      keys.map((key) => b[key] ?? null),
    );
  }
  return rank(a) - rank(b);
}

function compareArrays(meter: Meter, a: readonly Json[], b: readonly Json[]): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const order = compare(meter, a[at] ?? null, b[at] ?? null);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Compares by code point, which is also the order of UTF-8: surrogates come after all other units. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/** Lists keys in insertion order. */
export function keysOf(meter: Meter, value: JsonObject): string[] {
  const keys = Object.keys(value);
  spend(meter, keys.length * FIELD_COST);
  return keys;
}

export function sortedKeys(meter: Meter, value: JsonObject): string[] {
  const keys = keysOf(meter, value);
  return keys.sort((a, b) => {
    spend(meter, 1 + (Math.min(a.length, b.length) >> 4));
    return compareText(a, b);
  });
}

/**
 * Writes a number as jq writes the results of calculations: 17 digits at most, and an exponent from 1e-5 downwards
 * and after more than 15 zeros.
 */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return "null";
  if (!Number.isFinite(value)) return numberText(value < 0 ? -Number.MAX_VALUE : Number.MAX_VALUE);
  if (Object.is(value, -0)) return "-0";
  const [mantissa = "", power = ""] = value.toExponential().split("e");
  const exponent = Number(power);
  const digits = mantissa.replace(/[-.]/g, "").length;
  // Within these bounds JavaScript writes the same digits and no exponent.
  if (exponent > -5 && exponent < 21 && exponent < digits + 15) return String(value);
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${size}`;
}

/** Writes JSON as `tojson` does. */
export function toJson(meter: Meter, value: Json): string {
  if (typeof value !== "object" || value === null) return scalarText(meter, value);
  // Collects parts in one list: a string per level would be copied as often as it is deep.
  const parts: string[] = [];
  writeJson(meter, value, parts);
  return parts.join("");
}

/** Steps for a value and its separator, which are put in the list and later in the string. */
const PART_COST = 3;

function writeJson(meter: Meter, value: Json, parts: string[]): void {
  if (typeof value !== "object" || value === null) {
    spend(meter, PART_COST);
    parts.push(scalarText(meter, value));
    return;
  }
  spend(meter, PART_COST);
  let between = "";
  if (Array.isArray(value)) {
    parts.push("[");
    for (const item of value) {
      parts.push(between);
      writeJson(meter, item, parts);
      between = ",";
    }
    parts.push("]");
    return;
  }
  parts.push("{");
  for (const key of keysOf(meter, value)) {
    parts.push(between, quote(meter, key), ":");
    writeJson(meter, value[key] ?? null, parts);
    between = ",";
  }
  parts.push("}");
}

function scalarText(meter: Meter, value: null | boolean | number | string): string {
  // Writing the digits of a fraction takes as long as 8 steps.
  spend(meter, typeof value === "number" && !Number.isSafeInteger(value) ? 8 : 1);
  if (typeof value === "string") return quote(meter, value);
  return typeof value === "number" ? numberText(value) : String(value);
}

/** Quotes as JSON.stringify does, and also escapes DEL. */
function quote(meter: Meter, text: string): string {
  spend(meter, text.length);
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}

export function toText(meter: Meter, value: Json): string {
  return typeof value === "string" ? value : toJson(meter, value);
}
