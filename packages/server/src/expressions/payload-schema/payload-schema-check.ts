import { dereference, type Schema } from "@cfworker/json-schema";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { findUnsafe } from "../../core/json/json-guard.ts";
import { KEYWORDS, NOTES, type Place, pointer, refuse, SchemaError } from "./payload-keywords.ts";

/**
 * What a payload schema must be to be stored. A schema that passes can be compiled and checked against without a
 * surprise: every keyword has a value that it can use, patterns compile, references lead to a place in the schema and
 * come to an end. What the validator does not support is refused here rather than passed over there.
 */
export const MAX_SCHEMA_BYTES = 200 * 1024;
/** References and combinations (`allOf`, `if`, …) in a row that all look at the same value. */
const MAX_CHAIN = 200;
/** The package keeps every place of a schema by its pointer: a long name with much below it is copied each time. */
const MAX_POINTERS = 4 * 1024 * 1024;
const MAX_REASON = 500;

/** A schema as the validator takes it, with the places that references lead to, by absolute URI. */
export interface ReadSchema {
  schema: Schema & JsonObject;
  lookup: Record<string, Schema | boolean>;
}

/** Why a value is no schema for payloads, as `place: reason` with the place a JSON pointer; null when it is one. */
export function checkPayloadSchema(given: Json): string | null {
  try {
    readPayloadSchema(given);
    return null;
  } catch (error) {
    if (error instanceof SchemaError) return error.message.slice(0, MAX_REASON).toWellFormed();
    throw error;
  }
}

/**
 * A copy of a schema, without keywords that have no effect. They are not only useless: the package takes whatever
 * stands under an unknown name for a schema, and examples for places with an `$id`. Throws `SchemaError`.
 */
export function readPayloadSchema(given: Json): ReadSchema {
  if (!isJsonObject(given)) return refuse("", "must be a JSON object");
  const unsafe = findUnsafe(given);
  if (unsafe !== null) refuse("", unsafe);
  const text = JSON.stringify(given);
  if (Buffer.byteLength(text) > MAX_SCHEMA_BYTES) {
    refuse("", `is too large: at most ${MAX_SCHEMA_BYTES / 1024} KB are allowed`);
  }
  if (!Object.keys(given).some((key) => KEYWORDS.has(key) && !NOTES.has(key))) {
    refuse(
      "",
      "Schema looks like JSON data, not a JSON Schema. Include keywords like '$schema', 'type', 'properties', or '$defs'.",
    );
  }
  if (given.type !== undefined && ![given.type].flat().includes("object")) {
    refuse("/type", 'must be "object": every payload is one');
  }
  const schema = JSON.parse(text) as Schema & JsonObject;
  const sameOf = checkKeywords(schema);
  const lookup = resolveReferences(schema, sameOf);
  checkChains(sameOf);
  return { schema, lookup };
}

/** For every schema in the tree, those it holds or refers to that look at the same value. */
type SameOf = Map<JsonObject, Json[]>;

/** Checks every keyword of every schema in the tree, and removes what is none. */
function checkKeywords(root: JsonObject): SameOf {
  const sameOf: SameOf = new Map();
  const stack: Place[] = [{ schema: root, at: "" }];
  let pointers = 0;
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    const { schema: current, at } = place;
    pointers += at.length;
    if (pointers > MAX_POINTERS)
      refuse("", "is too large: its names are too long for all that is below them");
    if (typeof current === "boolean") continue;
    if (!isJsonObject(current)) refuse(at, "must be a schema: a JSON object, true or false");
    const inner: Place[] = [];
    const same: Place[] = [];
    for (const [key, value] of Object.entries(current)) {
      const keyword = KEYWORDS.get(key);
      if (keyword === undefined) delete current[key];
      else keyword({ value, at: pointer(at, key), inner, same });
    }
    sameOf.set(
      current,
      same.map(({ schema: member }) => member),
    );
    stack.push(...inner, ...same);
  }
  return sameOf;
}

/** Everything that a reference may lead to. Adds the targets to what looks at the same value. */
function resolveReferences(root: Schema & JsonObject, sameOf: SameOf): ReadSchema["lookup"] {
  let lookup: ReadSchema["lookup"];
  try {
    lookup = dereference(root);
  } catch (error) {
    return refuse("", `references cannot be resolved: ${error instanceof Error ? error.message : ""}`);
  }
  for (const [current, same] of sameOf) {
    const { $ref, __absolute_ref__: absolute } = current;
    if (typeof $ref !== "string") continue;
    const target = lookup[typeof absolute === "string" ? absolute : $ref];
    if (target === undefined || (isJsonObject(target) && !sameOf.has(target))) {
      refuse("", `$ref "${$ref}" leads to no place in this schema; what is shared goes under $defs`);
    }
    same.push(target);
  }
  return lookup;
}

/** Follows what looks at the same value: it must end, and soon enough for the stack. */
function checkChains(sameOf: SameOf): void {
  const heights = new Map<Json, number>();
  const open = new Set<Json>();
  function height(current: Json): number {
    const known = heights.get(current);
    if (known !== undefined) return known;
    if (open.has(current)) refuse("", "a $ref leads back to itself without going deeper into the payload");
    if (open.size > MAX_CHAIN) refuse("", `more than ${MAX_CHAIN} references or combinations in a row`);
    open.add(current);
    const next = isJsonObject(current) ? (sameOf.get(current) ?? []) : [];
    const tallest = Math.max(-1, ...next.map(height)) + 1;
    open.delete(current);
    if (tallest > MAX_CHAIN) refuse("", `more than ${MAX_CHAIN} references or combinations in a row`);
    heights.set(current, tallest);
    return tallest;
  }
  for (const current of sameOf.keys()) height(current);
}
