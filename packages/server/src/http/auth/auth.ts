import { AppError } from "../../errors.ts";
import type { Services } from "../../services.ts";
import type { Auth, IncomingRequest, Principal } from "../request.ts";
import { isNear, verifySignature } from "./signature.ts";

const NO_WORKSPACE = "Not Authenticated - could not find Workspace details";

/** Data API: `Bearer <api key>`, or `<workspace_key>:<signature>` with a Date header of about now. */
export async function authenticateData(request: IncomingRequest, services: Services): Promise<Auth> {
  const authorization = header(request, "authorization");
  const bearer = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
  const auth =
    bearer === undefined
      ? await bySignature(request, services, authorization)
      : await byApiKey(services, bearer);
  const named = request.params.workspace_key;
  if (named !== undefined && !(await services.workspaces.ownsKey(auth.workspace, named))) {
    throw new AppError("not_authenticated", NO_WORKSPACE);
  }
  return auth;
}

async function byApiKey(services: Services, token: string): Promise<Auth> {
  const found = await services.workspaces.findByApiKey(token);
  if (found === null) throw new AppError("not_authenticated", NO_WORKSPACE);
  return { workspace: found.workspace, principal: found.id };
}

async function bySignature(
  request: IncomingRequest,
  services: Services,
  authorization: string,
): Promise<Auth> {
  const colon = authorization.indexOf(":");
  if (colon < 1) throw new AppError("not_authenticated", NO_WORKSPACE);
  const key = authorization.slice(0, colon);
  const found = await services.workspaces.findByKey(key);
  if (found === null) throw new AppError("not_authenticated", NO_WORKSPACE);
  const date = header(request, "date") || header(request, "x-amz-date");
  const valid = verifySignature(found.secret, authorization.slice(colon + 1), {
    method: request.method,
    target: services.signedPrefix + request.url,
    content_type: header(request, "content-type"),
    date,
    body: request.raw,
  });
  if (!valid) throw new AppError("not_authenticated", NO_WORKSPACE);
  const { SIGNATURE_MINUTES: minutes } = services.config;
  if (minutes > 0 && !isNear(date, Date.now(), minutes)) {
    throw new AppError(
      "not_authenticated",
      `Not Authenticated - Date is not within ${minutes} minutes of now`,
    );
  }
  if (!found.is_active) throw new AppError("workspace_key_inactive", "workspace key inactive");
  return { workspace: found.workspace, principal: key };
}

/** `ServiceToken <token>`, valid for every workspace and for the workspaces themselves. */
export async function authenticateAccount(request: IncomingRequest, services: Services): Promise<Principal> {
  const token = /^ServiceToken\s+(\S+)$/i.exec(header(request, "authorization"))?.[1];
  const id = token === undefined ? null : await services.workspaces.findServiceToken(token);
  if (id === null) throw new AppError("authentication_failed", "Invalid service token.");
  return { principal: id };
}

/** Management API: a service token; the path names the workspace. */
export async function authenticateManagement(request: IncomingRequest, services: Services): Promise<Auth> {
  const { principal } = await authenticateAccount(request, services);
  const slug = request.params.workspace ?? "";
  const workspace = await services.workspaces.findBySlug(slug);
  if (workspace === null) throw new AppError("not_found", `workspace '${slug}' not found`);
  return { workspace, principal };
}

function header(request: IncomingRequest, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
}
