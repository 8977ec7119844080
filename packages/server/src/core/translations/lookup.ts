import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { getOwn } from "../json/json-path.ts";
import { canonicalLocale, localeChain } from "../text/locale.ts";

/**
 * Finds the text of a key in the languages of a recipient. Each key falls back on its own: the locale (`es-MX`), its
 * language (`es`), English.
 */
export interface Translations {
  /** By canonical locale, then by namespace; null is the namespace of files without one. */
  locales: ReadonlyMap<string, ReadonlyMap<string | null, JsonObject>>;
}

export const NO_TRANSLATIONS: Translations = { locales: new Map() };

/** The source of a translated text, or why there is none. */
export type FoundText = { ok: true; text: string } | { ok: false; reason: string };

/** `count` chooses among the forms of a plural; undefined where none was given. */
export type Translator = (key: string, count: unknown) => FoundText;

const FALLBACK = "en";
/** Keys may come from data. */
const MAX_KEY = 500;

/** The texts for one recipient; `locale` as a profile has it, null or no locale for one without. */
export function createTranslator({ locales }: Translations, locale: string | null): Translator {
  const own = localeChain((locale === null ? null : canonicalLocale(locale)) ?? FALLBACK);
  const chain = [...new Set([...own, FALLBACK])];
  return (key, count) => {
    if (locales.size === 0) {
      return refusal("translation is disabled or empty: the workspace has no committed translation file");
    }
    if (key.length > MAX_KEY) return refusal(`a translation key has at most ${MAX_KEY} characters`);
    const [namespace, path] = splitKey(key);
    const values = chain.flatMap((one) => {
      const file = locales.get(one)?.get(namespace);
      const value = file === undefined ? undefined : valueAt(file, path.split("."), { left: MAX_ATTEMPTS });
      return value === undefined ? [] : [value];
    });
    if (values.length === 0) return refusal(notFound(key, own));
    return chooseForm(key, values, count);
  };
}

/** `orders:status.sent` is the key `status.sent` of the namespace `orders`. */
function splitKey(key: string): [namespace: string | null, path: string] {
  const at = key.indexOf(":");
  return at === -1 ? [null, key] : [key.slice(0, at), key.slice(at + 1)];
}

function notFound(key: string, own: readonly string[]): string {
  const beyond = own.includes(FALLBACK) ? "" : `, nor for ${FALLBACK}`;
  return `translation key "${key}" not found in translation file for locales- ${own.join(" and ")}${beyond}`;
}

/** No honest file needs more; one made to be slow has exponentially many ways to read a key. */
const MAX_ATTEMPTS = 1000;

/** `a.b.c` is tried as the key `a.b.c`, as `c` in `a.b`, as `b.c` in `a`: a key with dots wins over nesting. */
function valueAt(object: JsonObject, parts: readonly string[], attempts: { left: number }): Json | undefined {
  for (let length = parts.length; length > 0; length -= 1) {
    attempts.left -= 1;
    if (attempts.left < 0) return undefined;
    const value = getOwn(object, parts.slice(0, length).join("."));
    if (value === undefined || value === null) continue;
    if (length === parts.length) return value;
    const inner = isJsonObject(value) ? valueAt(value, parts.slice(length), attempts) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

type Form = "zero" | "one" | "other";

/**
 * `values` are those of the key, in the order of the languages. An object is a plural: the first language that has the
 * form gives it, then the first that has the form `other`.
 */
function chooseForm(key: string, values: readonly Json[], count: unknown): FoundText {
  const [preferred] = values;
  if (typeof preferred === "string") return { ok: true, text: preferred };
  const form = formOf(count);
  if (form === null) return refusal(`count of translation key "${key}" must be a number`);
  const wanted: Form[] = form === "other" ? [form] : [form, "other"];
  for (const name of wanted) {
    for (const value of values) {
      // A language that has one text for all numbers.
      const text = isJsonObject(value) ? getOwn(value, name) : name === "other" ? value : undefined;
      if (typeof text === "string") return { ok: true, text };
    }
  }
  return refusal(`translation key "${key}" is not a text, and has no form "${form}" or "other"`);
}

/** The wire's three forms, in every language; null where the count is no number. */
function formOf(count: unknown): Form | null {
  if (count === undefined || count === null) return "zero";
  const number = typeof count === "string" && count.trim() !== "" ? Number(count) : count;
  if (typeof number !== "number" || Number.isNaN(number)) return null;
  return number === 0 ? "zero" : number === 1 ? "one" : "other";
}

function refusal(reason: string): FoundText {
  return { ok: false, reason };
}
