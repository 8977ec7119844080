import { z } from "zod";
import { listInvitations } from "../../../people/invitations.ts";
import { definePeopleRoute } from "../surface.ts";
import { invitationShape, presentInvitation } from "./present-invitation.ts";

export default definePeopleRoute({
  method: "GET",
  path: "/v1/people/invitation/",
  summary: "Open invitations, newest first, with those that have expired",
  reply: { status: 200, body: z.object({ results: z.array(invitationShape) }) },
  async handle({ db, services }) {
    const invitations = await listInvitations(db);
    return { results: await Promise.all(invitations.map((one) => presentInvitation(services, one))) };
  },
});
