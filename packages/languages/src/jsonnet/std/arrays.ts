import { compare, equals } from "../equality.ts";
import { sliceValue } from "../indexing.ts";
import { add } from "../operators.ts";
import { createFind } from "../../text-search.ts";
import {
  allocateSlots,
  allocateText,
  call,
  enter,
  fail,
  force,
  leave,
  spend,
  spendText,
} from "../runtime.ts";
import { arrayOf, type ArrayValue, codeOf, isArray, type Runtime, type Slot, type Value } from "../value.ts";
import {
  append,
  buildItems,
  charsOf,
  createDraft,
  type Draft,
  filterItems,
  finish,
  joinTexts,
  mapItems,
} from "../work.ts";
import { asArray, asBoolean, asCount, asFunction, asNumber, asText } from "./arguments.ts";
import { arrayFrom, delayCall, makeArray } from "./build.ts";
import { define, defineLazy, type Library, valueAt } from "./define.ts";

/** The default of `keyF`. */
export const IDENTITY = define(["x"], (_rt, x) => x);

/** Gives the elements of an array, or the characters of a string. */
function itemsOf(rt: Runtime, value: Value, what: string): readonly Slot[] {
  return typeof value === "string" ? charsOf(rt, value) : asArray(rt, value, what).items;
}

/** Keeps the items for which `func` returns true. */
function choose(rt: Runtime, func: Value, items: readonly Slot[], name: string): Slot[] {
  const fn = asFunction(rt, func, `std.${name}: func`);
  return filterItems(rt, items, (item) =>
    asBoolean(rt, call(rt, fn, [item]), `std.${name}: what func gives`),
  );
}

function range(rt: Runtime, from: Value, to: Value): Value {
  const first = asNumber(rt, from, "std.range: from");
  const last = asNumber(rt, to, "std.range: to");
  const count = Math.max(0, Math.floor(last - first + 1));
  return arrayOf(buildItems(rt, count, (index) => first + index));
}

function repeat(rt: Runtime, what: Value, count: Value): Value {
  const times = asCount(rt, count, "std.repeat: count");
  if (typeof what === "string") {
    allocateText(rt, what.length * times);
    return what.repeat(times);
  }
  const { items } = asArray(rt, what, "std.repeat: what");
  return arrayOf(buildItems(rt, items.length * times, (index) => items[index % items.length] ?? null));
}

function join(rt: Runtime, sep: Value, arr: Value): Value {
  const { items } = asArray(rt, arr, "std.join: arr");
  const parts = mapItems(rt, items, (item) => force(rt, item)).filter((part) => part !== null);
  if (typeof sep === "string") {
    const texts = mapItems(rt, parts, (part) => asText(rt, part, "std.join: each element"));
    return joinTexts(rt, sep, texts);
  }
  const { items: between } = asArray(rt, sep, "std.join: sep");
  const joined: Slot[] = [];
  for (const [index, part] of parts.entries()) {
    const { items: own } = asArray(rt, part, "std.join: each element");
    if (index > 0) pushItems(rt, joined, between);
    pushItems(rt, joined, own);
  }
  return arrayOf(joined);
}

function pushItems(rt: Runtime, to: Slot[], items: readonly Slot[]): void {
  allocateSlots(rt, items.length);
  for (const item of items) {
    spend(rt, 1);
    to.push(item);
  }
}

function deepJoin(rt: Runtime, arr: Value, draft: Draft): void {
  if (typeof arr === "string") {
    append(rt, draft, arr);
    return;
  }
  enter(rt, 3);
  for (const item of asArray(rt, arr, "std.deepJoin: arr").items) deepJoin(rt, force(rt, item), draft);
  leave(rt, 3);
}

function flattenArrays(rt: Runtime, arrs: Value): Value {
  const what = "std.flattenArrays: each element";
  const flat: Slot[] = [];
  for (const item of asArray(rt, arrs, "std.flattenArrays: arrs").items) {
    spend(rt, 1);
    pushItems(rt, flat, asArray(rt, force(rt, item), what).items);
  }
  return arrayOf(flat);
}

function flattenDeep(rt: Runtime, value: Value, flat: Slot[]): Slot[] {
  if (!isArray(value)) {
    flat.push(value);
    return flat;
  }
  enter(rt, 3);
  allocateSlots(rt, value.items.length);
  for (const item of value.items) {
    spend(rt, 1);
    flattenDeep(rt, force(rt, item), flat);
  }
  leave(rt, 3);
  return flat;
}

