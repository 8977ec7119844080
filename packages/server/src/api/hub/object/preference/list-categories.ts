import { defineRoute } from "../../../../http/route.ts";
import { pageOf } from "../../../paging.ts";
import { categoriesQuery } from "../../preference/preference-query.ts";
import { categoryShape } from "../../preference/present-preference.ts";
import { listCategories } from "../../preference/recipient-preference.ts";
import { objectKey, objectParams } from "../present-object.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/object/:object_type/:id/preference/category/",
  summary: "List the categories with the preferences of an object",
  params: objectParams,
  query: categoriesQuery,
  reply: { status: 200, body: pageOf(categoryShape) },
  errors: ["invalid_request_error", "not_found"],
  handle: ({ params, ...context }) => listCategories(context, objectKey(params)),
});
