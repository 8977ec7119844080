import { en } from "./texts/en.ts";

/** The forms of a text that counts, by the plural rules of its language. */
export type Forms = { readonly other: string } & {
  readonly [Form in Exclude<Intl.LDMLPluralRule, "other">]?: string;
};

/** Every text that the components show. `{n}` is a number, `{time}` a point in time. */
export type Language = {
  readonly [Key in keyof typeof en]: (typeof en)[Key] extends string ? string : Forms;
};

type Load = () => Promise<{ default: Language }>;

/** All languages but the built-in one, each a chunk of its own that is loaded when it is wanted. */
export const LANGUAGES: Readonly<Record<string, Load>> = {
  ar: () => import("./texts/ar.ts"),
  bg: () => import("./texts/bg.ts"),
  cs: () => import("./texts/cs.ts"),
  da: () => import("./texts/da.ts"),
  de: () => import("./texts/de.ts"),
  el: () => import("./texts/el.ts"),
  es: () => import("./texts/es.ts"),
  fi: () => import("./texts/fi.ts"),
  fr: () => import("./texts/fr.ts"),
  he: () => import("./texts/he.ts"),
  hi: () => import("./texts/hi.ts"),
  hu: () => import("./texts/hu.ts"),
  id: () => import("./texts/id.ts"),
  it: () => import("./texts/it.ts"),
  ja: () => import("./texts/ja.ts"),
  ko: () => import("./texts/ko.ts"),
  nb: () => import("./texts/nb.ts"),
  nl: () => import("./texts/nl.ts"),
  pl: () => import("./texts/pl.ts"),
  "pt-BR": () => import("./texts/pt-BR.ts"),
  ro: () => import("./texts/ro.ts"),
  ru: () => import("./texts/ru.ts"),
  sk: () => import("./texts/sk.ts"),
  sv: () => import("./texts/sv.ts"),
  th: () => import("./texts/th.ts"),
  tr: () => import("./texts/tr.ts"),
  uk: () => import("./texts/uk.ts"),
  vi: () => import("./texts/vi.ts"),
  "zh-Hans": () => import("./texts/zh-Hans.ts"),
};

/** Languages whose texts are kept under another tag than their own. */
const KEPT_AS: Readonly<Record<string, string>> = { no: "nb", nn: "nb", pt: "pt-BR", zh: "zh-Hans" };
const RIGHT_TO_LEFT = new Set(["ar", "he"]);

/** The language that there is for a BCP 47 tag: `de` for `de-AT`, `en` where there is none. */
export function languageFor(tag: string): string {
  try {
    // Also makes `he` of the old tag `iw`.
    const { language } = new Intl.Locale(tag);
    const name = KEPT_AS[language] ?? language;
    return Object.hasOwn(LANGUAGES, name) ? name : "en";
  } catch {
    return "en";
  }
}

/** What people read, in their language. */
export interface Words {
  /** For dates and numbers: as given, `de-AT`. */
  readonly locale: string;
  readonly dir: "ltr" | "rtl";
  /** The text, with what is filled in; the right form of it where `n` is given. */
  say(key: keyof Language, values?: { n?: number; time?: string }): string;
}

export function wordsOf(tag: string, language: Language, own: Partial<Language> = {}): Words {
  const name = languageFor(tag);
  // A tag that `Intl` refuses is not worth a broken page.
  const locale = name === "en" && !/^en\b/i.test(tag) ? "en" : tag;
  return {
    locale,
    dir: RIGHT_TO_LEFT.has(name) ? "rtl" : "ltr",
    say(key, { n = 0, time = "" } = {}) {
      const text = own[key] ?? language[key];
      const form =
        typeof text === "string" ? text : (text[new Intl.PluralRules(locale).select(n)] ?? text.other);
      return form.replace("{n}", () => new Intl.NumberFormat(locale).format(n)).replace("{time}", () => time);
    },
  };
}

export { en };
