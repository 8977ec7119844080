import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { z } from "zod";
import { unsafeText } from "../core/json/json-guard.ts";
import type { Tx } from "../db/db.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Services } from "../services.ts";
import { parseBody } from "./body.ts";
import { CORS_HEADERS, PREFLIGHT_HEADERS } from "./cors.ts";
import { type ErrorFamily, presentBulkError, presentError, type WireReply } from "./envelope.ts";
import { createAuditor } from "./audit/auditor.ts";
import { maskReply } from "./auth/mask-reply.ts";
import { createGate, networkOf } from "./gate.ts";
import { databaseRefusal } from "./health.ts";
import { answerExpectation, answerMalformed } from "./malformed.ts";
import { createOpenParams } from "./open-params.ts";
import type { Auth, Claim, Principal } from "./request.ts";
import { type RegisteredRoute, type RouteContext, type RouteDefinition, RouteReply } from "./route.ts";
import { validate } from "./validate.ts";

/**
 * The HTTP server: registers routes, runs each request through the fixed order, and sends every refusal in its family's
 * envelope. The framework's own errors (bad URL, oversized body) take the same path.
 */
export interface AppOptions {
  max_body_bytes: number;
  /** Addresses and ranges of the proxies whose X-Forwarded-For is believed. */
  trusted_proxies: string[];
  /**
   * True while the database is known to be down for lack of disk space, so that refusals can say so. Default: unknown.
   */
  isOutOfRoom?: () => boolean;
  /** Called for every answered request, for metrics. */
  observe: (route: string, status: number, seconds: number) => void;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Set where the headers were judged before the body was received. */
    claim: Claim | null;
  }
}

/** A long read of a log holds up nobody. */
const READ_MS = 30_000;
/** What goes on until its client leaves says nothing of how long an answer takes. */
const STREAM_TYPE = "text/event-stream; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";
/** Ids may be 255 characters of any Unicode, percent-encoded. */
const MAX_PARAM_LENGTH = 4096;

