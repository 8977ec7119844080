import { authenticateAccount } from "../../http/auth/auth.ts";
import type { Claim, IncomingRequest, Principal } from "../../http/request.ts";
import { routesFor, type Surface } from "../../http/route.ts";
import type { Services } from "../../services.ts";

/** Somebody with a session, or a program with a service token. */
export interface Managing extends Principal {
  /** The caller's network. */
  address: string;
}

async function authenticatePeople(request: IncomingRequest, services: Services): Promise<Claim<Managing>> {
  const { auth } = await authenticateAccount(request, services);
  return { auth: { ...auth, address: request.address } };
}

export const definePeopleRoute = routesFor(authenticatePeople);

/** Who has access, and what they may do. */
export const surface: Surface = {
  name: "people",
  description: "Members, their roles and sessions, invitations.",
  security: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "ServiceToken <token>",
  },
  takes_sessions: true,
  family: "management",
  errors: ["authentication_failed", "permission_denied", "throttled"],
  authenticate: authenticatePeople,
};
