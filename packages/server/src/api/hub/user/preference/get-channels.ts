import { defineRoute } from "../../../../http/route.ts";
import { channelsQuery } from "../../preference/preference-query.ts";
import { channelsShape } from "../../preference/present-preference.ts";
import { showChannels } from "../../preference/recipient-preference.ts";
import { userParams } from "../present-user.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/user/:distinct_id/preference/channel_preference/",
  summary: "Get the global opt-outs of a user",
  params: userParams,
  query: channelsQuery,
  reply: { status: 200, body: channelsShape },
  errors: ["invalid_request_error", "not_found"],
  handle: ({ params, ...context }) =>
    showChannels(context, { object_type: "", distinct_id: params.distinct_id }),
});
