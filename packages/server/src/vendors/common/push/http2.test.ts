import { once } from "node:events";
import { constants } from "node:http2";
import { createServer as createPlainServer, type AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { describe, expect, it } from "vitest";
import { createDoor } from "../../../../test/outside/door.ts";
import {
  type Http2Received,
  type Http2Server,
  serveHttp2,
  trustLoopback,
} from "../../../../test/outside/http2-server.ts";
import { LOOPBACK_TLS } from "../../../../test/outside/loopback-tls.ts";
import { dial } from "../../../../test/outside/vendor-contract.ts";
import { createDial } from "../../../delivery/http/dial.ts";
import { createHttp2Client, type Http2Client, type Http2Options } from "./http2.ts";

trustLoopback();

const newSignal = () => AbortSignal.timeout(5000);

function clientOf(server: Pick<Http2Server, "port" | "dial">, more: Partial<Http2Options> = {}) {
  const client = createHttp2Client({ host: "localhost", port: server.port, dial: server.dial, ...more });
  const post = (path: string, { signal = newSignal(), timeout_ms = 4000 } = {}) =>
    client.request(
      { method: "POST", path, headers: { "x-test": "1" }, body: `to ${path}`, timeout_ms },
      signal,
    );
  return { post, close: client.close, [Symbol.asyncDispose]: client.close };
}

const echo = ({ answer, body, path }: Http2Received) =>
  answer(200, JSON.stringify({ body }), { "x-path": path });
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("requests over HTTP/2", () => {
  it("share one connection, each with its own answer", async () => {
    await using server = await serveHttp2(echo, { maxConcurrentStreams: 10 });
    await using client = clientOf(server);
    const replies = await Promise.all(range(200).map((index) => client.post(`/${index}`)));
    for (const [index, reply] of replies.entries()) {
      expect(reply).toMatchObject({
        status: 200,
        headers: { "x-path": `/${index}` },
        json: { body: `to /${index}` },
      });
    }
    expect(server.sessions).toHaveLength(1);
    expect(server.requests[0]?.headers).toMatchObject({
      ":method": "POST",
      ":authority": "localhost",
      "x-test": "1",
    });
  });

  it("that the server has not begun when it goes away are made on the next connection", async () => {
    const waiting: Http2Received[] = [];
    await using server = await serveHttp2(
      (request) => {
        if (request.session !== server.sessions[0]) {
          echo(request);
          return;
        }
        waiting.push(request);
        if (waiting.length < 2) return;
        request.session.goaway(constants.NGHTTP2_NO_ERROR, 3, Buffer.from('{"reason":"Shutdown"}'));
        for (const one of waiting) one.answer(200, "under way");
      },
      { maxConcurrentStreams: 2 },
    );
    await using client = clientOf(server);
    const replies = await Promise.all(["/a", "/b", "/c", "/d"].map((path) => client.post(path)));
    expect(replies.map((reply) => ("body" in reply ? reply.body : reply))).toEqual([
      "under way",
      "under way",
      '{"body":"to /c"}',
      '{"body":"to /d"}',
    ]);
    expect(server.sessions).toHaveLength(2);
  });

  it("that the server may have begun when it breaks off are in doubt, and no others", async () => {
    let first: Http2Received | null = null;
    await using server = await serveHttp2(
      (request) => {
        if (request.session !== server.sessions[0]) {
          echo(request);
        } else if (first === null) {
          first = request;
          request.session.goaway(constants.NGHTTP2_INTERNAL_ERROR, 1);
        }
      },
      { maxConcurrentStreams: 1 },
    );
    await using client = clientOf(server);
    const [doubtful, repeated] = await Promise.all([client.post("/a"), client.post("/b")]);
    expect(doubtful).toMatchObject({ kind: "ambiguous", code: "connection_lost" });
    expect(repeated).toMatchObject({ status: 200 });
  });

  it("that are refused are made again, and fail where they are refused again and again", async () => {
    let refusals = 1;
    await using server = await serveHttp2((request) => {
      if (refusals-- > 0) request.stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else echo(request);
    });
    await using client = clientOf(server);
    expect(await client.post("/a")).toMatchObject({ status: 200 });
    refusals = 3;
    expect(await client.post("/b")).toMatchObject({
      kind: "failed",
      class: "transient",
      code: "connection_lost",
    });
  });

  it("are in doubt when the connection is cut, and the next one opens another", async () => {
    await using server = await serveHttp2((request, index) => {
      if (index === 0) request.session.destroy();
      else echo(request);
    });
    await using client = clientOf(server);
    expect(await client.post("/a")).toMatchObject({ kind: "ambiguous", code: "connection_lost" });
    expect(await client.post("/b")).toMatchObject({ status: 200 });
  });

  it("are in doubt without an answer in time, and when the caller gives up", async () => {
    const controller = new AbortController();
    await using server = await serveHttp2(({ path }) => {
      if (path === "/aborted") controller.abort();
    });
    await using client = clientOf(server);
    expect(await client.post("/slow", { timeout_ms: 20 })).toMatchObject({
      kind: "ambiguous",
      code: "timeout",
    });
    expect(await client.post("/aborted", { signal: controller.signal })).toMatchObject({
      kind: "ambiguous",
      code: "aborted",
    });
    expect(await client.post("/", { signal: AbortSignal.abort() })).toMatchObject({
      kind: "failed",
      code: "aborted",
    });
  });

  it("that were answered count, even if the connection ends in the middle of the answer", async () => {
    await using server = await serveHttp2(({ stream, session }) => {
      stream.respond({ ":status": 200 });
      stream.write("half", () => session.goaway(constants.NGHTTP2_INTERNAL_ERROR, 1));
    });
    await using client = clientOf(server);
    expect(await client.post("/a")).toMatchObject({ status: 200 });
  });

  it("find out that a connection has gone silent before they use it", async () => {
    await using server = await serveHttp2(echo);
    const door = await createDoor(`tcp://127.0.0.1:${server.port}`);
    const port = Number(new URL(door.url).port);
    const through: Http2Options["dial"] = ({ timeout_ms }) => dial({ host: "127.0.0.1", port, timeout_ms });
    await using client = clientOf({ port, dial: through }, { quiet_ms: 0, ping_ms: 1000 });
    await client.post("/a");
    await client.post("/b");
    expect(server.sessions).toHaveLength(1);
    door.silence();
    expect(await client.post("/c")).toMatchObject({ status: 200 });
    expect(server.sessions).toHaveLength(2);
    await client.close();
    door.shut();
    door.server.close();
  });

  it("that come together after a silence wait for one ping", async () => {
    await using server = await serveHttp2(echo);
    await using client = clientOf(server, { quiet_ms: 0 });
    await client.post("/first");
    let pings = 0;
    server.sessions[0]?.on("ping", () => pings++);
    const replies = await Promise.all(range(50).map((index) => client.post(`/${index}`)));
    expect(replies.filter((reply) => "kind" in reply)).toEqual([]);
    expect(server.sessions).toHaveLength(1);
    expect(pings).toBe(1);
  });

  it("after one without an answer use a connection only if it still answers", async () => {
    await using server = await serveHttp2(echo);
    const door = await createDoor(`tcp://127.0.0.1:${server.port}`);
    const port = Number(new URL(door.url).port);
    const through: Http2Options["dial"] = ({ timeout_ms }) => dial({ host: "127.0.0.1", port, timeout_ms });
    await using client = clientOf({ port, dial: through }, { ping_ms: 10 });
    await client.post("/a");
    door.silence();
    expect(await client.post("/b", { timeout_ms: 20 })).toMatchObject({ kind: "ambiguous", code: "timeout" });
    // Either it has been found out by now, or this one is lost as well.
    let reply: Awaited<ReturnType<Http2Client["request"]>>;
    do reply = await client.post("/c", { timeout_ms: 500 });
    while ("kind" in reply);
    expect(reply.status).toBe(200);
    await client.close();
    door.shut();
    door.server.close();
  });
});

describe("a connection that cannot be had", () => {
  const outcome = async (options: Partial<Http2Options>) => {
    await using client = clientOf({ port: 9, dial }, options);
    return await client.post("/a");
  };

  it("to a closed port is a failure", async () => {
    const free = createPlainServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, "close");
    expect(await outcome({ host: "127.0.0.1", port })).toMatchObject({
      kind: "failed",
      class: "transient",
      code: "connection_refused",
    });
  });

  it("to a private address is one of the settings", async () => {
    expect(await outcome({ host: "127.0.0.1", dial: createDial() })).toMatchObject({
      kind: "failed",
      class: "config",
      code: "blocked_address",
    });
  });

  it("to a server of another name is a failure", async () => {
    await using server = await serveHttp2(echo);
    expect(await outcome({ host: "other.test", dial: server.dial })).toMatchObject({
      kind: "failed",
      code: "tls_failed",
    });
  });

  it.each([
    ["speaks no TLS", () => createPlainServer((socket) => socket.end("220 hello\r\n"))],
    ["hangs up", () => createPlainServer((socket) => socket.destroy())],
    ["speaks no HTTP/2", () => createTlsServer(LOOPBACK_TLS)],
    [
      "says that it does",
      () =>
        createTlsServer({ ...LOOPBACK_TLS, ALPNProtocols: ["h2"] }, (socket) =>
          socket.end("HTTP/1.1 200 OK\r\n\r\n"),
        ),
    ],
  ])("to a server that %s is a failure", async (_title, start) => {
    const server = start().listen(0, "127.0.0.1");
    server.on("tlsClientError", () => {});
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const local: Http2Options["dial"] = ({ timeout_ms }) => dial({ host: "127.0.0.1", port, timeout_ms });
    expect(await outcome({ port, dial: local })).toMatchObject({ kind: "failed", class: "transient" });
    server.close();
  });
});

describe("closing", () => {
  it("waits for running requests, and takes no new ones", async () => {
    let answer = (): void => {};
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    await using server = await serveHttp2((request) => {
      answer = () => echo(request);
      resolve();
    });
    const client = clientOf(server);
    const running = client.post("/a");
    await arrived;
    const closing = client.close();
    expect(await client.post("/b")).toMatchObject({
      kind: "failed",
      class: "transient",
      code: "client_closed",
    });
    answer();
    expect(await running).toMatchObject({ status: 200 });
    await closing;
    await client.close();
  });
});
