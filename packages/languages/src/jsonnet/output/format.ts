import { type Directive, parseFormat } from "./format-directive.ts";
import { numberText } from "./number-text.ts";
import { toText } from "./manifest.ts";
import { getField, hasField } from "../object.ts";
import { allocateText, fail, force, spend, spendText } from "../runtime.ts";
import { fromCodePoint, textLength } from "../text.ts";
import {
  isArray,
  isObject,
  type ObjectValue,
  type Runtime,
  type Slot,
  typeOf,
  type Value,
} from "../value.ts";
import { append, createDraft, type Draft, finish } from "../work.ts";

/**
 * Implements `format % values`, which `std.format` models on Python: an array gives its elements in order, an object
 * its fields to `%(name)s`, anything else is a single value.
 */
export function formatText(rt: Runtime, format: string, values: Value): string {
  spendText(rt, format.length);
  const pieces = parseFormat(rt, format);
  const draft = createDraft();
  if (isObject(values)) formatFields(rt, draft, pieces, values);
  else formatItems(rt, draft, pieces, isArray(values) ? values.items : [values]);
  return finish(rt, draft);
}

function formatFields(
  rt: Runtime,
  draft: Draft,
  pieces: readonly (string | Directive)[],
  values: ObjectValue,
): void {
  for (const piece of pieces) {
    if (typeof piece === "string") {
      append(rt, draft, piece);
      continue;
    }
    const { key, width, precision } = piece;
    if (piece.conversion === "%") {
      append(rt, draft, pad(rt, "%", width === "*" ? 0 : width, piece.left));
      continue;
    }
    if (key === null) throw fail(rt, "a format for an object needs names, as in %(name)s");
    if (width === "*" || precision === "*") throw fail(rt, "a format for an object cannot have * in it");
    if (!hasField(rt, values, key, true)) throw fail(rt, `no field to format: ${key}`);
    const value = formatOne(rt, piece, getField(rt, values, key), width, precision, key);
    append(rt, draft, pad(rt, value, width, piece.left));
  }
}

function formatItems(
  rt: Runtime,
  draft: Draft,
  pieces: readonly (string | Directive)[],
  items: readonly Slot[],
): void {
  let next = 0;
  const take = (): Value => {
    const item = items[next++];
    if (item === undefined) throw fail(rt, `not enough values to format, got ${items.length}`);
    return force(rt, item);
  };
  const takeSize = (size: number | "*" | null): number | null => {
    if (size !== "*") return size;
    const value = take();
    if (typeof value !== "number") throw fail(rt, `* in a format needs a number, got ${typeOf(value)}`);
    return value;
  };
  for (const piece of pieces) {
    if (typeof piece === "string") {
      append(rt, draft, piece);
      continue;
    }
    const width = takeSize(piece.width) ?? 0;
    const precision = takeSize(piece.precision);
    const place = String(next);
    const value = piece.conversion === "%" ? "%" : formatOne(rt, piece, take(), width, precision, place);
    append(rt, draft, pad(rt, value, width, piece.left));
  }
  if (next < items.length) throw fail(rt, `too many values to format, got ${items.length}, expected ${next}`);
}

function pad(rt: Runtime, text: string, width: number, left: boolean): string {
  if (width <= 0) return text;
  const missing = Math.ceil(width) - textLength(text);
  if (missing <= 0) return text;
  return left ? text + repeat(rt, " ", missing) : repeat(rt, " ", missing) + text;
}

function repeat(rt: Runtime, char: string, count: number): string {
  if (count <= 0) return "";
  allocateText(rt, count);
  return char.repeat(count);
}

/** Steps for digits, which come from integers of any size and take a microsecond. */
const CONVERSION_COST = 8;

function formatOne(
  rt: Runtime,
  directive: Directive,
  value: Value,
  width: number,
  precision: number | null,
  place: string,
): string {
  const { conversion } = directive;
  if (conversion === "s") return toText(rt, value);
  if (conversion === "c") return formatChar(rt, value);
  if (typeof value !== "number")
    throw fail(
      rt,
      `format needs a number for ${/^\d+$/.test(place) ? `value ${place}` : place}, got ${typeOf(value)}`,
    );
  spend(rt, CONVERSION_COST);
  const layout: Layout = { directive, width: directive.zero && !directive.left ? Math.ceil(width) : 0 };
  if (conversion === "d") return formatWhole(rt, layout, value, 10, precision ?? 0);
  if (conversion === "o") return formatWhole(rt, layout, value, 8, precision ?? 0);
  if (conversion === "x") return formatWhole(rt, layout, Math.floor(value), 16, precision ?? 0);
  const digits = precision ?? 6;
  if (conversion === "f") return formatDecimal(rt, layout, value, digits, true);
  if (conversion === "e") return formatScientific(rt, layout, value, digits, true);
  const power = exponentOf(value);
  const { alternate } = directive;
  return power < -4 || power >= digits
    ? formatScientific(rt, layout, value, digits - 1, alternate)
    : formatDecimal(rt, layout, value, digits - Math.max(1, power + 1), alternate);
}

