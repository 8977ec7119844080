import { createCarillon } from "../../sdk/src/index.ts";
import { percentile } from "./load.ts";
import { accepted, EMPTY, type Row, type Scenario, speedOf } from "./measure.ts";
import { createWorld, PEOPLE, WORKFLOW } from "./world.ts";
import { triggerBody, triggerRequest } from "./trigger.ts";

/** What the TypeScript SDK costs: alone, over many records, and beside a load generator that writes bare sockets. */
export const sdk: Scenario[] = [
  {
    name: "sdk-alone",
    run: async (_serverUrl, scale) => [await building(scale), ...(await streaming(scale))],
  },
  { name: "sdk-server", run: concurrent },
];

const REPLY = JSON.stringify({ status: "success", message_id: "0b1f4c7e-0000-4000-8000-000000000000" });
const HEADERS = new Headers({ "content-type": "application/json" });

/** Answers without a network, in the least time: what is left is the SDK's own. */
function answering(status: number, reply: (body: Uint8Array) => string): typeof fetch {
  return async (_url, init) => {
    const text = reply(init?.body as Uint8Array);
    return { ok: true, status, statusText: "", headers: HEADERS, text: async () => text } as Response;
  };
}

function trigger(index: number) {
  return {
    to: `user-${index % PEOPLE}`,
    data: { order: { id: `A-${index}`, total: 129.5, currency: "EUR" }, code: "483920" },
  };
}

/** A trigger from its call to the bytes and headers of a request, and from the answer back. */
async function building(scale: number): Promise<Row> {
  const { workflows } = createCarillon({
    key: "wskey_0123456789abcdef",
    secret: "wssecret_0123456789abcdef",
    fetch: answering(202, () => REPLY),
  });
  const total = Math.round(50_000 * scale) + 2000;
  const latencies: number[] = [];
  for (let index = 0; index < total; index++) {
    const started = performance.now();
    await workflows.trigger(WORKFLOW, trigger(index));
    if (index >= 2000) latencies.push(performance.now() - started);
  }
  const sorted = Float64Array.from(latencies).sort();
  return {
    ...EMPTY,
    scenario: "SDK, a trigger built, signed and its answer read",
    unit: "triggers",
    p50_ms: percentile(sorted, 0.5),
    p99_ms: percentile(sorted, 0.99),
    floor: "0.06 ms",
  };
}

/** Ten times the records in ten times the time, and in the same memory. */
async function streaming(scale: number): Promise<Row[]> {
  const { workflows } = createCarillon({
    key: "wskey_0123456789abcdef",
    secret: "wssecret_0123456789abcdef",
    fetch: answering(207, (body) => {
      const count = (JSON.parse(new TextDecoder().decode(body)) as unknown[]).length;
      const record = { status: "success", status_code: 202, message_id: "m" };
      return JSON.stringify({ status: "success", records: Array.from({ length: count }, () => record) });
    }),
  });
  let peak = 0;
  function* records(count: number) {
    for (let index = 0; index < count; index++) {
      // Not by a timer: without a network nothing else gets its turn.
      if (index % 1000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
      yield { workflow: WORKFLOW, ...trigger(index) };
    }
  }
  await workflows.triggerMany(records(2000));
  const rows: Row[] = [];
  for (const count of [10_000, 100_000].map((one) => Math.round(one * scale))) {
    peak = 0;
    const started = performance.now();
    const { success } = await workflows.triggerMany(records(count));
    const seconds = (performance.now() - started) / 1000;
    if (success !== count) throw new Error(`${count - success} records were not sent`);
    rows.push({
      ...EMPTY,
      scenario: `SDK, ${count.toLocaleString("en")} triggers in bulk`,
      unit: "records",
      per_second: count / seconds,
      peak_mb: peak / 1024 / 1024,
    });
  }
  return rows;
}

/** The SDK in this process, as the load generator is in its row: both share the machine with the server. */
async function concurrent(serverUrl: string, scale: number): Promise<Row[]> {
  const world = await createWorld(serverUrl, "sdk", null);
  const server = await world.startServer("api");
  const connections = 64;
  const total = Math.round(20_000 * scale);
  const { workflows } = createCarillon({ url: `http://127.0.0.1:${server.port}`, apiKey: world.apiKey });
  const bySdk = (index: number): Promise<unknown> => workflows.trigger(WORKFLOW, trigger(index));
  const headers = { authorization: `Bearer ${world.apiKey}`, "content-type": "application/json" };
  const address = `http://127.0.0.1:${server.port}/trigger/`;
  const byFetch = async (index: number): Promise<unknown> => {
    const response = await fetch(address, { method: "POST", headers, body: triggerBody(index) });
    return response.json();
  };
  const speedOfClient = async (send: (index: number) => Promise<unknown>, count: number) => {
    const latencies = new Float64Array(count);
    let next = 0;
    const begun = performance.now();
    await Promise.all(
      Array.from({ length: connections }, async () => {
        for (let index = next++; index < count; index = next++) {
          const started = performance.now();
          await send(index);
          latencies[index] = performance.now() - started;
        }
      }),
    );
    const seconds = (performance.now() - begun) / 1000;
    return speedOf({ answers: count, seconds, latencies: latencies.sort() });
  };
  await accepted(server.port, connections, 2000, triggerRequest(world.apiKey));
  for (const send of [byFetch, bySdk]) await speedOfClient(send, 2000);
  const raw = speedOf(await accepted(server.port, connections, total, triggerRequest(world.apiKey)));
  const fetched = await speedOfClient(byFetch, total);
  const sent = await speedOfClient(bySdk, total);
  await server.stop();
  await world.close();
  const less = ({ per_second }: { per_second: number }, than: { per_second: number }, name: string) =>
    `${((1 - per_second / than.per_second) * 100).toFixed(0)} % less than ${name}`;
  const rest = { ...EMPTY, unit: "triggers" };
  return [
    { ...rest, scenario: "64 triggers at a time, bare sockets", ...raw },
    {
      ...rest,
      scenario: "64 triggers at a time, fetch",
      ...fetched,
      floor: less(fetched, raw, "bare sockets"),
    },
    { ...rest, scenario: "64 triggers at a time, SDK", ...sent, floor: less(sent, fetched, "fetch") },
  ];
}
