/* When an inbox message expires, as its template states it: a duration after sending, or an instant. */

export type Expiry = { format: "relative"; after_ms: number } | { format: "absolute"; at_ms: number };

const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 } as const;

/** Longer than any feed keeps its messages, and still a valid date. */
const MAX_MS = 36_500 * UNIT_MS.d;

/**
 * Parses a rendered expiry: `7d`, `2d 6h 30m 0s`, a whole number of seconds, or an ISO 8601 instant with its zone. Null
 * if it is none of these. Whether an instant is in the future is for the caller, who has a clock.
 */
export function parseExpiry(value: string): Expiry | null {
  const text = value.trim();
  if (text.length > 64) return null;
  if (/^\d{1,12}$/.test(text)) return relative(Number(text) * 1000);
  if (/^(?:\d{1,9}[dhms]\s*)+$/.test(text)) {
    let total = 0;
    for (const [, count, unit] of text.matchAll(/(\d+)([dhms])/g)) {
      total += Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
    }
    return relative(total);
  }
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?$/i.test(text)) return null;
  // An instant without a zone means UTC, so that its meaning does not depend on the server's location.
  const at_ms = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
  return Number.isNaN(at_ms) ? null : { format: "absolute", at_ms };
}

function relative(after_ms: number): Expiry | null {
  return after_ms > 0 && after_ms <= MAX_MS ? { format: "relative", after_ms } : null;
}
