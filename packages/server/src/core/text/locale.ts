const LOCALE = /^([A-Za-z]{2,3})(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|\d{3}))?$/;

const LANGUAGE_NAMES = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });

/** `en`, `en-GB`, `en_GB`, `es-419`, `zh-Hans-CN`: an existing language, and well-formed tags. */
export function isLocale(text: string): boolean {
  const language = LOCALE.exec(text)?.[1];
  return language !== undefined && LANGUAGE_NAMES.of(language) !== undefined;
}

/** One spelling for each locale, so that it can be looked up: `es_ar` → `es-AR`. Null for what is no locale. */
export function canonicalLocale(text: string): string | null {
  if (!isLocale(text)) return null;
  return Intl.getCanonicalLocales(text.replaceAll("_", "-"))[0] ?? null;
}

/** What a locale is called in English; one that is none keeps its spelling: `es-MX` is `Mexican Spanish`. */
export function localeName(text: string): string {
  const locale = canonicalLocale(text);
  return (locale === null ? undefined : LANGUAGE_NAMES.of(locale)) ?? text;
}

/** A canonical locale and what it falls back to, most specific first: `zh-Hant-TW`, `zh-Hant`, `zh`. */
export function localeChain(locale: string): string[] {
  const parts = locale.split("-");
  return parts.map((_part, index) => parts.slice(0, parts.length - index).join("-"));
}
