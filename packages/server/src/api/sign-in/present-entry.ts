import { z } from "zod";
import { ROLE_NAMES, ROLES } from "../../core/people/roles.ts";
import { sessionCookies } from "../../http/auth/session.ts";
import { RouteReply } from "../../http/route.ts";
import type { Member } from "../../people/members.ts";
import type { Entry } from "../../people/sign-in.ts";
import type { Services } from "../../services.ts";

const roleShape = z.object({
  workspace: z.string().nullable().describe("Slug; null: all workspaces, there are and will be."),
  role: z.enum(ROLE_NAMES),
  rights: z.array(z.string()),
});

export const selfShape = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  has_password: z.boolean(),
  has_totp: z.boolean(),
  roles: z.array(roleShape),
});

export const entryReply = z.object({ member: selfShape });

/** A member as they see themselves: with their roles and what those let them do. */
export async function presentSelf(services: Services, member: Member): Promise<z.input<typeof selfShape>> {
  const { id, email, name, has_password, has_totp } = member;
  const roles = await Promise.all(
    member.grants.map(async ({ workspace_id, role }) => ({
      workspace: workspace_id === null ? null : (await services.workspaces.getById(workspace_id)).slug,
      role,
      rights: [...ROLES[role].rights],
    })),
  );
  return { id, email, name, has_password, has_totp, roles };
}

/** The answer of every way in, with the cookies that it sets. */
export async function presentEntry(
  services: Services,
  { token, device, member }: Entry,
): Promise<RouteReply> {
  const body = { member: await presentSelf(services, member) };
  return new RouteReply(200, body, undefined, { "set-cookie": sessionCookies(services, token, device) });
}
