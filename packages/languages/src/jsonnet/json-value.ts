import type { Json } from "../json.ts";
import { allocateObject } from "./runtime.ts";
import {
  arrayOf,
  codeOf,
  objectOf,
  type Runtime,
  type Scope,
  type Slot,
  thunkOf,
  type Value,
} from "./value.ts";
import { mapItems } from "./work.ts";

const EMPTY: Scope = { slots: [], up: null };

/**
 * Makes a value of JSON without a deep copy: an object stays as it is and is read by field, and only the elements of
 * an array are wrapped.
 */
export function fromJson(rt: Runtime, json: Json): Value {
  return Array.isArray(json) ? arrayOf(mapItems(rt, json, (item) => wrap(rt, item))) : wrapOne(rt, json);
}

/** Wraps an array inside an array only when it is reached. */
function wrap(rt: Runtime, json: Json): Slot {
  if (!Array.isArray(json)) return wrapOne(rt, json);
  allocateObject(rt, 0);
  return thunkOf(
    codeOf(1, (later) => fromJson(later, json)),
    EMPTY,
  );
}

function wrapOne(rt: Runtime, json: Exclude<Json, Json[]>): Value {
  if (typeof json === "object" && json !== null) {
    allocateObject(rt, 0);
    return objectOf([{ json }], "none");
  }
  return json;
}
