import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../packages/server/test/random.ts";

/**
 * The vendor: an HTTP server that remembers every text it was given. It takes its time to answer, so that a
 * process that is killed has calls in the air, some that arrived and some that were already answered.
 */
export interface Sink {
  url: string;
  /** Message id → attempts that arrived, in their order. */
  arrived: Map<string, number[]>;
  /** Messages whose caller was gone before it had its answer. */
  cut: Set<string>;
  close: () => Promise<void>;
}

const SLOWEST_MS = 400;

export async function startSink(random: Random): Promise<Sink> {
  const arrived = new Map<string, number[]>();
  const cut = new Set<string>();
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { id, attempt } = await readCall(request);
    arrived.set(id, [...(arrived.get(id) ?? []), attempt]);
    response.once("close", () => {
      if (!response.writableFinished) cut.add(id);
    });
    await sleep(random.below(SLOWEST_MS));
    response.setHeader("content-type", "application/json").end(JSON.stringify({ id: `sink-${id}` }));
  }

  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the sink has no port");
  return {
    url: `http://127.0.0.1:${address.port}/`,
    arrived,
    cut,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function readCall(request: IncomingMessage): Promise<{ id: string; attempt: number }> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const { id, attempt } = JSON.parse(text) as { id: string; attempt: string };
  return { id, attempt: Number(attempt) };
}
