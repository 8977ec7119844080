import { createJsonnetEngine } from "@carillon/languages/jsonnet";
import { createJqEngine } from "@carillon/languages/jq";
import { boundJq } from "../src/expressions/bounded-jq.ts";
import { percentile, post } from "./load.ts";
import { accepted, EMPTY, pause, type Row, type Scenario, settled } from "./measure.ts";
import { createSink } from "./sink.ts";
import { type BenchWorkflow, createWorld, PEOPLE, type ServerProcess, type World } from "./world.ts";

/** Workflows that wait, batch and branch. */
export const journeys: Scenario[] = [
  { name: "ten-nodes", run: tenNodes },
  { name: "wakes", run: wakes },
  { name: "digests", run: digests },
  { name: "waits", run: waits },
  { name: "expressions", run: expressions },
];

const inbox = (ref: string) => ({
  node_type: "send_inbox",
  name: ref,
  ref,
  properties: { template: "bench" },
});

const transform = (ref: string, key: string, value_lang: string, value: string) => ({
  node_type: "transform",
  name: ref,
  ref,
  properties: { variables: [{ key, value_lang, value }] },
});

/** Two branches, of which the first is taken and contains one node. */
function branch(ref: string, variable: string, value: string, inside: object) {
  const leaf = { variable_ns: "", variable, op: "==", value };
  return {
    node_type: "branch",
    name: ref,
    ref,
    properties: {},
    branches: [
      {
        name: "yes",
        ref: `${ref}_yes`,
        is_default: false,
        conditions: [{ type: "expression_v1", expression_v1: { op: "AND", args: [leaf] } }],
        nodes: [inside],
      },
      { name: "no", ref: `${ref}_no`, is_default: true, conditions: [], nodes: [] },
    ],
  };
}

const TEN: BenchWorkflow[] = [
  { slug: "one", nodes: [inbox("s1")] },
  {
    slug: "ten",
    nodes: [
      transform("t1", "total", "jsonnet", "data.order.total * 1.2"),
      branch(
        "b1",
        "order.currency",
        '"EUR"',
        transform("t2", "greeting", "handlebars", "Dear {{$recipient.name}}"),
      ),
      transform("t3", "lines", "jsonnet", '["line %d" % n for n in std.range(1, 5)]'),
      branch("b2", "code", '"483920"', transform("t4", "label", "handlebars", "{{order.id}}/{{code}}")),
      { node_type: "delay", name: "d1", ref: "d1", properties: { delay_type: "fixed", value: "0s" } },
      {
        node_type: "delay",
        name: "d2",
        ref: "d2",
        properties: { delay_type: "dynamic", value: ".wait // 0" },
      },
      branch("b3", "greeting", '"Dear nobody"', inbox("never")),
      inbox("s1"),
    ],
  },
];

const trigger = (apiKey: string, workflow: string) => (index: number) =>
  post(
    "/trigger/",
    { authorization: `Bearer ${apiKey}` },
    JSON.stringify({
      workflow,
      recipients: [`user-${index % PEOPLE}`],
      data: { order: { id: `A-${index}`, total: 129.5, currency: "EUR" }, code: "483920" },
    }),
  );

/** What nine more nodes cost a run that does not wait. */
async function tenNodes(serverUrl: string, scale: number): Promise<Row[]> {
  const world = await createWorld(serverUrl, "ten_nodes", null, TEN);
  const server = await world.startServer("all");
  const total = Math.round(15_000 * scale);
  const speeds: number[] = [];
  const rows: Row[] = [];
  for (const { slug } of TEN) {
    const send = (count: number) => accepted(server.port, 32, count, trigger(world.apiKey, slug));
    await send(1000);
    await settled(world);
    const started = performance.now();
    await send(total);
    await settled(world);
    const per_second = total / ((performance.now() - started) / 1000);
    speeds.push(per_second);
    rows.push({
      ...EMPTY,
      scenario: `a run of ${slug} node${slug === "one" ? "" : "s"}, without waits`,
      unit: "runs",
      per_second,
      peak_mb: await server.peakMemory(),
    });
  }
  await server.stop();
  await world.close();
  const [one = 1, ten = 1] = speeds;
  const micros = (1e6 / ten - 1e6 / one) / 9;
  return rows.map((row, index) =>
    index === 1 ? { ...row, floor: `${micros.toFixed(0)} µs per node` } : row,
  );
}

