import { databaseTime, ensurePartitions } from "../src/db/partitions.ts";
import { percentile } from "./load.ts";
import { accepted, EMPTY, type Row, settled, speedOf } from "./measure.ts";
import { pump } from "./pump.ts";
import { createSink } from "./sink.ts";
import { triggerRequest } from "./trigger.ts";
import { createWorld, PEOPLE, type World } from "./world.ts";

/**
 * What a history of thirty days costs: the same measurements on an empty database, and on one with ten million finished
 * runs and their messages. `--scale 0.1` for a tenth of the history.
 */
export async function aged(serverUrl: string, scale: number): Promise<Row[]> {
  const runs = Math.round(10_000_000 * scale);
  const sink = await createSink();
  const world = await createWorld(serverUrl, "aged", sink.url);
  const fresh = await measure(world, sink.count, scale, "on an empty database");
  await age(world, runs);
  const old = await measure(world, sink.count, scale, `after ${runs.toLocaleString("en")} runs`);
  sink.close();
  await world.close();
  return fresh.flatMap((before, index) => {
    const after = old[index];
    if (after === undefined) return [before];
    // Throughput where there is one, time otherwise.
    const cost =
      before.per_second === null || after.per_second === null
        ? (after.p50_ms ?? 0) / (before.p50_ms ?? 1) - 1
        : before.per_second / after.per_second - 1;
    return [before, { ...after, floor: `costs < 5 % (here ${(cost * 100).toFixed(1)} %)` }];
  });
}

async function measure(world: World, arrived: () => number, scale: number, when: string): Promise<Row[]> {
  const throughput = await pump(world, arrived, Math.round(15_000 * scale) + 3000, `end to end ${when}`);
  const server = await world.startServer("all");
  const load = await accepted(server.port, 8, 5000, triggerRequest(world.apiKey));
  await settled(world);
  const pages: Row[] = [];
  for (const [name, path] of PAGES) {
    pages.push({
      ...EMPTY,
      scenario: `${name} ${when}`,
      unit: "pages",
      ...(await read(world, server.port, path)),
    });
  }
  await server.stop();
  return [
    throughput,
    { ...EMPTY, scenario: `accept, 8 connections, ${when}`, unit: "triggers", ...speedOf(load) },
    ...pages,
  ];
}

const LOG = "/v1/staging/log";
/** The n-th request for a page: of a person, or the newest. */
const PAGES: [string, (index: number) => string][] = [
  ["newest requests", () => `${LOG}/request/?limit=50`],
  ["newest executions", () => `${LOG}/execution/?limit=50`],
  ["executions of a person", (index) => `${LOG}/execution/?limit=50&recipient=user-${index % PEOPLE}`],
  ["explain", (index) => `/v1/staging/explain/?distinct_id=user-${index % PEOPLE}`],
];

async function read(world: World, port: number, path: (index: number) => string) {
  const headers = { authorization: `ServiceToken ${world.serviceToken}` };
  const latencies: number[] = [];
  for (let index = 0; index < 220; index++) {
    const begun = performance.now();
    const answer = await fetch(`http://127.0.0.1:${port}${path(index)}`, { headers });
    await answer.text();
    if (answer.status !== 200) throw new Error(`${path(index)} was answered ${answer.status}`);
    if (index >= 20) latencies.push(performance.now() - begun);
  }
  const sorted = Float64Array.from(latencies).sort();
  return { p50_ms: percentile(sorted, 0.5), p99_ms: percentile(sorted, 0.99) };
}

const DAYS = 30;
/** Runs of the history for each recipient. */
const RUNS_PER_PERSON = 100;
const AT_ONCE = 250_000;

/**
 * Copies one finished trigger over and over, an equal number for each minute of the last thirty days. The copies differ
 * in their ids, times and people, so that every index is as large as it would be.
 */
async function age({ db }: World, runs: number): Promise<void> {
  const now = await databaseTime(db);
  await ensurePartitions(db, now - DAYS * 86_400_000);
  const copy = db.patient(3_600_000);
  await copy.query(`
    create table aged_minute as
      select m, ms, to_timestamp(ms / 1000) as at, lpad(to_hex(ms), 12, '0') as hex,
             (select string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((ms >> (45 - 5 * i)) & 31)::int + 1, 1), '' order by i)
                from generate_series(0, 9) i) as ulid
        from generate_series(0, ${DAYS * 1440 - 1}) m
        cross join lateral (select (${now} - (${DAYS * 1440} - m)::bigint * 60000)::bigint as ms) t;
    create unique index on aged_minute (m)`);
  await copy.query(`
    create table aged_request as select id, to_jsonb(q) as columns from request q order by id desc limit 1;
    create table aged_run as
      select id, to_jsonb(r) as columns from run r where request_id = (select id from aged_request);
    create table aged_message as
      select id, channel, execution_id, to_jsonb(m) as columns from message m
       where execution_id = (select id from aged_run)`);
  const people = Math.max(1, Math.floor(runs / RUNS_PER_PERSON));
  for (let from = 0; from < runs; from += AT_ONCE) {
    const slice = `(select n, lpad(n::text, 14, '0') as tail, 'user-' || n % ${people} as person, t.*
       from generate_series(${from}, ${Math.min(from + AT_ONCE, runs) - 1}) n
       join aged_minute t on t.m = floor(n::float8 / ${runs} * ${DAYS * 1440})::int)`;
    const stamps = "'created_at', s.at, 'updated_at', s.at";
    await copy.query(`
      insert into request
      select made.* from ${slice} s, aged_request q cross join lateral jsonb_populate_record(null::request, q.columns || jsonb_build_object(
        'id', s.hex || '70008000' || lpad(to_hex(s.n), 12, '0'), 'idempotency_key', 'aged-' || s.n, ${stamps})) made`);
    await copy.query(`
      insert into run
      select made.* from ${slice} s, aged_run r cross join lateral jsonb_populate_record(null::run, r.columns || jsonb_build_object(
        'id', s.ulid || s.tail || right(r.id, 2), 'request_id', s.hex || '70008000' || lpad(to_hex(s.n), 12, '0'),
        'distinct_id', s.person, 'idempotency_key', 'aged-' || s.n, ${stamps})) made`);
    await copy.query(`
      insert into message
      select made.* from ${slice} s, aged_message m cross join lateral jsonb_populate_record(null::message, m.columns || jsonb_build_object(
        'id', s.ulid || case m.channel when 'inbox' then '0' else '1' end || right(s.tail, 13) || right(m.id, 2),
        'execution_id', s.ulid || s.tail || right(m.execution_id, 2), 'distinct_id', s.person,
        'idempotency_key', 'aged-' || s.n || m.channel, 'triggered_at', s.at, 'delivered_at', s.at, ${stamps})) made`);
    console.log(`  ${Math.min(from + AT_ONCE, runs).toLocaleString("en")} runs are history`);
  }
  await copy.query("vacuum analyze request");
  await copy.query("vacuum analyze run");
  await copy.query("vacuum analyze message");
}
