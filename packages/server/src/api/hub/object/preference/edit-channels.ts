import { defineRoute } from "../../../../http/route.ts";
import { channelPreferencesBody } from "../../preference/preference-body.ts";
import { channelsQuery } from "../../preference/preference-query.ts";
import { channelsShape } from "../../preference/present-preference.ts";
import { editChannels } from "../../preference/recipient-preference.ts";
import { objectKey, objectParams } from "../present-object.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/object/:object_type/:id/preference/channel_preference/",
  summary: "Opt an object out of channels globally, or in again",
  params: objectParams,
  query: channelsQuery,
  body: channelPreferencesBody,
  reply: { status: 202, body: channelsShape, description: "All channels, as they are now." },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  handle: ({ params, ...context }) => editChannels(context, objectKey(params)),
});
