import { defineRoute } from "../../../../http/route.ts";
import { getTranslation } from "../../../../preferences/translation.ts";
import { localeParams, readLocale, translationShape } from "./present-translation.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/preference_category/translation/content/:locale/",
  summary: "Get the names and descriptions of categories in a language",
  params: localeParams,
  reply: { status: 200, body: translationShape },
  errors: ["invalid_request_error"],
  family: "code_message",
  handle: ({ params, auth, db }) => getTranslation(db, auth.workspace.workspace_id, readLocale(params)),
});
