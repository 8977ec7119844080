import { defineClientRoute } from "../surface.ts";
import { pageOf } from "../../paging.ts";
import { categoriesQuery } from "../../hub/preference/preference-query.ts";
import { categoryShape } from "../../hub/preference/present-preference.ts";
import { listCategories } from "../../hub/preference/recipient-preference.ts";
import { viewed, personParams } from "./person.ts";

export default defineClientRoute({
  method: "GET",
  path: "/v2/subscriber/:distinct_id/category/",
  summary: "List the categories with the preferences of the person",
  openParam: "distinct_id",
  params: personParams,
  query: categoriesQuery,
  reply: { status: 200, body: pageOf(categoryShape) },
  errors: ["validation_error", "invalid_request_error", "not_found"],
  handle: ({ params, ...context }) => listCategories(context, viewed(context, params)),
});
