import { authenticateLegacyInbox } from "../../http/auth/client.ts";
import { routesFor, type Surface } from "../../http/route.ts";

/** Its handler calls `admitPerson` for whom it is about; without a person it takes tracking events alone. */
export const defineLegacyInboxRoute = routesFor(authenticateLegacyInbox);

/**
 * The inbox of the SDKs before 2.0 (client-protocols.md §10): the workspace key in `Authorization`, with a colon and noise
 * after it, and the person's `subscriber_id` in the query or the body. A quirk of an old client lives here, with one line
 * that names the client and its version, and a test of that name.
 */
export const surface: Surface = {
  name: "legacy inbox",
  description: "The inbox API of older clients.",
  security: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "`<workspace key>:`, and `subscriber_id` with `distinct_id` in the query or the body.",
  },
  family: "client",
  cors: true,
  errors: ["not_authenticated", "permission_denied", "throttled"],
  authenticate: authenticateLegacyInbox,
};
