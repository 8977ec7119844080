import { canonicalLocale } from "../text/locale.ts";

/** A file of translations: `es-MX.json`, or `orders.es-MX.json` for the namespace `orders`. */
export interface TranslationFileName {
  /** With the locale in its one spelling: `orders.es-MX.json` for `orders.es_mx.json`. */
  filename: string;
  locale: string;
  namespace: string | null;
}

const FILE = /^(?:([A-Za-z0-9_-]{1,64})\.)?([A-Za-z0-9_-]{2,24})\.json$/;

/** Null for what names no file of translations. */
export function parseTranslationFileName(text: string): TranslationFileName | null {
  const [, namespace = null, written = ""] = FILE.exec(text) ?? [];
  const locale = canonicalLocale(written);
  if (locale === null) return null;
  return { filename: `${namespace === null ? "" : `${namespace}.`}${locale}.json`, locale, namespace };
}

const NAMES = new Intl.DisplayNames(["en"], { type: "language", languageDisplay: "standard" });

/** The locale in English: `English`, `French (canada)`. The wire has all but the first letter in lower case. */
export function localeName(locale: string): string {
  const name = NAMES.of(locale) ?? locale;
  return name.slice(0, 1).toUpperCase() + name.slice(1).toLowerCase();
}
