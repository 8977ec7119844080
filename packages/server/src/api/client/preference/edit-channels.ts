import { defineClientRoute } from "../surface.ts";
import { channelPreferencesBody } from "../../hub/preference/preference-body.ts";
import { channelsQuery } from "../../hub/preference/preference-query.ts";
import { channelsShape } from "../../hub/preference/present-preference.ts";
import { editChannels } from "../../hub/preference/recipient-preference.ts";
import { known, personParams } from "./person.ts";

export default defineClientRoute({
  method: "PATCH",
  path: "/v2/subscriber/:distinct_id/channel_preference/",
  summary: "Set global opt-outs of the person",
  openParam: "distinct_id",
  params: personParams,
  query: channelsQuery,
  body: channelPreferencesBody,
  reply: { status: 202, body: channelsShape, description: "All of them, as they are now." },
  errors: ["validation_error", "invalid_request_error", "not_found", "bad_json"],
  handle: async ({ params, ...context }) => editChannels(context, await known(context, params)),
});
