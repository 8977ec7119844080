import { describeValue } from "../text/describe-value.ts";
import { isLocale } from "../text/locale.ts";

/*
 * The three properties with a meaning of their own, and the rule for all other property keys. They are stored among a
 * profile's properties, but only with values that sending can use.
 */

export type ReservedProperty = "$timezone" | "$locale" | "$preferred_language";

export type ReservedValue = { ok: true; value: string } | { ok: false; reason: string };

export type PropertyKey = { ok: true; key: string } | { ok: false; reason: string };

export function isReservedProperty(key: string): key is ReservedProperty {
  return key === "$timezone" || key === "$locale" || key === "$preferred_language";
}

/** Checks one reserved property and trims it; a zone gets its IANA spelling. Refusals carry the wire's text. */
export function checkReservedProperty(key: ReservedProperty, value: unknown): ReservedValue {
  const text = typeof value === "string" ? value.trim() : "";
  const accepted = key === "$timezone" ? findTimezone(text) : isLocale(text) ? text : null;
  return accepted === null
    ? { ok: false, reason: REASONS[key](describeValue(value)) }
    : { ok: true, value: accepted };
}

const REASONS: Record<ReservedProperty, (value: string) => string> = {
  $timezone: (value) => `invalid timezone: ${value}`,
  $locale: (value) => `invalid locale/language: '${value}'`,
  $preferred_language: (value) => `invalid language: ${value}`,
};

/**
 * Reads the key of a custom property: trimmed, not empty. Keys that start with `$` or `ss_` (any case)
 * belong to the product and `__proto__` to the language: they are refused, and callers skip them.
 */
export function readPropertyKey(raw: string): PropertyKey {
  const key = raw.trim();
  if (key === "") return { ok: false, reason: "property key must not be empty" };
  if (key === "__proto__" || key.startsWith("$") || /^ss_/i.test(key)) {
    return { ok: false, reason: `property '${describeValue(key)}' is reserved` };
  }
  return { ok: true, key };
}

/**
 * Names in use that ICU lists only under an older spelling (it says Asia/Calcutta). Any other alias is
 * found by asking ICU, which takes 100 µs: too long for the zone of a whole country.
 */
const CURRENT_SPELLINGS = [
  "UTC",
  "GMT",
  "Etc/UTC",
  "Etc/GMT",
  "Africa/Asmara",
  "America/Argentina/Buenos_Aires",
  "America/Argentina/Catamarca",
  "America/Argentina/Cordoba",
  "America/Argentina/Jujuy",
  "America/Argentina/Mendoza",
  "America/Atikokan",
  "America/Indiana/Indianapolis",
  "America/Kentucky/Louisville",
  "America/Nuuk",
  "Asia/Ho_Chi_Minh",
  "Asia/Kathmandu",
  "Asia/Kolkata",
  "Asia/Yangon",
  "Atlantic/Faroe",
  "Europe/Kyiv",
  "Pacific/Chuuk",
  "Pacific/Kanton",
  "Pacific/Pohnpei",
] as const;

/** Every zone known without asking ICU: lower-case name to its spelling. */
const ZONES: ReadonlyMap<string, string> = new Map(
  [...Intl.supportedValuesOf("timeZone"), ...CURRENT_SPELLINGS].map((zone) => [zone.toLowerCase(), zone]),
);

/** An area with a place, or a word such as `Japan`: not `EST`, which has no defined summer time, nor `+05:30`. */
const ZONE_NAME = /^(?:[A-Za-z]+(?:\/[A-Za-z0-9_+-]+){1,2}|[A-Z][a-z]{3,})$/;

/** The IANA zone a text names, in its own spelling, or null. */
function findTimezone(text: string): string | null {
  const known = ZONES.get(text.toLowerCase());
  if (known !== undefined) return known;
  if (text.length > 40 || !ZONE_NAME.test(text)) return null;
  try {
    // The only way to ask ICU about an alias is to let it refuse.
    void new Intl.DateTimeFormat("en", { timeZone: text });
    return text;
  } catch {
    return null;
  }
}