export function createApp(
  routes: RegisteredRoute[],
  services: Services,
  options: AppOptions,
): FastifyInstance {
  const reading = services.db.patient(READ_MS);
  const gate = createGate(services);
  const audited = createAuditor(routes, services);
  const encodeOpenParams = createOpenParams(routes.map(({ route }) => route));
  const app = fastify({
    bodyLimit: options.max_body_bytes,
    trustProxy: options.trusted_proxies.length > 0 && options.trusted_proxies,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_LENGTH, caseSensitive: true },
    // Clients join a host that ends in a slash and a path that starts with one.
    rewriteUrl: ({ url = "/" }) => encodeOpenParams(url.replace(/^\/{2,}/, "/")),
    genReqId: () => services.ids.ulid(),
    // A client behind a proxy may keep a connection alive for long.
    keepAliveTimeout: 75_000,
    frameworkErrors: (error, request, reply) =>
      void answerError(error, "management", request, reply.headers(CORS_HEADERS)),
    // Node's own limit, which the framework disables: an endless body must not hold its connection.
    requestTimeout: 300_000,
    clientErrorHandler: answerMalformed,
    logger: false,
  });
  app.server.on("checkExpectation", answerExpectation);
  app.decorateRequest("claim", null);
  app.removeAllContentTypeParsers();
  // Signatures are computed over the raw bytes; each route parses them itself, after the signature was verified.
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  // The id under which the log has the request: clients report it with an error.
  app.addHook("onRequest", (request, reply, done) => {
    void reply.header("x-request-id", request.id);
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    services.log.debug(
      {
        request_id: request.id,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: reply.elapsedTime,
      },
      "answered",
    );
    if (reply.getHeader("content-type") !== STREAM_TYPE) {
      options.observe(request.routeOptions.url ?? "(none)", reply.statusCode, reply.elapsedTime / 1000);
    }
    done();
  });

  const preflighted = new Set<string>();
  for (const registered of routes) {
    const { surface, route } = registered;
    const family = route.family ?? surface.family;
    const handleRoute = audited(registered);
    const isCrossOrigin = route.cors ?? surface.cors ?? false;
    if (isCrossOrigin && !preflighted.has(route.path)) {
      preflighted.add(route.path);
      app.options(route.path, (_request, reply) => reply.code(204).headers(PREFLIGHT_HEADERS).send());
    }
    app.route({
      method: route.method,
      url: route.path,
      onRequest(request, reply, done) {
        if (isCrossOrigin) void reply.headers(CORS_HEADERS);
        if (hasSmallBody(request.headers)) done();
        // A promise from here would cost every request a turn: the framework waits for what its hooks return.
        // oxlint-disable-next-line promise/no-callback-in-promise
        else void admitBeforeBody(request, reply).then((isAdmitted) => isAdmitted && done());
      },
      handler: async (request, reply) => {
        try {
          const answer = await patiently(serve(request, reply));
          return await send(reply, answer);
        } catch (error) {
          const present = isBulk(route, request.body) ? presentBulkError : presentError;
          return await answerError(error, family, request, reply, present);
        }
      },
    });

    async function admit(request: FastifyRequest, reply: FastifyReply): Promise<Claim> {
      // Authentication looks up names from the path.
      guardText(request.params as Record<string, unknown>);
      return gate.admit(registered, request, reply);
    }

    /** False: the request was refused, and the refusal sent. */
    async function admitBeforeBody(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
      try {
        request.claim = await admit(request, reply);
        // The framework would wait forever for the end of a body that broke off meanwhile.
        if (hasHungUp(request)) throw new Error("the client hung up");
        return true;
      } catch (error) {
        const beginning = route.bulk === "arrays" ? await beginningOf(request.raw) : null;
        const present = isBulk(route, beginning) ? presentBulkError : presentError;
        await answerError(error, family, request, reply, present);
        return false;
      }
    }

    async function serve(request: FastifyRequest, reply: FastifyReply): Promise<WireReply> {
      const claim = request.claim ?? (await admit(request, reply));
      const raw = Buffer.isBuffer(request.body) ? request.body : null;
      const params = request.params as Record<string, string>;
      gate.confirm(claim, request, raw);
      guardText(request.query as Record<string, unknown>);
      const parsed = {
        params: route.params === undefined ? params : validate(route.params, params, family),
        query: route.query === undefined ? {} : validate(route.query, request.query, family),
        body: route.body === undefined ? undefined : validate(route.body, readBody(route, raw), family),
      };
      if (Array.isArray(parsed.body)) gate.charge(claim, parsed.body.length, request, reply);
      const { auth } = claim;
      const handle = (db: Tx) =>
        handleRoute(
          new HandlerContext({
            ...parsed,
            raw,
            // A surface holds routes for what it authenticates: with a workspace, or made by `defineAccountRoute`.
            auth: auth as Auth,
            db,
            services,
            request_id: request.id,
            user_agent: request.headers["user-agent"] ?? "",
            address: networkOf(request.ip),
            headers: request.headers,
          }),
        );
      const inTransaction = route.transaction ?? route.method !== "GET";
      const result = inTransaction
        ? await patientDb(services.db, route).tx(handle, { again: true })
        : await handle({ ...reading, afterCommit: (then) => then() });
      return toWireReply(route, maskReply(registered, auth, result));
    }
  }

  async function answerError(
    error: unknown,
    family: ErrorFamily,
    request: FastifyRequest,
    reply: FastifyReply,
    present = presentError,
  ): Promise<FastifyReply> {
    if (hasHungUp(request)) {
      const gone = new AppError("validation_error", "the client hung up before its request was complete");
      services.log.debug({ request_id: request.id, route: request.routeOptions.url }, gone.message);
      return send(reply, presentError(gone, family));
    }
    const refusal = toAppError(error, options.isOutOfRoom?.() === true);
    if (refusal.retry_after !== undefined) void reply.header("retry-after", refusal.retry_after);
    if (refusal.status >= 500) {
      services.log.error(
        { request_id: request.id, route: request.routeOptions.url, err: error },
        refusal.message,
      );
      if (refusal.status === 503) void reply.header("retry-after", "1");
    }
    return send(reply, present(refusal, family));
  }

  app.setErrorHandler(async (error, request, reply) => {
    const registered = routes.find(({ route }) => route.path === request.routeOptions.url);
    const family = registered?.route.family ?? registered?.surface.family ?? "management";
    const present = registered?.route.bulk === "always" ? presentBulkError : presentError;
    await answerError(error, family, request, reply, present);
  });
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split("?")[0] ?? "";
    const error = new AppError("not_found", `no such endpoint: ${request.method} ${path}`);
    // A page that misspells a path must see which; there is nothing else here to see.
    return send(reply.headers(CORS_HEADERS), presentError(error, "management"));
  });
  return app;
}

/**
 * What a handler gets. Its log is made when it is needed, since most requests log nothing; a class, because an object
 * literal with a getter has another shape each time, which makes everything slow that reads it.
 */
class HandlerContext implements RouteContext<unknown, unknown, unknown> {
  params: unknown;
  query: unknown;
  body: unknown;
  raw: Buffer | null;
  auth: Auth;
  db: Tx;
  services: Services;
  request_id: string;
  user_agent: string;
  address: string;
  headers: IncomingHttpHeaders;

