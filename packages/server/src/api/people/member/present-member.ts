import { z } from "zod";
import { AppError } from "../../../errors.ts";
import type { Member } from "../../../people/members.ts";
import type { Services } from "../../../services.ts";
import { presentGrants } from "../acting.ts";
import { grantShape } from "../role-fields.ts";

export const memberShape = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  state: z.enum(["active", "deactivated"]),
  has_password: z.boolean(),
  has_totp: z.boolean(),
  created_at: z.string(),
  last_seen_at: z.string().nullable(),
  roles: z.array(grantShape),
});

export async function presentMember(
  services: Services,
  { grants, ...member }: Member,
): Promise<z.input<typeof memberShape>> {
  const { id, email, name, state, has_password, has_totp, created_at, last_seen_at } = member;
  const roles = await presentGrants(services, grants);
  return {
    id,
    email,
    name,
    state,
    has_password,
    has_totp,
    created_at: created_at.toISOString(),
    last_seen_at: last_seen_at?.toISOString() ?? null,
    roles,
  };
}

export function memberNotFound(id: string): AppError {
  return new AppError("not_found", `member '${id}' not found`);
}
