import { endedSessionCookie } from "../../../http/auth/session.ts";
import { RouteReply } from "../../../http/route.ts";
import { endSession } from "../../../people/sessions.ts";
import { defineSignInRoute } from "../surface.ts";

export default defineSignInRoute({
  method: "DELETE",
  path: "/v1/auth/session/",
  summary: "Sign out",
  reply: { status: 204 },
  async handle({ auth: { member, visitor }, db, services }) {
    if (member !== undefined && visitor.session !== null) await endSession(db, visitor.session);
    return new RouteReply(204, null, undefined, { "set-cookie": endedSessionCookie(services) });
  },
});
