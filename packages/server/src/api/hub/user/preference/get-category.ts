import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { categoryQuery } from "../../preference/preference-query.ts";
import { categoryShape } from "../../preference/present-preference.ts";
import { showCategory } from "../../preference/recipient-preference.ts";
import { userParams } from "../present-user.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/user/:distinct_id/preference/category/:category_slug/",
  summary: "Get the preferences of a user for a category",
  params: userParams.extend({ category_slug: z.string() }),
  query: categoryQuery,
  reply: { status: 200, body: categoryShape },
  errors: ["invalid_request_error", "not_found"],
  handle: ({ params, ...context }) =>
    showCategory(context, { object_type: "", distinct_id: params.distinct_id }, params.category_slug),
});
