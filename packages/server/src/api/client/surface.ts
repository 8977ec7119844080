import { authenticateClient } from "../../http/auth/client.ts";
import { routesFor, type Surface } from "../../http/route.ts";

/** An endpoint that browsers and apps call. Its handler calls `admitPerson` for whom it is about, before all else. */
export const defineClientRoute = routesFor(authenticateClient);

/**
 * What browsers and apps of end users call: the bare public key in `Authorization` and, always in secure mode, the user's
 * token in `x-ss-signature` (client-protocols.md §2.1). Replies are JSON with 2xx, never 204: clients parse every body, and
 * take a top-level `status` for the outcome (§3).
 */
export const surface: Surface = {
  name: "client",
  description: "Client API: what browsers and apps do for the person who uses them.",
  security: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "The public key, bare.",
  },
  proof: {
    type: "apiKey",
    in: "header",
    name: "x-ss-signature",
    description: "The token that your server signed for the user: always in secure mode.",
  },
  family: "client",
  cors: true,
  errors: ["not_authenticated", "token_invalid", "permission_denied", "throttled"],
  authenticate: authenticateClient,
};
