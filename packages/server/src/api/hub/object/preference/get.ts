import { defineRoute } from "../../../../http/route.ts";
import { pageQuery } from "../../preference/preference-query.ts";
import { pageShape } from "../../preference/present-preference.ts";
import { showAll } from "../../preference/recipient-preference.ts";
import { objectKey, objectParams } from "../present-object.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/object/:object_type/:id/preference/",
  summary: "Get all preferences of an object",
  params: objectParams,
  query: pageQuery,
  reply: { status: 200, body: pageShape },
  errors: ["invalid_request_error", "not_found"],
  handle: ({ params, ...context }) => showAll(context, objectKey(params)),
});
