import { parseInstant } from "../time/instant.ts";
import { isJsonObject, type Json } from "../json.ts";
import { jsonEqual } from "../json/json-equal.ts";

/**
 * What each operator of a condition means. Total functions: a value that an operator does not accept makes it false.
 * There is no coercion (`"5"` is not `5`), and `undefined` stands for a missing value. Three negations are true when
 * the left side is missing, since nothing equals, contains or intersects a missing value.
 */
export type ValueOp = (typeof VALUE_OPS)[number];

export const VALUE_OPS = [
  "==",
  "!=",
  ">",
  ">=",
  "<",
  "<=",
  "CONTAINS",
  "NOT_CONTAINS",
  "EMPTY",
  "NON_EMPTY",
  "ARRAY_INTERSECTS",
  "NOT_ARRAY_INTERSECTS",
  "DATETIME_EQUALS",
  "DATETIME_LT",
  "DATETIME_GT",
] as const;

type Value = Json | undefined;
type Operator = (left: Value, right: Value) => boolean;

export const OPERATORS: Readonly<Record<ValueOp, Operator>> = {
  "==": isEqual,
  "!=": (left, right) => !isEqual(left, right),
  ">": compareNumbers((left, right) => left > right),
  ">=": compareNumbers((left, right) => left >= right),
  "<": compareNumbers((left, right) => left < right),
  "<=": compareNumbers((left, right) => left <= right),
  CONTAINS: (left, right) => contains(left, right) === true,
  NOT_CONTAINS: (left, right) => isNothing(left) || contains(left, right) === false,
  EMPTY: isEmpty,
  NON_EMPTY: (left) => !isEmpty(left),
  ARRAY_INTERSECTS: (left, right) => intersects(left, right) === true,
  NOT_ARRAY_INTERSECTS: (left, right) => isNothing(left) || intersects(left, right) === false,
  DATETIME_EQUALS: compareInstants((left, right) => left === right),
  DATETIME_LT: compareInstants((left, right) => left < right),
  DATETIME_GT: compareInstants((left, right) => left > right),
};

/** A missing side equals nothing, not even another missing one or null. */
function isEqual(left: Value, right: Value): boolean {
  return left !== undefined && right !== undefined && jsonEqual(left, right);
}

function isEmpty(value: Value): boolean {
  if (isNothing(value) || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function isNothing(value: Value): value is null | undefined {
  return value === undefined || value === null;
}

function compareNumbers(holds: (left: number, right: number) => boolean): Operator {
  return (left, right) => typeof left === "number" && typeof right === "number" && holds(left, right);
}

function compareInstants(holds: (left: number, right: number) => boolean): Operator {
  return (left, right) => {
    const [before, after] = [toInstant(left), toInstant(right)];
    return before !== null && after !== null && holds(before, after);
  };
}

/**
 * Null where the types do not allow an answer: a text contains texts, an array contains anything, neither contains a
 * missing value.
 */
function contains(left: Value, right: Value): boolean | null {
  if (Array.isArray(left)) return right !== undefined && left.some((item) => jsonEqual(item, right));
  if (typeof left !== "string") return null;
  if (typeof right === "string") return left.includes(right);
  return isNothing(right) ? false : null;
}

/** Null where a side is neither an array nor missing. */
function intersects(left: Value, right: Value): boolean | null {
  if (!Array.isArray(left)) return null;
  if (isNothing(right)) return false;
  if (!Array.isArray(right)) return null;
  const wanted = new Set(right.map(identityOf));
  wanted.delete(undefined);
  return left.some((item) => wanted.has(identityOf(item)));
}

/** Deeper than any JSON that is accepted. */
const MAX_DEPTH = 200;

/**
 * A primitive that two values share exactly when they are equal, so that two long arrays are compared in one pass.
 * Undefined beyond the depth bound: such a value equals nothing.
 */
function identityOf(value: Json): string | number | boolean | null | undefined {
  // A text gets a leading quote, so that it cannot equal a serialised object.
  if (typeof value === "string") return `"${value}`;
  return typeof value === "object" && value !== null ? writeOut(value, 0) : value;
}

function writeOut(value: Json, depth: number): string | undefined {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (depth > MAX_DEPTH) return undefined;
  const parts: string[] = [];
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value).sort(byKey);
  for (const [key, member] of entries) {
    const text = writeOut(member, depth + 1);
    if (text === undefined) return undefined;
    parts.push(typeof key === "number" ? text : `${JSON.stringify(key)}:${text}`);
  }
  return Array.isArray(value) ? `[${parts.join(",")}]` : `{${parts.join(",")}}`;
}

function byKey([left]: [string, Json], [right]: [string, Json]): number {
  return left < right ? -1 : 1;
}

/** Epoch numbers below this are seconds (until the year 5138), above it milliseconds (from 1973). */
const FIRST_MILLISECONDS = 1e11;
const LAST_TIME = 8.64e15;

/** Milliseconds since the epoch of an ISO-8601 text or an epoch number; null for everything else. */
function toInstant(value: Value): number | null {
  if (typeof value === "string") return parseInstant(value.trim())?.getTime() ?? null;
  if (typeof value !== "number" || Math.abs(value) > LAST_TIME) return null;
  return Math.abs(value) < FIRST_MILLISECONDS ? value * 1000 : value;
}
