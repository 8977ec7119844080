import { isJsonObject, type Json, type JsonObject } from "../json.ts";

/** `patch` over `base`: objects are merged at every depth, everything else is replaced, null included. Changes neither. */
export function mergeJson(base: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map<string, Json>(Object.entries(base));
  for (const [key, value] of Object.entries(patch)) {
    const before = merged.get(key);
    merged.set(key, isJsonObject(before) && isJsonObject(value) ? mergeJson(before, value) : value);
  }
  return Object.fromEntries(merged);
}
