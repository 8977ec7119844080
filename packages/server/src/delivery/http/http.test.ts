import type { lookup as resolver } from "node:dns";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server as TcpServer } from "node:net";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { HttpClientOptions, HttpErrorCode, HttpRequest } from "./http.ts";
import { LOOPBACK_TLS } from "../../../test/outside/loopback-tls.ts";
import { createHttpClient, HttpCallError, redact, retryAfterSeconds } from "./http.ts";

interface Listening extends AsyncDisposable {
  port: number;
  url: string;
  /** TCP connections seen so far. */
  connections: () => number;
}

async function listen(server: TcpServer | Server, scheme = "http"): Promise<Listening> {
  let connections = 0;
  const open = new Set<{ destroy: () => void }>();
  server.on("connection", (socket: { destroy: () => void; once: (e: "close", f: () => void) => void }) => {
    connections += 1;
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) {
        socket.destroy();
      }
      server.close();
      await once(server, "close");
    },
  };
}

const serve = (handler: RequestListener): Promise<Listening> => listen(createServer(handler));

function connect(options: HttpClientOptions = { allow_private: ["*"] }) {
  const client = createHttpClient(options);
  return { ...client, [Symbol.asyncDispose]: () => client.close() };
}

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({ method: "GET", url, ...more });

async function errorOf(call: Promise<unknown>): Promise<HttpCallError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof HttpCallError)) {
    throw new Error("expected an HttpCallError", { cause: error });
  }
  return error;
}

/** The failure of a call, in the terms of `NOT_SENT` and `MAYBE_SENT`. */
async function failureOf(call: Promise<unknown>): Promise<[HttpErrorCode, boolean]> {
  const { code, may_have_arrived } = await errorOf(call);
  return [code, may_have_arrived];
}

const NOT_SENT = false;
const MAYBE_SENT = true;

