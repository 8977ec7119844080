import { readFile } from "node:fs/promises";
import { aged } from "./aged.ts";
import { broadcast } from "./broadcast.ts";
import { deadVendor } from "./dead-vendor.ts";
import { feed } from "./feed.ts";
import { journeys } from "./journeys.ts";
import { lanes } from "./lanes.ts";
import { post } from "./load.ts";
import { accepted, EMPTY, type Row, type Scenario, speedOf } from "./measure.ts";
import { people } from "./people.ts";
import { preferences } from "./preferences.ts";
import { render } from "./render.ts";
import { measureIdle, pump } from "./pump.ts";
import { sdk } from "./sdk.ts";
import { sockets } from "./sockets.ts";
import { createSink } from "./sink.ts";
import { triggerBody, triggerRequest } from "./trigger.ts";
import { createWorld, PEOPLE, type World } from "./world.ts";

export const scenarios: Scenario[] = [
  { name: "accept", run: accept },
  { name: "bulk", run: bulkAccept },
  { name: "end-to-end", run: endToEnd },
  { name: "idle", run: idle },
  { name: "sleepers", run: sleepers },
  { name: "aged", run: aged },
  ...journeys,
  ...lanes,
  ...deadVendor,
  ...preferences,
  ...render,
  ...sdk,
  ...people,
  ...broadcast,
  ...feed,
  ...sockets,
];

async function accept(serverUrl: string, scale: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [connections, total, floor] of [
    [1, 3000, ""],
    [8, 20_000, "2,500/s"],
    [64, 60_000, "9,000/s"],
  ] as const) {
    const world = await createWorld(serverUrl, `accept_${connections}`, null);
    const server = await world.startServer("api");
    const load = (count: number) => accepted(server.port, connections, count, triggerRequest(world.apiKey));
    await load(Math.min(2000, total));
    const before = await storedRows(world);
    const result = await load(Math.round(total * scale));
    rows.push({
      ...EMPTY,
      scenario: `accept, ${connections} connection${connections === 1 ? "" : "s"}`,
      unit: "triggers",
      ...speedOf(result),
      peak_mb: await server.peakMemory(),
      rows_per_notification: ((await storedRows(world)) - before) / result.answers,
      floor,
    });
    await server.stop();
    await world.close();
  }
  return rows;
}

async function bulkAccept(serverUrl: string, scale: number): Promise<Row[]> {
  const world = await createWorld(serverUrl, "bulk", null);
  const server = await world.startServer("api");
  const body = (index: number) =>
    `[${Array.from({ length: 100 }, (_unused, at) => triggerBody(index * 100 + at)).join(",")}]`;
  const request = (index: number) =>
    post("/trigger/", { authorization: `Bearer ${world.apiKey}` }, body(index));
  await accepted(server.port, 8, 50, request);
  const before = await storedRows(world);
  const result = await accepted(server.port, 8, Math.round(1000 * scale), request);
  const speed = speedOf(result);
  const written = (await storedRows(world)) - before;
  const peak_mb = await server.peakMemory();
  await server.stop();
  await world.close();
  return [
    {
      ...EMPTY,
      scenario: "bulk accept, 8 connections of 100 records",
      unit: "records",
      ...speed,
      per_second: speed.per_second * 100,
      peak_mb,
      rows_per_notification: written / (result.answers * 100),
    },
  ];
}

/** Trigger to two settled messages, one of them an HTTP call; everything on this machine. */
async function endToEnd(serverUrl: string, scale: number): Promise<Row[]> {
  const sink = await createSink();
  const world = await createWorld(serverUrl, "end_to_end", sink.url);
  const row = await pump(world, sink.count, Math.round(30_000 * scale), "end to end, 64 connections");
  sink.close();
  await world.close();
  return [{ ...row, floor: "4,000/s" }];
}

/** One trigger at a time, from the first byte sent to the vendor's socket. */
async function idle(serverUrl: string, scale: number): Promise<Row[]> {
  const sink = await createSink();
  const world = await createWorld(serverUrl, "idle", sink.url);
  const row = await measureIdle(world, sink, Math.round(500 * scale), "idle latency, trigger to vendor call");
  sink.close();
  await world.close();
  return [{ ...row, floor: "p50 10 ms, p99 30 ms" }];
}

/** The same with a million runs asleep for a year. */
async function sleepers(serverUrl: string, scale: number): Promise<Row[]> {
  const sink = await createSink();
  const world = await createWorld(serverUrl, "sleepers", sink.url);
  const count = Math.round(1_000_000 * scale);
  const alone = await pump(world, sink.count, Math.round(15_000 * scale), "without sleepers");
  await world.db.query(
    `insert into run (workspace_id, id, request_id, workflow_slug, version_id, lane, distinct_id, tenant_id,
                      idempotency_key, position, wake_at, steps)
     select v.workspace_id, '01M7X00000' || lpad(n::text, 16, '0'), gen_random_uuid(), v.slug, v.id, 1, 'user-' || n % ${PEOPLE},
            'default', n::text, '0', now() + interval '1 year' + n * interval '1 second', '[]'
       from workflow_version v, generate_series(1, $1) n`,
    [count],
  );
  await world.db.query("vacuum analyze run");
  const asleep = await pump(
    world,
    sink.count,
    Math.round(15_000 * scale),
    `with ${count.toLocaleString("en")} runs asleep`,
  );
  const latency = await measureIdle(
    world,
    sink,
    Math.round(200 * scale),
    `idle latency with ${count.toLocaleString("en")} runs asleep`,
  );
  sink.close();
  await world.close();
  const cost = 1 - (asleep.per_second ?? 0) / (alone.per_second ?? 1);
  return [alone, { ...asleep, floor: `costs < 10 % (here ${(cost * 100).toFixed(1)} %)` }, latency];
}

/** Rows stored by a process that only accepts, which never changes what it inserted. */
async function storedRows(world: World): Promise<number> {
  const [row] = await world.db.query<{ stored: number }>(
    "select ((select count(*) from request) + (select count(*) from pgboss.job))::float8 as stored",
  );
  return row?.stored ?? 0;
}

export async function describeMachine(): Promise<string> {
  const cpu = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const memory = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const model = /model name\s*: (.*)/.exec(cpu)?.[1] ?? "unknown processor";
  const cores = cpu.match(/^processor/gm)?.length ?? 0;
  const gigabytes = Math.round(Number(/MemTotal:\s+(\d+)/.exec(memory)?.[1] ?? 0) / 1024 / 1024);
  return `${cores} cores of ${model}, ${gigabytes} GB, Node ${process.version}, ${process.platform}`;
}