const SLEEPY: BenchWorkflow[] = [
  {
    slug: "sleepy",
    nodes: [
      { node_type: "delay", name: "d1", ref: "d1", properties: { delay_type: "fixed", value: "1h" } },
      inbox("s1"),
    ],
  },
];

const WAKES_PER_SECOND = 2000;
const WATCHED_SECONDS = 20;

/** Sleepers due at 2,000 a second: how late each is, with few and with a million sleepers, idle and under load. */
async function wakes(serverUrl: string, scale: number): Promise<Row[]> {
  const rows: Row[] = [];
  const many = Math.round(1_000_000 * scale);
  const few = WAKES_PER_SECOND * WATCHED_SECONDS;
  for (const [name, asleep, loaded] of [
    ["wakes_few", few, false],
    ["wakes_many", Math.max(many, few), false],
    ["wakes_loaded", Math.max(many, few), true],
  ] as const) {
    const sink = await createSink();
    const world = await createWorld(serverUrl, name, sink.url, SLEEPY);
    await putToSleep(world, asleep);
    const server = await world.startServer("all");
    const began = await startWaking(world);
    const load = loaded ? keepBusy(world, server, began) : null;
    await waitUntil(world, began + (WATCHED_SECONDS + 3) * 1000);
    await load;
    const late = await lateness(world);
    rows.push({
      ...EMPTY,
      scenario: `waking 2,000/s of ${asleep.toLocaleString("en")} asleep${loaded ? ", end to end running" : ""}, lateness`,
      unit: "runs",
      per_second: late.length / WATCHED_SECONDS,
      p50_ms: percentile(late, 0.5),
      p99_ms: percentile(late, 0.99),
      peak_mb: await server.peakMemory(),
      floor: loaded ? "p99 1,000 ms" : slope(rows[0], asleep, few),
    });
    await server.stop();
    await world.close();
    sink.close();
  }
  return rows;
}

/** The lateness with few sleepers, for comparison with many. */
function slope(first: Row | undefined, asleep: number, few: number): string {
  return first === undefined
    ? ""
    : `${few.toLocaleString("en")} asleep: ${first.p50_ms?.toFixed(1)} ms (${Math.round(asleep / few)} times fewer)`;
}

/** Rows as the engine writes them, due far from now; `startWaking` moves them all to their start at once. */
async function putToSleep(world: World, count: number): Promise<void> {
  await world.db.query(
    `insert into run (workspace_id, id, request_id, workflow_slug, version_id, lane, distinct_id, recipient_id,
                      tenant_id, idempotency_key, position, wake_at, steps, data, state)
     select v.workspace_id, '01M7X00000' || lpad(n::text, 16, '0'), gen_random_uuid(), v.slug, v.id, 1,
            r.distinct_id, r.id, 'default', n::text, '0',
            '2100-01-01'::timestamptz + n * interval '1 second' / $2, '[]',
            '{"order": {"id": "A-1"}, "code": "483920"}', '{"wait": {"id": "w", "until": "2100-01-01T00:00:00Z"}}'
       from workflow_version v, generate_series(1, $1) n
       join recipient r on r.distinct_id = 'user-' || n % $3
      where v.slug = 'sleepy'`,
    [count, WAKES_PER_SECOND, PEOPLE],
  );
  await world.db.query("vacuum analyze run");
}

/** Moves the sandbox's clock so that the first sleeper is due three seconds later; returns that time in real time. */
async function startWaking(world: World): Promise<number> {
  const [row] = await world.db.query<{ began: Date }>(
    `update workspace set clock_offset_ms =
            round(extract(epoch from '2100-01-01'::timestamptz - (clock_timestamp() + interval '3 seconds')) * 1000)
     returning clock_timestamp() + interval '3 seconds' as began`,
  );
  return row?.began.getTime() ?? Date.now();
}

async function waitUntil(world: World, time: number): Promise<void> {
  while (Date.now() < time) await pause(50);
  // Waits for late ones too.
  for (;;) {
    const [row] = await world.db.query<{ busy: boolean }>(
      `select exists (select 1 from run where workflow_slug = 'sleepy'
                                          and wake_at <= '2100-01-01'::timestamptz + $1 * interval '1 second') as busy`,
      [WATCHED_SECONDS],
    );
    if (row?.busy !== true) break;
    await pause(100);
  }
  await settled(world);
}

/** End to end at full speed, for as long as wakes are watched. */
async function keepBusy(world: World, server: ServerProcess, began: number): Promise<void> {
  while (Date.now() < began + WATCHED_SECONDS * 1000) {
    await accepted(server.port, 64, 2000, trigger(world.apiKey, "bench"));
  }
}

