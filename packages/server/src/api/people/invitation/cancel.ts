import { z } from "zod";
import { cancelInvitation, findInvitation } from "../../../people/invitations.ts";
import { guardGrants } from "../acting.ts";
import { definePeopleRoute } from "../surface.ts";
import { invitationNotFound } from "./present-invitation.ts";

export default definePeopleRoute({
  method: "DELETE",
  path: "/v1/people/invitation/:invitation_id/",
  summary: "Cancel an invitation",
  params: z.object({ invitation_id: z.string() }),
  reply: { status: 204 },
  errors: ["not_found"],
  async handle({ params: { invitation_id }, auth, db }) {
    const invitation = await findInvitation(db, invitation_id);
    if (invitation === null) throw invitationNotFound(invitation_id);
    guardGrants(
      auth,
      invitation.roles.map(({ workspace_id }) => workspace_id),
    );
    await cancelInvitation(db, invitation_id);
  },
});
