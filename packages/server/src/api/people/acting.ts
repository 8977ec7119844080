import { type Grant, hasRight, roleIn } from "../../core/people/roles.ts";
import { AppError } from "../../errors.ts";
import type { Principal } from "../../http/request.ts";
import type { Editing } from "../../people/profile.ts";
import type { Services } from "../../services.ts";
import type { Managing } from "./surface.ts";

/** Who is signed in, for what they change about themselves. */
export function selfOf({ member, address }: Managing): Editing {
  if (member !== undefined) return { ...member, address };
  throw new AppError("permission_denied", "a service token is nobody: this is for who is signed in");
}

/**
 * Throws unless the caller may give and take roles in all these places (null: all workspaces). Nobody hands out more
 * than they have.
 */
export function guardGrants({ member }: Principal, places: readonly (number | null)[]): void {
  if (member === undefined) return;
  for (const place of places) {
    const role = roleIn(member.grants, place);
    if (role !== null && hasRight(role, "members.write")) continue;
    throw new AppError(
      "permission_denied",
      place === null
        ? 'the right "members.write" in all workspaces is needed for this'
        : 'the right "members.write" in that workspace is needed for this',
    );
  }
}

/** The workspace that a role is for; null for all. Throws for one that does not exist. */
export async function placeOf(services: Services, slug: string | null): Promise<number | null> {
  if (slug === null) return null;
  const workspace = await services.workspaces.findBySlug(slug);
  if (workspace === null) throw new AppError("validation_error", `workspace: '${slug}' not found`);
  return workspace.workspace_id;
}

export async function presentGrants(
  services: Services,
  grants: readonly Grant[],
): Promise<{ workspace: string | null; role: Grant["role"] }[]> {
  return Promise.all(
    grants.map(async ({ workspace_id, role }) => ({
      workspace: workspace_id === null ? null : (await services.workspaces.getById(workspace_id)).slug,
      role,
    })),
  );
}
