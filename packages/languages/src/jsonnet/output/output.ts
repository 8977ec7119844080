import { faultOfText } from "../../json.ts";
import type { Json, JsonObject } from "../../json.ts";
import { numberText } from "./number-text.ts";
import { checkAsserts, fieldNames, getField } from "../object.ts";
import { enter, fail, force, leave, spend } from "../runtime.ts";
import { isArray, isFunction, isObject, type Runtime, type Value } from "../value.ts";

/** The depth that Carillon also allows for JSON from outside. */
const MAX_DEPTH = 100;

/**
 * Converts the value of a script to JSON, computing all that is visible. Refuses what JSON or a database cannot hold.
 */
export function toJson(rt: Runtime, value: Value): Json {
  return write({ rt, path: [], size: 0 }, value);
}

interface Output {
  readonly rt: Runtime;
  readonly path: (string | number)[];
  /** The characters so far, when written as JSON. */
  size: number;
}

function write(output: Output, value: Value): Json {
  const { rt } = output;
  if (typeof value === "string") return writeText(output, value, "");
  if (typeof value === "number") {
    grow(output, 8);
    if (Number.isFinite(value)) return value;
    throw refuse(output, `is no finite number: ${numberText(value)}`);
  }
  if (isFunction(value)) throw refuse(output, "is a function, which has no place in JSON");
  grow(output, 4);
  if (!isArray(value) && !isObject(value)) return value;
  if (output.path.length >= MAX_DEPTH) throw refuse(output, `is nested deeper than ${MAX_DEPTH} levels`);
  enter(rt, 4);
  const json = isArray(value) ? writeArray(output, value) : writeObject(output, value);
  leave(rt, 4);
  return json;
}

function writeArray(output: Output, { items }: Extract<Value, { kind: "array" }>): Json[] {
  return items.map((item, index) => {
    output.path.push(index);
    const json = write(output, force(output.rt, item));
    output.path.pop();
    return json;
  });
}

function writeObject(output: Output, object: Extract<Value, { kind: "object" }>): JsonObject {
  checkAsserts(output.rt, object);
  const json: JsonObject = {};
  for (const name of fieldNames(output.rt, object, false)) {
    output.path.push(name);
    writeText(output, name, "has a name that ");
    const value = write(output, getField(output.rt, object, name));
    // A plain assignment would set the prototype.
    if (name === "__proto__")
      Object.defineProperty(json, name, { value, enumerable: true, configurable: true, writable: true });
    else json[name] = value;
    output.path.pop();
  }
  return json;
}

function writeText(output: Output, text: string, what: string): string {
  grow(output, text.length + 2);
  const reason = faultOfText(text);
  if (reason !== null) throw refuse(output, what + reason);
  return text;
}

function grow(output: Output, characters: number): void {
  const { rt } = output;
  spend(rt, 1);
  if ((output.size += characters) > rt.limits.output)
    throw fail(rt, `the result is longer than ${rt.limits.output} characters`);
}

function refuse({ rt, path }: Output, reason: string): Error {
  const place = path.slice(0, 10).join(".");
  const where = place === "" ? "the result" : `the result's ${place}${path.length > 10 ? "…" : ""}`;
  return fail(rt, `${where} ${reason}`);
}
