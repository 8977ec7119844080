import { hostOf, isLoopback } from "../../core/text/loopback.ts";
import { unescapeOrNull } from "../../core/text/text.ts";
import { AppError } from "../../errors.ts";
import type { SignedIn } from "../../people/sessions.ts";
import type { Visitor } from "../../people/sign-in.ts";
import type { Services } from "../../services.ts";
import { headerOf, type IncomingRequest } from "../request.ts";

/**
 * Sessions as browsers carry them: a cookie that no script reads (HttpOnly) and that other sites send along only when a
 * person follows a link (SameSite=Lax). What changes something must, besides, come from a page of ours: its Origin is
 * checked, which browsers send with everything but a GET.
 */
const SESSION = "carillon_session";
const DEVICE = "carillon_device";
const DEVICE_SECONDS = 400 * 86_400;

/** The signed-in member that a request's cookie names; null: there is none, or it has ended. */
export async function findSignedIn(request: IncomingRequest, services: Services): Promise<SignedIn | null> {
  const token = readCookie(request, cookieName(services, SESSION));
  if (token === null) return null;
  request.beforeLookup();
  const found = await services.people.findSession(token);
  if (found !== null) guardOrigin(request, services);
  return found;
}

/**
 * Refuses what a page of another site has sent. Reads may come from anywhere: their answers cannot be read there.
 */
function guardOrigin(request: IncomingRequest, services: Services): void {
  if (request.method === "GET" || request.method === "HEAD") return;
  const origin = headerOf(request.headers, "origin");
  if (origin !== "" && isOurs(origin, request, services)) return;
  throw new AppError(
    "permission_denied",
    origin === ""
      ? "a call with a session's cookie needs an Origin header; programs use a service token"
      : `a page of ${origin} may not do this: if this is the server's own address, set PUBLIC_URL to it`,
  );
}

/** The same where no session is needed: programs, which send no Origin, may sign in. */
export function guardForeignOrigin(request: IncomingRequest, services: Services): void {
  if (headerOf(request.headers, "origin") !== "") guardOrigin(request, services);
}

function isOurs(origin: string, request: IncomingRequest, { baseUrl }: Services): boolean {
  const url = URL.parse(origin);
  if (url === null) return false;
  if (baseUrl !== null && url.origin === new URL(baseUrl).origin) return true;
  return url.host === headerOf(request.headers, "host").toLowerCase() && /^https?:$/.test(url.protocol);
}

export function visitorOf(request: IncomingRequest, services: Services): Visitor {
  return {
    address: request.address,
    user_agent: headerOf(request.headers, "user-agent"),
    request_id: request.request_id,
    is_local: isLocal(request, services),
    device: readCookie(request, cookieName(services, DEVICE)),
    session: readCookie(request, cookieName(services, SESSION)),
  };
}

/** Headers of proxies: what came through one did not come from this machine, whatever the connection says. */
const FORWARDED = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
];

/**
 * Whether the caller sits at this machine. The Host header counts, since a page of another site may have had its own
 * name pointed here (DNS rebinding).
 */
function isLocal(request: IncomingRequest, { config, baseUrl }: Services): boolean {
  return (
    isLoopback(config.HOST) &&
    isLoopback(request.peer) &&
    isLoopback(hostOf(headerOf(request.headers, "host"))) &&
    baseUrl === null &&
    config.TRUSTED_PROXIES === "" &&
    FORWARDED.every((name) => headerOf(request.headers, name) === "")
  );
}

/** What a sign-in sets: the session, and what marks the browser as one that the account was signed in from. */
export function sessionCookies(services: Services, token: string, device: string): string[] {
  return [
    cookie(services, SESSION, token, services.people.session_seconds),
    cookie(services, DEVICE, device, DEVICE_SECONDS),
  ];
}

export function endedSessionCookie(services: Services): string {
  return cookie(services, SESSION, "", 0);
}

function cookie(services: Services, name: string, value: string, seconds: number): string {
  const secure = isSecure(services) ? "; Secure" : "";
  return `${cookieName(services, name)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
}

/** The prefix makes browsers refuse a cookie of this name that a neighbouring host has set. */
function cookieName(services: Services, name: string): string {
  return isSecure(services) ? `__Host-${name}` : name;
}

function isSecure({ baseUrl }: Services): boolean {
  return baseUrl?.startsWith("https:") === true;
}

function readCookie(request: IncomingRequest, name: string): string | null {
  for (const pair of headerOf(request.headers, "cookie").split(";")) {
    const [key = "", ...value] = pair.split("=");
    if (key.trim() === name && value.length > 0) return unescapeOrNull(value.join("=").trim());
  }
  return null;
}
