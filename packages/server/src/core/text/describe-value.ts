import { SECRET_KEYS } from "../secret-addresses.ts";
import { cut, shorten } from "./text.ts";

/** How much of a refused value an error message repeats, in UTF-16 units. */
const LIMIT = 200;

/**
 * Formats a refused value for error messages: strings bare, everything else as compact JSON, secrets masked, cut to a
 * readable length. Never throws, whatever the nesting: the cut also bounds the recursion.
 */
export function describeValue(value: unknown): string {
  const text = typeof value === "string" ? value.slice(0, LIMIT + 1) : write("", value);
  return shorten(text, LIMIT);
}

function write(before: string, value: unknown): string {
  if (before.length > LIMIT) return before;
  if (typeof value === "string") return before + JSON.stringify(cut(value, LIMIT));
  if (Array.isArray(value)) {
    let out = `${before}[`;
    for (let i = 0; i < value.length && out.length <= LIMIT; i += 1) {
      out = write(i === 0 ? out : `${out},`, value[i]);
    }
    return `${out}]`;
  }
  if (typeof value === "object" && value !== null) {
    let out = `${before}{`;
    let first = true;
    for (const [key, member] of Object.entries(value)) {
      if (out.length > LIMIT) break;
      out = `${first ? out : `${out},`}${JSON.stringify(cut(key, LIMIT))}:`;
      out = write(out, SECRET_KEYS.has(key) ? "***" : member);
      first = false;
    }
    return `${out}}`;
  }
  return before + String(value);
}
