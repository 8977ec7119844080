import { shorten } from "../text/text.ts";
/**
 * JSON that parses may still hold values that the database or a later stage cannot: the null character, half of a
 * surrogate pair, nesting so deep that recursive code overflows, a number so large that it is read as infinite and
 * written as null. Such values are refused on input, with their path.
 */
const MAX_DEPTH = 100;
/** Numbers with fewer digits are finite unless they have an exponent. */
const MAX_DIGITS = 300;

/** A cheap first pass over the bytes: false means that `findUnsafe` would find nothing. */
export function maybeUnsafe(raw: Buffer): boolean {
  let depth = 0;
  let digits = 0;
  let inText = false;
  for (let index = 0; index < raw.length; index++) {
    const byte = raw[index];
    if (byte === 0x22) inText = !inText;
    else if (byte === 0x5c) {
      if (raw[index + 1] === 0x75) return true;
      index++;
    } else if (inText) continue;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
    else if (byte !== undefined && byte >= 0x30 && byte <= 0x39) {
      if (++digits > MAX_DIGITS) return true;
    } else if (digits > 0) {
      if (byte === 0x65 || byte === 0x45) return true;
      digits = 0;
    }
  }
  return false;
}

/** The first unsafe value in parsed JSON, as `path: reason`; null when there is none. Iterative on purpose. */
export function findUnsafe(value: unknown): string | null {
  const stack: { value: unknown; path: string; depth: number }[] = [{ value, path: "", depth: 0 }];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { value: current, path, depth } = entry;
    if (typeof current === "string") {
      const reason = unsafeText(current);
      if (reason !== null) return `${path || "(root)"}: ${reason}`;
    } else if (typeof current === "number") {
      if (!Number.isFinite(current))
        return `${path || "(root)"}: is a number too large to be kept (beyond 1.8e308)`;
    } else if (typeof current === "object" && current !== null) {
      if (depth >= MAX_DEPTH) return `${shorten(path, 80)}: is nested deeper than ${MAX_DEPTH} levels`;
      for (const [key, child] of Object.entries(current)) {
        const reason = unsafeText(key);
        if (reason !== null) return `${path || "(root)"}: a key ${reason}`;
        stack.push({ value: child, path: path === "" ? key : `${path}.${key}`, depth: depth + 1 });
      }
    }
  }
  return null;
}

export function unsafeText(text: string): string | null {
  if (text.includes("\u0000")) return "must not contain the null character";
  if (!text.isWellFormed()) return "must be valid Unicode (it has half of a surrogate pair)";
  return null;
}
