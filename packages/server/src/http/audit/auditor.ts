import { hash } from "node:crypto";
import { isJsonObject, type Json } from "../../core/json.ts";
import { changesBetween } from "../../core/people/changes.ts";
import type { Right } from "../../core/people/roles.ts";
import { AppError } from "../../errors.ts";
import { type AuditEntry, recordAudit } from "../../people/audit.ts";
import type { Services } from "../../services.ts";
import { neededFor } from "../auth/route-rights.ts";
import type { Principal } from "../request.ts";
import { type RegisteredRoute, type RouteContext, RouteReply } from "../route.ts";
import { actionOf, resourceOf } from "./actions.ts";

/**
 * Records every change that is made through the API, whatever the door: a session, a service token, and an API key where
 * it changes what the workspace is, not what it sends. Endpoints do nothing for it: the state before and after is what
 * the GET of the same resource shows, so no secret is in it. It is recorded by the transaction that makes the change.
 */
export type Auditor = (registered: RegisteredRoute) => Handle;

/** Handles a request, and records what it has changed. */
export type Handle = (ctx: Context) => Promise<unknown>;

type Context = RouteContext<unknown, unknown, unknown>;

/** What may be shown of a change: of people who are notified, and of what is sent, only that it was changed. */
const COMPARED = new Set<Right>([
  "content.write",
  "vendors.write",
  "settings.write",
  "keys.write",
  "members.write",
  "workspaces.write",
]);
/** What an API key does with these is what it is for. */
const OF_KEYS = new Set<Right>(["content.write"]);
/** Nothing is changed where no more is needed than these. */
const HARMLESS = new Set<string>(["content.read"]);
const UNRECORDED = new Set(["api/management/template/variant/preview.ts"]);

export function createAuditor(routes: readonly RegisteredRoute[], services: Services): Auditor {
  const reads = new Map(
    routes
      .filter(({ route }) => route.method === "GET")
      .map((registered) => [registered.route.path, registered]),
  );

  /** The GET that shows what a route changes: of the same path, or of what the path goes on from. */
  function readerOf({ route }: RegisteredRoute): RegisteredRoute | null {
    let { path } = route;
    for (;;) {
      const reader = reads.get(path);
      if (reader !== undefined && path.split("/").at(-2)?.startsWith(":") === true) return reader;
      const shorter = path.replace(/[^/:]+\/$/, "");
      if (shorter === path || !shorter.includes(":")) return reads.get(route.path) ?? null;
      path = shorter;
    }
  }

  async function stateOf(reader: RegisteredRoute | null, ctx: Context): Promise<Json | undefined> {
    if (reader === null) return undefined;
    const { route } = reader;
    const params =
      route.params === undefined ? { success: true, data: ctx.params } : route.params.safeParse(ctx.params);
    const query = route.query === undefined ? { success: true, data: {} } : route.query.safeParse({});
    if (!params.success || !query.success) return undefined;
    try {
      const shown = await route.handle(withParts(ctx, params.data, query.data));
      const state = toJson(shown instanceof RouteReply ? shown.body : shown);
      // A page of a list does not say what one of its things was.
      return isJsonObject(state) && Array.isArray(state.results) ? undefined : state;
    } catch (error) {
      // There was nothing yet, or there is nothing any more.
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }

  return (registered) => {
    const { route, file, surface } = registered;
    const needed = neededFor(registered);
    if (!isRecorded(registered, needed)) return (ctx) => route.handle(ctx);
    const reader = COMPARED.has(needed as Right) ? readerOf(registered) : null;
    const action = actionOf(file);
    const isForKeys = surface.name === "hub" && !OF_KEYS.has(needed as Right);
    return async (ctx) => {
      const { auth } = ctx;
      const actor = actorOf(auth);
      if ((isForKeys && actor.kind === "api_key") || isDry(ctx.query) || isDry(ctx.body)) {
        return route.handle(ctx);
      }
      const before = await stateOf(reader, ctx);
      const result = await route.handle(ctx);
      if (result instanceof RouteReply && result.status >= 400) return result;
      const after = await stateOf(reader, ctx);
      const entry: AuditEntry = {
        workspace_id: "workspace" in auth ? auth.workspace.workspace_id : null,
        actor,
        action,
        entity: entityOf(registered, ctx, result),
        changes: reader === null ? null : changesBetween(before, after),
        before_hash: hashOf(before),
        after_hash: hashOf(after),
        address: ctx.address,
        request_id: ctx.request_id,
      };
      await recordAudit(ctx.db, services.ids, entry);
      return result;
    };
  };
}

function isRecorded({ route, file, surface }: RegisteredRoute, needed: string | null): boolean {
  if (route.method === "GET" || UNRECORDED.has(file) || needed === null || HARMLESS.has(needed)) return false;
  // The ways in and out record what they do; other surfaces change nothing of a workspace.
  return surface.takes_sessions === true;
}

function isDry(given: unknown): boolean {
  return isJsonObject(given) && (given.dry_run === true || given.dry_run === "true");
}

function actorOf({ principal, member }: Principal): AuditEntry["actor"] {
  if (member !== undefined) return { kind: "member", id: member.member_id, name: member.email };
  if (principal.startsWith("st_")) return { kind: "service_token", id: principal, name: "API Service" };
  return { kind: "api_key", id: principal, name: "API key" };
}

/** `<resource>/<id>`: what the path names, else what the answer does. */
function entityOf({ file }: RegisteredRoute, { params }: Context, result: unknown): string {
  const resource = resourceOf(file);
  const named = isJsonObject(params)
    ? Object.entries(params).flatMap(([name, value]) =>
        name === "workspace" || (typeof value !== "string" && typeof value !== "number") ? [] : [value],
      )
    : [];
  if (named.length > 0) return `${resource}/${named.join("/")}`;
  const made = result instanceof RouteReply ? result.body : result;
  const id = isJsonObject(made) ? (made.id ?? made.uid ?? made.slug) : undefined;
  return typeof id === "string" ? `${resource}/${id}` : resource;
}

function withParts(ctx: Context, params: unknown, query: unknown): Context {
  const { auth, db, services, log, request_id, user_agent, address, headers } = ctx;
  const request = { request_id, user_agent, address, headers };
  return { ...request, params, query, body: undefined, raw: null, auth, db, services, log };
}

function toJson(value: unknown): Json | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as Json);
}

function hashOf(state: Json | undefined): string | null {
  return state === undefined ? null : hash("sha256", JSON.stringify(state), "hex");
}
