import { z } from "zod";
import { API_SERVICE } from "../../../catalog/versioned.ts";
import { findInvitation, renewInvitation } from "../../../people/invitations.ts";
import { guardGrants } from "../acting.ts";
import { definePeopleRoute } from "../surface.ts";
import {
  invitationNotFound,
  mailInvitation,
  pathOf,
  presentInvitation,
  sentInvitationShape,
} from "./present-invitation.ts";

export default definePeopleRoute({
  method: "POST",
  path: "/v1/people/invitation/:invitation_id/resend/",
  summary: "Send an invitation again, with a new link; the old one is dead",
  params: z.object({ invitation_id: z.string() }),
  reply: { status: 200, body: sentInvitationShape },
  errors: ["not_found"],
  async handle({ params: { invitation_id }, auth, db, services }) {
    const invitation = await findInvitation(db, invitation_id);
    if (invitation === null) throw invitationNotFound(invitation_id);
    guardGrants(
      auth,
      invitation.roles.map(({ workspace_id }) => workspace_id),
    );
    const token = await renewInvitation(db, invitation_id);
    const renewed = await findInvitation(db, invitation_id);
    if (token === null || renewed === null) throw invitationNotFound(invitation_id);
    const by = auth.member?.email ?? API_SERVICE.name;
    db.afterCommit(() => mailInvitation(services, renewed.email, by, token));
    return { ...(await presentInvitation(services, renewed)), path: pathOf(token) };
  },
});
