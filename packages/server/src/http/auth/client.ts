import { timingSafeEqual } from "node:crypto";
import { DEFAULT_TENANT } from "../../core/profile/effective-profile.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import { isTracking } from "../../core/event-record.ts";
import { AppError } from "../../errors.ts";
import type { Services } from "../../services.ts";
import { inboxSubscriberId, type Workspace } from "../../workspaces/workspaces.ts";
import { isAllowedOrigin } from "../cors.ts";
import { type Auth, type Claim, headerOf, type IncomingRequest } from "../request.ts";
import { authenticateData } from "./auth.ts";
import { invalidToken, verifyUserToken } from "./user-token.ts";

/**
 * Browsers and apps. They have a key that is no secret, the workspace's public key, and where the workspace asks for it a
 * token that its server signed for one person; clients before 2.0 have the workspace key and a `subscriber_id` made of
 * the person's id and the inbox secret. What may be done for whom is `admitPerson`.
 */
export interface ClientAuth extends Auth {
  /** Whom the caller has proven to be; null: nobody. */
  person: ClientPerson | null;
  /** Whether nothing may be done for a person without proof: the public key is in secure mode. */
  needs_proof: boolean;
}

export interface ClientPerson {
  distinct_id: string;
  /** Null: the proof says nothing of tenants, and holds in all of them. */
  tenants: readonly string[] | null;
  /** When the proof ends, in seconds since 1970; null: never. */
  expires_at: number | null;
}

/** What a client shows, taken from headers or from the handshake of a socket. */
export interface ClientProof {
  public_key: string;
  /** Null or empty: none was sent. */
  token: string | null;
  /** Of the page; absent or empty: an app, or a server. */
  origin?: string;
  /** As in `IncomingRequest`. */
  beforeLookup?: () => void;
}

type Workspaces = Pick<Services, "workspaces">;

/** What every public key begins with. */
const PUBLIC_KEY = "SS.PUBK.";
const NO_PUBLIC_KEY = `Not Authenticated - Authorization must be a public key of the workspace: it begins with ${PUBLIC_KEY}`;
const NO_WORKSPACE_KEY = "Not Authenticated - Authorization must be '<workspace key>:'";
const NO_SUBSCRIBER =
  "Not Authenticated - subscriber_id is not the HMAC-SHA256 of distinct_id with the workspace's inbox secret";

/** The client surface: a bare public key, and in `x-ss-signature` the token. */
export async function authenticateClient(
  request: IncomingRequest,
  services: Services,
): Promise<Claim<ClientAuth>> {
  const claim = await readClient(request, services);
  if (claim.auth.person === null) requireNoProof(claim.auth);
  return claim;
}

/**
 * The same for endpoints that take some things without proof even in secure mode: they refuse the others themselves, by
 * `requireNoProof` or `admitPerson`.
 */
export async function readClient(
  { headers, beforeLookup }: IncomingRequest,
  services: Workspaces,
): Promise<Claim<ClientAuth>> {
  const auth = await findClient(services, {
    public_key: headerOf(headers, "authorization"),
    token: headerOf(headers, "x-ss-signature"),
    origin: headerOf(headers, "origin"),
    beforeLookup,
  });
  return claimOf(auth);
}

/** The proof of `authenticateClient` from plain values, for sockets. Throws an `AppError`. */
export async function proveClient(services: Workspaces, proof: ClientProof): Promise<ClientAuth> {
  const auth = await findClient(services, proof);
  if (auth.person === null) requireNoProof(auth);
  return auth;
}

async function findClient(
  { workspaces }: Workspaces,
  { public_key, token, origin = "", beforeLookup }: ClientProof,
): Promise<ClientAuth> {
  const found = public_key === "" ? null : await workspaces.findByPublicKey(public_key, beforeLookup);
  if (found === null) throw new AppError("not_authenticated", NO_PUBLIC_KEY);
  const { workspace, key } = found;
  if (!isAllowedOrigin(origin, key.allowed_domains)) {
    throw new AppError(
      "permission_denied",
      `the public key may not be used from ${origin}: add its domain to the key's allowed_domains`,
    );
  }
  const person =
    token === null || token === ""
      ? null
      : await verifyUserToken(token, await workspaces.listVerifyingKeys(workspace));
  return { workspace, principal: key.id, person, needs_proof: key.is_secure_mode_enabled };
}

/**
 * Preferences before 2.0: `SS_JWT <key>:<token>`, or the signature of one who has the workspace's secret, and with it all
 * its users.
 */
export async function authenticateLegacyPreferences(
  request: IncomingRequest,
  services: Services,
): Promise<Claim<ClientAuth>> {
  if (/^SS_JWT\b/.test(headerOf(request.headers, "authorization")))
    return authenticateSsJwt(request, services);
  const claim = await authenticateData(request, services);
  return { ...claim, auth: { ...claim.auth, person: null, needs_proof: false } };
}

/** The key is a workspace key or a public key. */
async function authenticateSsJwt(
  { headers, beforeLookup }: IncomingRequest,
  services: Workspaces,
): Promise<Claim<ClientAuth>> {
  const [, key = "", token = ""] =
    /^SS_JWT\s+([^\s:]+):(\S+)$/.exec(headerOf(headers, "authorization")) ?? [];
  const { workspace, principal } = await findHolder(services, key, beforeLookup);
  const person = await verifyUserToken(token, await services.workspaces.listVerifyingKeys(workspace));
  return claimOf({ workspace, principal, person, needs_proof: true });
}

/** What a legacy client shows. Values of queries and bodies, which may be anything. */
export interface LegacyProof {
  authorization: string;
  subscriber_id: unknown;
  distinct_id: unknown;
  beforeLookup?: () => void;
}

