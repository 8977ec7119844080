import { authenticateLegacyPreferences } from "../../../http/auth/client.ts";
import { defineClientRoute } from "../surface.ts";
import { channelPreferencesBody } from "../../hub/preference/preference-body.ts";
import { channelsQuery } from "../../hub/preference/preference-query.ts";
import { channelsShape } from "../../hub/preference/present-preference.ts";
import { editChannels } from "../../hub/preference/recipient-preference.ts";
import { known, personParams } from "../preference/person.ts";

export default defineClientRoute({
  method: "POST",
  path: "/v1/subscriber/:distinct_id/channel_preference/",
  summary: "Set global opt-outs of the person (older clients)",
  openParam: "distinct_id",
  authenticate: authenticateLegacyPreferences,
  credentials: ["hub"],
  params: personParams,
  query: channelsQuery,
  body: channelPreferencesBody,
  reply: { status: 202, body: channelsShape, description: "All of them, as they are now." },
  errors: ["validation_error", "invalid_request_error", "not_found", "bad_json"],
  handle: async ({ params, ...context }) => editChannels(context, await known(context, params)),
});
