import Handlebars from "handlebars";
import type { Translator } from "../core/translations/lookup.ts";
import { type Budget, outputRefusal, spendOutput } from "./budget.ts";

/**
 * Converts values to text. The same as JavaScript's own conversion of JSON, but the data cannot hook it (an object with
 * a `toString` key), and it stops when the output limit is reached instead of after it.
 */
const RAW = Symbol("raw");
const SEPARATOR = Symbol("separator");

/** Text that is printed without escaping. */
export interface RawText {
  readonly [RAW]: string;
}

export function rawText(text: string): RawText {
  return Object.freeze({ [RAW]: text });
}

/** Makes a value's text safe for the place where it is printed. */
export type Escape = (text: string) => string;

/** The wire's escaping: also `'`, `` ` `` and `=`, for attributes without quotes. */
export function escapeHtml(text: string): string {
  return Handlebars.escapeExpression(text);
}

/** What one render spends, how it escapes, and where its translations come from. */
export interface Rendering {
  budget: Budget;
  escape: Escape;
  /** Null where nothing is translated. */
  translator: Translator | null;
}

/** The functions through which generated code prints. */
export interface Printer {
  /** For `{{value}}`. */
  escaped: (value: unknown) => string;
  /** For `{{{value}}}`, and for the result of a block. */
  raw: (value: unknown) => string;
}

export function createPrinter(rendering: () => Rendering): Printer {
  return {
    escaped(value) {
      const { budget, escape } = rendering();
      const text = printValue(value, budget);
      // Before escaping, which makes it up to six times as long.
      spendOutput(budget, text.length);
      if (isRawText(value)) return text;
      const escaped = escape(text);
      if (escaped.length > text.length) spendOutput(budget, escaped.length - text.length);
      return escaped;
    },
    raw(value) {
      const { budget } = rendering();
      // Printing a text does not copy it, and the output of blocks has been counted inside them.
      const text = typeof value === "string" ? value : printValue(value, budget);
      spendOutput(budget, typeof value === "string" ? 0 : text.length);
      return text;
    },
  };
}

/** A helper's argument as plain data: text that another helper marked as raw is ordinary text. */
export function plainValue(value: unknown): unknown {
  return isRawText(value) ? value[RAW] : value;
}

/** A list that joins with ", " when it is printed itself; for every other purpose it is an array. */
export function printableList(items: unknown[]): unknown[] {
  return Object.defineProperty(items, SEPARATOR, { value: ", " });
}

function isRawText(value: unknown): value is RawText {
  return typeof value === "object" && value !== null && RAW in value;
}

/** Null and undefined print as nothing, objects as `[object Object]`, arrays as their items joined. */
export function printValue(value: unknown, budget: Budget): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "object" || value === null) return "";
  if (isRawText(value)) return value[RAW];
  if (!Array.isArray(value)) return "[object Object]";
  return joinValues(value, SEPARATOR in value ? ", " : ",", budget);
}

/** Joins printed items, and refuses before the text exceeds the output limit. */
export function joinValues(items: readonly unknown[], separator: string, budget: Budget): string {
  const parts: string[] = [];
  let length = 0;
  for (const item of items) {
    const text = printValue(item, budget);
    length += text.length + separator.length;
    if (length - separator.length > budget.limits.max_output) throw outputRefusal(budget);
    parts.push(text);
  }
  return parts.join(separator);
}
