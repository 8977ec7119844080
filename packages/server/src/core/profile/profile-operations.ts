import { channelOfKey } from "../channel.ts";
import { controlKeysOf, OBJECT_CONTROL_KEYS, USER_CONTROL_KEYS } from "./control-keys.ts";
import { describeValue } from "../text/describe-value.ts";
import { isJsonObject, type JsonObject } from "../json.ts";

/*
 * The grammar of profile edits: parses what clients send (PATCH bodies, event records, whole profiles) into one flat
 * list of operations. What the operations do is in profile-edit.ts.
 */

export type MapOperator = "$set" | "$set_once" | "$add" | "$append" | "$remove";

/** One step. Values are as sent: whether a key is a channel or a property is decided when it is applied. */
export type Operation =
  | { operator: MapOperator; fields: JsonObject }
  | { operator: "$unset"; keys: string[] };

/**
 * The parsed operations, and the wire's text for everything else. Strict callers refuse on the first error, lenient
 * ones apply what was parsed. At most 1000 operations, since the cost of one may grow with the profile.
 */
export interface ParsedOperations {
  operations: Operation[];
  errors: string[];
}

/** Inside one operation object the operators run in this order; `$increment` is the REST name of `$add`. */
const MAP_OPERATORS: readonly (readonly [name: string, operator: MapOperator])[] = [
  ["$set", "$set"],
  ["$set_once", "$set_once"],
  ["$add", "$add"],
  ["$increment", "$add"],
  ["$append", "$append"],
  ["$remove", "$remove"],
];

const MAX_OPERATIONS = 1000;

const BODY_EMPTY = "Request body must not be empty";
const BODY_NOT_OBJECT = "Request body must only contain a single JSON object";

/** Reads the body of a PATCH: `{ "operations": [ … ] }`. */
export function parseOperations(body: unknown): ParsedOperations {
  if (body === undefined || body === null) return unreadable(BODY_EMPTY);
  if (!isJsonObject(body)) return unreadable(BODY_NOT_OBJECT);
  if (Object.keys(body).length === 0) return unreadable(BODY_EMPTY);
  const operations = Object.hasOwn(body, "operations") ? body["operations"] : undefined;
  if (operations === undefined || operations === null) {
    return unreadable('{"operations":"is a required field"}');
  }
  if (!Array.isArray(operations)) return unreadable(invalidField("operations"));
  return parseOperationList(operations, "operations");
}

/**
 * Parses operation objects: the array under `operations` or `$user_operations`, or one map, such as an event record
 * with its operators at the top level. Keys that are not operators are ignored. `field` names the list in error
 * messages.
 */
export function parseOperationList(input: unknown, field = "$user_operations"): ParsedOperations {
  const parsed: ParsedOperations = { operations: [], errors: [] };
  if (isJsonObject(input)) {
    readOperationObject(input, parsed);
  } else if (Array.isArray(input)) {
    for (const element of input) {
      if (isJsonObject(element)) readOperationObject(element, parsed);
      else addError(parsed, invalidField(field));
    }
  } else {
    addError(parsed, invalidField(field));
  }
  if (parsed.operations.length > MAX_OPERATIONS) {
    parsed.operations.length = MAX_OPERATIONS;
    addError(parsed, `{"${field}":"must contain at maximum ${MAX_OPERATIONS} items"}`);
  }
  return parsed;
}

/**
 * Parses a whole profile as POST takes it: properties are set, channels appended, never replaced. Keys that name a
 * recipient or control a trigger are allowed and left out.
 */
export function profileFromUpsert(body: unknown, kind: "user" | "object" = "user"): ParsedOperations {
  if (body === undefined || body === null) return unreadable(BODY_EMPTY);
  if (!isJsonObject(body)) return unreadable(BODY_NOT_OBJECT);
  return readProfile(body, kind === "user" ? USER_CONTROL_KEYS : OBJECT_CONTROL_KEYS);
}

