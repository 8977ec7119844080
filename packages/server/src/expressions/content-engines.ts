import { createJsonnetEngine, HostError, type HostFunction, JsonnetError } from "@carillon/languages/jsonnet";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import type { Translator } from "../core/translations/lookup.ts";
import { createTemplateEngine, type TemplateEngine } from "../templates/engine.ts";
import { HelperError } from "../templates/helper.ts";
import { TemplateError } from "../templates/template-error.ts";
import { createTranslateHelper, translateText } from "../templates/translate.ts";

/**
 * The languages of messages: strict Handlebars, and Jsonnet without the liberties of a workflow's settings. Both have
 * `t`, which a workflow's settings do not: a setting has no reader.
 */
export interface ContentEngines {
  handlebars: TemplateEngine;
  /** The value of a script over the context. Throws `TemplateError`. */
  jsonnet: (source: string, context: JsonObject, translator: Translator | null) => Json;
}

/** The function that looks up translations. */
export const TRANSLATE = "t";

export function createContentEngines(): ContentEngines {
  const handlebars: TemplateEngine = createTemplateEngine({
    helpers: { [TRANSLATE]: createTranslateHelper(() => handlebars) },
  });
  const jsonnet = createJsonnetEngine({ functions: [TRANSLATE] });
  return {
    handlebars,
    jsonnet(source, context, translator) {
      try {
        return jsonnet.evaluate(source, context, { [TRANSLATE]: translateFunction(handlebars, translator) });
      } catch (error) {
        if (!(error instanceof JsonnetError)) throw error;
        throw new TemplateError("template_render", error.message, { cause: error });
      }
    },
  };
}

/** `t(key, params={})` */
function translateFunction(handlebars: TemplateEngine, translator: Translator | null): HostFunction {
  return {
    parameters: ["key", ["params", null]],
    call([key, params = null]) {
      if (params !== null && !isJsonObject(params)) throw new HostError("params must be an object");
      try {
        return translateText(handlebars, translator, key, params ?? {}) as Json;
      } catch (error) {
        if (error instanceof HelperError) throw new HostError(error.message, { cause: error });
        throw error;
      }
    },
  };
}
