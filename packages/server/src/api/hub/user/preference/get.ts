import { defineRoute } from "../../../../http/route.ts";
import { pageQuery } from "../../preference/preference-query.ts";
import { pageShape } from "../../preference/present-preference.ts";
import { showAll } from "../../preference/recipient-preference.ts";
import { userParams } from "../present-user.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/user/:distinct_id/preference/",
  summary: "Get all preferences of a user",
  params: userParams,
  query: pageQuery,
  reply: { status: 200, body: pageShape },
  errors: ["invalid_request_error", "not_found"],
  handle: ({ params, ...context }) => showAll(context, { object_type: "", distinct_id: params.distinct_id }),
});