describe("calls", () => {
  it("sends method, headers and body, and brings back status, headers and body", async () => {
    await using server = await serve((request, reply) => {
      reply.writeHead(207, { "X-Seen": request.headers["x-key"], "Set-Cookie": ["a=1", "b=2"] });
      const { method, url, headers } = request;
      void text(request).then((body) => reply.end(`${method} ${url} ${headers["user-agent"]} ${body} ✓`));
    });
    await using client = connect();

    const reply = await client.request({
      method: "post",
      url: `${server.url}/päth?q=a b`,
      headers: { "X-Key": "k" },
      body: "héllo 日本",
    });

    expect(reply.status).toBe(207);
    expect(reply.headers["x-seen"]).toBe("k");
    expect(reply.headers["set-cookie"]).toBe("a=1, b=2");
    expect(reply.body).toBe("POST /p%C3%A4th?q=a%20b Carillon héllo 日本 ✓");
  });

  it("keeps connections for the calls that follow", async () => {
    await using server = await serve((_, reply) => void reply.end("ok"));
    await using client = connect();
    for (let i = 0; i < 20; i += 1) {
      await client.request(get(server.url));
    }
    // Two, because an immediately following call finds the connection not yet back in its pool.
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  it("sends bytes as they are and brings a file back as base64", async () => {
    await using server = await serve((request, reply) => void request.pipe(reply));
    await using client = connect();
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const reply = await client.request({ method: "PUT", url: server.url, body: bytes, encoding: "base64" });
    expect(Buffer.from(reply.body, "base64").equals(bytes)).toBe(true);
  });

  it("turns credentials in the URL into basic authorization, unless a header gives one", async () => {
    await using server = await serve((request, reply) => void reply.end(request.headers.authorization));
    await using client = connect();
    const url = `http://us%40er:p%zz@127.0.0.1:${server.port}/`;
    const { body } = await client.request(get(url));
    expect(Buffer.from(body.replace("Basic ", ""), "base64").toString()).toBe("us@er:p%zz");
    expect((await client.request(get(url, { headers: { Authorization: "Bearer x" } }))).body).toBe(
      "Bearer x",
    );
  });

  it("reads a compressed answer though none was asked for", async () => {
    await using server = await serve((_, reply) => {
      reply.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("plain"));
    });
    await using client = connect();
    expect((await client.request(get(server.url))).body).toBe("plain");
  });

  it("leaves an answer in an unknown encoding alone", async () => {
    await using server = await serve((_, reply) => {
      reply.writeHead(200, { "content-encoding": "constructor" }).end("raw");
    });
    await using client = connect();
    expect((await client.request(get(server.url))).body).toBe("raw");
  });

  it("speaks TLS to a trusted authority, and HTTP/2 where the server prefers it", async () => {
    await using one = await listen(
      createTlsServer(LOOPBACK_TLS, (_, reply) => void reply.end("1.1")),
      "https",
    );
    const h2 = createSecureServer(LOOPBACK_TLS, (request, reply) => void reply.end(request.httpVersion));
    await using two = await listen(h2, "https");
    await using client = connect({ allow_private: ["127.0.0.1"], ca: [LOOPBACK_TLS.cert] });
    expect((await client.request(get(one.url))).body).toBe("1.1");
    expect((await client.request(get(two.url))).body).toBe("2.0");
  });

  it("takes a hundred calls at once", async () => {
    await using server = await serve((request, reply) => void reply.end(request.url));
    await using client = connect();
    const calls = Array.from({ length: 100 }, (_, i) => client.request(get(`${server.url}/${i}`)));
    expect((await Promise.all(calls)).map(({ body }) => body)).toEqual(
      Array.from({ length: 100 }, (_, i) => `/${i}`),
    );
  });
});

describe("private addresses", () => {
  const PRIVATE = ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "0"];

  it.each(PRIVATE)("refuses http://%s before anything is sent", async (host) => {
    await using server = await serve((_, reply) => void reply.end("reached"));
    await using client = connect({});
    expect(await failureOf(client.request(get(`http://${host}:${server.port}/`)))).toEqual([
      "blocked_address",
      NOT_SENT,
    ]);
    expect(server.connections()).toBe(0);
  });

  it("refuses a name by the address the connection would use, whatever it resolved to before", async () => {
    await using server = await serve((_, reply) => void reply.setHeader("connection", "close").end("ok"));
    const answers = ["127.0.0.1", "10.0.0.1"];
    const lookup = stubLookup(() => [{ address: answers.shift() ?? "", family: 4 }]);
    await using client = connect({ allow_private: ["127.0.0.1"], lookup });
    const url = `http://rebind.example:${server.port}/`;
    expect((await client.request(get(url))).body).toBe("ok");
    expect(await failureOf(client.request(get(url)))).toEqual(["blocked_address", NOT_SENT]);
  });

  it("uses only the open addresses of a name that has both kinds", async () => {
    await using server = await serve((_, reply) => void reply.end("ok"));
    const lookup = stubLookup(() => [
      { address: "10.0.0.1", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ]);
    await using client = connect({ allow_private: ["127.0.0.0/8"], lookup });
    expect((await client.request(get(`http://two.example:${server.port}/`))).body).toBe("ok");
  });

  it("calls a private host that is on the list, and only that one", async () => {
    await using server = await serve((_, reply) => void reply.end("ok"));
    await using client = connect({ allow_private: ["localhost"] });
    expect((await client.request(get(`http://localhost:${server.port}/`))).body).toBe("ok");
    expect(await failureOf(client.request(get(server.url)))).toEqual(["blocked_address", NOT_SENT]);
  });

  it("refuses a redirect into the private network", async () => {
    await using server = await serve((_, reply) => {
      reply.writeHead(302, { location: "http://127.0.0.2/latest/meta-data" }).end();
    });
    await using client = connect({ allow_private: ["127.0.0.1"] });
    expect(await failureOf(client.request(get(server.url, { redirects: 3 })))).toEqual([
      "blocked_address",
      MAYBE_SENT,
    ]);
  });
});

describe("redirects", () => {
  const redirecting = (status: number): RequestListener => {
    return (request, reply) => {
      if (request.url === "/from") {
        reply.writeHead(status, { location: "/to" }).end();
        return;
      }
      void text(request).then((body) => reply.end(`${request.method} ${request.url} ${body}`));
    };
  };

  it("are answers unless the call follows them", async () => {
    await using server = await serve(redirecting(302));
    await using client = connect();
    const reply = await client.request(get(`${server.url}/from`));
    expect([reply.status, reply.headers.location]).toEqual([302, "/to"]);
  });

  it.each([
    [301, "GET /to "],
    [302, "GET /to "],
    [303, "GET /to "],
    [307, "POST /to body"],
    [308, "POST /to body"],
  ])("after a POST with %i make %j", async (status, seen) => {
    await using server = await serve(redirecting(status));
    await using client = connect();
    const reply = await client.request({
      method: "POST",
      url: `${server.url}/from`,
      body: "body",
      headers: { "content-length": "4", "content-type": "text/plain" },
      redirects: 1,
    });
    expect(reply.body).toBe(seen);
  });

  it("take no credentials to another origin", async () => {
    await using target = await serve((request, reply) => void reply.end(JSON.stringify(request.headers)));
    await using server = await serve((_, reply) => {
      reply.writeHead(307, { location: `${target.url}/` }).end();
    });
    await using client = connect();
    const url = `http://user:pass@127.0.0.1:${server.port}/`;
    const headers = { "X-Api-Key": "secret", Cookie: "secret", Accept: "text/plain" };
    const { body } = await client.request(get(url, { headers, redirects: 1 }));
    expect(body).not.toContain("secret");
    expect(JSON.parse(body)).toMatchObject({ accept: "text/plain", "user-agent": "Carillon" });
    expect(JSON.parse(body)).not.toHaveProperty("authorization");
  });

  it("end after as many as were allowed", async () => {
    await using server = await serve((_, reply) => void reply.writeHead(302, { location: "/" }).end());
    await using client = connect();
    expect(await failureOf(client.request(get(server.url, { redirects: 2 })))).toEqual([
      "bad_redirect",
      MAYBE_SENT,
    ]);
  });

  it.each(["file:///etc/passwd", "ftp://127.0.0.1/", "http://[not", "javascript:1"])(
    "do not lead to %s",
    async (location) => {
      await using server = await serve((_, reply) => void reply.writeHead(302, { location }).end());
      await using client = connect();
      expect(await failureOf(client.request(get(server.url, { redirects: 2 })))).toEqual([
        "bad_redirect",
        MAYBE_SENT,
      ]);
    },
  );

  it("do not leave encryption", async () => {
    await using server = await listen(
      createTlsServer(
        LOOPBACK_TLS,
        (_, reply) => void reply.writeHead(307, { location: "http://127.0.0.1:1/" }).end(),
      ),
      "https",
    );
    await using client = connect({ allow_private: ["*"], ca: [LOOPBACK_TLS.cert] });
    expect(await failureOf(client.request(get(server.url, { redirects: 2 })))).toEqual([
      "bad_redirect",
      MAYBE_SENT,
    ]);
  });

  it("share the time of the call", async () => {
    await using server = await serve((request, reply) => {
      if (request.url === "/") {
        reply.writeHead(302, { location: "/silent" }).end();
      }
    });
    await using client = connect();
    expect(await failureOf(client.request(get(server.url, { redirects: 1, timeout_ms: 60 })))).toEqual([
      "timeout",
      MAYBE_SENT,
    ]);
  });
});

describe("a failure certainly did not send the request", () => {
  it("when no server listens", async () => {
    const { port } = await (async () => {
      await using gone = await serve(() => {});
      return gone;
    })();
    await using client = connect();
    expect(await failureOf(client.request(get(`http://127.0.0.1:${port}/`)))).toEqual([
      "connection_refused",
      NOT_SENT,
    ]);
  });

  it("when the name does not resolve", async () => {
    const lookup = stubLookup(() => Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" }));
    await using client = connect({ lookup });
    expect(await failureOf(client.request(get("http://nowhere.example/")))).toEqual(["dns_failed", NOT_SENT]);
  });

  it("when the certificate is not trusted, or is no certificate at all", async () => {
    await using secure = await listen(
      createTlsServer(LOOPBACK_TLS, () => {}),
      "https",
    );
    await using plain = await listen(
      createTcpServer((socket) => void socket.end("hello\r\n")),
      "https",
    );
    await using client = connect();
    expect(await failureOf(client.request(get(secure.url)))).toEqual(["tls_failed", NOT_SENT]);
    expect(await failureOf(client.request(get(plain.url)))).toEqual(["tls_failed", NOT_SENT]);
  });

  it("when the time is over while the name is still being looked up", async () => {
    const release = Promise.withResolvers<Answers>();
    const lookup = stubLookup(() => release.promise);
    await using client = connect({ allow_private: ["*"], lookup });
    const call = client.request(get("http://slow.example/", { timeout_ms: 20 }));
    expect(await failureOf(call)).toEqual(["timeout", NOT_SENT]);
    release.resolve([]);
  });

  it("when the caller gave up before the connection was there, and then it is never sent", async () => {
    const seen: (string | undefined)[] = [];
    await using server = await serve((request, reply) => {
      seen.push(request.url);
      reply.end();
    });
    const looking = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const lookup = stubLookup(async () => {
      looking.resolve();
      await release.promise;
      return [{ address: "127.0.0.1", family: 4 }];
    });
    await using client = connect({ allow_private: ["*"], lookup });
    const aborter = new AbortController();
    const url = `http://late.example:${server.port}`;
    const call = errorOf(client.request(get(`${url}/given-up`, { signal: aborter.signal })));
    await looking.promise;
    aborter.abort();
    expect(await call).toMatchObject({ code: "aborted", may_have_arrived: false });
    release.resolve();
    await client.request(get(`${url}/next`));
    expect(seen).toEqual(["/next"]);
  });

  it("when the caller had given up already", async () => {
    await using client = connect();
    expect(
      await failureOf(client.request(get("http://127.0.0.1:1/", { signal: AbortSignal.abort() }))),
    ).toEqual(["aborted", NOT_SENT]);
  });

  it.each<Partial<HttpRequest>>([
    { url: "not a url" },
    { url: "ftp://example.com/" },
    { url: "file:///etc/passwd" },
    { method: "CONNECT" },
    { method: "GE T" },
    { headers: { "x-a": "1\r\nx-b: 2" } },
    { headers: { "x-a": "日本" } },
    { headers: { "x a": "1" } },
    { headers: { "transfer-encoding": "chunked" } },
    { headers: { "content-length": "5" }, body: "four", method: "POST" },
  ])("when it is not a request at all: %j", async (wrong) => {
    await using server = await serve((_, reply) => void reply.end());
    await using client = connect();
    expect(await failureOf(client.request(get(server.url, wrong)))).toEqual(["invalid_request", NOT_SENT]);
  });

  it("when the client is closed", async () => {
    const client = createHttpClient({ allow_private: ["*"] });
    await client.close();
    await client.close();
    expect(await failureOf(client.request(get("http://127.0.0.1:1/")))).toEqual(["client_closed", NOT_SENT]);
  });
});

describe("a failure may have sent the request", () => {
  it("when no answer comes in time", async () => {
    await using server = await serve(() => {});
    await using client = connect();
    expect(await failureOf(client.request(get(server.url, { timeout_ms: 50 })))).toEqual([
      "timeout",
      MAYBE_SENT,
    ]);
  });

  it("when the answer stops half way", async () => {
    await using server = await serve((_, reply) => void reply.writeHead(200).write("half"));
    await using client = connect();
    expect(await failureOf(client.request(get(server.url, { timeout_ms: 50 })))).toEqual([
      "timeout",
      MAYBE_SENT,
    ]);
  });

  it("when the caller gives up after the server has it", async () => {
    const aborter = new AbortController();
    await using server = await serve(() => aborter.abort());
    await using client = connect();
    expect(await failureOf(client.request(get(server.url, { signal: aborter.signal })))).toEqual([
      "aborted",
      MAYBE_SENT,
    ]);
  });

  it("when the connection breaks", async () => {
    await using server = await serve((request: IncomingMessage) => void request.socket.destroy());
    await using client = connect();
    expect(await failureOf(client.request({ method: "POST", url: server.url, body: "x" }))).toEqual([
      "connection_lost",
      MAYBE_SENT,
    ]);
  });

  it("when an HTTP/2 session ends, or stays silent", async () => {
    const h2 = createSecureServer(LOOPBACK_TLS, ({ url, stream }) => {
      if (url === "/end") {
        stream.session?.destroy();
      }
    });
    await using server = await listen(h2, "https");
    await using client = connect({ allow_private: ["*"], ca: [LOOPBACK_TLS.cert] });
    expect(await failureOf(client.request(get(`${server.url}/end`)))).toEqual([
      "connection_lost",
      MAYBE_SENT,
    ]);
    const silent = get(`${server.url}/silent`, { timeout_ms: 500 });
    expect(await failureOf(client.request(silent))).toEqual(["timeout", MAYBE_SENT]);
  });

  it("when the answer is not HTTP", async () => {
    await using server = await listen(createTcpServer((socket) => void socket.end("220 hello\r\n\r\n")));
    await using client = connect();
    expect(await failureOf(client.request(get(server.url)))).toEqual(["bad_reply", MAYBE_SENT]);
  });

  it("when the answer is larger than allowed, announced or not, compressed or not", async () => {
    await using server = await serve((request, reply) => {
      if (request.url === "/announced") {
        reply.writeHead(200, { "content-length": "5000000" }).flushHeaders();
      } else if (request.url === "/bomb") {
        reply.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(5_000_000)));
      } else {
        reply.end(Buffer.alloc(1001));
      }
    });
    await using client = connect();
    expect(await failureOf(client.request(get(`${server.url}/announced`)))).toEqual([
      "response_too_large",
      MAYBE_SENT,
    ]);
    expect(await failureOf(client.request(get(`${server.url}/bomb`)))).toEqual([
      "response_too_large",
      MAYBE_SENT,
    ]);
    expect(await failureOf(client.request(get(server.url, { max_response_bytes: 1000 })))).toEqual([
      "response_too_large",
      MAYBE_SENT,
    ]);
    expect((await client.request(get(server.url, { max_response_bytes: 1001 }))).status).toBe(200);
  });

  it("when the answer claims a compression it does not have", async () => {
    await using server = await serve((_, reply) => {
      reply.writeHead(200, { "content-encoding": "gzip" }).end("plain");
    });
    await using client = connect();
    expect(await failureOf(client.request(get(server.url)))).toEqual(["bad_reply", MAYBE_SENT]);
  });
});