/** Milliseconds between the due time and the resumption of each run, by the engine's clock. */
async function lateness(world: World): Promise<Float64Array> {
  const rows = await world.db.query<{ late: number }>(
    `select (s->>'t')::float8 - extract(epoch from '2100-01-01'::timestamptz + r.idempotency_key::int * interval '1 second' / $1) * 1000 as late
       from run r, json_array_elements(r.steps) s
      where r.workflow_slug = 'sleepy' and s->>'s' = 'resumed' and r.idempotency_key::int <= $2`,
    [WAKES_PER_SECOND, WAKES_PER_SECOND * WATCHED_SECONDS],
  );
  return Float64Array.from(rows.map(({ late }) => late)).sort();
}

const DIGEST: BenchWorkflow[] = [
  {
    slug: "daily",
    nodes: [
      {
        node_type: "digest",
        name: "g1",
        ref: "g1",
        properties: {
          schedule_type: "static",
          schedule: { frequency: "monthly", monthdays: [{ pos: 1, day: "" }] },
        },
      },
      inbox("s1"),
    ],
  },
];

/** Batches 100,000 triggers into 1,000 digests, which then all close at once. */
async function digests(serverUrl: string, scale: number): Promise<Row[]> {
  const world = await createWorld(serverUrl, "digests", null, DIGEST);
  const server = await world.startServer("all");
  const calls = Math.round(1000 * scale);
  const record = (index: number) =>
    JSON.stringify({
      workflow: "daily",
      recipients: [`user-${index % PEOPLE}`],
      data: { n: index, order: { id: `A-${index}` } },
    });
  const request = (index: number) =>
    post(
      "/trigger/",
      { authorization: `Bearer ${world.apiKey}` },
      `[${Array.from({ length: 100 }, (_unused, at) => record(index * 100 + at)).join(",")}]`,
    );
  const started = performance.now();
  await accepted(server.port, 8, calls, request);
  await settled(world);
  const gathered = (performance.now() - started) / 1000;
  await world.db.query("update run set wake_at = now() where wake_at is not null");
  const closing = performance.now();
  for (;;) {
    const [row] = await world.db.query<{ open: boolean }>("select exists (select 1 from batch) as open");
    if (row?.open !== true) break;
    await pause(10);
  }
  await settled(world);
  const closed = (performance.now() - closing) / 1000;
  const [sum] = await world.db.query<{ total: number; sent: number }>(
    `select (select count(*)::int from run where status = 'completed') as total, (select count(*)::int from message) as sent`,
  );
  if (sum?.total !== calls * 100 || sum.sent !== Math.min(PEOPLE, calls * 100)) {
    throw new Error(`digests: ${JSON.stringify(sum)} of ${calls * 100} triggers`);
  }
  const peak_mb = await server.peakMemory();
  await server.stop();
  await world.close();
  return [
    {
      ...EMPTY,
      scenario: `${(calls * 100).toLocaleString("en")} triggers into ${PEOPLE.toLocaleString("en")} digests`,
      unit: "triggers",
      per_second: (calls * 100) / gathered,
      peak_mb,
    },
    { ...EMPTY, scenario: "closing them at once", unit: "digests", per_second: PEOPLE / closed },
  ];
}

const WAITING: BenchWorkflow[] = [
  {
    slug: "waiting",
    nodes: [
      {
        node_type: "branch_waituntil",
        name: "w1",
        ref: "w1",
        properties: {},
        branches: [
          {
            name: "paid",
            ref: "w1_paid",
            is_default: false,
            conditions: [
              {
                type: "future_event",
                event_name: "paid",
                event_conditions: [
                  { variable_ns: "$future_event", variable: "amount", op: ">", value: "100" },
                ],
              },
            ],
            nodes: [inbox("s1")],
          },
          {
            name: "late",
            ref: "w1_late",
            is_default: true,
            conditions: [{ type: "delay", delay_properties: { delay_type: "fixed", value: "30d" } }],
            nodes: [],
          },
        ],
      },
    ],
  },
];

const EVENTS_PER_SECOND = 1000;

