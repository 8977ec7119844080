import { authenticateManagement } from "../../http/auth/auth.ts";
import type { Surface } from "../../http/route.ts";

/** The management API: `ServiceToken <token>`; the path names the workspace. Offset pagination. */
export const surface: Surface = {
  name: "management",
  description: "Management API: workflows, templates, logs, simulator.",
  security: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "ServiceToken <token>",
  },
  takes_sessions: true,
  family: "management",
  errors: ["authentication_failed", "permission_denied", "not_found", "throttled"],
  authenticate: authenticateManagement,
};