describe("secrets", () => {
  it("never reach the text of an error", async () => {
    await using server = await serve(() => {});
    await using client = connect();
    const url = `http://user:hunter2@127.0.0.1:${server.port}/hooks/hunter2?token=hunter2`;
    const headers = { authorization: "hunter2" };
    const error = await errorOf(client.request(get(url, { timeout_ms: 20, headers })));
    expect(`${error.message} ${JSON.stringify(error)} ${error.stack}`).not.toContain("hunter2");
    expect(error.message).toContain(`127.0.0.1:${server.port}`);
  });

  it.each([
    ["https://u:p@api.example.com/v1?key=1&to=2", "https://***@api.example.com/v1?key=***&to=***"],
    ["https://u@x.test/", "https://***@x.test/"],
    ["https://x.test:8443/a?flag&=v#frag", "https://x.test:8443/a?***&=***"],
    ["https://x.test/a?", "https://x.test/a"],
    ["https://x.test/?a=b=c", "https://x.test/?a=***"],
    ["not a url with secret", "[not a URL]"],
    ["", "[not a URL]"],
  ])("are hidden in %j", (url, shown) => {
    expect(redact(url)).toBe(shown);
  });
});

describe("Retry-After", () => {
  const date = "Wed, 21 Oct 2026 07:28:00 GMT";
  it.each([
    [{ "retry-after": "120" }, 120],
    [{ "retry-after": " 0 " }, 0],
    [{ "retry-after": "1.2" }, 2],
    [{ "retry-after": "Wed, 21 Oct 2026 07:29:30 GMT", date }, 90],
    [{ "retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", date }, 0],
    [{ "retry-after": "-5" }, 0],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "" }, undefined],
    [{}, undefined],
  ])("%j asks for %j seconds", (headers, seconds) => {
    expect(retryAfterSeconds(headers)).toBe(seconds);
  });

  it("counts from our own clock when the reply has no date", () => {
    const soon = new Date(Date.now() + 60_000).toUTCString();
    expect(retryAfterSeconds({ "retry-after": soon })).toBeGreaterThan(50);
    expect(retryAfterSeconds({ "retry-after": soon })).toBeLessThanOrEqual(60);
  });
});

type Answers = { address: string; family: number }[];

/** A resolver that returns addresses or an error. */
function stubLookup(answer: () => Answers | Error | Promise<Answers>): typeof resolver {
  const lookup = async (
    _hostname: string,
    _options: unknown,
    callback: (error: Error | null, addresses?: Answers) => void,
  ): Promise<void> => {
    const result = await answer();
    if (result instanceof Error) {
      callback(result);
    } else {
      callback(null, result);
    }
  };
  return lookup as unknown as typeof resolver;
}
