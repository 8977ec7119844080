import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { categoryQuery } from "../../preference/preference-query.ts";
import { categoryShape } from "../../preference/present-preference.ts";
import { showCategory } from "../../preference/recipient-preference.ts";
import { objectKey, objectParams } from "../present-object.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/object/:object_type/:id/preference/category/:category_slug/",
  summary: "Get the preferences of an object for a category",
  params: objectParams.extend({ category_slug: z.string() }),
  query: categoryQuery,
  reply: { status: 200, body: categoryShape },
  errors: ["invalid_request_error", "not_found"],
  handle: ({ params, ...context }) => showCategory(context, objectKey(params), params.category_slug),
});
