import { numberText } from "./output/number-text.ts";
import { getField } from "./object.ts";
import { allocateSlots, allocateText, fail, force, spendText } from "./runtime.ts";
import { charAt, sliceText, textLength } from "./text.ts";
import { arrayOf, isArray, isObject, type Runtime, typeOf, type Value } from "./value.ts";
import { buildItems, charsOf, filterItems, joinTexts } from "./work.ts";

/** Implements `target[index]`. */
export function indexValue(rt: Runtime, target: Value, index: Value): Value {
  if (isObject(target)) {
    if (typeof index !== "string") throw fail(rt, `a field name must be a string, got ${typeOf(index)}`);
    return getField(rt, target, index);
  }
  if (isArray(target)) {
    return force(rt, target.items[checkIndex(rt, index, target.items.length)] ?? null);
  }
  if (typeof target === "string") {
    spendText(rt, target.length);
    return charAt(target, checkIndex(rt, index, textLength(target)));
  }
  throw fail(rt, `${typeOf(target)} has nothing to index`);
}

function checkIndex(rt: Runtime, index: Value, length: number): number {
  if (typeof index !== "number") throw fail(rt, `an index must be a number, got ${typeOf(index)}`);
  if (!Number.isInteger(index)) throw fail(rt, `an index must be a whole number, got ${numberText(index)}`);
  if (index < 0 || index >= length)
    throw fail(rt, `index ${numberText(index)} is out of bounds, there are ${length}`);
  return index;
}

/** Implements `target[from:to:step]`. Null stands for an omitted bound; a negative one counts from the end. */
export function sliceValue(rt: Runtime, target: Value, from: Value, to: Value, step: Value): Value {
  if (typeof target !== "string" && !isArray(target))
    throw fail(rt, `a slice is of a string or an array, got ${typeOf(target)}`);
  if (typeof target === "string") spendText(rt, target.length);
  const length = typeof target === "string" ? textLength(target) : target.items.length;
  const start = checkBound(rt, from, length, 0);
  const end = Math.min(checkBound(rt, to, length, length), length);
  const by = step ?? 1;
  if (typeof by !== "number" || !Number.isInteger(by) || by < 1)
    throw fail(rt, "the step of a slice must be a whole number greater than zero");
  const count = Math.max(0, Math.ceil((end - start) / by));
  if (typeof target === "string") {
    spendText(rt, target.length);
    allocateText(rt, count);
    const piece = sliceText(target, start, Math.max(start, end));
    if (by === 1) return piece;
    const chars = charsOf(rt, piece);
    return joinTexts(
      rt,
      "",
      filterItems(rt, chars, (_, index) => index % by === 0),
    );
  }
  if (by !== 1) return arrayOf(buildItems(rt, count, (index) => target.items[start + index * by] ?? null));
  allocateSlots(rt, count);
  return arrayOf(target.items.slice(start, Math.max(start, end)));
}

function checkBound(rt: Runtime, bound: Value, length: number, fallback: number): number {
  if (bound === null) return fallback;
  if (typeof bound !== "number" || !Number.isInteger(bound))
    throw fail(rt, `the bounds of a slice must be whole numbers, got ${typeOf(bound)}`);
  return bound < 0 ? Math.max(0, length + bound) : bound;
}
