import { CHANNEL_TRAITS, type Channel } from "../../core/channel.ts";
import { canonicalLocale, localeChain } from "../../core/text/locale.ts";
import { ar, he, hi, id, ja, ko, th, tr, vi, zhHans } from "./texts/asian.ts";
import { bg, cs, el, fi, hu, pl, ro, ru, sk, uk } from "./texts/eastern.ts";
import type { PageTexts } from "./texts/texts.ts";
import { da, de, en, es, fr, it, nb, nl, ptBR, sv } from "./texts/western.ts";

/** The languages of the hosted page, by canonical locale, in the order in which the page offers them. */
const LANGUAGES: Record<string, PageTexts> = {
  en,
  es,
  fr,
  de,
  it,
  "pt-BR": ptBR,
  nl,
  pl,
  cs,
  sk,
  hu,
  ro,
  bg,
  el,
  sv,
  da,
  nb,
  fi,
  uk,
  ru,
  tr,
  ar,
  he,
  hi,
  id,
  vi,
  th,
  ja,
  ko,
  "zh-Hans": zhHans,
};

export const LANGUAGE_CODES = Object.keys(LANGUAGES);

/** What people ask for whose own language has another code here. */
const STAND_INS: Record<string, string> = { pt: "pt-BR", zh: "zh-Hans", no: "nb", nn: "nb" };

const RIGHT_TO_LEFT = new Set(["ar", "he"]);

export interface PageLanguage {
  /** Of what the page itself says. */
  code: string;
  direction: "ltr" | "rtl";
  texts: PageTexts;
  /** Of the names of categories, which may be translated into more languages. */
  locale: string;
}

/** The first wish that there are texts for; English if there is none. Wishes may be no locale at all. */
export function chooseLanguage(wishes: readonly (string | null | undefined)[]): PageLanguage {
  for (const wish of wishes) {
    const locale = wish == null ? null : canonicalLocale(wish);
    if (locale === null) continue;
    const code = localeChain(locale)
      .map((one) => STAND_INS[one] ?? one)
      .find((one) => Object.hasOwn(LANGUAGES, one));
    if (code !== undefined) return languageOf(code, locale);
  }
  return languageOf("en", "en");
}

function languageOf(code: string, locale: string): PageLanguage {
  const direction = RIGHT_TO_LEFT.has(code) ? "rtl" : "ltr";
  return { code, direction, texts: LANGUAGES[code] ?? en, locale };
}

/** What a browser asks for, most wanted first. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4 */
export function acceptedLanguages(header: string): string[] {
  return header
    .slice(0, MAX_HEADER)
    .split(",")
    .map((entry) => {
      const [range = "", ...parameters] = entry.split(";").map((part) => part.trim());
      const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
      return { range, quality: Number(quality) };
    })
    .filter(({ range, quality }) => range !== "" && range !== "*" && quality > 0)
    .toSorted((one, other) => other.quality - one.quality)
    .map(({ range }) => range);
}

const MAX_HEADER = 1000;

/** What a language calls itself. */
export function languageName(code: string): string {
  return new Intl.DisplayNames([code], { type: "language", languageDisplay: "standard" }).of(code) ?? code;
}

/** Products are called the same in every language. */
export function channelName(channel: Channel, texts: PageTexts): string {
  const { push, is_ours, prints_as, label } = CHANNEL_TRAITS[channel];
  if (is_ours) return texts.inbox;
  if (push !== null) return `${texts.push} (${push === "subscription" ? "web" : label.split(" ")[0]})`;
  return prints_as === "email" ? texts.email : label;
}
