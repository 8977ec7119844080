import { defineClientRoute } from "../surface.ts";
import { pageQuery } from "../../hub/preference/preference-query.ts";
import { pageShape } from "../../hub/preference/present-preference.ts";
import { showAll } from "../../hub/preference/recipient-preference.ts";
import { viewed, personParams } from "./person.ts";

export default defineClientRoute({
  method: "GET",
  path: "/v2/subscriber/:distinct_id/full_preference/",
  summary: "Get all preferences of the person",
  openParam: "distinct_id",
  params: personParams,
  query: pageQuery,
  reply: { status: 200, body: pageShape },
  errors: ["validation_error", "invalid_request_error", "not_found"],
  handle: ({ params, ...context }) => showAll(context, viewed(context, params)),
});
