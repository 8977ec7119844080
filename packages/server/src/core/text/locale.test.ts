import { describe, expect, it } from "vitest";
import { canonicalLocale, localeChain, localeName } from "./locale.ts";

describe("a locale", () => {
  it.each([
    ["en", "en"],
    ["es_ar", "es-AR"],
    ["ES-AR", "es-AR"],
    ["es-419", "es-419"],
    ["zh_hant_tw", "zh-Hant-TW"],
    // The old code of Hebrew.
    ["iw", "he"],
    ["apl", null],
    ["xx", null],
    ["english", null],
    ["", null],
    ["en-", null],
    ["en-GB-oed", null],
    ["../en", null],
  ])("%j has the spelling %j", (text, locale) => {
    expect(canonicalLocale(text)).toBe(locale);
  });

  it.each([
    ["en", "English"],
    ["fr", "French"],
    ["es_MX", "Mexican Spanish"],
    ["xx", "xx"],
    ["", ""],
  ])("%j is called %j", (text, name) => {
    expect(localeName(text)).toBe(name);
  });

  it.each([
    ["es", ["es"]],
    ["es-AR", ["es-AR", "es"]],
    ["zh-Hant-TW", ["zh-Hant-TW", "zh-Hant", "zh"]],
  ])("%s falls back along %j", (locale, chain) => {
    expect(localeChain(locale)).toEqual(chain);
  });
});
