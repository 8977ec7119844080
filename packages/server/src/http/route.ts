import type { z } from "zod";
import type { Tx } from "../db/db.ts";
import type { ErrorCode } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Services } from "../services.ts";
import type { ErrorFamily } from "./envelope.ts";
import type { Auth, Claim, IncomingRequest, Principal } from "./request.ts";

/**
 * An endpoint is one file: `export default defineRoute({...})`. For every request the order is always authenticate →
 * limit → parse → transaction → handle → present; a large body is received after the limit. The handler sees only parsed values, never the framework's
 * request or reply; refusals are thrown as `AppError` and take the envelope of the route's family.
 */
export interface RouteDefinition<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Reply extends z.ZodType = z.ZodType,
> {
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** With a trailing slash; the route without it is the same route, never a redirect (that would break signatures). */
  path: string;
  /** One line for the reference and the OpenAPI document. */
  summary: string;
  params?: Params;
  /** The parameter whose value clients send as it is, slashes included: the path is read from its end. */
  openParam?: string;
  query?: Query;
  /** Heeds `If-Match`, with the `hash` of what the client has changed; see `guardVersion`. */
  takes_if_match?: boolean;
  /** Absent: the body is ignored. */
  body?: Body;
  reply: {
    status: number;
    body?: Reply;
    description?: string;
    /** For the reference, if it is not JSON. */
    content_type?: string;
    /** For the reference: other successful responses, sent by `RouteReply`. */
    others?: readonly { status: number; body: z.ZodType; description: string }[];
  };
  errors?: ErrorCode[];
  /** Envelope of refusals if it differs from the surface's. */
  family?: ErrorFamily;
  /** Replaces the surface's, where callers of two kinds share a path. */
  authenticate?: Surface["authenticate"];
  /** The names of the surfaces whose credentials it takes, for the reference. Default: those of its own. */
  credentials?: readonly string[];
  /** As in the surface, of which it is the default. */
  cors?: boolean;
  /** Takes arrays (`arrays`), or nothing else (`always`), and answers them with `records`; refusals have them too. */
  bulk?: "arrays" | "always";
  /** `handle` runs in one transaction. Default: every method but GET. */
  transaction?: boolean;
  /** The longest time that one statement of its transaction may take, in milliseconds. Default: the database's. */
  statement_ms?: number;
  /** The handler itself refuses text that the database cannot store, record by record. */
  guardsText?: boolean;
  handle: (
    ctx: RouteContext<z.output<Params>, z.output<Query>, z.output<Body>>,
  ) => Promise<z.input<Reply> | RouteReply>;
}

export interface RouteContext<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  /** The body's bytes, for handlers that store it unchanged. */
  raw: Buffer | null;
  auth: Auth;
  /** The transaction of this request; in a route without one, the plain database (`afterCommit` runs at once). */
  db: Tx;
  services: Services;
  log: Log;
  request_id: string;
  /** The client's User-Agent. */
  user_agent: string;
  /** Where the request came from: an address, or the network of one of IPv6. */
  address: string;
  /** For wires that put a value there; names in lower case. */
  headers: IncomingRequest["headers"];
}

/** A header that may be there several times has a list: `set-cookie`. */
export type ReplyHeaders = Readonly<Record<string, string | string[]>>;

/** A response with another status or content type than the route's usual one. */
export class RouteReply {
  status: number;
  /** A `Readable` is sent as it comes, no faster than the client takes it, and destroyed when the client leaves. */
  body: unknown;
  content_type: string | undefined;
  /** Names in lower case. */
  headers: ReplyHeaders;

  constructor(status: number, body: unknown, content_type?: string, headers: ReplyHeaders = {}) {
    this.status = status;
    this.body = body;
    this.content_type = content_type;
    this.headers = headers;
  }
}

export function defineRoute<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Reply extends z.ZodType,
>(definition: RouteDefinition<Params, Query, Body, Reply>): RouteDefinition {
  // One list holds routes of all types; each handler is only ever called with the output of its own schemas.
  return definition;
}

/** Makes the endpoints of a surface whose callers are in no workspace: its `authenticate` says who they are. */
export function routesFor<Who extends Principal>(
  _authenticate: (request: IncomingRequest, services: Services) => Promise<Claim<Who>>,
) {
  return <Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType, Reply extends z.ZodType>(
    definition: Omit<RouteDefinition<Params, Query, Body, Reply>, "handle"> & {
      handle: (
        ctx: Omit<RouteContext<z.output<Params>, z.output<Query>, z.output<Body>>, "auth"> & { auth: Who },
      ) => Promise<z.input<Reply> | RouteReply>;
    },
  ): RouteDefinition => {
    // The surface's routes are only ever called with what its `authenticate` returned.
    return defineRoute(definition as unknown as RouteDefinition<Params, Query, Body, Reply>);
  };
}

export type SecurityScheme =
  | { type: "http"; scheme: "bearer"; description: string }
  | { type: "apiKey"; in: "header" | "cookie"; name: string; description: string };

/** What the files of one folder share: how they authenticate and how they refuse. */
export interface Surface {
  name: string;
  description: string;
  /** How its clients prove who they are, as a security scheme of OpenAPI; null: by the address itself. */
  security: SecurityScheme | null;
  /** What they may send besides. */
  proof?: SecurityScheme & { type: "apiKey" };
  /** The session of a member will do as well, as far as their role goes. */
  takes_sessions?: boolean;
  /** Strangers may come, too. */
  takes_strangers?: boolean;
  family: ErrorFamily;
  /** Whether browsers may call it from any origin. Default: no. */
  cors?: boolean;
  /** The refusals of `authenticate`. */
  errors: ErrorCode[];
  authenticate: (request: IncomingRequest, services: Services) => Promise<Claim>;
}

export interface RegisteredRoute {
  surface: Surface;
  route: RouteDefinition;
  /** Its file, for the reference. */
  file: string;
}
