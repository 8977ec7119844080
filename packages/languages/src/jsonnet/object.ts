import type { JsonObject } from "../json.ts";
import { fromJson } from "./json-value.ts";
import { allocateObject, allocateSlots, enter, fail, leave, spend, spendText } from "./runtime.ts";
import { compareText } from "./text.ts";
import {
  constantCode,
  type Field,
  objectOf,
  type ObjectValue,
  type Runtime,
  type Scope,
  thunkOf,
  type Value,
} from "./value.ts";

/*
 * Objects. A field is looked up from the top layer down, computed once, and sees the whole object as `self`. Names
 * are kept in maps or looked up in JSON as own properties, so `__proto__` and `constructor` are names like any other.
 */

/** The slots that precede a layer's own variables in its scope: the object, and the index of the layer. */
export const SELF_SLOT = 0;
export const LAYER_SLOT = 1;

/** Marks a field in the cache as being computed. */
const PENDING = thunkOf(constantCode(null), { slots: [], up: null });

/** The memory of a cached field, in slots. */
const CACHED_SLOTS = 4;

/** Gives a field, computed or cached. Throws when there is none. */
export function getField(rt: Runtime, object: ObjectValue, name: string): Value {
  spendName(rt, name);
  const known = object.cache?.get(name);
  if (known !== undefined) {
    if (typeof known === "object" && known !== null && known.kind === "thunk")
      throw fail(rt, `infinite recursion: field ${name} is needed to compute itself`);
    return known;
  }
  if (object.asserts === "unchecked") checkAsserts(rt, object);
  allocateSlots(rt, CACHED_SLOTS);
  object.cache ??= new Map();
  object.cache.set(name, PENDING);
  const value = computeField(rt, object, name, object.layers.length);
  if (value === undefined) {
    // The library object outlives the evaluation and must not keep names that it lacks.
    object.cache.delete(name);
    throw fail(rt, `field does not exist: ${name}`);
  }
  object.cache.set(name, value);
  return value;
}

/** Gives a field as defined by the layers below `layer`. */
export function getSuperField(rt: Runtime, object: ObjectValue, layer: number, name: string): Value {
  const value = computeField(rt, object, name, layer);
  if (value === undefined) throw fail(rt, `field does not exist in super: ${name}`);
  return value;
}

/**
 * Pays for looking up a name. JavaScript hashes a longer name by its length alone and then compares such names one by
 * one, so a lookup costs as much as reading the name.
 */
export function spendName(rt: Runtime, name: string): void {
  if (name.length > 64) spend(rt, name.length >> 2);
}

/** Computes a field, or gives undefined where no layer below `top` has it. */
function computeField(rt: Runtime, object: ObjectValue, name: string, top: number): Value | undefined {
  for (let index = top - 1; index >= 0; index--) {
    spend(rt, 1);
    const layer = object.layers[index];
    if (layer === undefined) continue;
    if (layer.json !== null) {
      const json = Object.hasOwn(layer.json, name) ? layer.json[name] : undefined;
      if (json !== undefined) return fromJson(rt, json);
      continue;
    }
    const field = layer.fields.get(name);
    if (field === undefined) continue;
    const { at } = rt;
    enter(rt, field.body.height);
    const value = field.body.run(rt, scopeOf(rt, object, index, field));
    leave(rt, field.body.height);
    rt.at = at;
    return value;
  }
  return undefined;
}

function scopeOf(rt: Runtime, object: ObjectValue, index: number, field: Field | null): Scope {
  const known = field === null || field.scope === null ? object.scopes[index] : undefined;
  if (known !== undefined) return known;
  const layer = object.layers[index];
  if (layer === undefined || layer.json !== null) throw new Error("a field has no layer");
  allocateSlots(rt, layer.locals.length * 4);
  const slots: Scope["slots"] = [object, index];
  const scope: Scope = { slots, up: field?.scope ?? layer.scope };
  for (const local of layer.locals) slots.push(thunkOf(local, scope));
  if (field === null || field.scope === null) object.scopes[index] = scope;
  return scope;
}

/** Checks the asserts of an object, once. They may read fields of the object themselves. */
export function checkAsserts(rt: Runtime, object: ObjectValue): void {
  if (object.asserts !== "unchecked") return;
  object.asserts = "checked";
  object.layers.forEach((layer, index) => {
    if (layer.json !== null) return;
    for (const check of layer.asserts) {
      enter(rt, check.height);
      check.run(rt, scopeOf(rt, object, index, null));
      leave(rt, check.height);
    }
  });
}

export function extend(rt: Runtime, base: ObjectValue, top: ObjectValue): ObjectValue {
  allocateObject(rt, base.layers.length + top.layers.length);
  const asserts = base.asserts === "none" && top.asserts === "none" ? "none" : "unchecked";
  return objectOf([...base.layers, ...top.layers], asserts);
}

/** Says whether a layer below `top` has the field, hidden or not. */
export function hasFieldBelow(rt: Runtime, object: ObjectValue, name: string, top: number): boolean {
  spendName(rt, name);
  for (let index = top - 1; index >= 0; index--) {
    spend(rt, 1);
    const layer = object.layers[index];
    if (layer === undefined) continue;
    if (layer.json === null ? layer.fields.has(name) : Object.hasOwn(layer.json, name)) return true;
  }
  return false;
}

export function hasField(rt: Runtime, object: ObjectValue, name: string, hidden: boolean): boolean {
  if (!hasFieldBelow(rt, object, name, object.layers.length)) return false;
  return hidden || isVisible(object, name);
}

/** The topmost layer with `::` or `:::` decides. */
function isVisible(object: ObjectValue, name: string): boolean {
  for (let index = object.layers.length - 1; index >= 0; index--) {
    const layer = object.layers[index];
    const visibility =
      layer === undefined || layer.json !== null ? undefined : layer.fields.get(name)?.visibility;
    if (visibility === "hidden") return false;
    if (visibility === "visible") return true;
  }
  return true;
}

function keysOf(rt: Runtime, json: JsonObject): string[] {
  const keys = Object.keys(json);
  allocateSlots(rt, keys.length * 2);
  spend(rt, keys.length * 2);
  return keys;
}

/** Lists names in code point order. */
export function fieldNames(rt: Runtime, object: ObjectValue, hidden: boolean): readonly string[] {
  if (!hidden && object.names !== null) return object.names;
  const visible = new Map<string, boolean>();
  for (const layer of object.layers) {
    spend(rt, 1);
    if (layer.json !== null) {
      for (const name of keysOf(rt, layer.json)) if (!visible.has(name)) visible.set(name, true);
      continue;
    }
    allocateSlots(rt, layer.fields.size * 2);
    for (const [name, { visibility }] of layer.fields) {
      spend(rt, 2);
      spendName(rt, name);
      if (visibility === "inherited" && visible.has(name)) continue;
      visible.set(name, visibility !== "hidden");
    }
  }
  const names: string[] = [];
  allocateSlots(rt, visible.size);
  spend(rt, visible.size);
  for (const [name, shown] of visible) if (hidden || shown) names.push(name);
  names.sort((a, b) => {
    spend(rt, 2);
    spendText(rt, Math.min(a.length, b.length));
    return compareText(a, b);
  });
  if (!hidden) object.names = names;
  return names;
}
