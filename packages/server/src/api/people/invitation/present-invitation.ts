import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { type Invitation, INVITATION_HOURS } from "../../../people/invitations.ts";
import type { Services } from "../../../services.ts";
import { presentGrants } from "../acting.ts";
import { grantShape } from "../role-fields.ts";

export const invitationShape = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  roles: z.array(grantShape),
  invited_by: z.string(),
  created_at: z.string(),
  expires_at: z.string(),
  is_expired: z.boolean(),
});

/** With its link, which is shown this once. */
export const sentInvitationShape = invitationShape.extend({
  path: z.string().describe("The link, below the server's address. Shown this once."),
});

export async function presentInvitation(
  services: Services,
  { roles, ...invitation }: Invitation,
): Promise<z.input<typeof invitationShape>> {
  const { id, email, name, invited_by, created_at, expires_at, is_expired } = invitation;
  const grants = await presentGrants(services, roles);
  return {
    id,
    email,
    name,
    roles: grants,
    invited_by,
    created_at: created_at.toISOString(),
    expires_at: expires_at.toISOString(),
    is_expired,
  };
}

export const pathOf = (token: string) => `/invitation#token=${token}`;

/** Where the server knows its own address; else who invites passes the link on. */
export function mailInvitation(
  { people, baseUrl }: Services,
  email: string,
  by: string,
  token: string,
): void {
  if (baseUrl === null) return;
  const text = `${by} has invited you to Carillon. This link is good for ${INVITATION_HOURS} hours: ${baseUrl}${pathOf(token)}`;
  void people.mail(email, "You are invited to Carillon", text);
}

export function invitationNotFound(id: string): AppError {
  return new AppError("not_found", `invitation '${id}' not found`);
}
