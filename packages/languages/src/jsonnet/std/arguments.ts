import { numberText } from "../output/number-text.ts";
import { fail } from "../runtime.ts";
import {
  type ArrayValue,
  type FunctionValue,
  isArray,
  isFunction,
  isObject,
  type ObjectValue,
  type Runtime,
  typeOf,
  type Value,
} from "../value.ts";

/* Checks of library functions' arguments. `what` names the function and the parameter, as in `std.join: sep`. */

export function asText(rt: Runtime, value: Value, what: string): string {
  if (typeof value !== "string") throw fail(rt, `${what} must be a string, got ${typeOf(value)}`);
  return value;
}

export function asNumber(rt: Runtime, value: Value, what: string): number {
  if (typeof value !== "number") throw fail(rt, `${what} must be a number, got ${typeOf(value)}`);
  return value;
}

/** Expects a whole number that is not negative. */
export function asCount(rt: Runtime, value: Value, what: string): number {
  const number = asNumber(rt, value, what);
  if (!Number.isInteger(number) || number < 0)
    throw fail(rt, `${what} must be a whole number of zero or more, got ${numberText(number)}`);
  return number;
}

export function asBoolean(rt: Runtime, value: Value, what: string): boolean {
  if (typeof value !== "boolean") throw fail(rt, `${what} must be true or false, got ${typeOf(value)}`);
  return value;
}

export function asArray(rt: Runtime, value: Value, what: string): ArrayValue {
  if (!isArray(value)) throw fail(rt, `${what} must be an array, got ${typeOf(value)}`);
  return value;
}

export function asObject(rt: Runtime, value: Value, what: string): ObjectValue {
  if (!isObject(value)) throw fail(rt, `${what} must be an object, got ${typeOf(value)}`);
  return value;
}

export function asFunction(rt: Runtime, value: Value, what: string): FunctionValue {
  if (!isFunction(value)) throw fail(rt, `${what} must be a function, got ${typeOf(value)}`);
  return value;
}
