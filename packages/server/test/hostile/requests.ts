import type { ErrorFamily } from "../../src/http/envelope.ts";
import type { RegisteredRoute } from "../../src/http/route.ts";
import type { Random } from "../random.ts";
import { exampleBody, queryNames, VICTIM } from "./examples.ts";
import { print, spoil, toNode } from "./json.ts";
import { BODIES, BROKEN_UTF8, QUERIES, URL_PARTS } from "./values.ts";

/** One hostile request, with the envelopes in which it may be refused. */
export interface HostileRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  payload: Buffer | null;
  families: ErrorFamily[];
}

/** The identity of most requests. */
export interface Caller {
  workspace: string;
  /** Sends nothing: its vendors may be pointed anywhere. */
  quiet_workspace: string;
  wsKey: string;
  apiKey: string;
  serviceToken: string;
  /** Of an app that the victim uses. */
  publicKey: string;
  userToken: string;
}

/** An endpoint under attack. */
export interface Target {
  name: string;
  method: string;
  path: string;
  /** The headers that prove its caller; none for the system's own. */
  credentials: Record<string, string>;
  /** A body of the right shape, and whether it is known to be accepted; null if none is read. */
  example: { body: unknown; is_sound: boolean } | null;
  query: string[];
  families: ErrorFamily[];
}

const SYSTEM_PATHS = [
  "/healthz",
  "/readyz",
  "/metrics",
  "/openapi.json",
  "/simulator",
  "/sdk/serviceworker.js",
];

/** Every endpoint of the registry, so that new ones are included automatically, and the system's own. */
export function findTargets(routes: readonly RegisteredRoute[], caller: Caller): Target[] {
  const registered = routes.map((entry): Target => {
    const { route, surface } = entry;
    return {
      name: `${route.method} ${route.path}`,
      method: route.method,
      path: route.path,
      credentials: credentialsOf(entry, caller),
      example: exampleBody(entry),
      query: queryNames(entry),
      // A malformed path is refused before any route is known.
      families: [route.family ?? surface.family, "management"],
    };
  });
  const system = SYSTEM_PATHS.map((path): Target => ({
    name: `GET ${path}`,
    method: "GET",
    path,
    credentials: {},
    example: null,
    query: ["a"],
    families: ["management"],
  }));
  return [...registered, ...system];
}

function credentialsOf({ surface, route }: RegisteredRoute, caller: Caller): Record<string, string> {
  switch (surface.name) {
    case "hub":
      return { authorization: `Bearer ${caller.apiKey}` };
    case "client":
      return route.path.startsWith("/v1/subscriber/")
        ? { authorization: `SS_JWT ${caller.wsKey}:${caller.userToken}` }
        : { authorization: caller.publicKey, "x-ss-signature": caller.userToken };
    case "legacy inbox":
      return { authorization: `${caller.wsKey}:` };
    default:
      return { authorization: `ServiceToken ${caller.serviceToken}` };
  }
}

/** A valid request for the target. */
export function soundRequest(target: Target, caller: Caller): HostileRequest {
  const { method, path, credentials, example, families } = target;
  return {
    method,
    url: fillPath(path, caller, null),
    headers: { ...credentials, "content-type": "application/json" },
    payload: example === null ? null : Buffer.from(JSON.stringify(example.body)),
    families,
  };
}

