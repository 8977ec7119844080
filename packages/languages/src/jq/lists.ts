import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { createFind } from "../text-search.ts";
import { plus } from "./arithmetic.ts";
import {
  charged,
  children,
  codePoints,
  compare,
  describe,
  index,
  isTruthy,
  JqFailure,
  keysOf as fieldNames,
  type Meter,
  put,
  scanned,
  sortedKeys,
  spend,
  spendKey,
  toJson,
  toText,
  typeOf,
} from "./values.ts";

/** Implements the jq functions that take lists and objects as a whole. */

export function lengthOf(meter: Meter, value: Json): Json {
  if (value === null) return 0;
  if (typeof value === "number") return Math.abs(value);
  if (typeof value === "string") return codePoints(charged(meter, value)).length;
  if (Array.isArray(value)) return value.length;
  if (isJsonObject(value)) return fieldNames(meter, value).length;
  throw new JqFailure(`${describe(meter, value)} has no length`);
}

export function keysOf(meter: Meter, value: Json, inOrder: boolean): Json[] {
  if (Array.isArray(value)) return [...charged(meter, value).keys()];
  if (isJsonObject(value)) return inOrder ? sortedKeys(meter, value) : fieldNames(meter, value);
  throw new JqFailure(`${describe(meter, value)} has no keys`);
}

export function has(meter: Meter, value: Json, key: Json): boolean {
  if (value === null) return false;
  if (typeof key === "string") spendKey(meter, key);
  if (isJsonObject(value) && typeof key === "string") return Object.hasOwn(value, key);
  if (Array.isArray(value) && typeof key === "number") return key >= 0 && key < value.length;
  throw new JqFailure(`Cannot check whether ${typeOf(value)} has a ${typeOf(key)} key`);
}

export function contains(meter: Meter, whole: Json, part: Json): boolean {
  if (typeOf(whole) === typeOf(part)) return containsSame(meter, whole, part);
  throw new JqFailure(
    `${describe(meter, whole)} and ${describe(meter, part)} cannot have their containment checked`,
  );
}

/** Compares inside lists and objects, where values of different types simply do not match. */
function containsSame(meter: Meter, whole: Json, part: Json): boolean {
  spend(meter, 1);
  if (isJsonObject(whole) && isJsonObject(part)) {
    return fieldNames(meter, part).every(
      (key) => Object.hasOwn(whole, key) && containsSame(meter, whole[key] ?? null, part[key] ?? null),
    );
  }
  if (Array.isArray(whole) && Array.isArray(part)) {
    return part.every((wanted) => whole.some((item) => containsSame(meter, item, wanted)));
  }
  if (typeof whole === "string" && typeof part === "string") {
    return part === "" || createFind(scanned(meter, part))(scanned(meter, whole), 0) !== -1;
  }
  return compare(meter, whole, part) === 0;
}

/** Adds values up, growing one list or object in place: `.[0] + .[1] + …` would copy it for each value. */
export function sum(meter: Meter, values: readonly Json[]): Json {
  let total: Json = null;
  /** The list or object in `total`, once nothing else refers to it. */
  let own: Json[] | JsonObject | null = null;
  for (const value of values) {
    spend(meter, 1);
    if (Array.isArray(own) && Array.isArray(value)) {
      spend(meter, value.length);
      for (const item of value) own.push(item);
    } else if (isJsonObject(own) && isJsonObject(value)) {
      for (const key of fieldNames(meter, value)) {
        spendKey(meter, key);
        put(own, key, value[key] ?? null);
      }
    } else if (value !== null) {
      const before: Json = total;
      total = plus(meter, before, value);
      own = before !== null && typeof total === "object" ? total : null;
    }
  }
  return total;
}

/** Sorts, keeping equal items in order. */
export function sorted(meter: Meter, list: readonly Json[], by: (item: Json) => Json): Json[] {
  return keyed(meter, list, by).map(({ item }) => item);
}

function keyed(meter: Meter, list: readonly Json[], by: (item: Json) => Json): { item: Json; key: Json }[] {
  spend(meter, list.length);
  return list.map((item) => ({ item, key: by(item) })).toSorted((a, b) => compare(meter, a.key, b.key));
}

export function grouped(meter: Meter, list: readonly Json[], by: (item: Json) => Json): Json[][] {
  const groups: Json[][] = [];
  let last: Json | undefined;
  for (const { item, key } of keyed(meter, list, by)) {
    const group = last !== undefined && compare(meter, last, key) === 0 ? groups.at(-1) : undefined;
    if (group === undefined) groups.push([item]);
    else group.push(item);
    last = key;
  }
  return groups;
}

/**
 * Finds the smallest or largest item; among equals jq takes the first for the smallest and the last for the largest.
 */
export function extreme(meter: Meter, list: readonly Json[], by: (item: Json) => Json, sign: 1 | -1): Json {
  let best: { item: Json; key: Json } | undefined;
  for (const item of list) {
    const key = by(item);
    const order = best === undefined ? 1 : compare(meter, key, best.key) * sign;
    if (order > 0 || (order === 0 && sign === 1)) best = { item, key };
  }
  return best?.item ?? null;
}

export function flatten(meter: Meter, list: readonly Json[], depth: number, flat: Json[] = []): Json[] {
  spend(meter, list.length);
  for (const item of list) {
    if (Array.isArray(item) && depth > 0) flatten(meter, item, depth - 1, flat);
    else flat.push(item);
  }
  return flat;
}

export function toEntries(meter: Meter, value: Json): Json[] {
  const keys = keysOf(meter, value, false);
  spend(meter, keys.length);
  return keys.map((key) => ({ key, value: index(meter, value, key) }));
}

/** Accepts the six spellings of a key. A key that is not a string becomes one. */
export function fromEntries(meter: Meter, entries: readonly Json[]): JsonObject {
  const made: JsonObject = {};
  for (const entry of entries) {
    const named = index(meter, entry, "key");
    const key = named ?? firstTruthy(meter, entry, ["k", "name", "Name", "K", "Key"]);
    const field = isJsonObject(entry)
      ? (["value", "v"].find((name) => Object.hasOwn(entry, name)) ?? "Value")
      : "";
    const name = toText(meter, key);
    spendKey(meter, name);
    put(made, name, index(meter, entry, field));
  }
  return made;
}

function firstTruthy(meter: Meter, entry: Json, names: readonly string[]): Json {
  let value: Json = null;
  for (const name of names) {
    value = index(meter, entry, name);
    if (isTruthy(value)) return value;
  }
  return value;
}

export function join(meter: Meter, value: Json, [separator = null]: readonly Json[]): Json {
  let joined: Json = null;
  for (const item of children(meter, value)) {
    spend(meter, 1);
    const before: Json = joined === null ? "" : plus(meter, joined, separator);
    const isPlain = typeof item === "number" || typeof item === "boolean";
    joined = plus(meter, before, item === null ? "" : isPlain ? toJson(meter, item) : item);
  }
  return joined ?? "";
}