function formatChar(rt: Runtime, value: Value): string {
  if (typeof value === "string") {
    if (textLength(value) === 1) return value;
    throw fail(rt, `%c needs one character, got ${textLength(value)}`);
  }
  if (typeof value !== "number") throw fail(rt, `%c needs a character or its number, got ${typeOf(value)}`);
  const code = Math.floor(value);
  if (code < 0 || code > 0x10ffff) throw fail(rt, `not a character: ${numberText(value)}`);
  return fromCodePoint(code);
}

/** The layout of a number; `width` is that of zero padding. */
interface Layout {
  directive: Directive;
  width: number;
}

/** Puts the sign before the digits and fills them with zeros to the width. */
function withSign(
  rt: Runtime,
  { directive, width }: Layout,
  negative: boolean,
  prefix: string,
  digits: string,
  atLeast: number,
): string {
  const sign = negative ? "-" : directive.plus ? "+" : directive.blank ? " " : "";
  const zeros = Math.max(width - sign.length - prefix.length, atLeast) - digits.length;
  return sign + prefix + repeat(rt, "0", zeros) + digits;
}

function formatWhole(
  rt: Runtime,
  layout: Layout,
  value: number,
  radix: 8 | 10 | 16,
  atLeast: number,
): string {
  const { alternate, capitals } = layout.directive;
  const size = Math.floor(Math.abs(value));
  let digits = BigInt(size).toString(radix);
  // The prefix of octal counts as one of the digits; that of hexadecimal precedes them.
  if (radix === 8 && alternate && size !== 0) digits = `0${digits}`;
  if (capitals) digits = digits.toUpperCase();
  const prefix = radix === 16 && alternate ? (capitals ? "0X" : "0x") : "";
  return withSign(rt, layout, value <= -1, prefix, digits, Math.ceil(atLeast));
}

function formatDecimal(
  rt: Runtime,
  layout: Layout,
  value: number,
  precision: number,
  trailing: boolean,
): string {
  const { alternate } = layout.directive;
  const places = Math.max(0, Math.floor(precision));
  if (places > MAX_PLACES) throw fail(rt, `format has more than ${MAX_PLACES} places after the point`);
  const { whole, fraction } = roundTo(Math.abs(value), places);
  const point = places > 0 || alternate ? 1 : 0;
  const head = withSign(
    rt,
    { ...layout, width: layout.width - places - point },
    value < 0,
    "",
    whole.toString(),
    0,
  );
  if (places === 0) return alternate ? `${head}.` : head;
  if (!trailing && fraction === 0n) return head;
  const digits = fraction.toString().padStart(places, "0");
  return `${head}.${trailing ? digits : digits.replace(/0+$/, "")}`;
}

/** Powers of ten overflow not far beyond this. */
const MAX_PLACES = 300;

/** Splits a number at its last place, rounding as the reference does: in floating point, halves up. */
function roundTo(size: number, places: number): { whole: bigint; fraction: bigint } {
  const unit = 10 ** places;
  const scaled = size * unit + 0.5;
  if (!Number.isFinite(scaled) || size >= Number.MAX_SAFE_INTEGER) {
    return { whole: BigInt(Math.floor(size)), fraction: 0n };
  }
  return { whole: BigInt(Math.floor(scaled / unit)), fraction: BigInt(Math.floor(scaled) % unit) };
}

function exponentOf(value: number): number {
  return value === 0 ? 0 : Math.floor(Math.log(Math.abs(value)) / Math.LN10 + 1e-12);
}

function formatScientific(
  rt: Runtime,
  layout: Layout,
  value: number,
  precision: number,
  trailing: boolean,
): string {
  const power = exponentOf(value);
  const sign = power < 0 ? "-" : "+";
  const suffix = `${layout.directive.capitals ? "E" : "e"}${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  // Ten to the power of -324 is zero, although the smallest numbers have that exponent.
  const mantissa = power === -324 ? (value * 10) / 10 ** (power + 1) : value / 10 ** power;
  const narrowed = { ...layout, width: layout.width - suffix.length };
  return formatDecimal(rt, narrowed, mantissa, precision, trailing) + suffix;
}