function flatMap(rt: Runtime, func: Value, arr: Value): Value {
  const fn = asFunction(rt, func, "std.flatMap: func");
  const items = itemsOf(rt, arr, "std.flatMap: arr");
  const what = "std.flatMap: what func gives";
  if (typeof arr !== "string") {
    const flat: Slot[] = [];
    for (const item of items) pushItems(rt, flat, asArray(rt, call(rt, fn, [item]), what).items);
    return arrayOf(flat);
  }
  const draft = createDraft();
  for (const item of items) append(rt, draft, asText(rt, call(rt, fn, [item]), what));
  return finish(rt, draft);
}

function fold(rt: Runtime, func: Value, items: readonly Slot[], init: Value, fromRight: boolean): Value {
  const fn = asFunction(rt, func, `std.fold${fromRight ? "r" : "l"}: func`);
  let running = init;
  if (fromRight)
    for (let at = items.length - 1; at >= 0; at--) running = call(rt, fn, [items[at] ?? null, running]);
  else for (const item of items) running = call(rt, fn, [running, item]);
  return running;
}

function member(rt: Runtime, arr: Value, x: Value): boolean {
  if (typeof arr === "string") {
    const part = asText(rt, x, "std.member: x");
    spendText(rt, arr.length + part.length);
    return part !== "" && createFind(part)(arr, 0) !== -1;
  }
  return findFirst(rt, asArray(rt, arr, "std.member: arr"), x) !== -1;
}

function findFirst(rt: Runtime, { items }: ArrayValue, x: Value): number {
  return items.findIndex((item) => isEqual(rt, item, x));
}

function isEqual(rt: Runtime, item: Slot, x: Value): boolean {
  spend(rt, 1);
  return equals(rt, force(rt, item), x);
}

function without(rt: Runtime, { items }: ArrayValue, index: number): Value {
  return arrayOf(filterItems(rt, items, (_item, at) => at !== index));
}

/** Says whether any element is `wanted`; the elements after it are not computed. */
function someIs(rt: Runtime, arr: Value, wanted: boolean, name: string): boolean {
  return asArray(rt, arr, `std.${name}: arr`).items.some((item) => {
    spend(rt, 1);
    return asBoolean(rt, force(rt, item), `std.${name}: each element`) === wanted;
  });
}

function sum(rt: Runtime, arr: Value, name: string): number {
  const { items } = asArray(rt, arr, `std.${name}: arr`);
  let total: Value = 0;
  for (const item of items) {
    spend(rt, 1);
    total = add(rt, total, asNumber(rt, force(rt, item), `std.${name}: each element`));
  }
  return asNumber(rt, total, name);
}

function average(rt: Runtime, arr: Value): number {
  const { items } = asArray(rt, arr, "std.avg: arr");
  if (items.length === 0) throw fail(rt, "std.avg: arr must not be empty");
  return sum(rt, arr, "avg") / items.length;
}

/** Gives the element with the least or greatest key, the first among equals. */
function extreme(name: string, direction: 1 | -1) {
  const none = codeOf(1, (rt) => {
    throw fail(rt, `std.${name}: arr must not be empty`);
  });
  return defineLazy(["arr", ["keyF", IDENTITY], ["onEmpty", none]], (rt, slots) => {
    const { items } = asArray(rt, valueAt(rt, slots, 0), `std.${name}: arr`);
    const keyF = asFunction(rt, valueAt(rt, slots, 1), `std.${name}: keyF`);
    const [first] = items;
    if (first === undefined) return valueAt(rt, slots, 2);
    let best = first;
    let bestKey = call(rt, keyF, [first]);
    for (const [index, item] of items.entries()) {
      if (index === 0) continue;
      const key = call(rt, keyF, [item]);
      if (compare(rt, key, bestKey) * direction >= 0) continue;
      best = item;
      bestKey = key;
    }
    return force(rt, best);
  });
}

