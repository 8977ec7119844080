import type { BinaryOperator } from "./syntax/ast.ts";
import { compare, equals } from "./equality.ts";
import { formatText } from "./output/format.ts";
import { toText } from "./output/manifest.ts";
import { extend, hasField } from "./object.ts";
import { allocateSlots, allocateText, fail, MAX_TEXT, TOO_LONG } from "./runtime.ts";
import { arrayOf, isArray, isObject, type Runtime, typeOf, type Value } from "./value.ts";

/** An operator on two values. `&&` and `||` are elsewhere, since they may not need their right side. */
export type Operation = (rt: Runtime, left: Value, right: Value) => Value;

/** Refuses infinities and NaN, which a script never sees. */
export function finite(rt: Runtime, value: number): number {
  if (Number.isFinite(value)) return value;
  throw fail(rt, Number.isNaN(value) ? "not a number" : "overflow");
}

export function add(rt: Runtime, left: Value, right: Value): Value {
  if (typeof left === "number" && typeof right === "number") return finite(rt, left + right);
  if (typeof left === "string" || typeof right === "string") {
    const head = toText(rt, left);
    const tail = toText(rt, right);
    // The longer side is shared, not copied, until the string is read.
    allocateText(rt, Math.min(head.length, tail.length) + ((head.length + tail.length) >> 6) + 16);
    if (head.length + tail.length > MAX_TEXT) throw fail(rt, TOO_LONG);
    return head + tail;
  }
  if (isArray(left) && isArray(right)) {
    allocateSlots(rt, left.items.length + right.items.length);
    return arrayOf([...left.items, ...right.items]);
  }
  if (isObject(left) && isObject(right)) return extend(rt, left, right);
  throw refuse(rt, "+", left, right);
}

function modulo(rt: Runtime, left: Value, right: Value): Value {
  if (typeof left === "string") return formatText(rt, left, right);
  const divisor = right;
  if (typeof left !== "number" || typeof divisor !== "number") throw refuse(rt, "%", left, right);
  if (divisor === 0) throw fail(rt, "division by zero");
  return finite(rt, left % divisor);
}

function refuse(rt: Runtime, operator: string, left: Value, right: Value): Error {
  return fail(rt, `operator ${operator} cannot be used on ${typeOf(left)} and ${typeOf(right)}`);
}

function arithmetic(operator: string, compute: (left: number, right: number) => number): Operation {
  return (rt, left, right) => {
    if (typeof left !== "number" || typeof right !== "number") throw refuse(rt, operator, left, right);
    return finite(rt, compute(left, right));
  };
}

function divide(rt: Runtime, left: Value, right: Value): Value {
  if (typeof left !== "number" || typeof right !== "number") throw refuse(rt, "/", left, right);
  if (right === 0) throw fail(rt, "division by zero");
  return finite(rt, left / right);
}

/** Calculates with 64-bit integers, from the range that a number holds exactly. */
function bitwise(operator: string, compute: (left: bigint, right: bigint) => bigint): Operation {
  return (rt, left, right) => {
    if (typeof left !== "number" || typeof right !== "number") throw refuse(rt, operator, left, right);
    return Number(BigInt.asIntN(64, compute(toInteger(rt, left), toInteger(rt, right))));
  };
}

/** Truncates a number to an integer for bitwise operations. */
export function toInteger(rt: Runtime, value: number): bigint {
  const whole = Math.trunc(value);
  if (!Number.isSafeInteger(whole)) throw fail(rt, `${value} is too large for a bitwise operation`);
  return BigInt(whole);
}

function shift(operator: "<<" | ">>"): Operation {
  return (rt, left, right) => {
    if (typeof left !== "number" || typeof right !== "number") throw refuse(rt, operator, left, right);
    const value = toInteger(rt, left);
    const count = toInteger(rt, right);
    if (count < 0n) throw fail(rt, "shift by a negative number");
    const bits = count % 64n;
    if (operator === ">>") return Number(value >> bits);
    const shifted = value << bits;
    if (BigInt.asIntN(64, shifted) !== shifted) throw fail(rt, "shift would lose bits");
    return Number(shifted);
  };
}

function ordering(test: (order: number) => boolean): Operation {
  return (rt, left, right) => test(compare(rt, left, right));
}

function isIn(rt: Runtime, left: Value, right: Value): boolean {
  if (!isObject(right)) throw refuse(rt, "in", left, right);
  if (typeof left !== "string") throw fail(rt, `a field name must be a string, got ${typeOf(left)}`);
  return hasField(rt, right, left, true);
}

export const OPERATIONS: Readonly<Record<Exclude<BinaryOperator, "&&" | "||">, Operation>> = {
  "+": add,
  "-": arithmetic("-", (left, right) => left - right),
  "*": arithmetic("*", (left, right) => left * right),
  "/": divide,
  "%": modulo,
  "<<": shift("<<"),
  ">>": shift(">>"),
  "<": ordering((order) => order < 0),
  "<=": ordering((order) => order <= 0),
  ">": ordering((order) => order > 0),
  ">=": ordering((order) => order >= 0),
  "==": equals,
  "!=": (rt, left, right) => !equals(rt, left, right),
  "&": bitwise("&", (left, right) => left & right),
  "^": bitwise("^", (left, right) => left ^ right),
  "|": bitwise("|", (left, right) => left | right),
  in: isIn,
};
