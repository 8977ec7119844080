import { generateLoad, percentile, post } from "./load.ts";
import { EMPTY, type Row, type Scenario, speedOf } from "./measure.ts";
import { createWorld, type ServerProcess, type World } from "./world.ts";

/** Users, and lists of very many of them. */
export const people: Scenario[] = [
  { name: "upserts", run: upserts },
  { name: "list-members", run: listMembers },
];

const created = (port: number, connections: number, total: number, request: (index: number) => Buffer) =>
  generateLoad({
    host: "127.0.0.1",
    port,
    connections,
    total,
    request,
    accepts: (status) => status === 201,
  });

/** Every call creates a user with an address, or changes one. */
async function upserts(serverUrl: string, scale: number): Promise<Row[]> {
  const world = await createWorld(serverUrl, "upserts", null);
  const server = await world.startServer("api");
  const headers = { authorization: `Bearer ${world.apiKey}` };
  const request = (index: number) =>
    post(
      `/v1/user/new-${index % 20_000}/`,
      headers,
      JSON.stringify({
        name: `Person ${index}`,
        plan: "gold",
        $email: `person-${index % 20_000}@example.com`,
      }),
    );
  await created(server.port, 16, 500, request);
  const result = await created(server.port, 16, Math.round(30_000 * scale), request);
  const row = {
    ...EMPTY,
    scenario: "users created or changed, 16 connections",
    unit: "users",
    ...speedOf(result),
    peak_mb: await server.peakMemory(),
    floor: "3,000/s",
  };
  await server.stop();
  await world.close();
  return [row];
}

const AT_ONCE = 10_000;
const LIST = "/v1/subscriber_list/";

/** A list of a million, filled and partly emptied ten thousand at a time; then pages of it. */
async function listMembers(serverUrl: string, scale: number): Promise<Row[]> {
  const world = await createWorld(serverUrl, "list_members", null);
  const server = await world.startServer("api");
  const calls = Math.max(2, Math.round(100 * scale));
  await addUsers(world, calls * AT_ONCE);
  const headers = { authorization: `Bearer ${world.apiKey}` };
  await created(server.port, 1, 1, () => post(LIST, headers, JSON.stringify({ list_id: "big" })));
  const move = (way: "add" | "remove", times: number) =>
    created(server.port, 1, times, (index) => {
      const distinct_ids = Array.from({ length: AT_ONCE }, (_unused, n) => `member-${index * AT_ONCE + n}`);
      return post(`${LIST}big/subscriber/${way}/`, headers, JSON.stringify({ distinct_ids }));
    });
  const rows: Row[] = [];
  for (const [way, times] of [
    ["add", calls],
    ["remove", Math.max(1, Math.round(calls / 10))],
  ] as const) {
    const { seconds, latencies } = await move(way, times);
    rows.push({
      ...EMPTY,
      scenario: `list of ${(calls * AT_ONCE).toLocaleString("en")}, ${way} ${AT_ONCE.toLocaleString("en")} at once`,
      unit: "members",
      per_second: (times * AT_ONCE) / seconds,
      p50_ms: percentile(latencies, 0.5),
      p99_ms: percentile(latencies, 0.99),
      peak_mb: await server.peakMemory(),
    });
  }
  rows.push(await readPages(world, server));
  await server.stop();
  await world.close();
  return rows;
}

/** As an earlier import has left them. */
async function addUsers({ db }: World, count: number): Promise<void> {
  await db.patient(600_000).query(
    `insert into recipient (workspace_id, id, distinct_id)
     select workspace_id, 'member-' || lpad(n::text, 9, '0'), 'member-' || n
       from workspace, generate_series(0, $1::int - 1) as n`,
    [count],
  );
  await db.query("analyze recipient");
}

const PAGES = 100;

/** Page after page of a hundred. */
async function readPages({ apiKey }: World, server: ServerProcess): Promise<Row> {
  const latencies = new Float64Array(PAGES);
  let after = "";
  const started = performance.now();
  for (let page = 0; page < PAGES; page++) {
    const begun = performance.now();
    const answer = await fetch(
      `http://127.0.0.1:${server.port}${LIST}big/subscriber/?limit=100${after === "" ? "" : `&after=${after}`}`,
      { headers: { authorization: `Bearer ${apiKey}` } },
    );
    ({ after } = ((await answer.json()) as { meta: { after: string } }).meta);
    latencies[page] = performance.now() - begun;
  }
  const seconds = (performance.now() - started) / 1000;
  const sorted = latencies.toSorted();
  return {
    ...EMPTY,
    scenario: "pages of 100 of that list",
    unit: "pages",
    per_second: PAGES / seconds,
    p50_ms: percentile(sorted, 0.5),
    p99_ms: percentile(sorted, 0.99),
  };
}
