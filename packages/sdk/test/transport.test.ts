import { sign } from "../../server/src/http/auth/signature.ts";
import { describe, expect, it } from "vitest";
import { signedBy } from "../src/core/credentials.ts";
import { type CarillonError, type CarillonOptions, createCarillon, type Tracer } from "../src/index.ts";
import { type Scripted, type ScriptedServer, serveScript } from "./support/door.ts";

/** What the SDK does when servers and networks misbehave, over real connections. */
const ACCEPTED: Scripted = { status: 202, body: { status: "success", message_id: "m-1" } };
const USER: Scripted = { status: 200, body: { distinct_id: "ada", properties: {} } };
const UNAVAILABLE: Scripted = { status: 503, body: { code: 503, message: "the database did not answer" } };

const clientOf = ({ url }: ScriptedServer, options: Partial<CarillonOptions> = {}) =>
  createCarillon({
    url,
    apiKey: "SS.test",
    serviceToken: "st",
    workspace: "staging",
    key: "k".repeat(20),
    retryDelay: () => 0,
    ...options,
  });

const failure = (work: Promise<unknown>): Promise<CarillonError> =>
  work.then(
    () => {
      throw new Error("it should have failed");
    },
    (error: unknown) => error as CarillonError,
  );

const keyOf = (body: string) => (JSON.parse(body) as { $idempotency_key: string }).$idempotency_key;

