import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createHttpClient } from "./http.ts";
import { createHttpCaller } from "./http-caller.ts";

type Call = Parameters<ReturnType<typeof createHttpCaller>>[0];

async function serve(listener: RequestListener): Promise<{ url: string } & AsyncDisposable> {
  const server: Server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function call(wanted: Partial<Call>, allow_private: string[] = ["127.0.0.1"]) {
  const http = createHttpClient({ allow_private });
  try {
    const whole: Call = { method: "GET", url: "", headers: [], body: null, timeout_ms: 5000, ...wanted };
    return await createHttpCaller(http)(whole);
  } finally {
    await http.close();
  }
}

describe("a call of an HTTP node", () => {
  it("returns any response, and how long it took", async () => {
    await using server = await serve((_request, reply) => void reply.writeHead(418).end("Tee für zwei"));
    expect(await call({ url: server.url })).toEqual({
      ok: true,
      status: 418,
      body: "Tee für zwei",
      took_ms: expect.any(Number),
    });
  });

  it("says who we are, unless its author says something else", async () => {
    await using server = await serve((request, reply) => void reply.end(request.headers["user-agent"]));
    expect(await call({ url: server.url })).toMatchObject({ body: "Carillon" });
    expect(await call({ url: server.url, headers: [["User-Agent", "mine"]] })).toMatchObject({
      body: "mine",
    });
  });

  it("sends repeated headers as one, in order, and any name", async () => {
    await using server = await serve((request, reply) => {
      reply.end(JSON.stringify(request.rawHeaders));
    });
    const headers: Call["headers"] = [
      ["X-Tag", "a"],
      ["constructor", "c"],
      ["x-tag", "b"],
    ];
    expect(await call({ url: server.url, headers })).toMatchObject({
      body: expect.stringContaining('"x-tag","a, b","constructor","c"'),
    });
  });

  it("gives up when there is no response in time", async () => {
    await using server = await serve(() => {});
    expect(await call({ url: server.url, timeout_ms: 30 })).toMatchObject({ ok: false, code: "timeout" });
  });

  it("gives up when the answer does not come to its end in time", async () => {
    await using server = await serve((_request, reply) => void reply.writeHead(200).write("{"));
    expect(await call({ url: server.url, timeout_ms: 100 })).toMatchObject({ ok: false, code: "timeout" });
  });

  it("follows three redirects and not a fourth", async () => {
    const hops = (request: IncomingMessage) => Number(request.url?.slice(1));
    await using server = await serve((request, reply) => {
      if (hops(request) === 0) reply.end("there");
      else reply.writeHead(302, { location: `/${hops(request) - 1}` }).end();
    });
    expect(await call({ url: `${server.url}/3` })).toMatchObject({ ok: true, status: 200, body: "there" });
    expect(await call({ url: `${server.url}/4` })).toMatchObject({ ok: false, code: "bad_redirect" });
  });

  it("does not take credentials along to another origin", async () => {
    await using other = await serve((request, reply) => void reply.end(JSON.stringify(request.headers)));
    await using server = await serve(
      (_request, reply) => void reply.writeHead(307, { location: other.url }).end(),
    );
    const headers: Call["headers"] = [
      ["Authorization", "Bearer s3"],
      ["X-Key", "s4"],
    ];
    const reply = await call({ url: server.url, headers });
    expect(reply).toMatchObject({ ok: true, body: expect.stringContaining("user-agent") });
    expect(JSON.stringify(reply)).not.toMatch(/s3|s4/);
  });

  it.each([
    ["with its length", (body: Buffer) => ({ headers: { "content-length": String(body.length) }, body })],
    ["without", (body: Buffer) => ({ headers: {}, body })],
    ["packed", (body: Buffer) => ({ headers: { "content-encoding": "gzip" }, body: gzipSync(body) })],
  ])("takes one megabyte and not one byte more, said %s", async (_title, dress) => {
    await using server = await serve((request, reply) => {
      const { headers, body } = dress(Buffer.alloc(1_048_576 + Number(request.url?.slice(1)), "x"));
      reply.writeHead(200, headers).end(body);
    });
    expect(await call({ url: `${server.url}/0` })).toMatchObject({ ok: true, status: 200 });
    expect(await call({ url: `${server.url}/1` })).toMatchObject({ ok: false, code: "response_too_large" });
  });

  it.each([
    "http://127.0.0.1:1/",
    "http://localhost:1/",
    "http://2130706433:1/",
    "http://0x7f.1:1/",
    "http://[::1]:1/",
    "http://[::ffff:127.0.0.1]:1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://0.0.0.0:1/",
  ])("does not go to %s", async (url) => {
    expect(await call({ url }, [])).toMatchObject({ ok: false, code: "blocked_address" });
  });

  it("does not follow a redirect into the private network", async () => {
    await using server = await serve((_request, reply) => {
      reply.writeHead(302, { location: "http://169.254.169.254/latest/meta-data/" }).end();
    });
    expect(await call({ url: server.url })).toMatchObject({ ok: false, code: "blocked_address" });
  });

  it("distinguishes a request that cannot be sent from one without a response", async () => {
    expect(await call({ url: "ftp://h.example/" })).toMatchObject({ ok: false, code: "invalid_request" });
    expect(await call({ url: "http://127.0.0.1:1/" })).toMatchObject({
      ok: false,
      code: "connection_refused",
    });
  });
});
