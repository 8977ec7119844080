import { z } from "zod";
import { defineClientRoute } from "../surface.ts";
import { categoryQuery } from "../../hub/preference/preference-query.ts";
import { categoryShape } from "../../hub/preference/present-preference.ts";
import { showCategory } from "../../hub/preference/recipient-preference.ts";
import { viewed, personParams } from "./person.ts";

export default defineClientRoute({
  method: "GET",
  path: "/v2/subscriber/:distinct_id/category/:category_slug/",
  summary: "Get the preferences of the person for a category",
  openParam: "distinct_id",
  params: personParams.extend({ category_slug: z.string() }),
  query: categoryQuery,
  reply: { status: 200, body: categoryShape },
  errors: ["validation_error", "invalid_request_error", "not_found"],
  handle: ({ params, ...context }) => showCategory(context, viewed(context, params), params.category_slug),
});
