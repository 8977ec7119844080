import type { Json } from "../../core/json.ts";
import { mask } from "../../core/people/masking.ts";
import { hasRight, type Right, roleIn } from "../../core/people/roles.ts";
import type { Auth, Principal } from "../request.ts";
import { type RegisteredRoute, RouteReply } from "../route.ts";
import { neededFor } from "./route-rights.ts";

/** What comes from these endpoints is about people. */
const PERSONAL = new Set<Right>([
  "logs.read",
  "logs.act",
  "recipients.read",
  "recipients.write",
  "recipients.erase",
  "content.test",
  "send",
]);

/**
 * What the role of a person lets them see of an endpoint's answer. The one place where personal data is masked: whatever
 * page asks, the answer has it no more. Who tests a template sees what it renders, with the addresses masked.
 */
export function maskReply(registered: RegisteredRoute, auth: Principal | Auth, result: unknown): unknown {
  const { member } = auth;
  if (member === undefined) return result;
  const needed = neededFor(registered) as Right;
  if (!PERSONAL.has(needed)) return result;
  const role = roleIn(member.grants, "workspace" in auth ? auth.workspace.workspace_id : null);
  if (role !== null && hasRight(role, "personal.read")) return result;
  const values = needed !== "content.test" && needed !== "send";
  if (!(result instanceof RouteReply)) return masked(result, values);
  const { status, body, content_type, headers } = result;
  return new RouteReply(status, masked(body, values), content_type, headers);
}

function masked(body: unknown, values: boolean): unknown {
  if (body === undefined || body === null) return body;
  // Buffers and files are for keys and tokens: their endpoints need rights that see everything.
  if (Buffer.isBuffer(body)) return "";
  return mask(JSON.parse(JSON.stringify(body)) as Json, { values });
}
