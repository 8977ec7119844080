import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createIdSource } from "../src/ids.ts";
import { createPublicKey } from "../src/workspaces/keys.ts";
import { percentile } from "./load.ts";
import { EMPTY, pause, type Row, type Scenario } from "./measure.ts";
import type { Order, Report } from "./socket-clients.ts";
import { createWorld, PEOPLE, type ServerProcess, type World } from "./world.ts";

/** Open inboxes: what one costs while nothing happens, how soon it is told, and all of them coming back at once. */
export const sockets: Scenario[] = [{ name: "sockets", run: openInboxes }];

const SOCKETS = 5000;
const PUSHES = 1000;
const PUSHES_PER_SECOND = 100;

async function openInboxes(serverUrl: string, scale: number): Promise<Row[]> {
  const bell = { node_type: "send_inbox", name: "Bell", ref: "bell", properties: { template: "bench" } };
  const world = await createWorld(serverUrl, "sockets", null, [{ slug: "bell", nodes: [bell] }]);
  const publicKey = await makePublicKey(world);
  const server = await world.startServer("all");
  const url = `http://127.0.0.1:${server.port}`;
  const clients = startClients();
  const count = Math.max(10, Math.round(SOCKETS * scale));
  try {
    // What the process takes for its first few is not theirs.
    await clients.order({ open: 10, people: PEOPLE, url, publicKey });
    const before = await server.memory();
    const opened = await timed(() => clients.order({ open: count, people: PEOPLE, url, publicKey }));
    await pause(2000);
    const each = ((await server.memory()) - before) / count;
    console.log(`  memory of an idle socket: ${each.toFixed(1)} KB`);
    const pushed = await measurePushes(world, url, clients, Math.round(PUSHES * scale));
    const again = await timed(() => clients.order({ again: true }));
    const some = count.toLocaleString("en");
    return [
      await rowOf(server, `sockets, ${some} open at once`, opened),
      {
        ...EMPTY,
        scenario: `sockets, trigger to push, ${some} open, ${PUSHES_PER_SECOND}/s`,
        unit: "pushes",
        ...medians(pushed),
        peak_mb: await server.peakMemory(),
      },
      await rowOf(server, `sockets, ${some} come back at once`, again),
    ];
  } finally {
    clients.stop();
    await server.stop();
    await world.close();
  }
}

async function makePublicKey({ db }: World): Promise<string> {
  const [workspace] = await db.query<{ workspace_id: number }>("select workspace_id from workspace limit 1");
  const name = { name: "bench", description: null };
  const id = await createPublicKey(db, workspace?.workspace_id ?? 0, name, { actor: null }, createIdSource());
  const [row] = await db.query<{ api_key: string }>("select api_key from public_key where id = $1", [id]);
  return row?.api_key ?? "";
}

interface Timed {
  seconds: number;
  latencies: number[];
}

async function timed(work: () => Promise<number[]>): Promise<Timed> {
  const began = performance.now();
  const latencies = await work();
  return { latencies, seconds: (performance.now() - began) / 1000 };
}

async function rowOf(server: ServerProcess, scenario: string, { seconds, latencies }: Timed): Promise<Row> {
  return {
    ...EMPTY,
    scenario,
    unit: "sockets",
    per_second: latencies.length / seconds,
    ...medians(latencies),
    peak_mb: await server.peakMemory(),
  };
}

function medians(latencies: number[]) {
  const sorted = Float64Array.from(latencies).sort();
  return { p50_ms: percentile(sorted, 0.5), p99_ms: percentile(sorted, 0.99) };
}

/** Triggers at a steady rate, each for another person; from the request's departure to the first event in a client. */
async function measurePushes(world: World, url: string, clients: Clients, count: number): Promise<number[]> {
  const sent = new Map<string, number>();
  const latencies: number[] = [];
  const done = Promise.withResolvers<void>();
  clients.onEvent(({ distinct_id, at }) => {
    const departed = sent.get(distinct_id);
    // The others of a person's tabs.
    if (departed === undefined || !sent.delete(distinct_id)) return;
    latencies.push(at - departed);
    if (latencies.length === count) done.resolve();
  });
  for (let index = 0; index < count; index++) {
    const distinct_id = `user-${index % PEOPLE}`;
    sent.set(distinct_id, performance.timeOrigin + performance.now());
    const body = { workflow: "bell", recipients: [distinct_id], data: { order: { id: `S-${index}` } } };
    const headers = { authorization: `Bearer ${world.apiKey}`, "content-type": "application/json" };
    void fetch(`${url}/trigger/`, { method: "POST", headers, body: JSON.stringify(body) }).catch(done.reject);
    await pause(1000 / PUSHES_PER_SECOND);
  }
  await done.promise;
  return latencies;
}

interface Clients {
  /** Resolves to the milliseconds that each socket took to open. */
  order: (order: Order) => Promise<number[]>;
  onEvent: (hear: (event: { distinct_id: string; at: number }) => void) => void;
  stop: () => void;
}

function startClients(): Clients {
  const child: ChildProcess = fork(fileURLToPath(new URL("./socket-clients.ts", import.meta.url)));
  let hear: (event: { distinct_id: string; at: number }) => void = () => {};
  let opened = Promise.withResolvers<number[]>();
  child.on("message", (report: Report) => {
    if ("opened" in report) {
      opened.resolve(report.opened);
      console.log(`  attempts to connect that were in vain: ${report.refused}`);
    } else hear(report);
  });
  child.on("exit", () => opened.reject(new Error("the clients ended")));
  return {
    async order(order) {
      opened = Promise.withResolvers();
      child.send(order);
      return opened.promise;
    },
    onEvent: (then) => (hear = then),
    stop: () => child.kill(),
  };
}
