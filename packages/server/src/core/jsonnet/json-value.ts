import type { Json } from "../json.ts";
import { allocateSlots } from "./runtime.ts";
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

const EMPTY: Scope = { slots: [], up: null };

/**
 * JSON as a value, without a deep copy: an object stays as it is and is read by field, of an array only the elements
 * are wrapped.
 */
export function fromJson(rt: Runtime, json: Json): Value {
  if (typeof json !== "object" || json === null) return json;
  if (!Array.isArray(json)) return objectOf([{ json }], "none");
  allocateSlots(rt, json.length);
  return arrayOf(json.map(delayedArray));
}

/** An array inside an array is wrapped only when it is reached. */
function delayedArray(json: Json): Slot {
  if (typeof json !== "object" || json === null) return json;
  if (!Array.isArray(json)) return objectOf([{ json }], "none");
  return thunkOf(
    codeOf(1, (rt) => fromJson(rt, json)),
    EMPTY,
  );
}
