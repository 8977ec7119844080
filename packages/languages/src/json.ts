/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Explains why a database or a later stage could not store a string, or gives null when it could. */
export function faultOfText(text: string): string | null {
  if (text.includes("\0")) return "must not contain the null character";
  if (!text.isWellFormed()) return "must be valid Unicode (it has half of a surrogate pair)";
  return null;
}
