import { describe, expect, it } from "vitest";
import { en, type Language, LANGUAGES, languageFor, wordsOf } from "./language.ts";

const KEYS = Object.keys(en) as (keyof Language)[];
const all = await Promise.all(
  Object.entries(LANGUAGES).map(async ([tag, load]) => ({ tag, language: (await load()).default })),
);

/** `{n}`, `{time}`: what is filled in, once each and in any order. */
const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).toSorted();

describe("languages", () => {
  it("are thirty", () => {
    expect(["en", ...Object.keys(LANGUAGES)]).toHaveLength(30);
  });

  it.each(all)("$tag has every text, with what is filled in", ({ language }) => {
    expect(Object.keys(language).toSorted()).toEqual(KEYS.toSorted());
    for (const key of KEYS) {
      const text = language[key];
      const english = en[key];
      if (typeof text === "string" && typeof english === "string") {
        expect(text.trim(), key).not.toBe("");
        expect(placeholders(text), key).toEqual(placeholders(english));
      } else {
        expect(typeof text, key).toBe(typeof english);
      }
    }
  });

  it.each(all)("$tag has each form that its numbers ask for, and no other", ({ tag, language }) => {
    const rules = new Intl.PluralRules(tag).resolvedOptions().pluralCategories.toSorted();
    for (const key of KEYS) {
      const text = language[key];
      if (typeof text === "string") continue;
      expect(Object.keys(text).toSorted(), key).toEqual(rules);
      for (const [form, words] of Object.entries(text)) {
        // "One", "two" and "none" may be words; whatever stands for many numbers shows them.
        const stands = placeholders(words);
        if (stands.length > 0 || !["zero", "one", "two"].includes(form)) expect(stands, key).toEqual(["{n}"]);
      }
    }
  });

  it.each([
    ["en-GB", "en"],
    ["de-AT", "de"],
    ["pt", "pt-BR"],
    ["pt-PT", "pt-BR"],
    ["zh-CN", "zh-Hans"],
    ["no", "nb"],
    ["iw", "he"],
    ["tlh", "en"],
    ["constructor", "en"],
    ["not a tag", "en"],
    ["", "en"],
  ])("of %j is %j", (tag, expected) => {
    expect(languageFor(tag)).toBe(expected);
  });

  it("count and fill in as the language does", async () => {
    const of = async (tag: string) => wordsOf(tag, (await LANGUAGES[tag]?.())?.default ?? en);
    expect(wordsOf("en", en).say("unread", { n: 1 })).toBe("1 unread notification");
    expect(wordsOf("en", en).say("unread", { n: 1234 })).toBe("1,234 unread notifications");
    expect((await of("pl")).say("arrived", { n: 3 })).toBe("3 nowe powiadomienia");
    expect((await of("pl")).say("arrived", { n: 5 })).toBe("5 nowych powiadomień");
    expect((await of("ar")).say("arrived", { n: 2 })).toBe("إشعاران جديدان");
    // Nothing in what is filled in is taken for a pattern.
    expect(wordsOf("en", en).say("expires", { time: "$& {n}" })).toBe("Expires $& {n}");
  });

  it("give way to texts of one's own, and read from the right where they do", async () => {
    expect(wordsOf("en", en, { title: "Inbox" }).say("title")).toBe("Inbox");
    expect(wordsOf("he", en).dir).toBe("rtl");
    expect(wordsOf("de", en).dir).toBe("ltr");
  });
});
