import { once } from "node:events";
import { createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { Dial } from "../../src/delivery/http/dial.ts";
import { LOOPBACK_TLS } from "./loopback-tls.ts";
import { dial } from "./vendor-contract.ts";

/** A server on loopback that speaks HTTP/2 over TLS, under any name of the loopback certificate. */
export interface Http2Server extends AsyncDisposable {
  port: number;
  /** Leads here, whatever host is asked for. */
  dial: Dial;
  /** What was asked for by `dial`. */
  dialled: { host: string; port: number }[];
  /** Every request so far, in order. */
  requests: Http2Received[];
  /** Every connection so far. */
  sessions: ServerHttp2Session[];
}

export interface Http2Received {
  path: string;
  headers: Record<string, string>;
  body: string;
  stream: ServerHttp2Stream;
  session: ServerHttp2Session;
  answer: (status: number, body?: string, headers?: Record<string, string>) => void;
}

/** From now on this thread trusts the certificate of `LOOPBACK_TLS`. */
export function trustLoopback(): void {
  setDefaultCACertificates([...getCACertificates("default"), LOOPBACK_TLS.cert]);
}

export async function serveHttp2(
  handle: (request: Http2Received, index: number) => void,
  settings: { maxConcurrentStreams?: number } = {},
): Promise<Http2Server> {
  const server = createSecureServer({ ...LOOPBACK_TLS, settings });
  const requests: Http2Received[] = [];
  const sessions: ServerHttp2Session[] = [];
  const dialled: Http2Server["dialled"] = [];
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => {});
  });
  server.on("sessionError", () => {});

  async function receive(stream: ServerHttp2Stream, all: Record<string, unknown>): Promise<void> {
    const session = stream.session as ServerHttp2Session;
    const body = await text(stream);
    const headers = Object.fromEntries(
      Object.entries(all).map(([name, value]) => [name, typeof value === "string" ? value : ""]),
    );
    const answer: Http2Received["answer"] = (status, reply = "", more = {}) => {
      if (stream.destroyed) return;
      stream.respond({ ":status": status, ...more });
      stream.end(reply);
    };
    const received = { path: headers[":path"] ?? "", headers, body, stream, session, answer };
    requests.push(received);
    handle(received, requests.length - 1);
  }
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    receive(stream, headers).catch(() => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    requests,
    sessions,
    dialled,
    dial({ host, port: asked, timeout_ms }) {
      dialled.push({ host, port: asked });
      return dial({ host: "127.0.0.1", port, timeout_ms });
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