/**
 * Parses the profile inside a trigger's recipient, actor or subscriber. Unlike in the body of a POST, `id` beside
 * `object_type` names an object and is not a property.
 */
export function profileFromRecipient(recipient: JsonObject): ParsedOperations {
  return readProfile(recipient, controlKeysOf(recipient));
}

/** The keys that describe the push identities beside them. */
const HINT_KEYS: ReadonlySet<string> = new Set(["$id_provider", "$pushvendor", "$device_id", "$bundle_id"]);

export function isHintKey(key: string): boolean {
  return HINT_KEYS.has(key);
}

function readProfile(body: JsonObject, without: ReadonlySet<string>): ParsedOperations {
  const properties: [string, JsonObject[string]][] = [];
  const identities: [string, JsonObject[string]][] = [];
  for (const entry of Object.entries(body)) {
    const key = entry[0];
    if (without.has(key)) continue;
    if (channelOfKey(key) !== undefined || HINT_KEYS.has(key)) identities.push(entry);
    else properties.push(entry);
  }
  const operations: Operation[] = [];
  // Object.fromEntries defines keys and never assigns: `__proto__` stays an ordinary key.
  if (properties.length > 0) operations.push({ operator: "$set", fields: Object.fromEntries(properties) });
  if (identities.length > 0) operations.push({ operator: "$append", fields: Object.fromEntries(identities) });
  return { operations, errors: [] };
}

function readOperationObject(object: JsonObject, parsed: ParsedOperations): void {
  for (const [name, operator] of MAP_OPERATORS) {
    if (!Object.hasOwn(object, name)) continue;
    const value = object[name];
    if (value === undefined || value === null) continue;
    if (isJsonObject(value)) {
      parsed.operations.push({ operator, fields: value });
    } else if (Array.isArray(value)) {
      value.forEach((fields, index) => {
        if (isJsonObject(fields)) parsed.operations.push({ operator, fields });
        else addError(parsed, undecodable(`${name}[${index}]`, MAP_TYPE, fields));
      });
    } else {
      addError(parsed, undecodable(name, MAP_TYPE, value));
    }
  }
  if (Object.hasOwn(object, "$unset")) readUnset(object["$unset"], parsed);
}

function readUnset(value: unknown, parsed: ParsedOperations): void {
  if (value === undefined || value === null) return;
  if (typeof value === "string") {
    parsed.operations.push({ operator: "$unset", keys: [value] });
  } else if (Array.isArray(value)) {
    const keys: string[] = [];
    value.forEach((key: unknown, index) => {
      if (typeof key === "string") keys.push(key);
      else addError(parsed, undecodable(`$unset[${index}]`, "string", key));
    });
    parsed.operations.push({ operator: "$unset", keys });
  } else {
    addError(parsed, undecodable("$unset", "[]string", value));
  }
}

/** A body can hold a hundred thousand wrong elements; nobody reads more than a few of the messages. */
const MAX_ERRORS = 100;

function addError(parsed: ParsedOperations, error: string): void {
  if (parsed.errors.length < MAX_ERRORS) parsed.errors.push(error);
}

function unreadable(error: string): ParsedOperations {
  return { operations: [], errors: [error] };
}

function invalidField(field: string): string {
  return `Request body contains an invalid value for the "Subscriber_EditOperationSet.${field}" field`;
}

const MAP_TYPE = "map[string]interface {}";

/** The wire's text for a value of the wrong type; its type names are Go's. */
function undecodable(path: string, expected: string, value: unknown): string {
  return `decoding failed: '${path}' expected type '${expected}', got unconvertible type '${goType(value)}'`;
}

function goType(value: unknown): string {
  if (value === null || value === undefined) return "nil";
  if (typeof value === "string") return "string";
  if (typeof value === "number") return "float64";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "[]interface {}";
  return isJsonObject(value) ? MAP_TYPE : describeValue(typeof value);
}
