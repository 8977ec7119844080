import { authenticateAccount } from "../../http/auth/auth.ts";
import { routesFor, type Surface } from "../../http/route.ts";

/** An endpoint above workspaces. */
export const defineAccountRoute = routesFor(authenticateAccount);

/** What is above workspaces: `ServiceToken <token>`. Offset pagination. */
export const surface: Surface = {
  name: "account",
  description: "Management API: the workspaces themselves.",
  security: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "ServiceToken <token>",
  },
  takes_sessions: true,
  family: "management",
  errors: ["authentication_failed", "permission_denied"],
  authenticate: authenticateAccount,
};
