import type { Claim, IncomingRequest, Principal } from "../../http/request.ts";
import { routesFor, type Surface } from "../../http/route.ts";
import { type LinkClaims, readLink } from "../../preferences/hosted/link.ts";
import type { Services } from "../../services.ts";
import type { Workspace } from "../../workspaces/workspaces.ts";

/** Whoever has a link, or something that looks like one. */
export interface Visitor extends Principal {
  /** What a link of ours says, which may have expired; null: it is none of ours. */
  proven: { workspace: Workspace; link: LinkClaims } | null;
}

/**
 * The page on which people choose what they get. A link is the proof of whose page it is: there are no cookies and no
 * login, so that nothing can be sent in somebody's name without their link. Nothing here is refused for a wrong link:
 * the page says so, and says the same of one that has expired.
 */
export const surface: Surface = {
  name: "preference page",
  description: "Where people choose what they get, by the link in a message.",
  security: null,
  family: "text",
  errors: ["throttled"],
  authenticate,
};

async function authenticate(
  { params, beforeLookup }: IncomingRequest,
  { workspaces }: Services,
): Promise<Claim<Visitor>> {
  const unproven = readLink(params.token ?? "");
  if (unproven === null) return NOBODY;
  beforeLookup();
  const workspace = await workspaces.findById(unproven.workspace_id);
  const link = workspace === null ? null : unproven.prove(workspace.link_keys);
  if (workspace === null || link === null) return NOBODY;
  return { auth: { principal: `preference page of ${link.recipient_id}`, proven: { workspace, link } } };
}

const NOBODY: Claim<Visitor> = { auth: { principal: "no preference page", proven: null } };

export const definePageRoute = routesFor(authenticate);
