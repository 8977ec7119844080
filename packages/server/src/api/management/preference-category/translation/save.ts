import { defineRoute } from "../../../../http/route.ts";
import { saveTranslation, translationSchema } from "../../../../preferences/translation.ts";
import { localeParams, readLocale, TRANSLATION_EXAMPLE, translationShape } from "./present-translation.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/preference_category/translation/content/:locale/",
  summary: "Translate names and descriptions of categories; shown at once",
  params: localeParams,
  body: translationSchema.meta({
    description: "What is not sent stays as it is; null takes a text away.",
    examples: [TRANSLATION_EXAMPLE],
  }),
  reply: { status: 200, body: translationShape },
  errors: ["invalid_request_error", "bad_json"],
  family: "code_message",
  handle: ({ params, body, auth, db }) =>
    saveTranslation(db, auth.workspace.workspace_id, readLocale(params), body),
});
