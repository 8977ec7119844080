import { cut } from "../../core/text/text.ts";
import { dereference, type Schema } from "@cfworker/json-schema";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { findUnsafe } from "../../core/json/json-guard.ts";
import { KEYWORDS, NOTES, type Place, pointer, refuse, SchemaError } from "./payload-keywords.ts";

/**
 * What a payload schema must satisfy to be stored. A schema that passes can be compiled and used safely: every keyword
 * has a usable value, patterns compile, references resolve to a place in the schema and terminate. Keywords that the
 * validator does not support are refused here rather than ignored there.
 */
export const MAX_SCHEMA_BYTES = 200 * 1024;
/** The longest chain of references and combinations (`allOf`, `if`, …) that apply to the same value. */
const MAX_CHAIN = 200;
/** The package keeps every place of a schema by its pointer: a long name with much below it is copied each time. */
const MAX_POINTERS = 4 * 1024 * 1024;
const MAX_REASON = 500;

/** A schema in the validator's form, with the places that references resolve to, by absolute URI. */
export interface ReadSchema {
  schema: Schema & JsonObject;
  lookup: Record<string, Schema | boolean>;
}

/** Why a value is not a valid payload schema, as `place: reason` with the place a JSON pointer; null when it is one. */
export function checkPayloadSchema(given: Json): string | null {
  try {
    readPayloadSchema(given);
    return null;
  } catch (error) {
    if (error instanceof SchemaError) return cut(error.message, MAX_REASON);
    throw error;
  }
}

/**
 * A copy of a schema, without keywords that have no effect. They are not only useless: the package treats anything
 * under an unknown name as a schema, and examples as places with an `$id`. Throws `SchemaError`.
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

/** For every schema in the tree, those that it contains or refers to and that apply to the same value. */
type SameOf = Map<JsonObject, Json[]>;

/** Checks every keyword of every schema in the tree, and removes unknown ones. */
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

/** Resolves every reference. Adds the targets to the schemas that apply to the same value. */
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

/** Follows the schemas that apply to the same value: the chain must end, and be short enough for the stack. */
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
