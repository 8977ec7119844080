import { AppError } from "../../errors.ts";
import type { Services } from "../../services.ts";
import type { Workspace } from "../../workspaces/workspaces.ts";
import { roleIn } from "../../core/people/roles.ts";
import { type Auth, type Claim, headerOf, type IncomingRequest, type Principal } from "../request.ts";
import { findSignedIn } from "./session.ts";
import { isNear, verifySignature } from "./signature.ts";

const NO_WORKSPACE = "Not Authenticated - could not find Workspace details";

/**
 * Data API: `Bearer <api key>`, or `<workspace_key>:<signature>` with a Date header of about now. A session or a service
 * token is in no workspace: the header `Carillon-Workspace` names the one that is meant, by its slug.
 */
export async function authenticateData(request: IncomingRequest, services: Services): Promise<Claim<Auth>> {
  const authorization = headerOf(request.headers, "authorization");
  if (authorization === "" || /^ServiceToken\s/i.test(authorization)) {
    const slug = headerOf(request.headers, WORKSPACE_HEADER);
    if (slug !== "") return inNamedWorkspace(request, services, slug);
  }
  const bearer = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
  const claim =
    bearer === undefined
      ? await bySignature(request, services, authorization)
      : await byApiKey(request, services, bearer);
  const named = request.params.workspace_key;
  if (named !== undefined && !(await services.workspaces.ownsKey(claim.auth.workspace, named))) {
    throw new AppError("not_authenticated", NO_WORKSPACE);
  }
  return claim;
}

const WORKSPACE_HEADER = "carillon-workspace";

async function inNamedWorkspace(
  request: IncomingRequest,
  services: Services,
  slug: string,
): Promise<Claim<Auth>> {
  const claim = await authenticateManagement({ ...request, params: { workspace: slug } }, services);
  const { workspace_key } = request.params;
  if (
    workspace_key === undefined ||
    (await services.workspaces.ownsKey(claim.auth.workspace, workspace_key))
  ) {
    return claim;
  }
  throw new AppError("not_authenticated", NO_WORKSPACE);
}

async function byApiKey(
  { beforeLookup }: IncomingRequest,
  services: Services,
  token: string,
): Promise<Claim<Auth>> {
  const found = await services.workspaces.findByApiKey(token, beforeLookup);
  if (found === null) throw new AppError("not_authenticated", NO_WORKSPACE);
  return { auth: { workspace: found.workspace, principal: found.id } };
}

async function bySignature(
  request: IncomingRequest,
  services: Services,
  authorization: string,
): Promise<Claim<Auth>> {
  const colon = authorization.indexOf(":");
  if (colon < 1) throw new AppError("not_authenticated", NO_WORKSPACE);
  const key = authorization.slice(0, colon);
  const found = await services.workspaces.findByKey(key, request.beforeLookup);
  if (found === null) throw new AppError("not_authenticated", NO_WORKSPACE);
  const date = headerOf(request.headers, "date") || headerOf(request.headers, "x-amz-date");
  const { SIGNATURE_MINUTES: minutes } = services.config;
  if (minutes > 0 && !isNear(date, Date.now(), minutes)) {
    throw new AppError(
      "not_authenticated",
      `Not Authenticated - Date is not within ${minutes} minutes of now`,
    );
  }
  return {
    auth: { workspace: found.workspace, principal: key },
    confirm(body) {
      const valid = verifySignature(found.secret, authorization.slice(colon + 1), {
        method: request.method,
        target: services.signedPrefix + request.url,
        content_type: headerOf(request.headers, "content-type"),
        date,
        body,
      });
      if (!valid) throw new AppError("not_authenticated", NO_WORKSPACE);
      if (!found.is_active) throw new AppError("workspace_key_inactive", "workspace key inactive");
    },
  };
}

/**
 * `ServiceToken <token>`, valid for every workspace and for the workspaces themselves; or the session of a member, whose
 * role decides.
 */
export async function authenticateAccount(request: IncomingRequest, services: Services): Promise<Claim> {
  const authorization = headerOf(request.headers, "authorization");
  if (authorization === "") {
    const member = await findSignedIn(request, services);
    if (member !== null) return { auth: { principal: member.session_id, member } };
  }
  const token = /^ServiceToken\s+(\S+)$/i.exec(authorization)?.[1];
  const id =
    token === undefined ? null : await services.workspaces.findServiceToken(token, request.beforeLookup);
  if (id === null) throw new AppError("authentication_failed", textsOf(request).token);
  return { auth: { principal: id } };
}

/**
 * Management API: a service token; the path names the workspace. Its endpoints for categories refuse in the other family
 * of errors, with texts of their own.
 */
export async function authenticateManagement(
  request: IncomingRequest,
  services: Services,
): Promise<Claim<Auth>> {
  const { auth } = await authenticateAccount(request, services);
  const slug = request.params.workspace ?? "";
  const workspace = await services.workspaces.findBySlug(slug);
  // Whoever has no role in it does not learn that it exists.
  if (workspace === null || !mayKnow(auth, workspace)) {
    throw new AppError("not_found", textsOf(request).workspace(slug));
  }
  return { auth: { ...auth, workspace } };
}

function mayKnow({ member }: Principal, { workspace_id }: Workspace): boolean {
  return member === undefined || roleIn(member.grants, workspace_id) !== null;
}

function textsOf({ family }: IncomingRequest) {
  return family === "code_message" ? CATEGORY_TEXTS : MANAGEMENT_TEXTS;
}

const MANAGEMENT_TEXTS = {
  token: "Invalid service token.",
  workspace: (slug: string) => `workspace '${slug}' not found`,
};

const CATEGORY_TEXTS = {
  token: "ServiceToken not found",
  workspace: (slug: string) => `workspace not found for slug/uid: ${slug}`,
};
