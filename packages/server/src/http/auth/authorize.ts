import { hasRight, type Right, roleIn, ROLES } from "../../core/people/roles.ts";
import { AppError } from "../../errors.ts";
import type { Auth, Principal } from "../request.ts";
import type { RegisteredRoute } from "../route.ts";
import { neededFor, NOBODY, SIGNED_IN } from "./route-rights.ts";

/** Rights above workspaces that a role in one of them gives: the endpoint itself looks at which. */
const ANYWHERE = new Set<Right>(["members.read", "members.write"]);

/**
 * Refuses what the role of a person does not let them do. Keys and tokens are not asked: each is good for all that its
 * surface has.
 */
export function authorize(
  registered: RegisteredRoute,
  auth: Principal | Auth,
  query: Record<string, unknown>,
): void {
  if (auth.member === undefined) return;
  const needed = neededFor(registered);
  if (needed === SIGNED_IN || needed === NOBODY) return;
  if (needed === null) {
    throw new AppError("permission_denied", "this endpoint takes no session: use a key or a token");
  }
  // What a dry run says has not been done.
  const right = needed === "send" && query.dry_run === "true" ? "content.test" : needed;
  const { grants } = auth.member;
  const role = roleIn(grants, "workspace" in auth ? auth.workspace.workspace_id : null);
  if (role !== null && hasRight(role, right)) return;
  if (ANYWHERE.has(right) && grants.some((grant) => hasRight(grant.role, right))) return;
  const text =
    role === null
      ? `this needs the right "${right}" in all workspaces`
      : `your role ${ROLES[role].name} lacks the right "${right}"`;
  throw new AppError("permission_denied", text, { detail: { right, role } });
}
