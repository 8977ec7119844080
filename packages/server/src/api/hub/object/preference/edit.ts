import { defineRoute } from "../../../../http/route.ts";
import { preferencesBody } from "../../preference/preference-body.ts";
import { pageQuery } from "../../preference/preference-query.ts";
import { pageShape } from "../../preference/present-preference.ts";
import { editAll } from "../../preference/recipient-preference.ts";
import { objectKey, objectParams } from "../present-object.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/object/:object_type/:id/preference/",
  summary: "Change several preferences of an object",
  params: objectParams,
  query: pageQuery,
  body: preferencesBody,
  reply: { status: 200, body: pageShape, description: "All preferences, as they are now." },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  handle: ({ params, ...context }) => editAll(context, objectKey(params)),
});
