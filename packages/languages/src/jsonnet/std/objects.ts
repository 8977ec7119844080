import { fieldNames, getField, hasField } from "../object.ts";
import { allocateSlots, enter, force, leave } from "../runtime.ts";
import {
  arrayOf,
  isArray,
  isObject,
  type FunctionValue,
  type ObjectValue,
  type Runtime,
  type Slot,
  type Value,
} from "../value.ts";
import { asBoolean, asFunction, asObject, asText } from "./arguments.ts";
import { arrayFrom, delay, delayCall, objectFrom } from "./build.ts";
import { define, defineLazy, type Library, valueAt } from "./define.ts";
import { filterItems, mapItems } from "../work.ts";

/** Delays the value of a field until it is needed. */
function fieldSlot(rt: Runtime, object: ObjectValue, name: string): Slot {
  return delay(rt, (later) => getField(later, object, name));
}

function ofFields(
  name: string,
  hidden: boolean,
  item: (rt: Runtime, object: ObjectValue, name: string) => Slot,
): FunctionValue {
  return define(["o"], (rt, o) => {
    const object = asObject(rt, o, `std.${name}: o`);
    return arrayOf(mapItems(rt, fieldNames(rt, object, hidden), (field) => item(rt, object, field)));
  });
}

function has(name: string, hidden: boolean): FunctionValue {
  return define(["o", "f"], (rt, o, f) =>
    hasField(rt, asObject(rt, o, `std.${name}: o`), asText(rt, f, `std.${name}: f`), hidden),
  );
}

function pairOf(rt: Runtime, object: ObjectValue, key: string): Slot {
  return objectFrom(rt, [
    ["key", key],
    ["value", fieldSlot(rt, object, key)],
  ]);
}

const nameOf = (_rt: Runtime, _object: ObjectValue, name: string): Slot => name;

/** Removes what is null or empty, including what pruning made empty. */
function prune(rt: Runtime, value: Value): Value {
  if (!isArray(value) && !isObject(value)) return value;
  enter(rt, 4);
  let pruned: Value;
  if (isArray(value)) {
    const items = mapItems(rt, value.items, (item) => prune(rt, force(rt, item)));
    pruned = arrayOf(filterItems(rt, items, (item) => isContent(rt, item)));
  } else {
    const entries: [name: string, value: Value][] = [];
    for (const name of fieldNames(rt, value, false)) {
      const field = prune(rt, getField(rt, value, name));
      allocateSlots(rt, 0);
      if (isContent(rt, field)) entries.push([name, field]);
    }
    pruned = objectFrom(rt, entries);
  }
  leave(rt, 4);
  return pruned;
}

function isContent(rt: Runtime, value: Value): boolean {
  if (isArray(value)) return value.items.length > 0;
  return isObject(value) ? fieldNames(rt, value, false).length > 0 : value !== null;
}

/** Applies RFC 7396: removes what is null in the patch, merges objects, and replaces anything else. */
function mergePatch(rt: Runtime, target: Value, patch: Value): Value {
  if (!isObject(patch)) return patch;
  enter(rt, 4);
  const entries: [string, Slot][] = [];
  const base = isObject(target) ? target : null;
  for (const name of base === null ? [] : fieldNames(rt, base, false))
    if (base !== null && !hasField(rt, patch, name, false)) entries.push([name, fieldSlot(rt, base, name)]);
  for (const name of fieldNames(rt, patch, false)) {
    const value = getField(rt, patch, name);
    if (value === null) continue;
    const old = base !== null && hasField(rt, base, name, false) ? base : null;
    entries.push([name, isObject(value) ? mergePatch(rt, old && getField(rt, old, name), value) : value]);
  }
  leave(rt, 4);
  return objectFrom(rt, entries);
}

function mapWithKey(rt: Runtime, func: Value, obj: Value): Value {
  const fn = asFunction(rt, func, "std.mapWithKey: func");
  const object = asObject(rt, obj, "std.mapWithKey: obj");
  const names = fieldNames(rt, object, false);
  return objectFrom(
    rt,
    mapItems(rt, names, (name) => [name, delayCall(fn, name, fieldSlot(rt, object, name))] as const),
  );
}

function removeKey(rt: Runtime, obj: Value, key: Value): Value {
  const object = asObject(rt, obj, "std.objectRemoveKey: obj");
  const removed = asText(rt, key, "std.objectRemoveKey: key");
  const names = filterItems(rt, fieldNames(rt, object, true), (name) => name !== removed);
  return objectFrom(
    rt,
    mapItems(
      rt,
      names,
      (name) => [name, fieldSlot(rt, object, name), !hasField(rt, object, name, false)] as const,
    ),
  );
}

export const OBJECTS: Library = {
  get: defineLazy(["o", "f", ["default", null], ["inc_hidden", true]], (rt, slots) => {
    const object = asObject(rt, valueAt(rt, slots, 0), "std.get: o");
    const name = asText(rt, valueAt(rt, slots, 1), "std.get: f");
    const hidden = asBoolean(rt, valueAt(rt, slots, 3), "std.get: inc_hidden");
    return hasField(rt, object, name, hidden) ? getField(rt, object, name) : valueAt(rt, slots, 2);
  }),
  objectHas: has("objectHas", false),
  objectHasAll: has("objectHasAll", true),
  objectHasEx: define(["obj", "fname", "hidden"], (rt, obj, fname, hidden) =>
    hasField(
      rt,
      asObject(rt, obj, "std.objectHasEx: obj"),
      asText(rt, fname, "std.objectHasEx: fname"),
      asBoolean(rt, hidden, "std.objectHasEx: hidden"),
    ),
  ),
  objectFields: ofFields("objectFields", false, nameOf),
  objectFieldsAll: ofFields("objectFieldsAll", true, nameOf),
  objectFieldsEx: define(["obj", "hidden"], (rt, obj, hidden) => {
    const object = asObject(rt, obj, "std.objectFieldsEx: obj");
    return arrayFrom(rt, fieldNames(rt, object, asBoolean(rt, hidden, "std.objectFieldsEx: hidden")));
  }),
  objectValues: ofFields("objectValues", false, fieldSlot),
  objectValuesAll: ofFields("objectValuesAll", true, fieldSlot),
  objectKeysValues: ofFields("objectKeysValues", false, pairOf),
  objectKeysValuesAll: ofFields("objectKeysValuesAll", true, pairOf),
  objectRemoveKey: define(["obj", "key"], removeKey),
  mapWithKey: define(["func", "obj"], mapWithKey),
  mergePatch: define(["target", "patch"], mergePatch),
  prune: define(["a"], prune),
};
