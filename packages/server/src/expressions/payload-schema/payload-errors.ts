import { shorten } from "../../core/text/text.ts";
import type { OutputUnit } from "@cfworker/json-schema";

/**
 * Describes why a payload does not fit its schema, in the words that clients know. The package reports each error once
 * where it occurs and once more at every level above it; only the first is useful.
 */
const SEPARATOR = "/";
const MAX_ERRORS = 100;
/** Keys and enumerations can have any length. */
const MAX_TEXT = 500;
/** Long enough to fill the text: no UTF-16 unit takes more than nine characters in a pointer. */
const MAX_POINTER = 10 * MAX_TEXT;

const REQUIRED = 'Instance does not have required property "';

/** Keywords whose error only announces others, which follow it. */
const GROUPS: ReadonlySet<string> = new Set([
  "$ref",
  "allOf",
  "anyOf",
  "if",
  "dependentSchemas",
  "properties",
  "patternProperties",
  "additionalProperties",
  "unevaluatedProperties",
  "propertyNames",
  "prefixItems",
  "items",
  "additionalItems",
  "unevaluatedItems",
]);

const ITEM_GROUPS: ReadonlySet<string> = new Set([
  "prefixItems",
  "items",
  "additionalItems",
  "unevaluatedItems",
]);

interface Leaf {
  text: string;
  keywordLocation: string;
}

/** Each error as `path: reason`, in schema order, without duplicates, at most 100. Empty for no units. */
export function presentPayloadErrors(units: readonly OutputUnit[]): string[] {
  const leaves: Leaf[] = [];
  /** The location below which errors are skipped, because their parent's error is clearer. */
  let silent: string | null = null;
  let inArray = false;
  for (const unit of units) {
    const { keyword, keywordLocation } = unit;
    // The only keyword that has no location of its own.
    if (silent !== null && (keyword === "false" || keywordLocation.startsWith(silent))) continue;
    silent = null;
    if (isGroup(unit)) {
      inArray = ITEM_GROUPS.has(keyword);
      continue;
    }
    // That no item fits, or that two alternatives do, is clearer without the members' errors.
    if (keyword === "oneOf" || keyword === "contains") silent = `${keywordLocation}/`;
    if (keyword === "minContains") dropMembers(leaves, keywordLocation.replace(/minContains$/, "contains/"));
    const text = describe(unit, inArray);
    if (leaves.at(-1)?.text !== text) leaves.push({ text, keywordLocation });
    // Twice the limit, since some of them may be equal.
    if (leaves.length >= MAX_ERRORS * 2) break;
  }
  return [...new Set(leaves.map(({ text }) => shorten(text, MAX_TEXT)))].slice(0, MAX_ERRORS);
}

function isGroup({ keyword, error }: OutputUnit): boolean {
  if (keyword === "oneOf") return error.endsWith("(0 matches).");
  return GROUPS.has(keyword);
}

/** Drops the items' errors, which the package reports before that of `minContains`. */
function dropMembers(leaves: Leaf[], location: string): void {
  while (leaves.at(-1)?.keywordLocation.startsWith(location) === true) leaves.pop();
}

function describe({ keyword, error, instanceLocation }: OutputUnit, inArray: boolean): string {
  // Only the beginning is shown, which is all path, so the pointer is used as it is.
  if (instanceLocation.length > MAX_POINTER) return instanceLocation.slice(2, MAX_POINTER);
  const path = readPointer(instanceLocation);
  if (keyword === "false") {
    const name = path.at(-1);
    if (name === undefined) return "(root): is not allowed by the schema.";
    return `${place(path.slice(0, -1))}: ${inArray ? "item" : "property"} '${name}' is not allowed by the schema.`;
  }
  return `${place(path)}: ${reasonOf(keyword, error)}`;
}

function reasonOf(keyword: string, error: string): string {
  switch (keyword) {
    case "required":
      return `missing required property '${error.slice(REQUIRED.length, -2)}'`;
    case "maxProperties":
      // The package says "at least" for both limits.
      return error.replace("at least", "at most");
    default:
      return error;
  }
}

function place(path: readonly string[]): string {
  return path.length === 0 ? "(root)" : path.join(SEPARATOR);
}

/** The keys of a JSON pointer in a fragment: `#/a~1b/0` is `a/b` and `0`. */
function readPointer(location: string): string[] {
  return location
    .split("/")
    .slice(1)
    .map((token) => decodeURIComponent(token).replaceAll("~1", "/").replaceAll("~0", "~"));
}
