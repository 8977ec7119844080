import { authenticateAccount } from "../../http/auth/auth.ts";
import type { Surface } from "../../http/route.ts";

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
  family: "management",
  errors: ["authentication_failed"],
  authenticate: authenticateAccount,
};
