import { describe, expect, it } from "vitest";
import { CHANNELS } from "../../core/channel.ts";
import { acceptedLanguages, channelName, chooseLanguage, LANGUAGE_CODES, languageName } from "./languages.ts";

const texts = (code: string) => Object.entries(chooseLanguage([code]).texts) as [string, string][];
const english = texts("en");

describe("the languages of the page", () => {
  it("are thirty", () => {
    expect(LANGUAGE_CODES).toEqual(
      "en es fr de it pt-BR nl pl cs sk hu ro bg el sv da nb fi uk ru tr ar he hi id vi th ja ko zh-Hans".split(
        " ",
      ),
    );
    expect(new Set(LANGUAGE_CODES.map(languageName)).size).toBe(30);
  });

  it.each(LANGUAGE_CODES.map((code) => [code]))("%s says everything, and nothing in English", (code) => {
    const said = texts(code);
    expect(said.map(([name]) => name)).toEqual(english.map(([name]) => name));
    for (const [name, text] of said) {
      expect(text.trim(), name).not.toBe("");
      // Mail is written with braces for templates: a text with two would be one.
      expect(text, name).not.toContain("{{");
      expect(text.includes("{channel}"), name).toBe(name === "all" || name === "scope");
      const isLong = text.length > 12;
      if (code !== "en" && isLong)
        expect(
          english.map(([, own]) => own),
          name,
        ).not.toContain(text);
    }
  });

  it.each([
    [["de-AT"], "de", "de-AT"],
    [["pt"], "pt-BR", "pt"],
    [["pt-PT"], "pt-BR", "pt-PT"],
    [["zh-CN"], "zh-Hans", "zh-CN"],
    [["zh_Hans_SG"], "zh-Hans", "zh-Hans-SG"],
    [["no"], "nb", "no"],
    [["nn-NO"], "nb", "nn-NO"],
    [["iw"], "he", "he"],
    [["is", "fr"], "fr", "fr"],
    [[null, undefined, "", "nonsense", "ja"], "ja", "ja"],
    [[], "en", "en"],
    [["constructor", "__proto__"], "en", "en"],
  ])("of %j is %s", (wishes, code, locale) => {
    expect(chooseLanguage(wishes)).toMatchObject({ code, locale });
  });

  it("are read from right to left where they are written so", () => {
    const rtl = LANGUAGE_CODES.filter((code) => chooseLanguage([code]).direction === "rtl");
    expect(rtl).toEqual(["ar", "he"]);
  });

  it.each(LANGUAGE_CODES.map((code) => [code]))("%s has a name of its own for each channel", (code) => {
    const names = CHANNELS.map((channel) => channelName(channel, chooseLanguage([code]).texts));
    expect(new Set(names).size).toBe(CHANNELS.length);
  });
});

describe("what a browser asks for", () => {
  it.each([
    ["", []],
    ["fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", ["fr-CH", "fr", "en", "de"]],
    ["en;q=0.1,ja", ["ja", "en"]],
    ["de;q=0, it", ["it"]],
    [";;;,,,q=", ["q="]],
    ["x".repeat(100_000), ["x".repeat(1000)]],
  ])("%.60j is %j", (header, languages) => {
    expect(acceptedLanguages(header)).toEqual(languages);
  });
});
