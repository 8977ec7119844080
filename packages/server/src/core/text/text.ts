/**
 * Texts that are made inside: cut, quoted, parsed out of other texts. What comes in is checked at the border, what is
 * made here is not, and PostgreSQL refuses two things that JavaScript allows: the null character and half of a surrogate
 * pair.
 */

/** The first `max` UTF-16 units of a text, one fewer where the cut would fall inside a character. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}

/** A text of at most `max` UTF-16 units, then `…` where something was cut off. */
export function shorten(text: string, max: number): string {
  return text.length <= max ? text : `${cut(text, max)}…`;
}

/** The text as the database takes it: U+FFFD in the place of what it refuses. */
export function storable(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  return whole.includes("\0") ? whole.replaceAll("\0", "\u{fffd}") : whole;
}

/** The text with its percent escapes decoded; null where they are not UTF-8, as a lone percent sign is not. */
export function unescapeOrNull(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Escapes that JSON has for what no database takes, and for their like that are fine. */
const SUSPICIOUS = /\\u(?:0000|d[89a-f])/;

/**
 * A value as JSON that the database takes and reads again. A `json` column stores any text that parses, but refuses to
 * look into one with the escape of a null character or of half a surrogate pair, so such a row would stop every
 * statement that meets it.
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  return SUSPICIOUS.test(text) ? JSON.stringify(storableValue(JSON.parse(text))) : text;
}

function storableValue(value: unknown): unknown {
  if (typeof value === "string") return storable(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(storableValue);
  // Not `fromEntries` of an assignment: a key may be `__proto__`.
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [storable(key), storableValue(member)]),
  );
}
