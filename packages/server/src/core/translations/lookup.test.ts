import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../json.ts";
import { parseTranslationFileName } from "./file-name.ts";
import { createTranslator, NO_TRANSLATIONS, type Translations } from "./lookup.ts";

/** By filename. */
function filesOf(files: Record<string, JsonObject>): Translations {
  const locales = new Map<string, Map<string | null, JsonObject>>();
  for (const [filename, content] of Object.entries(files)) {
    const name = parseTranslationFileName(filename);
    if (name === null) throw new Error(`${filename} is no file of translations`);
    locales.set(name.locale, (locales.get(name.locale) ?? new Map()).set(name.namespace, content));
  }
  return { locales };
}

const files = filesOf({
  "en.json": {
    hello: "Hello",
    only_en: "English",
    "a.b": "literal",
    a: { b: "nested", c: { d: "deep" } },
    "x.y": { z: "half literal" },
    x: { "y.z": "other half" },
    items: { zero: "none", one: "one item", other: "many items" },
    mail: { other: "mails" },
    title: "Title",
    blank: "",
    constructor_: "no",
  },
  "es.json": {
    hello: "Hola",
    items: { one: "un artículo" },
    mail: "correo",
    title: { other: "títulos" },
    blank: "vacío",
  },
  "es-MX.json": { hello: "Qué tal", blank: "" },
  "zh-Hant.json": { hello: "你好" },
  "orders.en.json": { sent: "Sent", hello: "Hello from orders" },
  "orders.es-MX.json": { sent: "Enviado" },
});

const find = (locale: string | null, key: string, count?: unknown) => {
  const found = createTranslator(files, locale)(key, count);
  return found.ok ? found.text : `! ${found.reason}`;
};

describe("a translated text", () => {
  it.each<[locale: string | null, key: string, text: string]>([
    ["es-MX", "hello", "Qué tal"],
    ["es_mx", "hello", "Qué tal"],
    ["es-AR", "hello", "Hola"],
    ["es", "hello", "Hola"],
    ["fr", "hello", "Hello"],
    ["en-GB", "hello", "Hello"],
    ["zh-Hant-TW", "hello", "你好"],
    [null, "hello", "Hello"],
    ["", "hello", "Hello"],
    ["no locale", "hello", "Hello"],
    // Each key falls back on its own, and an empty text is a text.
    ["es-MX", "only_en", "English"],
    ["es-MX", "blank", ""],
    ["es-MX", "orders:sent", "Enviado"],
    ["es", "orders:sent", "Sent"],
    ["es", "orders:hello", "Hello from orders"],
    // A literal key wins over nesting, the longest first.
    ["en", "a.b", "literal"],
    ["en", "a.c.d", "deep"],
    ["en", "x.y.z", "half literal"],
  ])("for %s, %s is %s", (locale, key, text) => {
    expect(find(locale, key)).toBe(text);
  });

  it.each<[locale: string, key: string, count: unknown, text: string]>([
    ["en", "items", 0, "none"],
    ["en", "items", 1, "one item"],
    ["en", "items", 2, "many items"],
    ["en", "items", -1, "many items"],
    ["en", "items", 1.5, "many items"],
    ["en", "items", null, "none"],
    ["en", "items", undefined, "none"],
    ["en", "items", "1", "one item"],
    ["en", "items", "12", "many items"],
    ["en", "hello", "any", "Hello"],
    // A form that is missing comes from the next language, then `other` from the first that has it.
    ["es", "items", 1, "un artículo"],
    ["es", "items", 0, "none"],
    ["es", "items", 5, "many items"],
    ["en", "mail", 1, "mails"],
    ["es", "mail", 1, "correo"],
    ["es", "title", 1, "títulos"],
  ])("for %s, %s of %j is %s", (locale, key, count, text) => {
    expect(find(locale, key, count)).toBe(text);
  });

  it.each<[locale: string, key: string, count: unknown, reason: string]>([
    [
      "es-MX",
      "none",
      1,
      'translation key "none" not found in translation file for locales- es-MX and es, nor for en',
    ],
    ["en", "none", 1, 'translation key "none" not found in translation file for locales- en'],
    ["en", "orders:none", 1, 'translation key "orders:none" not found in translation file for locales- en'],
    [
      "en",
      "nowhere:hello",
      1,
      'translation key "nowhere:hello" not found in translation file for locales- en',
    ],
    ["en", "hello.more", 1, 'translation key "hello.more" not found in translation file for locales- en'],
    ["en", "", 1, 'translation key "" not found in translation file for locales- en'],
    ["en", "constructor", 1, 'translation key "constructor" not found in translation file for locales- en'],
    ["en", "a.__proto__", 1, 'translation key "a.__proto__" not found in translation file for locales- en'],
    ["en", "a", 1, 'translation key "a" is not a text, and has no form "one" or "other"'],
    ["en", "items", "three", 'count of translation key "items" must be a number'],
    ["en", "items", {}, 'count of translation key "items" must be a number'],
    ["en", "x".repeat(501), 1, "a translation key has at most 500 characters"],
  ])("for %s, %s of %j is refused", (locale, key, count, reason) => {
    expect(find(locale, key, count)).toBe(`! ${reason}`);
  });

  it("is refused in a workspace without files", () => {
    expect(createTranslator(NO_TRANSLATIONS, "es")("hello", 1)).toEqual({
      ok: false,
      reason: "translation is disabled or empty: the workspace has no committed translation file",
    });
  });

  it("is given up in a file with a million million ways to read its key", () => {
    const depth = 40;
    let inner: JsonObject = {};
    for (let level = 0; level < depth; level += 1) inner = { a: inner, "a.a": inner };
    const key = Array.from({ length: depth + 5 }, () => "a").join(".");
    expect(createTranslator(filesOf({ "en.json": inner }), "en")(key, 1).ok).toBe(false);
  });

  it("is found wherever nesting puts it", () => {
    const word = fc.stringMatching(/^[a-c]{1,2}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), fc.array(fc.boolean()), (path, cuts) => {
        const keys: string[] = [];
        path.forEach((part, index) => {
          if (index > 0 && cuts[index] === true) keys.push(`${keys.pop() ?? ""}.${part}`);
          else keys.push(part);
        });
        const content = keys.reduceRight<JsonObject | string>((inner, key) => ({ [key]: inner }), "found");
        const translate = createTranslator(filesOf({ "de.json": content as JsonObject }), "de");
        expect(translate(path.join("."), undefined)).toEqual({ ok: true, text: "found" });
      }),
    );
  });
});

describe("the name of a file", () => {
  it.each([
    ["en.json", "en.json", "en", null],
    ["es-MX.json", "es-MX.json", "es-MX", null],
    ["es_mx.json", "es-MX.json", "es-MX", null],
    ["auth.en.json", "auth.en.json", "en", "auth"],
    ["my_orders-2.en-001.json", "my_orders-2.en-001.json", "en-001", "my_orders-2"],
    ["zh-hant-tw.json", "zh-Hant-TW.json", "zh-Hant-TW", null],
  ])("%s is %s", (text, filename, locale, namespace) => {
    expect(parseTranslationFileName(text)).toEqual({ filename, locale, namespace });
  });

  it.each([
    "en",
    "en.JSON",
    ".en.json",
    "a.b.en.json",
    "xx-klingon.json",
    "english.json",
    "auth.json",
    "en.json ",
    "",
  ])("%j is none", (text) => {
    expect(parseTranslationFileName(text)).toBeNull();
  });
});
