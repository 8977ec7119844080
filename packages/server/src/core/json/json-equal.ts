import { isJsonObject, type Json } from "../json.ts";

/**
 * Deep equality of two JSON values; the order of an object's keys does not count. It keeps its own stack:
 * a body of a few hundred kilobytes can nest deeper than the call stack.
 */
export function jsonEqual(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object") return false;
  const pending: (Json | undefined)[] = [left, right];
  while (pending.length > 0) {
    const b = pending.pop();
    const a = pending.pop();
    if (a === b) continue;
    if (Array.isArray(a)) {
      if (!Array.isArray(b) || a.length !== b.length) return false;
      for (let i = 0; i < a.length; i += 1) pending.push(a[i], b[i]);
    } else if (isJsonObject(a) && isJsonObject(b)) {
      const keys = Object.keys(a);
      if (keys.length !== Object.keys(b).length) return false;
      for (const key of keys) {
        if (!Object.hasOwn(b, key)) return false;
        pending.push(a[key], b[key]);
      }
    } else {
      return false;
    }
  }
  return true;
}