export const ARRAYS: Library = {
  makeArray: define(["sz", "func"], (rt, sz, func) => {
    const fn = asFunction(rt, func, "std.makeArray: func");
    return makeArray(rt, asCount(rt, sz, "std.makeArray: sz"), (index) => delayCall(fn, index));
  }),
  range: define(["from", "to"], range),
  repeat: define(["what", "count"], repeat),
  slice: define(["indexable", "index", "end", "step"], sliceValue),
  map: define(["func", "arr"], (rt, func, arr) => {
    const fn = asFunction(rt, func, "std.map: func");
    const items = itemsOf(rt, arr, "std.map: arr");
    return makeArray(rt, items.length, (index) => delayCall(fn, items[index] ?? null));
  }),
  mapWithIndex: define(["func", "arr"], (rt, func, arr) => {
    const fn = asFunction(rt, func, "std.mapWithIndex: func");
    const items = itemsOf(rt, arr, "std.mapWithIndex: arr");
    return makeArray(rt, items.length, (index) => delayCall(fn, index, items[index] ?? null));
  }),
  filter: define(["func", "arr"], (rt, func, arr) =>
    arrayOf(choose(rt, func, asArray(rt, arr, "std.filter: arr").items, "filter")),
  ),
  filterMap: define(["filter_func", "map_func", "arr"], (rt, filterFunc, mapFunc, arr) => {
    const fn = asFunction(rt, mapFunc, "std.filterMap: map_func");
    const items = choose(rt, filterFunc, asArray(rt, arr, "std.filterMap: arr").items, "filterMap");
    return makeArray(rt, items.length, (index) => delayCall(fn, items[index] ?? null));
  }),
  flatMap: define(["func", "arr"], flatMap),
  foldl: define(["func", "arr", "init"], (rt, func, arr, init) =>
    fold(rt, func, itemsOf(rt, arr, "std.foldl: arr"), init, false),
  ),
  foldr: define(["func", "arr", "init"], (rt, func, arr, init) =>
    fold(rt, func, itemsOf(rt, arr, "std.foldr: arr"), init, true),
  ),
  join: define(["sep", "arr"], join),
  lines: define(["arr"], (rt, arr) => {
    const lines: Slot[] = [];
    pushItems(rt, lines, asArray(rt, arr, "std.lines: arr").items);
    lines.push("");
    return join(rt, "\n", arrayOf(lines));
  }),
  deepJoin: define(["arr"], (rt, arr) => {
    const draft = createDraft();
    deepJoin(rt, arr, draft);
    return finish(rt, draft);
  }),
  flattenArrays: define(["arrs"], flattenArrays),
  flattenDeepArray: define(["value"], (rt, value) => arrayFrom(rt, flattenDeep(rt, value, []))),
  reverse: define(["arr"], (rt, arr) => {
    const items = itemsOf(rt, arr, "std.reverse: arr");
    return arrayOf(buildItems(rt, items.length, (index) => items[items.length - 1 - index] ?? null));
  }),
  member: define(["arr", "x"], member),
  contains: define(
    ["arr", "elem"],
    (rt, arr, elem) => findFirst(rt, asArray(rt, arr, "std.contains: arr"), elem) !== -1,
  ),
  count: define(
    ["arr", "x"],
    (rt, arr, x) =>
      filterItems(rt, asArray(rt, arr, "std.count: arr").items, (item) => isEqual(rt, item, x)).length,
  ),
  find: define(["value", "arr"], (rt, value, arr) => {
    const { items } = asArray(rt, arr, "std.find: arr");
    const places: number[] = [];
    for (const [index, item] of items.entries()) {
      if (!isEqual(rt, item, value)) continue;
      allocateSlots(rt, 0);
      places.push(index);
    }
    return arrayOf(places);
  }),
  remove: define(["arr", "elem"], (rt, arr, elem) => {
    const array = asArray(rt, arr, "std.remove: arr");
    return without(rt, array, findFirst(rt, array, elem));
  }),
  removeAt: define(["arr", "at"], (rt, arr, at) =>
    without(rt, asArray(rt, arr, "std.removeAt: arr"), asNumber(rt, at, "std.removeAt: at")),
  ),
  all: define(["arr"], (rt, arr) => !someIs(rt, arr, false, "all")),
  any: define(["arr"], (rt, arr) => someIs(rt, arr, true, "any")),
  sum: define(["arr"], (rt, arr) => sum(rt, arr, "sum")),
  avg: define(["arr"], average),
  minArray: extreme("minArray", 1),
  maxArray: extreme("maxArray", -1),
};
