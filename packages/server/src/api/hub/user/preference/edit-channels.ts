import { defineRoute } from "../../../../http/route.ts";
import { channelPreferencesBody } from "../../preference/preference-body.ts";
import { channelsQuery } from "../../preference/preference-query.ts";
import { channelsShape } from "../../preference/present-preference.ts";
import { editChannels } from "../../preference/recipient-preference.ts";
import { userParams } from "../present-user.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/user/:distinct_id/preference/channel_preference/",
  summary: "Opt a user out of channels globally, or in again",
  params: userParams,
  query: channelsQuery,
  body: channelPreferencesBody,
  reply: { status: 202, body: channelsShape, description: "All channels, as they are now." },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  handle: ({ params, ...context }) =>
    editChannels(context, { object_type: "", distinct_id: params.distinct_id }),
});
