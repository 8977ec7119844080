import { compare, equals } from "../equality.ts";
import { allocateSlots, call, force, spend } from "../runtime.ts";
import {
  arrayOf,
  type ArrayValue,
  type FunctionValue,
  type Runtime,
  type Slot,
  type Value,
} from "../value.ts";
import { filterItems, mapItems } from "../work.ts";
import { asArray, asFunction } from "./arguments.ts";
import { IDENTITY } from "./arrays.ts";
import { define, type Library, type ParameterList } from "./define.ts";

/*
 * Sorting and sets. A set is a sorted array without duplicates. Elements may be compared by a key, which is computed
 * once for each.
 */
interface Keyed {
  readonly item: Slot;
  readonly key: Value;
}

function keyed(rt: Runtime, { items }: ArrayValue, keyF: FunctionValue): Keyed[] {
  allocateSlots(rt, items.length * 3);
  return mapItems(rt, items, (item) => ({
    item,
    key: keyF === IDENTITY ? force(rt, item) : call(rt, keyF, [item]),
  }));
}

function itemsOf(rt: Runtime, entries: readonly Keyed[]): Value {
  return arrayOf(mapItems(rt, entries, ({ item }) => item));
}

/** Sorts, keeping equal entries in order. */
function sort(rt: Runtime, entries: Keyed[]): Keyed[] {
  return entries.sort((a, b) => compare(rt, a.key, b.key));
}

function uniq(rt: Runtime, entries: readonly Keyed[]): Keyed[] {
  return filterItems(rt, entries, (entry, index) => {
    const before = entries[index - 1];
    return before === undefined || !equals(rt, before.key, entry.key);
  });
}

type Side = "left" | "both" | "right";

/** Walks two sets side by side, keeping the left entry of what is in both. */
function merge(rt: Runtime, left: readonly Keyed[], right: readonly Keyed[], keep: readonly Side[]): Keyed[] {
  const kept: Keyed[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const a = left[i];
    const b = right[j];
    if (a === undefined && b === undefined) return kept;
    const order = a === undefined ? 1 : b === undefined ? -1 : compare(rt, a.key, b.key);
    const side: Side = order < 0 ? "left" : order > 0 ? "right" : "both";
    const entry = side === "right" ? b : a;
    spend(rt, 1);
    if (entry !== undefined && keep.includes(side)) {
      allocateSlots(rt, 0);
      kept.push(entry);
    }
    if (side !== "right") i++;
    if (side !== "left") j++;
  }
}

const KEY: ParameterList[number] = ["keyF", IDENTITY];

function ofArray(name: string, compute: (rt: Runtime, entries: Keyed[]) => Keyed[]): FunctionValue {
  return define(["arr", KEY], (rt, arr, keyF) => {
    const fn = asFunction(rt, keyF, `std.${name}: keyF`);
    return itemsOf(rt, compute(rt, keyed(rt, asArray(rt, arr, `std.${name}: arr`), fn)));
  });
}

function ofSets(name: string, keep: readonly Side[]): FunctionValue {
  return define(["a", "b", KEY], (rt, a, b, keyF) => {
    const fn = asFunction(rt, keyF, `std.${name}: keyF`);
    const left = keyed(rt, asArray(rt, a, `std.${name}: a`), fn);
    const right = keyed(rt, asArray(rt, b, `std.${name}: b`), fn);
    return itemsOf(rt, merge(rt, left, right, keep));
  });
}

function setMember(rt: Runtime, x: Value, arr: Value, keyF: Value): boolean {
  const fn = asFunction(rt, keyF, "std.setMember: keyF");
  const { items } = asArray(rt, arr, "std.setMember: arr");
  const wanted = call(rt, fn, [x]);
  let from = 0;
  let to = items.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const order = compare(rt, call(rt, fn, [items[middle] ?? null]), wanted);
    if (order === 0) return true;
    if (order < 0) from = middle + 1;
    else to = middle;
  }
  return false;
}

export const SETS: Library = {
  sort: ofArray("sort", sort),
  uniq: ofArray("uniq", uniq),
  set: ofArray("set", (rt, entries) => uniq(rt, sort(rt, entries))),
  setUnion: ofSets("setUnion", ["left", "both", "right"]),
  setInter: ofSets("setInter", ["both"]),
  setDiff: ofSets("setDiff", ["left"]),
  setMember: define(["x", "arr", KEY], setMember),
};
