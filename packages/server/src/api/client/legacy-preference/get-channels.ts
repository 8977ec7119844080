import { authenticateLegacyPreferences } from "../../../http/auth/client.ts";
import { defineClientRoute } from "../surface.ts";
import { channelsQuery } from "../../hub/preference/preference-query.ts";
import { channelsShape } from "../../hub/preference/present-preference.ts";
import { showChannels } from "../../hub/preference/recipient-preference.ts";
import { viewed, personParams } from "../preference/person.ts";

export default defineClientRoute({
  method: "GET",
  path: "/v1/subscriber/:distinct_id/channel_preference/",
  summary: "Get the global opt-outs of the person (older clients)",
  openParam: "distinct_id",
  authenticate: authenticateLegacyPreferences,
  credentials: ["hub"],
  params: personParams,
  query: channelsQuery,
  reply: { status: 200, body: channelsShape },
  errors: ["validation_error", "invalid_request_error", "not_found"],
  handle: ({ params, ...context }) => showChannels(context, viewed(context, params)),
});