describe("a failure that may pass", () => {
  it.each<[title: string, Scripted]>([
    ["a server error", { status: 500, body: { message: "a bug" } }],
    ["a database that is away", UNAVAILABLE],
    ["a proxy's error page", { status: 502, text: "<html>Bad Gateway</html>" }],
    ["a limit", { status: 429, body: { code: 429, message: "too many" } }],
    ["a connection that breaks", "drop"],
  ])("is tried again, under the same key: %s", async (_title, failing) => {
    await using server = await serveScript([failing, failing, ACCEPTED]);
    const accepted = await clientOf(server).workflows.trigger("order", { to: "ada" });
    expect(accepted.message_id).toBe("m-1");
    const keys = server.seen.map(({ body }) => keyOf(body));
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("is given up after as many attempts as the client has, with the last reason", async () => {
    await using server = await serveScript([UNAVAILABLE]);
    const error = await failure(clientOf(server, { retries: 2 }).users.get("ada"));
    expect(error).toMatchObject({ code: "database_unavailable", status: 503 });
    expect(server.seen).toHaveLength(3);
  });

  it("is not tried again where a second time would count twice, unless it was certainly not processed", async () => {
    const increment = (server: ScriptedServer) =>
      clientOf(server).users.edit("ada", (user) => user.increment({ logins: 1 }));
    for (const lost of ["drop", UNAVAILABLE] as const) {
      await using server = await serveScript([lost, USER]);
      await failure(increment(server));
      expect(server.seen).toHaveLength(1);
    }
    await using limited = await serveScript([{ status: 429, body: {} }, USER]);
    await increment(limited);
    expect(limited.seen).toHaveLength(2);
  });

  it("of an edit that does the same twice is tried again", async () => {
    await using server = await serveScript(["drop", USER]);
    await clientOf(server).users.edit("ada", (user) =>
      user.addEmail("ada@example.com").set({ plan: "gold" }),
    );
    expect(server.seen).toHaveLength(2);
  });

  it("of a deletion whose answer got lost is a deletion", async () => {
    const gone: Scripted = { status: 404, body: { code: 404, message: "user not found" } };
    await using server = await serveScript(["drop", gone]);
    await clientOf(server).users.delete("ada");
    await using other = await serveScript([gone]);
    expect(await failure(clientOf(other).users.delete("ada"))).toMatchObject({ code: "not_found" });
    await using limited = await serveScript([{ status: 429, body: {} }, gone]);
    expect(await failure(clientOf(limited).users.delete("ada"))).toMatchObject({ code: "not_found" });
  });

  it("waits as long as the server asks, by seconds or by a date, and no longer than a minute", async () => {
    const waits: unknown[] = [];
    const logger = { warn: (_message: string, fields: Record<string, unknown>) => waits.push(fields.wait) };
    const limited = (after: string): Scripted => ({
      status: 429,
      body: {},
      headers: { "retry-after": after },
    });
    const past = new Date(Date.now() - 60_000).toUTCString();
    await using server = await serveScript([limited("0"), limited(past), USER]);
    await clientOf(server, { logger, retryDelay: () => 7 }).users.get("ada");
    expect(waits).toEqual([7, 7]);
    await using strict = await serveScript([limited("61"), USER]);
    expect(await failure(clientOf(strict).users.get("ada"))).toMatchObject({
      code: "throttled",
      status: 429,
    });
    expect(strict.seen).toHaveLength(1);
  });

  it.each([400, 401, 403, 404, 409, 413])("is not what %i is", async (status) => {
    await using server = await serveScript([{ status, body: { code: status, message: "no" } }]);
    expect(await failure(clientOf(server).users.get("ada"))).toMatchObject({ status, message: "no" });
    expect(server.seen).toHaveLength(1);
  });
});

describe("a server that is not there", () => {
  it("has had nothing: what would count twice is tried again, and nothing was deleted", async () => {
    const server = await serveScript([USER]);
    const { url } = server;
    await server[Symbol.asyncDispose]();
    const waits: unknown[] = [];
    const logger = { warn: (_message: string, fields: Record<string, unknown>) => waits.push(fields.wait) };
    const client = createCarillon({ url, apiKey: "SS.x", retries: 2, retryDelay: () => 1, logger });
    const edit = client.users.edit("ada", (user) => user.increment({ visits: 1 }));
    expect(await failure(edit)).toMatchObject({ code: "connection_failed" });
    expect(waits).toEqual([1, 1, undefined]);
    expect(await failure(client.users.delete("ada"))).toMatchObject({ code: "connection_failed" });
  });
});

describe("a call", () => {
  it("that is not answered in time fails so, and is tried again if it may be", async () => {
    await using server = await serveScript(["hang", USER]);
    const user = await clientOf(server, { timeout: 50 }).users.get("ada", {});
    expect(user.distinct_id).toBe("ada");
    await using slow = await serveScript(["hang"]);
    const error = await failure(clientOf(slow, { retries: 0 }).users.get("ada", { timeout: 30 }));
    expect(error).toMatchObject({ code: "timeout", message: "GET /v1/user/ada/: no answer within 30 ms" });
  });

  it("is ended by its signal: before it, under way, and while it waits to try again", async () => {
    await using server = await serveScript(["hang"]);
    const client = clientOf(server);
    expect(await failure(client.users.get("ada", { signal: AbortSignal.abort("why") }))).toMatchObject({
      code: "aborted",
      cause: "why",
    });
    expect(server.seen).toHaveLength(0);
    const control = new AbortController();
    const underWay = failure(client.users.get("ada", { signal: control.signal }));
    control.abort();
    expect(await underWay).toMatchObject({ code: "aborted" });

    const waiting = new AbortController();
    const logger = { warn: () => waiting.abort() };
    await using failing = await serveScript([UNAVAILABLE]);
    const patient = clientOf(failing, { logger, retryDelay: () => 60_000 });
    expect(await failure(patient.users.get("ada", { signal: waiting.signal }))).toMatchObject({
      code: "aborted",
    });
    expect(failing.seen).toHaveLength(1);
  });

  it("to nowhere says where, and that it was never sent", async () => {
    const { url } = await serveScript([USER]).then(async (server) => {
      await server[Symbol.asyncDispose]();
      return server;
    });
    const error = await failure(createCarillon({ url, apiKey: "x", retries: 0 }).users.get("ada"));
    expect(error).toMatchObject({ code: "connection_failed", status: 0, requestId: null });
    expect(error.message).toContain(`GET ${url}: connect ECONNREFUSED`);
  });

  it("that something else answers than the server fails so", async () => {
    await using page = await serveScript([{ status: 200, text: "<html>Welcome</html>" }]);
    expect(await failure(clientOf(page).users.get("ada"))).toMatchObject({
      code: "bad_response",
      message: "/v1/user/ada/ answered 200 without JSON: <html>Welcome</html>",
    });
    await using elsewhere = await serveScript([
      { status: 302, headers: { location: "https://example.com/" } },
    ]);
    expect(await failure(clientOf(elsewhere).users.get("ada"))).toMatchObject({
      status: 302,
      code: "bad_response",
    });
  });

  it("logs each attempt, and neither bodies nor credentials", async () => {
    const lines: unknown[] = [];
    const note = (message: string, fields: object) => lines.push({ message, ...fields });
    await using server = await serveScript([UNAVAILABLE, { ...USER, headers: { "x-request-id": "r-1" } }]);
    await clientOf(server, { logger: { debug: note, warn: note } }).users.upsert("ada", { name: "Secret" });
    expect(lines).toMatchObject([
      { message: "failed, will retry", method: "POST", path: "/v1/user/ada/", attempt: 0, status: 503 },
      { message: "answered", attempt: 1, status: 200, requestId: "r-1" },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/Secret|SS\.test/);
  });

  it("keeps its connection for the next one", async () => {
    await using server = await serveScript([USER]);
    const client = clientOf(server);
    for (let index = 0; index < 20; index++) await client.users.get("ada");
    expect(server.seen).toHaveLength(20);
    // The runtime may open a second one while the first is being given back.
    expect(new Set(server.seen.map(({ port }) => port)).size).toBeLessThanOrEqual(3);
  });
});

/** Records what OpenTelemetry's tracer is told, in its own shapes. */
function recordingTracer(ids = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" }) {
  const spans: unknown[] = [];
  const tracer: Tracer = {
    startSpan(name, { kind, attributes }) {
      const span = {
        name,
        kind,
        attributes: { ...attributes },
        events: [] as unknown[],
        status: {},
        ended: 0,
      };
      spans.push(span);
      return {
        setAttribute: (key, value) => void (span.attributes[key] = value),
        addEvent: (event, details) => void span.events.push({ event, ...details }),
        setStatus: (status) => void (span.status = status),
        spanContext: () => ({ ...ids, traceFlags: 1 }),
        end: () => void span.ended++,
      };
    },
  };
  return { spans, tracer };
}

describe("a tracer", () => {
  it("gets a span for each call, with its retries, and its context goes along", async () => {
    const { spans, tracer } = recordingTracer();
    const answered = { ...USER, headers: { "x-request-id": "r-1" } };
    await using server = await serveScript([UNAVAILABLE, answered]);
    await clientOf(server, { tracer }).users.list({ limit: 5 }).page();
    expect(spans).toEqual([
      {
        name: "GET",
        kind: 2,
        attributes: {
          "http.request.method": "GET",
          "http.request.resend_count": 1,
          "http.response.status_code": 200,
          "server.address": "127.0.0.1",
          "server.port": Number(new URL(server.url).port),
          "url.full": `${server.url}/v1/user/`,
          "user_agent.name": "carillon-sdk",
          "user_agent.version": "0.1.0",
          "carillon.request_id": "r-1",
        },
        events: [{ event: "retry", "error.type": "database_unavailable", wait: 0 }],
        status: {},
        ended: 1,
      },
    ]);
    const parents = server.seen.map(({ headers }) => headers.traceparent);
    expect(parents).toEqual(Array(2).fill("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  });

  it("gets the reason of a call that fails, and nothing of one that is refused before the network", async () => {
    const { spans, tracer } = recordingTracer();
    await using server = await serveScript([{ status: 404, body: { code: 404, message: "user not found" } }]);
    const client = clientOf(server, { tracer });
    await failure(client.users.get("nobody"));
    await failure(client.users.get(""));
    expect(spans).toMatchObject([
      {
        attributes: { "http.response.status_code": 404, "error.type": "not_found" },
        status: { code: 2, message: "not_found" },
        ended: 1,
      },
    ]);
    await failure(client.users.get("ada", { signal: AbortSignal.abort() }));
    expect(spans[1]).toMatchObject({ attributes: { "error.type": "aborted" }, ended: 1 });
  });

  it("that records nothing sends no context, and one that throws, like a logger that does, breaks no call", async () => {
    const silent = recordingTracer({ traceId: "0".repeat(32), spanId: "0".repeat(16) });
    const fail = () => {
      throw new Error("the exporter is gone");
    };
    const broken = { setAttribute: fail, addEvent: fail, setStatus: fail, spanContext: fail, end: fail };
    for (const tracer of [silent.tracer, { startSpan: () => broken }, { startSpan: fail }]) {
      await using server = await serveScript([UNAVAILABLE, USER]);
      const user = await clientOf(server, { tracer, logger: { debug: fail, warn: fail } }).users.get("ada");
      expect(user.distinct_id).toBe("ada");
      expect(server.seen[0]?.headers.traceparent).toBeUndefined();
    }
  });
});

describe("a signature", () => {
  const secret = "wssecret_stub_0123456789abcdef";
  const contentType = "application/json; charset=utf-8";
  const date = "Fri, 20 Nov 2026 17:18:14 GMT";

  it.each([
    [
      "POST",
      "/trigger/",
      '{"workflow":"welcome","recipients":["u-1"],"data":{"uni":"é✓"}}',
      "9fFcYtR5NzikiUdtMcPrfTqiugN1KGS+tP5la6R0Bp0=",
    ],
    ["GET", "/v1/user/?limit=2&after=cur%3D%3D", null, "BTyGGCV4GooR3oFKiSKuHvhglxY2XVBShgoxdL3vNBs="],
    ["GET", "/v1/user/u%201%2F%C3%A9/", null, "hiKNYH1YDjj/QCLPo7m9ahoPq8AwGSnSfXY1Zkx7sAY="],
    ["DELETE", "/v1/user/u-1/", null, "21H8SlVg7/I+p9750fbWtW2GVG1i+K/207Exn12NjTA="],
  ])("is that of the wire's vectors: %s %s", (method, target, body, expected) => {
    const bytes = body === null ? null : new TextEncoder().encode(body);
    expect(signedBy("key", secret)({ method, target, contentType, date, body: bytes })).toBe(
      `key:${expected}`,
    );
  });

  it("is over what is really sent, for any id and any query", async () => {
    await using server = await serveScript(() => ({
      status: 200,
      body: { meta: { count: 0 }, results: [] },
    }));
    const client = createCarillon({
      url: `${server.url}/behind/a proxy`.replace(" ", "%20"),
      key: "k",
      secret,
    });
    await client.users.get("u 1/é?#%'*~!()");
    await client.messages
      .list({ status: ["seen", "read"], created_at_gte: new Date(0), is_campaign: false })
      .page();
    await client.users.upsert("ü", { name: "Zoë ✓" });
    for (const { method, url, headers, body } of server.seen) {
      const signed = {
        method,
        target: url,
        content_type: headers["content-type"] ?? "",
        date: headers.date ?? "",
        body: body === "" ? null : Buffer.from(body),
      };
      expect(headers.authorization).toBe(`k:${sign(secret, signed)}`);
      expect(headers["x-amz-date"]).toBe(headers.date);
    }
    expect(server.seen.map(({ url }) => url)).toEqual([
      "/behind/a%20proxy/v1/user/u%201%2F%C3%A9%3F%23%25'*~!()/",
      "/behind/a%20proxy/v1/message/?status=seen&status=read&created_at_gte=1970-01-01T00%3A00%3A00.000Z&is_campaign=false",
      "/behind/a%20proxy/v1/user/%C3%BC/",
    ]);
  });
});
