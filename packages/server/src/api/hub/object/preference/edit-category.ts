import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { categoryPreferenceBody } from "../../preference/preference-body.ts";
import { categoryQuery } from "../../preference/preference-query.ts";
import { categoryShape } from "../../preference/present-preference.ts";
import { editCategory } from "../../preference/recipient-preference.ts";
import { objectKey, objectParams } from "../present-object.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/object/:object_type/:id/preference/category/:category_slug/",
  summary: "Set the preferences of an object for a category",
  params: objectParams.extend({ category_slug: z.string() }),
  query: categoryQuery,
  body: categoryPreferenceBody,
  reply: { status: 202, body: categoryShape, description: "The category, as it is now." },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  handle: ({ params, ...context }) => editCategory(context, objectKey(params), params.category_slug),
});
