import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { createRandom, type Random } from "../random.ts";

/**
 * SMS gateways on loopback that go wrong in every way a gateway can. What each does follows from the seed, the number
 * that is written to, the gateway, and how often it was called for that number: not from the order of calls.
 */
export interface Gateways {
  /** One for each gateway. */
  urls: string[];
  /** Every call, in the order in which the calls came. */
  calls: GatewayCall[];
  /** Resolves when all reports that were planned are out. */
  reported: () => Promise<void>;
  close: () => Promise<void>;
}

export interface GatewayCall {
  gateway: number;
  message_id: string;
  to: string;
  at: number;
  manner: Manner;
  /** The recipient has it. */
  is_taken: boolean;
  /** What the gateway reports, and when. */
  report: Report;
}

type Manner = keyof typeof MANNERS;
type Report = "none" | "prompt" | "late" | "failure" | "repeated" | "unfounded";

export interface Reported {
  gateway: number;
  message_id: string;
  status: "delivered" | "seen" | "delivery_failure";
}

export interface GatewayOptions {
  seed: number;
  count: number;
  /** Stores a report. */
  report: (reports: Reported[]) => Promise<void>;
  /** Longer than a message waits for a report. */
  late_ms: number;
}

interface Answering {
  response: ServerResponse;
  random: Random;
}

/** How a call is answered, and whether the recipient has the message all the same. */
const MANNERS = {
  accept: { weight: 12, is_taken: true, answer: accept },
  drip: { weight: 2, is_taken: true, answer: drip },
  refuse: { weight: 4, is_taken: false, answer: refuse },
  throttle: { weight: 2, is_taken: false, answer: throttle },
  hang: { weight: 1, is_taken: true, answer: () => {} },
  reset: { weight: 2, is_taken: true, answer: ({ response }: Answering) => void response.destroy() },
  dead_number: { weight: 1, is_taken: false, answer: deadNumber },
} as const;

const DRAWN = (Object.keys(MANNERS) as Manner[]).flatMap((manner) =>
  Array.from({ length: MANNERS[manner].weight }, () => manner),
);

export async function startGateways({ seed, count, report, late_ms }: GatewayOptions): Promise<Gateways> {
  const calls: GatewayCall[] = [];
  const counts = new Map<string, number>();
  const reporting = new Set<Promise<void>>();

  function later(reports: Reported[]): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const sent = promise.then(() => report(reports)).finally(() => reporting.delete(sent));
    reporting.add(sent);
    setTimeout(resolve, late_ms);
  }

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gateway = Number(request.url?.slice(1));
    const { nid: message_id, to } = (await json(request)) as { nid: string; to: string };
    const key = `${gateway}/${to}`;
    const repeat = counts.get(key) ?? 0;
    counts.set(key, repeat + 1);
    const random = createRandom(seed * 1_000_003 + Number(to.slice(-7)) * 97 + gateway * 7 + repeat);
    // Retries of the last gateway come to an end.
    const manner = repeat > 1 ? "accept" : random.pick(DRAWN);
    const { is_taken, answer } = MANNERS[manner];
    const kind = reportOf(manner, is_taken, random);
    calls.push({ gateway, message_id, to, at: performance.now(), manner, is_taken, report: kind });
    const about = { gateway, message_id };
    const delivered = { ...about, status: "delivered" as const };
    switch (kind) {
      case "prompt":
        // Before the answer: it cannot be called late.
        await report([delivered]);
        break;
      case "repeated":
        await report([{ ...about, status: "seen" }, delivered, delivered]);
        break;
      case "failure":
        await report([{ ...about, status: "delivery_failure" }]);
        break;
      case "unfounded":
      case "late":
        later([delivered]);
        break;
      case "none":
        break;
    }
    answer({ response, random });
  }

  const server = createServer((request, response) => void receive(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    urls: Array.from({ length: count }, (_unused, index) => `http://127.0.0.1:${port}/${index}`),
    calls,
    reported: async () => void (await Promise.all(reporting)),
    async close() {
      await Promise.all(reporting);
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function reportOf(manner: Manner, is_taken: boolean, random: Random): Report {
  if (!is_taken) return random.chance(0.2) ? "unfounded" : "none";
  if (manner === "hang" || manner === "reset") return random.pick(["none", "late"]);
  return random.pick(["prompt", "prompt", "prompt", "repeated", "late", "failure", "none"]);
}

function accept({ response, random }: Answering): void {
  response
    .writeHead(200, { "content-type": "application/json" })
    .end(`{"id":"ack-${random.below(1_000_000_000)}"}`);
}

/** A byte every few milliseconds. */
function drip({ response }: Answering): void {
  response.writeHead(200, { "content-type": "application/json" });
  const bytes = '{"id":"drip"}'.split("");
  const timer = setInterval(() => {
    const byte = bytes.shift();
    if (byte !== undefined) response.write(byte);
    else {
      clearInterval(timer);
      response.end();
    }
  }, 10);
  response.on("close", () => clearInterval(timer));
}

function refuse({ response, random }: Answering): void {
  response.writeHead(random.pick([400, 401, 500, 503])).end('{"error":"no"}');
}

function throttle({ response }: Answering): void {
  response.writeHead(429, { "retry-after": "1" }).end('{"error":"slow down"}');
}

function deadNumber({ response }: Answering): void {
  response.writeHead(400).end('{"error":"dead"}');
}
