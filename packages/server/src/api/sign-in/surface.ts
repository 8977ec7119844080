import { findSignedIn, guardForeignOrigin, visitorOf } from "../../http/auth/session.ts";
import type { Claim, IncomingRequest, Principal } from "../../http/request.ts";
import { routesFor, type Surface } from "../../http/route.ts";
import type { Visitor } from "../../people/sign-in.ts";
import type { Services } from "../../services.ts";

/** Anybody may come here, signed in or not. */
export interface Visiting extends Principal {
  visitor: Visitor;
}

async function admitVisitor(request: IncomingRequest, services: Services): Promise<Claim<Visiting>> {
  guardForeignOrigin(request, services);
  const member = await findSignedIn(request, services);
  const visitor = visitorOf(request, services);
  const principal = member?.session_id ?? `address ${request.address}`;
  return { auth: member === null ? { principal, visitor } : { principal, visitor, member } };
}

export const defineSignInRoute = routesFor(admitVisitor);

/** The ways in and out. What is guessed at is limited for each account, browser and address. */
export const surface: Surface = {
  name: "sign_in",
  description: "Signing in: sessions of people, in a cookie.",
  security: {
    type: "apiKey",
    in: "cookie",
    name: "carillon_session",
    description: "Set by signing in; `__Host-carillon_session` where PUBLIC_URL is https.",
  },
  takes_strangers: true,
  family: "management",
  errors: ["throttled", "permission_denied"],
  authenticate: admitVisitor,
};
