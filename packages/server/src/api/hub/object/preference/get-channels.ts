import { defineRoute } from "../../../../http/route.ts";
import { channelsQuery } from "../../preference/preference-query.ts";
import { channelsShape } from "../../preference/present-preference.ts";
import { showChannels } from "../../preference/recipient-preference.ts";
import { objectKey, objectParams } from "../present-object.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/object/:object_type/:id/preference/channel_preference/",
  summary: "Get the global opt-outs of an object",
  params: objectParams,
  query: channelsQuery,
  reply: { status: 200, body: channelsShape },
  errors: ["invalid_request_error", "not_found"],
  handle: ({ params, ...context }) => showChannels(context, objectKey(params)),
});
