import { authenticateLegacyPreferences } from "../../../http/auth/client.ts";
import { defineClientRoute } from "../surface.ts";
import { pageQuery } from "../../hub/preference/preference-query.ts";
import { pageShape } from "../../hub/preference/present-preference.ts";
import { showAll } from "../../hub/preference/recipient-preference.ts";
import { viewed, personParams } from "../preference/person.ts";

export default defineClientRoute({
  method: "GET",
  path: "/v1/subscriber/:distinct_id/full_preference/",
  summary: "Get all preferences of the person (older clients)",
  openParam: "distinct_id",
  authenticate: authenticateLegacyPreferences,
  credentials: ["hub"],
  params: personParams,
  query: pageQuery,
  reply: { status: 200, body: pageShape },
  errors: ["validation_error", "invalid_request_error", "not_found"],
  handle: ({ params, ...context }) => showAll(context, viewed(context, params)),
});
