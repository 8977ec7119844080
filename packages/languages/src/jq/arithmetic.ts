import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { createFind } from "../text-search.ts";
import {
  codePoints,
  compare,
  counted,
  describe,
  JqFailure,
  keysOf,
  type Meter,
  OutOfSteps,
  put,
  spend,
  spendKey,
} from "./values.ts";

/** Implements jq's operators, each of which accepts several types. */

/** The longest string, in UTF-16 units; beyond 512 MiB V8 throws an error of its own. */
const MAX_TEXT = 16 * 1024 * 1024;
const MAX_INT64 = 2n ** 63n - 1n;

export function calculate(meter: Meter, operator: string, a: Json, b: Json): Json {
  switch (operator) {
    case "+":
      return plus(meter, a, b);
    case "-":
      return minus(meter, a, b);
    case "*":
      return times(meter, a, b);
    case "/":
      return divide(meter, a, b);
    case "%":
      return remainder(meter, a, b);
    case "==":
      return compare(meter, a, b) === 0;
    case "!=":
      return compare(meter, a, b) !== 0;
    case "<":
      return compare(meter, a, b) < 0;
    case "<=":
      return compare(meter, a, b) <= 0;
    case ">":
      return compare(meter, a, b) > 0;
    default:
      return compare(meter, a, b) >= 0;
  }
}

function wrongTypes(meter: Meter, a: Json, b: Json, what: string): JqFailure {
  return new JqFailure(`${describe(meter, a)} and ${describe(meter, b)} cannot be ${what}`);
}

export function plus(meter: Meter, a: Json, b: Json): Json {
  meter.left--;
  if (typeof a === "number" && typeof b === "number") return counted(meter, a + b);
  if (a === null) return b;
  if (b === null) return a;
  if (typeof a === "string" && typeof b === "string") {
    if (a.length + b.length > MAX_TEXT) throw new OutOfSteps("makes a text too long");
    // V8 does not copy here; it only records that one string follows the other.
    spend(meter, Math.min(a.length, b.length) >> 6);
    return a + b;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    spend(meter, a.length + b.length);
    return a.concat(b);
  }
  if (isJsonObject(a) && isJsonObject(b)) return merge(meter, a, b, false);
  throw wrongTypes(meter, a, b, "added");
}

function merge(meter: Meter, a: JsonObject, b: JsonObject, deep: boolean): JsonObject {
  const merged: JsonObject = {};
  for (const key of keysOf(meter, a)) {
    spendKey(meter, key);
    put(merged, key, a[key] ?? null);
  }
  for (const key of keysOf(meter, b)) {
    spendKey(meter, key);
    const old = Object.hasOwn(merged, key) ? merged[key] : undefined;
    const value = b[key] ?? null;
    put(
      merged,
      key,
      deep && isJsonObject(old) && isJsonObject(value) ? merge(meter, old, value, deep) : value,
    );
  }
  return merged;
}

function minus(meter: Meter, a: Json, b: Json): Json {
  meter.left--;
  if (typeof a === "number" && typeof b === "number") return counted(meter, a - b);
  if (Array.isArray(a) && Array.isArray(b)) {
    spend(meter, a.length);
    return a.filter((item) => b.every((other) => compare(meter, item, other) !== 0));
  }
  throw wrongTypes(meter, a, b, "subtracted");
}

function times(meter: Meter, a: Json, b: Json): Json {
  meter.left--;
  if (typeof a === "number" && typeof b === "number") return counted(meter, a * b);
  if (typeof a === "string" && typeof b === "number") return repeat(meter, a, b);
  if (typeof a === "number" && typeof b === "string") return repeat(meter, b, a);
  if (isJsonObject(a) && isJsonObject(b)) return merge(meter, a, b, true);
  throw wrongTypes(meter, a, b, "multiplied");
}

function repeat(meter: Meter, text: string, times: number): Json {
  if (!(times >= 0)) return null;
  const count = Math.floor(times);
  if (text.length * count > MAX_TEXT) throw new OutOfSteps("makes a text too long");
  spend(meter, (text.length * count) >> 4);
  return text.repeat(count);
}

function divide(meter: Meter, a: Json, b: Json): Json {
  meter.left--;
  if (typeof a === "number" && typeof b === "number") {
    if (b === 0) throw wrongTypes(meter, a, b, "divided because the divisor is zero");
    return counted(meter, a / b);
  }
  if (typeof a === "string" && typeof b === "string") return split(meter, a, b);
  throw wrongTypes(meter, a, b, "divided");
}

export function split(meter: Meter, text: string, separator: string): Json[] {
  spend(meter, text.length);
  if (text === "") return [];
  if (separator === "") return codePoints(text);
  spend(meter, separator.length >> 4);
  const find = createFind(separator);
  const parts: string[] = [];
  let start = 0;
  for (let at = find(text, 0); at !== -1; at = find(text, start)) {
    parts.push(text.slice(start, at));
    start = at + separator.length;
  }
  parts.push(text.slice(start));
  return parts;
}

/** Calculates with both numbers truncated; the result has the sign of the first. */
function remainder(meter: Meter, a: Json, b: Json): Json {
  meter.left--;
  if (typeof a !== "number" || typeof b !== "number") throw wrongTypes(meter, a, b, "divided");
  if (Number.isNaN(a) || Number.isNaN(b)) return counted(meter, Number.NaN);
  const divisor = Math.trunc(b);
  if (divisor === 0) throw wrongTypes(meter, a, b, "divided (remainder) because the divisor is zero");
  const dividend = Math.trunc(a);
  if (Number.isSafeInteger(dividend) && Number.isSafeInteger(divisor)) return (dividend % divisor) + 0;
  return Number(toInt64(dividend) % toInt64(divisor));
}

function toInt64(value: number): bigint {
  if (value >= 2 ** 63) return MAX_INT64;
  return value <= -(2 ** 63) ? -MAX_INT64 : BigInt(value);
}