/** 100,000 runs wait for an event of their recipient; 1,000 events arrive each second. */
async function waits(serverUrl: string, scale: number): Promise<Row[]> {
  const world = await createWorld(serverUrl, "waits", null, WAITING);
  const waiting = Math.round(100_000 * scale);
  await world.db.query(
    `with made as (
       insert into run (workspace_id, id, request_id, workflow_slug, version_id, lane, distinct_id, tenant_id,
                        idempotency_key, position, wake_at, steps, data, state, inline)
       select v.workspace_id, '01M7X00000' || lpad(n::text, 16, '0'), gen_random_uuid(), v.slug, v.id, 1, 'waiter-' || n,
              'default', n::text, '0', now() + interval '30 days', '[]', '{"code": "1", "order": {"id": "A"}}',
              json_build_object('wait', json_build_object('id', 'w' || n, 'until', now() + interval '30 days',
                'topics', json_build_array(json_build_object('name', 'paid', 'key', 'waiter-' || n)))),
              '{"properties": {}, "identities": [], "only": null, "is_transient": false}'
         from workflow_version v, generate_series(1, $1) n where v.slug = 'waiting'
       returning workspace_id, id, distinct_id, idempotency_key)
     insert into waiter (workspace_id, key, topic, run_id, wait_id)
     select workspace_id, distinct_id, 'paid', id, 'w' || idempotency_key from made`,
    [waiting],
  );
  await world.db.query("vacuum analyze run, waiter");
  const server = await world.startServer("all");
  const seconds = 15;
  const total = Math.min(waiting, EVENTS_PER_SECOND * seconds);
  const event = (index: number) =>
    post(
      "/v2/event/",
      { authorization: `Bearer ${world.apiKey}` },
      JSON.stringify({ distinct_id: `waiter-${index + 1}`, event: "paid", properties: { amount: 200 } }),
    );
  const started = performance.now();
  for (let sent = 0; sent < total; sent += 100) {
    await accepted(server.port, 16, 100, (index) => event(sent + index));
    while ((performance.now() - started) / 1000 < (sent + 100) / EVENTS_PER_SECOND) await pause(1);
  }
  const took = (performance.now() - started) / 1000;
  await settled(world);
  const rows = await world.db.query<{ took: number }>(
    `select extract(epoch from r.updated_at - q.created_at)::float8 * 1000 as took
       from run r join request q on q.workspace_id = r.workspace_id and q.body->>'distinct_id' = r.distinct_id
      where r.workflow_slug = 'waiting' and r.status <> 'in_progress'`,
  );
  if (rows.length !== total) throw new Error(`waits: ${rows.length} of ${total} runs went on`);
  const latencies = Float64Array.from(rows.map((row) => row.took)).sort();
  const peak_mb = await server.peakMemory();
  await server.stop();
  await world.close();
  return [
    {
      ...EMPTY,
      scenario: `events for ${waiting.toLocaleString("en")} waiting runs, event to decision`,
      unit: "events",
      per_second: total / took,
      p50_ms: percentile(latencies, 0.5),
      p99_ms: percentile(latencies, 0.99),
      peak_mb,
    },
  ];
}

/** One evaluation of an expression of typical size, already compiled. */
async function expressions(_serverUrl: string, scale: number): Promise<Row[]> {
  const data = {
    order: {
      id: "A-1",
      total: 129.5,
      items: Array.from({ length: 10 }, (_unused, n) => ({ n, price: n * 3.5 })),
    },
    $recipient: { plan: "pro", name: "Ann" },
    name: "Ann",
  };
  const jq = boundJq(createJqEngine());
  const jsonnet = createJsonnetEngine();
  const script =
    '{ to: data.name, total: data.order.total * 1.2, lines: ["%s x %d" % [data.name, i.price] for i in data.order.items], ok: data["$recipient"].plan == "pro" }';
  const rounds = Math.max(1000, Math.round(20_000 * scale));
  return Promise.all(
    (
      [
        ["jq, a path", () => jq.evaluate('.order.total // "none"', data)],
        ["jq, a selection", () => jq.evaluate(".order.items | map(select(.price > 10)) | length", data)],
        ["Jsonnet, an object of ten lines", () => jsonnet.evaluate(script, data)],
      ] as const
    ).map(async ([scenario, work]): Promise<Row> => {
      for (let round = 0; round < 1000; round++) work();
      const took: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const before = performance.now();
        work();
        took.push(performance.now() - before);
      }
      const sorted = Float64Array.from(took).sort();
      return {
        ...EMPTY,
        scenario,
        unit: "evaluations",
        p50_ms: percentile(sorted, 0.5),
        p99_ms: percentile(sorted, 0.99),
        floor: "0.05 ms",
      };
    }),
  );
}
