import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { until } from "../harness.ts";

/** A third-party HTTP API, on loopback: it stores requests, and answers when and how the test decides. */
export interface CalledServer {
  url: string;
  /** Every request so far, in order. */
  requests: Received[];
  /** Waits for the request with this number, from 0. */
  request: (index: number) => Promise<Received>;
  close: () => Promise<void>;
}

export interface Received {
  method: string;
  /** Including the query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  answer: (status: number, body?: unknown) => void;
}

/** A request that is not answered at once waits for `answer`. */
export type AtOnce = (request: Received) => [status: number, body?: unknown] | null;

export async function startCalledServer(atOnce: AtOnce = () => null): Promise<CalledServer> {
  const requests: Received[] = [];
  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = request;
    const answer = (status: number, body?: unknown) => send(response, status, body);
    const received = { method, path, headers, body: await text(request), answer };
    requests.push(received);
    const now = atOnce(received);
    if (now !== null) answer(...now);
  }

  const server = createServer((request, response) => void receive(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    request: (index) => until(async () => requests[index]),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Text is sent as it is; everything else as JSON. */
function send(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status)
    .end(typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body));
}
