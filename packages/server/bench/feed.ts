import { percentile } from "./load.ts";
import { EMPTY, type Row, type Scenario } from "./measure.ts";
import { createWorld, PEOPLE, type World } from "./world.ts";

/** What the inbox of one person costs to read, with 10,000 items in it and a million in the workspace. */
export const feed: Scenario[] = [{ name: "feed", run: readFeeds }];

const READER = "user-0";
const IN_FEED = 10_000;
const FLOOR = "p99 < 10 ms";

async function readFeeds(serverUrl: string, scale: number): Promise<Row[]> {
  const world = await createWorld(serverUrl, "feed", null);
  const items = Math.round(1_000_000 * scale);
  await fill(world, items);
  const server = await world.startServer("api");
  const key = await publicKey(world);
  const [middle] = await world.db.query<{ created_on: Date }>(
    `select i.created_on from inbox_item i join recipient r on r.id = i.recipient_id and r.distinct_id = $1
      where i.archived_at is null order by i.created_on offset 3000 limit 1`,
    [READER],
  );
  const within = `${items.toLocaleString("en")} items, ${IN_FEED.toLocaleString("en")} in the feed`;
  const rows: Row[] = [];
  for (const [name, path] of [
    ["first page of 20", "notifications?page_size=20&search_after=[]"],
    [
      "page of 20 from the middle",
      `notifications?page_size=20&search_after=[false,${middle?.created_on.getTime()}]`,
    ],
    [
      "first page of 20 of a rare tag",
      `notifications?page_size=20&store=${json(store("rare", { tags: { or: ["rare"] } }))}`,
    ],
    ["counts of five stores", `notifications_count?stores=${json(FIVE_STORES)}`],
    ["changes since the last number", "changes?after=0&limit=20"],
  ] as const) {
    const url = `http://127.0.0.1:${server.port}/v1/feed/${path}&distinct_id=${READER}`;
    rows.push({
      ...EMPTY,
      scenario: `${name}: ${within}`,
      unit: "reads",
      ...(await read(url, key)),
      floor: FLOOR,
    });
  }
  rows.push({
    ...EMPTY,
    scenario: "an item read and unread",
    unit: "actions",
    ...(await act(world, server.port, key)),
  });
  await server.stop();
  await world.close();
  return rows;
}

const store = (store_id: string, query: object) => ({ store_id, query });

const FIVE_STORES = [
  store("all", {}),
  store("unread", { read: false }),
  store("mentions", { tags: { or: ["tag-1", "tag-2"] } }),
  store("news", { categories: { or: ["promotional"] } }),
  store("archived", { archived: true }),
];

const json = (value: object) => encodeURIComponent(JSON.stringify(value));

/** In the order of time, so that the items of a feed lie as far apart as they do where people live. */
async function fill({ db }: World, items: number): Promise<void> {
  const patient = db.patient(600_000);
  await patient.query(
    `insert into inbox_feed (workspace_id, recipient_id, tenant_id, seq, forgotten_seq, last_on)
     select workspace_id, id, 'default', 2000000, 0, now() from recipient`,
  );
  await patient.query(
    `insert into inbox_item (workspace_id, id, recipient_id, tenant_id, category, message, tags, feed_id, seq, new_seq,
                             created_on, seen_at, read_at, archived_at, is_pinned)
     select f.workspace_id, 'item-' || lpad(n::text, 8, '0'), f.recipient_id, f.tenant_id,
            case n % 3 when 0 then 'promotional' else 'transactional' end,
            json_build_object('schema', '1.0', 'header', 'Order ' || n, 'text', repeat('Thank you. ', 20), 'url', 'https://app.example.com/',
                              'extra_data', '{}', 'actions', json_build_array()),
            array['tag-' || n % 7] || case when n % 5000 = 0 then array['rare'] else '{}'::text[] end, f.feed_id, n, n,
            now() - ($1 - n) * interval '5 seconds', now(), case when x >= 0.1 then now() end,
            case when x >= 0.4 then now() end, x < 0.0003
       from (select n, random() as x from generate_series(1, $1) n) n
       join inbox_feed f
         on f.feed_id = case when n % greatest($1 / ${IN_FEED}, 1) = 0
                             then (select feed_id from inbox_feed f join recipient r on r.id = f.recipient_id and r.distinct_id = '${READER}')
                             else 1 + n % ${PEOPLE} end`,
    [items],
  );
  await patient.query("vacuum analyze inbox_item");
}

async function publicKey({ db }: World): Promise<string> {
  const [row] = await db.query<{ api_key: string }>(
    "select api_key from public_key order by is_default desc limit 1",
  );
  if (row === undefined) throw new Error("the workspace has no public key");
  return row.api_key;
}

async function read(url: string, key: string) {
  return timed(600, async () => {
    const answer = await fetch(url, { headers: { authorization: key } });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${url} was answered ${answer.status}: ${text}`);
  });
}

async function act({ db }: World, port: number, key: string) {
  const rows = await db.query<{ id: string }>(
    `select i.id from inbox_item i join recipient r on r.id = i.recipient_id and r.distinct_id = $1 limit 400`,
    [READER],
  );
  return timed(rows.length, async (index) => {
    const action = index % 2 === 0 ? "read" : "unread";
    const url = `http://127.0.0.1:${port}/v1/feed/notifications/${rows[index]?.id}/${action}?distinct_id=${READER}`;
    const answer = await fetch(url, { method: "PATCH", headers: { authorization: key }, body: "{}" });
    await answer.text();
    if (answer.status !== 200) throw new Error(`${url} was answered ${answer.status}`);
  });
}

/** The first tenth only warms up. */
async function timed(count: number, work: (index: number) => Promise<void>) {
  const latencies: number[] = [];
  for (let index = 0; index < count; index++) {
    const begun = performance.now();
    await work(index);
    if (index >= count / 10) latencies.push(performance.now() - begun);
  }
  const sorted = Float64Array.from(latencies).sort();
  return { p50_ms: percentile(sorted, 0.5), p99_ms: percentile(sorted, 0.99) };
}
