import type { JsonObject } from "../core/json.ts";
import { getOwn } from "../core/json/json-path.ts";
import type { Translator } from "../core/translations/lookup.ts";
import type { TemplateEngine } from "./engine.ts";
import { type DescribedHelper, type Helper, HelperError } from "./helper.ts";
import { plainValue } from "./print.ts";
import { TemplateError } from "./template-error.ts";

/**
 * The translated text of `key`, with its `{{name}}` filled in from `params` and from nothing else. Nothing in it is
 * escaped: what prints it escapes it once. A key that is no text is printed as it is, and one that is nothing as
 * nothing. Throws a `HelperError`.
 */
export function translateText(
  templates: TemplateEngine,
  translator: Translator | null,
  key: unknown,
  params: JsonObject,
): unknown {
  if (typeof key !== "string") return typeof key === "number" || typeof key === "boolean" ? key : "";
  if (translator === null) throw new HelperError("translations are not available here");
  const found = translator(key, getOwn(params, "count"));
  if (!found.ok) throw new HelperError(found.reason);
  try {
    return templates.compile(found.text).render(params, { escape: (text) => text });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new HelperError(explain(key, found.text, params, error), { cause: error });
  }
}

/** Names all variables that are missing, not only the first. */
function explain(key: string, text: string, params: JsonObject, error: TemplateError): string {
  const names = Array.from(
    text.matchAll(/\{\{\{?\s*([^\s{}()#/^!>&.[]+)[^{}]*\}\}/g),
    ([, name = ""]) => name,
  );
  const missing = [...new Set(names)].filter((name) => !Object.hasOwn(params, name));
  const isMissing = / not defined in /.test(error.message) && missing.length > 0;
  return isMissing
    ? `the text of translation key "${key}" needs variables that are not given: ${missing.join(", ")}`
    : `the text of translation key "${key}" does not render: ${error.message}`;
}

/** For the reference. */
export const TRANSLATE_HELPER: Omit<DescribedHelper, "run"> = {
  usage: "t key [name=value…] [count=number]",
  summary:
    "The text of a key in the recipient's language, see [Languages](../concepts/languages.md). Only in the content of messages.",
  examples: [
    ['{{t "greeting" name="Ana"}}', "Hola, Ana"],
    ['{{t "items" count=likes}}', "3 artículos"],
    ['{{{t "greeting" name=$recipient.name}}}', "Hola, D'Arcy"],
  ],
};

/** `templates` is the engine that it is registered with. */
export function createTranslateHelper(templates: () => TemplateEngine): Helper {
  return ([key], { hash, translator }) => {
    const params = Object.entries(hash).map(([name, value]) => [name, plainValue(value)]);
    return translateText(templates(), translator, plainValue(key), Object.fromEntries(params) as JsonObject);
  };
}
