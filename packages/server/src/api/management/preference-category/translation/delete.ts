import { defineRoute } from "../../../../http/route.ts";
import { deleteTranslation } from "../../../../preferences/translation.ts";
import { localeParams, readLocale } from "./present-translation.ts";

export default defineRoute({
  method: "DELETE",
  path: "/v1/:workspace/preference_category/translation/content/:locale/",
  summary: "Delete the translation of categories into a language",
  params: localeParams,
  reply: { status: 204, description: "Gone; pages in that language fall back." },
  errors: ["invalid_request_error"],
  family: "code_message",
  handle: ({ params, auth, db }) => deleteTranslation(db, auth.workspace.workspace_id, readLocale(params)),
});
