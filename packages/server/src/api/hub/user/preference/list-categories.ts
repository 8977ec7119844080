import { defineRoute } from "../../../../http/route.ts";
import { pageOf } from "../../../paging.ts";
import { categoriesQuery } from "../../preference/preference-query.ts";
import { categoryShape } from "../../preference/present-preference.ts";
import { listCategories } from "../../preference/recipient-preference.ts";
import { userParams } from "../present-user.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/user/:distinct_id/preference/category/",
  summary: "List the categories with the preferences of a user",
  params: userParams,
  query: categoriesQuery,
  reply: { status: 200, body: pageOf(categoryShape) },
  errors: ["invalid_request_error", "not_found"],
  handle: ({ params, ...context }) =>
    listCategories(context, { object_type: "", distinct_id: params.distinct_id }),
});