/**
 * Inbox clients before 2.0: `KEY:` or `KEY:<uuid>`, of which only the key counts, and the person's `subscriber_id`. Throws
 * an `AppError`.
 */
export async function proveLegacySubscriber(
  services: Workspaces,
  { authorization, subscriber_id, distinct_id, beforeLookup }: LegacyProof,
): Promise<ClientAuth> {
  const auth = await findLegacyClient(services, authorization, beforeLookup);
  return { ...auth, person: subscriberOf(auth.workspace, { subscriber_id, distinct_id }) };
}

/**
 * The legacy inbox: proof in the query, or in the body. A body that reports what became of a notification, which has no
 * proof, is let through without a person.
 */
export async function authenticateLegacyInbox(
  { url, headers, beforeLookup }: IncomingRequest,
  services: Services,
): Promise<Claim<ClientAuth>> {
  const auth = await findLegacyClient(services, headerOf(headers, "authorization"), beforeLookup);
  const query = new URLSearchParams(url.split("?")[1] ?? "");
  if (query.has("subscriber_id")) {
    const proof = { subscriber_id: query.get("subscriber_id"), distinct_id: query.get("distinct_id") };
    return claimOf({ ...auth, person: subscriberOf(auth.workspace, proof) });
  }
  return {
    auth,
    counted: null,
    confirm(body) {
      const record = parseObject(body);
      if (record !== null && isTracking(record)) return;
      auth.person = subscriberOf(auth.workspace, record ?? {});
    },
  };
}

/** Whether it is a browser or an app, where servers may come too. */
export function isClient(auth: Auth): auth is ClientAuth {
  return "needs_proof" in auth;
}

/**
 * Events, which servers, browsers and service workers send to the same paths: a public key, or with a colon and no
 * signature after it the workspace key of a service worker or an inbox before 2.0. Such callers may report what
 * became of a notification without further proof; the endpoint refuses the rest by `admitPerson`.
 */
export async function authenticateEvents(request: IncomingRequest, services: Services): Promise<Claim<Auth>> {
  const authorization = headerOf(request.headers, "authorization");
  if (authorization.startsWith(PUBLIC_KEY)) return readClient(request, services);
  if (!/^[^\s:]+:(?:[0-9a-f-]{36})?$/i.test(authorization)) return authenticateData(request, services);
  return claimOf(await findLegacyClient(services, authorization, request.beforeLookup));
}

/** `KEY:` and anything after it. The caller is nobody until it proves more. */
async function findLegacyClient(
  services: Workspaces,
  authorization: string,
  beforeLookup?: () => void,
): Promise<ClientAuth> {
  const [key = ""] = authorization.split(":");
  const { workspace, principal } = await findHolder(services, key, beforeLookup);
  return { workspace, principal, person: null, needs_proof: true };
}

async function findHolder({ workspaces }: Workspaces, key: string, beforeLookup?: () => void): Promise<Auth> {
  if (key === "") throw new AppError("not_authenticated", NO_WORKSPACE_KEY);
  if (key.startsWith(PUBLIC_KEY)) {
    const found = await workspaces.findByPublicKey(key, beforeLookup);
    if (found !== null) return { workspace: found.workspace, principal: found.key.id };
  } else {
    const found = await workspaces.findByKey(key, beforeLookup);
    if (found?.is_active === true) return { workspace: found.workspace, principal: key };
  }
  throw new AppError("not_authenticated", NO_WORKSPACE_KEY);
}

function subscriberOf(
  workspace: Workspace,
  { subscriber_id, distinct_id }: { subscriber_id?: unknown; distinct_id?: unknown },
): ClientPerson {
  const id = typeof distinct_id === "number" ? String(distinct_id) : distinct_id;
  if (typeof id === "string" && id !== "" && typeof subscriber_id === "string") {
    const given = Buffer.from(subscriber_id);
    const right = Buffer.from(inboxSubscriberId(workspace, { object_type: "", distinct_id: id }));
    if (given.length === right.length && timingSafeEqual(given, right))
      return { distinct_id: id, tenants: null, expires_at: null };
  }
  throw new AppError("not_authenticated", NO_SUBSCRIBER);
}

/** Throws where the public key is in secure mode: what is asked for needs a token. */
export function requireNoProof({ needs_proof }: Pick<ClientAuth, "needs_proof">): void {
  if (!needs_proof) return;
  throw invalidToken("none was sent in x-ss-signature, and the key alone is not enough");
}

/**
 * Throws 403 unless the caller may act for this person in this tenant (null: what it does is in none), and 401 where it has
 * not proven to be anybody and must. Without secure mode a caller without a token may act for everybody.
 */
export function admitPerson(
  auth: ClientAuth,
  { distinct_id, tenant_id }: { distinct_id: string; tenant_id: string | null },
): void {
  const { person } = auth;
  if (person === null) {
    requireNoProof(auth);
    return;
  }
  if (person.distinct_id !== distinct_id) {
    throw new AppError("permission_denied", `the token is for another user than '${distinct_id}'`);
  }
  if (tenant_id === null || person.tenants === null || person.tenants.includes(tenant_id)) return;
  throw new AppError(
    "permission_denied",
    `the token is not for tenant '${tenant_id}': name it in scope.tenant_id` +
      (tenant_id === DEFAULT_TENANT ? ", which holds for the default tenant only where it is absent" : ""),
  );
}

/** A company's end users share its key: each of them, or each address, is counted apart. */
function claimOf(auth: ClientAuth): Claim<ClientAuth> {
  const { person, workspace } = auth;
  return { auth, counted: person === null ? null : `${workspace.workspace_id} ${person.distinct_id}` };
}

function parseObject(body: Buffer | null): JsonObject | null {
  try {
    const value: unknown = JSON.parse(body?.toString() ?? "");
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
