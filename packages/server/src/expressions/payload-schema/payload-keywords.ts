import { format } from "@cfworker/json-schema";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";

/** The keywords of JSON Schema that payload schemas may use, and the values that each accepts. */

export class SchemaError extends Error {
  override name = "SchemaError";
}

/** `place` is a JSON pointer; empty for the whole schema or when the reason names the place. */
export function refuse(place: string, reason: string): never {
  throw new SchemaError(place === "" ? reason : `${place}: ${reason}`);
}

export interface Place {
  schema: Json;
  /** A JSON pointer. */
  at: string;
}

/** Adds the schemas in a keyword's value to `inner`, and those of them that apply to the same value to `same`. */
interface Visit {
  value: Json;
  at: string;
  inner: Place[];
  same: Place[];
}

type Keyword = (visit: Visit) => void;

const text: Keyword = ({ value, at }) => {
  if (typeof value !== "string") refuse(at, "must be a string");
};
const number: Keyword = ({ value, at }) => {
  if (typeof value !== "number") refuse(at, "must be a number");
};
const count: Keyword = ({ value, at }) => {
  if (!Number.isSafeInteger(value) || Number(value) < 0) refuse(at, "must be a whole number, at least 0");
};
const truth: Keyword = ({ value, at }) => {
  if (typeof value !== "boolean") refuse(at, "must be true or false");
};
const names: Keyword = ({ value, at }) => {
  if (!isNames(value)) refuse(at, "must be an array of strings");
};
const namesByKey: Keyword = ({ value, at }) => {
  if (!isJsonObject(value)) refuse(at, "must be a JSON object");
  for (const [key, member] of Object.entries(value)) {
    if (!isNames(member)) refuse(pointer(at, key), "must be an array of strings");
  }
};
const schema: Keyword = ({ value, at, inner }) => void inner.push({ schema: value, at });
const sameSchema: Keyword = ({ value, at, same }) => void same.push({ schema: value, at });
const schemas: Keyword = ({ value, at, inner }) => void inner.push(...listed(value, at));
const sameSchemas: Keyword = ({ value, at, same }) => void same.push(...listed(value, at));
const schemasByKey: Keyword = ({ value, at, inner }) => void inner.push(...keyed(value, at));

export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ["$schema", text],
  ["$id", checkId],
  ["$anchor", text],
  ["$comment", text],
  ["title", text],
  ["description", text],
  ["$ref", text],
  ["$defs", schemasByKey],
  ["definitions", schemasByKey],
  ["type", checkType],
  ["enum", checkEnum],
  ["const", () => {}],
  ["minimum", number],
  ["maximum", number],
  ["exclusiveMinimum", number],
  ["exclusiveMaximum", number],
  ["multipleOf", checkDivisor],
  ["minLength", count],
  ["maxLength", count],
  ["pattern", checkPattern],
  ["format", checkFormat],
  ["minItems", count],
  ["maxItems", count],
  ["minContains", count],
  ["maxContains", count],
  ["uniqueItems", truth],
  ["minProperties", count],
  ["maxProperties", count],
  ["required", names],
  ["dependentRequired", namesByKey],
  ["properties", schemasByKey],
  ["patternProperties", checkPatternProperties],
  ["additionalProperties", schema],
  ["unevaluatedProperties", schema],
  ["propertyNames", schema],
  ["prefixItems", schemas],
  ["items", (visit) => (Array.isArray(visit.value) ? schemas : schema)(visit)],
  ["additionalItems", schema],
  ["unevaluatedItems", schema],
  ["contains", schema],
  ["allOf", sameSchemas],
  ["anyOf", sameSchemas],
  ["oneOf", sameSchemas],
  ["not", sameSchema],
  ["if", sameSchema],
  ["then", sameSchema],
  ["else", sameSchema],
  ["dependentSchemas", ({ value, at, same }) => void same.push(...keyed(value, at))],
  ["dependencies", unsupported("dependentRequired or dependentSchemas")],
  ["$dynamicRef", unsupported("$ref")],
  ["$recursiveRef", unsupported("$ref")],
  ["$recursiveAnchor", unsupported("$ref")],
]);

/** Keywords that are also plausible keys of JSON data. */
export const NOTES: ReadonlySet<string> = new Set(["title", "description", "$comment"]);

const TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"];

/** Below the top level the package reads everything under an `$id` twice, and what is under two of them four times. */
function checkId(visit: Visit): void {
  text(visit);
  if (visit.at !== "/$id") refuse(visit.at, "is supported at the top only");
}

function checkType({ value, at }: Visit): void {
  const types = Array.isArray(value) ? value : [value];
  if (types.length === 0 || !types.every((type) => typeof type === "string" && TYPES.includes(type))) {
    refuse(at, `must be one or more of ${TYPES.join(", ")}`);
  }
}

function checkEnum({ value, at }: Visit): void {
  if (!Array.isArray(value)) refuse(at, "must be an array");
}

function checkDivisor({ value, at }: Visit): void {
  if (typeof value !== "number" || value <= 0) refuse(at, "must be a number above 0");
}

function checkPattern({ value, at }: Visit): void {
  if (typeof value !== "string") refuse(at, "must be a string");
  try {
    RegExp(value, "u");
  } catch (error) {
    refuse(at, error instanceof Error ? error.message : "is no regular expression");
  }
}

function checkPatternProperties(visit: Visit): void {
  schemasByKey(visit);
  for (const key of Object.keys(visit.value as JsonObject)) checkPattern({ ...visit, value: key });
}

/** Unknown formats are only annotations. The validator looks them up in an object with a prototype. */
function checkFormat({ value, at }: Visit): void {
  if (typeof value !== "string") refuse(at, "must be a string");
  if (value in format && !Object.hasOwn(format, value)) refuse(at, `there is no format "${value}"`);
}

function unsupported(instead: string): Keyword {
  return ({ at }) => refuse(at, `is not supported; use ${instead}`);
}

function isNames(value: Json): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

function listed(value: Json, at: string): Place[] {
  if (!Array.isArray(value) || value.length === 0) refuse(at, "must be an array of schemas");
  return value.map((member, index) => ({ schema: member, at: pointer(at, String(index)) }));
}

function keyed(value: Json, at: string): Place[] {
  if (!isJsonObject(value)) refuse(at, "must be a JSON object");
  return Object.entries(value).map(([key, member]) => ({ schema: member, at: pointer(at, key) }));
}

export function pointer(at: string, key: string): string {
  return `${at}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
