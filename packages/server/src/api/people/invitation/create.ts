import { z } from "zod";
import { API_SERVICE } from "../../../catalog/versioned.ts";
import { findInvitation, invite } from "../../../people/invitations.ts";
import { emailOf } from "../../../people/members.ts";
import { emailField, nameField } from "../../sign-in/sign-in-fields.ts";
import { guardGrants, placeOf } from "../acting.ts";
import { grantShape } from "../role-fields.ts";
import { definePeopleRoute } from "../surface.ts";
import {
  invitationNotFound,
  mailInvitation,
  pathOf,
  presentInvitation,
  sentInvitationShape,
} from "./present-invitation.ts";

const MAX_ROLES = 100;

export default definePeopleRoute({
  method: "POST",
  path: "/v1/people/invitation/",
  summary: "Invite somebody",
  body: z.object({
    email: emailField,
    name: nameField,
    roles: z
      .array(grantShape)
      .min(1, "must have a role at least")
      .max(MAX_ROLES, `must have at most ${MAX_ROLES} roles`),
  }),
  reply: {
    status: 201,
    body: sentInvitationShape,
    description: "Good for a day. It is mailed where PUBLIC_URL is set and a workspace can send e-mail.",
  },
  errors: ["validation_error", "bad_json", "conflict"],
  async handle({ body, auth, db, services }) {
    const grants = await Promise.all(
      body.roles.map(async ({ workspace, role }) => ({
        workspace_id: await placeOf(services, workspace),
        role,
      })),
    );
    guardGrants(
      auth,
      grants.map(({ workspace_id }) => workspace_id),
    );
    const unique = [...new Map(grants.map((grant) => [grant.workspace_id, grant])).values()];
    const by = auth.member?.email ?? API_SERVICE.name;
    const email = emailOf(body.email);
    const { id, token } = await invite(db, services.ids, { email, name: body.name, grants: unique, by });
    const invitation = await findInvitation(db, id);
    if (invitation === null) throw invitationNotFound(id);
    db.afterCommit(() => mailInvitation(services, email, by, token));
    return { ...(await presentInvitation(services, invitation)), path: pathOf(token) };
  },
});
