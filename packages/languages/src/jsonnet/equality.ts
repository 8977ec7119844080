import { fieldNames, getField } from "./object.ts";
import { enter, fail, force, leave, spend, spendText } from "./runtime.ts";
import { compareText } from "./text.ts";
import {
  type ArrayValue,
  isArray,
  isFunction,
  isObject,
  type ObjectValue,
  type Runtime,
  typeOf,
  type Value,
} from "./value.ts";

/**
 * Implements `==`. Objects are equal when their visible fields are. Functions cannot be compared, not even with
 * themselves.
 */
export function equals(rt: Runtime, a: Value, b: Value): boolean {
  if (isFunction(a) && isFunction(b)) throw fail(rt, "cannot test equality of functions");
  if (isArray(a)) return isArray(b) && equalArrays(rt, a, b);
  if (isObject(a)) return isObject(b) && equalObjects(rt, a, b);
  if (typeof a === "string" && typeof b === "string") spendText(rt, Math.min(a.length, b.length));
  return a === b;
}

function equalArrays(rt: Runtime, a: ArrayValue, b: ArrayValue): boolean {
  if (a.items.length !== b.items.length) return false;
  enter(rt, 4);
  for (const [index, item] of a.items.entries()) {
    spend(rt, 1);
    if (!equals(rt, force(rt, item), force(rt, b.items[index] ?? null))) {
      leave(rt, 4);
      return false;
    }
  }
  leave(rt, 4);
  return true;
}

function equalObjects(rt: Runtime, a: ObjectValue, b: ObjectValue): boolean {
  const names = fieldNames(rt, a, false);
  const others = fieldNames(rt, b, false);
  if (names.length !== others.length) return false;
  spend(rt, names.length);
  if (names.some((name, index) => !equals(rt, name, others[index] ?? null))) return false;
  enter(rt, 4);
  const equal = names.every((name) => equals(rt, getField(rt, a, name), getField(rt, b, name)));
  leave(rt, 4);
  return equal;
}

/** Orders two values: negative, zero or positive. Numbers, strings and arrays of comparable elements have an order. */
export function compare(rt: Runtime, a: Value, b: Value): number {
  spend(rt, 1);
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") {
    spendText(rt, Math.max(a.length, b.length));
    return compareText(a, b);
  }
  if (isArray(a) && isArray(b)) return compareArrays(rt, a, b);
  throw fail(rt, `cannot compare ${typeOf(a)} with ${typeOf(b)}`);
}

function compareArrays(rt: Runtime, a: ArrayValue, b: ArrayValue): number {
  const shorter = Math.min(a.items.length, b.items.length);
  enter(rt, 4);
  let order = 0;
  for (let index = 0; index < shorter && order === 0; index++) {
    order = compare(rt, force(rt, a.items[index] ?? null), force(rt, b.items[index] ?? null));
  }
  leave(rt, 4);
  return order === 0 ? a.items.length - b.items.length : order;
}
