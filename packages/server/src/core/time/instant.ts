/**
 * Instants as the wire writes them: extended ISO-8601, `2026-01-31`, `2026-01-31T09:30`, with optional seconds,
 * fraction and offset. `new Date` cannot validate them: it takes `"1"`, `"Jan 5"` and 30 February, and reads a time
 * without an offset in the zone of the machine.
 */
const ISO_INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:([Zz])|([+-])(\d{2}):?(\d{2})?)?)?$/;

/** Longer than any text the grammar accepts. */
const MAX_LENGTH = 40;

/**
 * The instant a text names, or null. A time without an offset is UTC, a date alone is its midnight in UTC, digits
 * past the millisecond are dropped. Leap seconds, `24:00`, week dates and the basic format (`20260131`) are refused.
 */
export function parseInstant(text: string): Date | null {
  if (text.length > MAX_LENGTH) return null;
  const match = ISO_INSTANT.exec(text);
  if (match === null) return null;
  const [, years, months, days, hours = "0", minutes = "0", seconds = "0", fraction = "", , sign] = match;
  const [month, day] = [Number(months), Number(days)];
  const [hour, minute, second] = [Number(hours), Number(minutes), Number(seconds)];
  const [offsetHours, offsetMinutes] = [Number(match[10] ?? "0"), Number(match[11] ?? "0")];
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return null;

  const instant = new Date(0);
  instant.setUTCFullYear(Number(years), month - 1, day);
  // A day that its month does not have overflows into the next month.
  if (instant.getUTCMonth() !== month - 1 || instant.getUTCDate() !== day) return null;
  instant.setUTCHours(hour, minute, second, Number(fraction.padEnd(3, "0").slice(0, 3)));
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000;
  return new Date(instant.getTime() - (sign === "-" ? -offset : offset));
}
