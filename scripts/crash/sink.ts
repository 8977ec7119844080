import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../packages/server/test/random.ts";

/**
 * The outside world: an HTTP server that is both the vendor of text messages and the API that nodes call, and that
 * records every request. It is slow to answer, so that a killed process has requests in flight, some that have arrived
 * and some that were already answered.
 */
export interface Sink {
  textUrl: string;
  /** Nodes may call any path below it. */
  callUrl: string;
  /** Message id → what arrived, in order. */
  texts: Map<string, Text[]>;
  /** Messages whose caller disconnected before its response. */
  cut: Set<string>;
  /** Idempotency key → the calls with it, in order. */
  calls: Map<string, Call[]>;
  close: () => Promise<void>;
}

export interface Text {
  attempt: number;
  text: string;
}

export interface Call {
  /** performance.now() on arrival. */
  at: number;
  /** Its actual or intended response; no two calls get the same. */
  answer: number;
  /** The caller disconnected before its response. */
  was_cut: boolean;
  /** Its connection, which belongs to one process and ends with it. */
  connection: Connection;
}

export interface Connection {
  /** performance.now(); null while it is open. */
  closed_at: number | null;
}

const SLOWEST_MS = 400;
/** The percentage of calls that take up to the longest time; the nodes wait for 5 s. */
const SLOW_CALLS = 10;
const SLOWEST_CALL_MS = 2000;

export async function startSink(random: Random): Promise<Sink> {
  const texts: Sink["texts"] = new Map();
  const cut: Sink["cut"] = new Set();
  const calls: Sink["calls"] = new Map();
  const connections = new WeakMap<Socket, Connection>();
  let answers = 0;
  const server = createServer((request, response) => {
    void (request.url === "/text" ? takeText(request, response) : takeCall(request, response));
  });

  async function takeText(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === null) return;
    const { id, attempt, text } = JSON.parse(body) as { id: string; attempt: string; text: string };
    remember(texts, id, { attempt: Number(attempt), text });
    onCut(response, () => cut.add(id));
    await sleep(random.below(SLOWEST_MS));
    reply(response, { id: `sink-${id}` });
  }

  async function takeCall(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if ((await readBody(request)) === null) return;
    const call: Call = {
      at: performance.now(),
      answer: ++answers,
      was_cut: false,
      connection: connectionOf(request.socket),
    };
    remember(calls, String(request.headers["idempotency-key"]), call);
    onCut(response, () => (call.was_cut = true));
    const isSlow = random.below(100) < SLOW_CALLS;
    await sleep(random.below(isSlow ? SLOWEST_CALL_MS : SLOWEST_MS));
    reply(response, { answer: call.answer });
  }

  function connectionOf(socket: Socket): Connection {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const connection: Connection = { closed_at: null };
    connections.set(socket, connection);
    socket.once("close", () => (connection.closed_at = performance.now()));
    return connection;
  }

  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the sink has no port");
  const url = `http://127.0.0.1:${address.port}`;
  return {
    textUrl: `${url}/text`,
    callUrl: `${url}/call`,
    texts,
    cut,
    calls,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function remember<Item>(all: Map<string, Item[]>, key: string, item: Item): void {
  const known = all.get(key);
  if (known === undefined) all.set(key, [item]);
  else known.push(item);
}

function onCut(response: ServerResponse, hear: () => void): void {
  response.once("close", () => {
    if (!response.writableFinished) hear();
  });
}

function reply(response: ServerResponse, body: object): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}

/** Null if its sender died before it was complete: then it has not arrived. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  let text = "";
  try {
    for await (const chunk of request) text += String(chunk);
  } catch {
    return null;
  }
  return text;
}
