import { z } from "zod";
import { authenticateLegacyPreferences } from "../../../http/auth/client.ts";
import { defineClientRoute } from "../surface.ts";
import { categoryQuery } from "../../hub/preference/preference-query.ts";
import { categoryShape } from "../../hub/preference/present-preference.ts";
import { editCategory } from "../../hub/preference/recipient-preference.ts";
import { asStated, known, personParams, personCategoryBody } from "../preference/person.ts";

export default defineClientRoute({
  method: "POST",
  path: "/v1/subscriber/:distinct_id/category/:category_slug/",
  summary: "Set the preferences of the person for a category (older clients)",
  openParam: "distinct_id",
  authenticate: authenticateLegacyPreferences,
  credentials: ["hub"],
  params: personParams.extend({ category_slug: z.string() }),
  query: categoryQuery,
  body: personCategoryBody,
  reply: {
    status: 202,
    body: categoryShape,
    description: "The whole category as it is now, which clients put in place of theirs.",
  },
  errors: ["validation_error", "invalid_request_error", "not_found", "bad_json"],
  handle: async ({ params, ...context }) =>
    editCategory(context, await known(context, params), params.category_slug, asStated),
});