  constructor(fields: Omit<RouteContext<unknown, unknown, unknown>, "log">) {
    this.params = fields.params;
    this.query = fields.query;
    this.body = fields.body;
    this.raw = fields.raw;
    this.auth = fields.auth;
    this.db = fields.db;
    this.services = fields.services;
    this.request_id = fields.request_id;
    this.user_agent = fields.user_agent;
    this.address = fields.address;
    this.headers = fields.headers;
  }

  get log(): Log {
    return this.services.log.with({ request_id: this.request_id, ...workspaceOf(this.auth) });
  }
}

function workspaceOf(auth: Principal | Auth): { workspace?: string } {
  return "workspace" in auth ? { workspace: auth.workspace.slug } : {};
}

function readBody(route: RouteDefinition, raw: Buffer | null): unknown {
  if ((raw === null || raw.length === 0) && route.body instanceof z.ZodOptional) return undefined;
  return parseBody(raw, route.guardsText === true);
}

/**
 * Judging the headers apart costs a request more than receiving so little: the body of an ordinary trigger comes at once,
 * and what strangers can make a connection hold is this much.
 */
const SMALL_BODY = 16 * 1024;

function hasSmallBody(headers: IncomingHttpHeaders): boolean {
  if (headers["transfer-encoding"] !== undefined) return false;
  return Number(headers["content-length"] ?? 0) <= SMALL_BODY;
}

/** The first bytes of a body that nobody will read; null: there are none. Never more than one read of the socket. */
async function beginningOf(request: IncomingMessage): Promise<Buffer | null> {
  try {
    for await (const bytes of request.iterator({ destroyOnReturn: false })) return bytes as Buffer;
  } catch {
    // The sender hung up.
  }
  return null;
}

/** An array is known by its first character: what is refused may be no JSON at all. */
function isBulk({ bulk }: RouteDefinition, raw: unknown): boolean {
  if (bulk === undefined || bulk === "always") return bulk === "always";
  return Buffer.isBuffer(raw) && /^\s*\[/.test(raw.toString("latin1", 0, 100));
}

function patientDb(db: Services["db"], { statement_ms }: RouteDefinition): Services["db"] {
  return statement_ms === undefined ? db : db.patient(statement_ms);
}

function toWireReply(route: RouteDefinition, result: unknown): WireReply {
  if (result instanceof RouteReply) {
    const { status, body, content_type = JSON_TYPE, headers } = result;
    return { status, body, content_type, headers };
  }
  return { status: route.reply.status, body: result, content_type: JSON_TYPE };
}

function send(reply: FastifyReply, answer: WireReply): FastifyReply {
  void reply.code(answer.status).headers({ ...answer.headers });
  if (answer.status === 204) return reply.send();
  void reply.type(answer.content_type);
  if (answer.body instanceof Readable) {
    if (reply.request.method !== "HEAD") return reply.send(answer.body);
    answer.body.destroy();
    return reply.send();
  }
  const isText = typeof answer.body === "string" || Buffer.isBuffer(answer.body);
  return reply.send(isText ? answer.body : JSON.stringify(answer.body));
}

/** Path and query arrive percent-decoded: text that no column can hold is refused here. */
function guardText(values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    for (const text of Array.isArray(value) ? value : [value]) {
      const reason = typeof text === "string" ? unsafeText(text) : null;
      if (reason !== null) throw new AppError("validation_error", `${name}: ${reason}`);
    }
  }
}

/** The client disconnected before its request was complete: nobody receives the response, and it is not our failure. */
function hasHungUp({ raw }: FastifyRequest): boolean {
  return raw.destroyed && !raw.complete;
}

function toAppError(error: unknown, isOutOfRoom: boolean): AppError {
  if (error instanceof AppError) return error;
  const refusal = databaseRefusal(error, isOutOfRoom);
  if (refusal !== null) return refusal;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const status = error instanceof Error && "statusCode" in error ? Number(error.statusCode) : 500;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new AppError("payload_too_large", "request body is too large", { cause: error });
  }
  if (status >= 400 && status < 500) {
    const message = error instanceof Error ? error.message : "BAD REQUEST";
    return new AppError("validation_error", message, { cause: error });
  }
  return new AppError("internal", "internal error", { cause: error });
}

/**
 * Longest that anything takes: a redrive of ten thousand. A database that hangs without closing its connections never
 * answers. Fastify's `handlerTimeout` would also count the time in which a client on a slow line sends its body.
 */
const PATIENCE_MS = 60_000;

async function patiently<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const text = `there was no answer within ${PATIENCE_MS / 1000} s; send the request again`;
  const timer = setTimeout(() => late.reject(new AppError("database_unavailable", text)), PATIENCE_MS);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
