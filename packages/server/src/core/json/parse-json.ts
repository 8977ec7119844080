import type { Json } from "../json.ts";

/** Whether a text may hold an integer with more digits than a double keeps. */
const LONG_NUMBER = /\d{16,}/;

/**
 * Parses JSON without changing a digit: an integer that no double holds (a snowflake id, a bigint key) becomes its text.
 * It then renders, compares and travels as it came; where a number is needed, its type is refused by name. Throws
 * `SyntaxError` like `JSON.parse`.
 */
export function parseJson(text: string): Json {
  // The reviver costs ten times the parse, so only texts that need it pay for it.
  return (LONG_NUMBER.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text)) as Json;
}

function keepDigits(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value !== "number" || source === undefined || !/^-?\d+$/.test(source)) return value;
  return String(value) === source || source === "-0" ? value : source;
}