/** The valid request with one or several errors. */
export function hostileRequest(target: Target, caller: Caller, random: Random): HostileRequest {
  const request = soundRequest(target, caller);
  const { example, query } = target;
  if (random.chance(0.12)) {
    request.url = fillPath(target.path, caller, random);
    // Dots are resolved before routing, and may lead to any other route.
    if (/\/(?:\.|%2e)+\//i.test(request.url)) request.families = [...FAMILIES];
  }
  if (example !== null) request.payload = hostileBody(example.body, random);
  if (random.chance(query.length === 0 ? 0.1 : example === null ? 0.7 : 0.15)) {
    request.url += `?${hostileQuery(query, random)}`;
  }
  if (random.chance(0.08)) request.headers.authorization = hostileAuthorization(caller, random);
  if (request.headers["x-ss-signature"] !== undefined && random.chance(0.08)) {
    request.headers["x-ss-signature"] = hostileToken(caller, random);
  }
  if (random.chance(0.08)) spoilHeaders(request.headers, random);
  if (random.chance(0.02)) request.method = random.pick(METHODS);
  return request;
}

const FAMILIES: ErrorFamily[] = [
  "code_message",
  "management",
  "status_error",
  "client",
  "trigger",
  "status_fail",
  "text",
];
const METHODS = ["PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "GET", "POST"];

function fitting(name: string, path: string, caller: Caller): string {
  switch (name) {
    case "workspace":
      return path.includes("/vendor/") ? caller.quiet_workspace : caller.workspace;
    case "workspace_key":
      return caller.wsKey;
    case "channel":
      return "inbox";
    case "action":
      return "read";
    case "vendor_slug":
      return "generic-http-sms";
    default:
      return VICTIM;
  }
}

/** With `spoil`, one of the parameters is hostile. */
function fillPath(path: string, caller: Caller, spoil: Random | null): string {
  const wrong = spoil === null ? -1 : spoil.below([...path.matchAll(/:\w+/g)].length);
  let at = 0;
  return path.replace(/:(\w+)/g, (_all, name: string) =>
    spoil !== null && at++ === wrong ? spoil.pick(URL_PARTS) : fitting(name, path, caller),
  );
}

function hostileQuery(names: string[], random: Random): string {
  if (names.length === 0 || random.chance(0.15)) return random.pick(QUERIES);
  return Array.from({ length: random.between(1, 3) }, () => {
    const name = random.pick(names);
    return `${random.chance(0.9) ? encodeURIComponent(name) : `${name}[]`}=${random.pick(URL_PARTS)}`;
  }).join("&");
}

/** The example corrupted, alone or in an array; occasionally something else altogether. */
export function hostileBody(example: unknown, random: Random): Buffer {
  if (random.chance(0.06)) return random.pick(BODIES);
  let node = toNode(example);
  for (let times = random.pick([1, 1, 1, 2, 3]); times > 0; times--) node = spoil(node, random);
  // Endpoints that take one record also take an array.
  const text = random.chance(0.1) ? `[${print(node)},${print(toNode(example))}]` : print(node);
  const bytes = Buffer.from(text);
  if (!random.chance(0.04)) return bytes;
  const at = random.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, at), random.pick(BROKEN_UTF8), bytes.subarray(at)]);
}

function hostileToken({ userToken }: Caller, random: Random): string {
  const [head = "", claims = "", signature = ""] = userToken.split(".");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  return random.pick([
    "",
    "undefined",
    "..",
    ".".repeat(5000),
    `${head}.${claims}`,
    `${head}.${claims}.`,
    `${head}.${claims}.${signature}x`,
    `${head}.${claims}.${"A".repeat(86)}`,
    `${none}.${claims}.`,
    `${head}.e30.${signature}`,
    `${"A".repeat(8000)}.${claims}.${signature}`,
    "\u00e9.\u00e8.\u00e9",
  ]);
}

function hostileAuthorization(
  { apiKey, serviceToken, wsKey, publicKey, userToken }: Caller,
  random: Random,
): string {
  return random.pick([
    "",
    " ",
    ":",
    "Bearer",
    "Bearer ",
    `Bearer ${apiKey.slice(0, -1)}`,
    `Bearer ${apiKey} ${apiKey}`,
    `bearer ${apiKey}`,
    `Bearer ${"x".repeat(5000)}`,
    "Basic OjpAQEA=",
    `${wsKey}:`,
    `${wsKey}:${"A".repeat(44)}`,
    `${wsKey}:\u00ff\u00fe`,
    `__proto__:x`,
    "ServiceToken",
    `ServiceToken ${apiKey}`,
    `ServiceToken ${serviceToken}\tx`,
    "Bearer __proto__",
    publicKey,
    `${publicKey}:`,
    "SS.PUBK.",
    `SS_JWT ${wsKey}:${userToken}`,
    `SS_JWT ${wsKey}:`,
    "SS_JWT __proto__:__proto__",
    "\u00e9\u00e8",
  ]);
}

function spoilHeaders(headers: Record<string, string>, random: Random): void {
  const [name, value] = random.pick<[string, string]>([
    ["content-type", ""],
    ["content-type", "garbage"],
    ["content-type", "text/plain"],
    ["content-type", "application/json; charset=utf-16"],
    ["content-type", "application/json;;;;=;"],
    ["content-type", "multipart/form-data"],
    ["content-type", "application/x-www-form-urlencoded"],
    ["content-type", `application/json; x=${"y".repeat(4000)}`],
    ["content-encoding", "gzip"],
    ["accept", "image/png"],
    ["date", "yesterday"],
    ["user-agent", "\u00ff\u0080 <script>"],
    ["user-agent", "x".repeat(6000)],
    ["x-forwarded-for", "'; drop table run"],
    ["if-none-match", "*"],
    ["range", "bytes=5-1"],
  ]);
  headers[name] = value;
}
