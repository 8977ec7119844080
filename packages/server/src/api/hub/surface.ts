import { authenticateData } from "../../http/auth/auth.ts";
import type { Surface } from "../../http/route.ts";

/** The data API of the server SDKs: `Bearer <api key>`, workspace key with HMAC, or as the management API. Cursor pagination. */
export const surface: Surface = {
  name: "hub",
  description: "Data API: triggers, events, users, messages.",
  security: {
    type: "http",
    scheme: "bearer",
    description:
      "API key, or `<workspace_key>:<signature>` as the SDKs sign, or `ServiceToken <token>` with the workspace's slug in `Carillon-Workspace`.",
  },
  takes_sessions: true,
  family: "code_message",
  errors: ["not_authenticated", "workspace_key_inactive", "throttled"],
  authenticate: authenticateData,
};
