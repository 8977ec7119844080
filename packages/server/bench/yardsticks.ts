import { createServer } from "node:http";
import { PgBoss } from "pg-boss";
import { createDb, type Db } from "../src/db/db.ts";
import { generateLoad, percentile, post } from "./load.ts";
import type { Row } from "./measure.ts";

/** What the parts achieve alone on this machine, measured in the same run: a pipeline cannot be faster. */
export async function runYardsticks(serverUrl: string, scale: number): Promise<Row[]> {
  return [...(await bareCommit(serverUrl, scale)), ...(await bareJobs(serverUrl, scale))];
}

const EMPTY = { p50_ms: null, p99_ms: null, peak_mb: null, rows_per_notification: null, floor: "" };

async function openDatabase(serverUrl: string, name: string): Promise<{ db: Db; url: string }> {
  const admin = createDb({ url: serverUrl, max: 1, onError: () => {} });
  await admin.query(`create database ${name}`);
  await admin.close();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { db: createDb({ url: url.href, max: 4, onError: () => {} }), url: url.href };
}

/** An HTTP server that only writes bodies to disk, in groups. In this process, with the load. */
async function bareCommit(serverUrl: string, scale: number): Promise<Row[]> {
  const { db } = await openDatabase(serverUrl, "yardstick_commit");
  await db.query(
    "create table body (id bigint generated always as identity primary key, body json not null)",
  );
  let waiting: { body: string; done: () => void }[] = [];
  let inFlight = 0;
  const write = async (batch: typeof waiting): Promise<void> => {
    const bodies = batch.map(({ body }) => body);
    await db.query(
      "insert into body (body) select body::json from unnest($1::text[]) body",
      [bodies],
      "flush",
    );
    for (const { done } of batch) done();
    inFlight--;
    flush();
  };
  const flush = (): void => {
    while (waiting.length > 0 && inFlight < 2) {
      const batch = waiting;
      waiting = [];
      inFlight++;
      void write(batch);
    }
  };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      waiting.push({ body, done: () => response.writeHead(202, { "content-length": 2 }).end("ok") });
      setImmediate(flush);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const rows: Row[] = [];
  for (const [connections, total] of [
    [1, 3000],
    [8, 20_000],
    [64, 60_000],
  ] as const) {
    const body = JSON.stringify({
      workflow: "bench",
      recipients: ["user-1"],
      data: { order: { id: "A-1", total: 129.5 }, code: "483920" },
    });
    const load = {
      host: "127.0.0.1",
      port,
      connections,
      request: () => post("/", {}, body),
      accepts: (status: number) => status === 202,
    };
    await generateLoad({ ...load, total: 1000 });
    const result = await generateLoad({ ...load, total: Math.round(total * scale) });
    rows.push({
      ...EMPTY,
      scenario: `yardstick: HTTP and commit only, ${connections} connection${connections === 1 ? "" : "s"}`,
      unit: "bodies",
      per_second: result.answers / result.seconds,
      p50_ms: percentile(result.latencies, 0.5),
      p99_ms: percentile(result.latencies, 0.99),
    });
  }
  server.close();
  server.closeAllConnections();
  await db.close();
  return rows;
}

/** pg-boss alone: jobs in, jobs out, in batches of 500. */
async function bareJobs(serverUrl: string, scale: number): Promise<Row[]> {
  const { db, url } = await openDatabase(serverUrl, "yardstick_jobs");
  const boss = new PgBoss({ connectionString: url, schedule: false, supervise: false });
  await boss.start();
  await boss.createQueue("yardstick");
  const total = Math.round(50_000 * scale);
  const inserting = performance.now();
  for (let count = 0; count < total; count += 500) {
    await boss.insert(
      "yardstick",
      Array.from({ length: 500 }, (_unused, index) => ({ data: { id: index } })),
    );
  }
  const inserted = (performance.now() - inserting) / 1000;
  const fetching = performance.now();
  let done = 0;
  while (done < total) {
    const jobs = await boss.fetch("yardstick", { batchSize: 500 });
    await boss.complete(
      "yardstick",
      jobs.map(({ id }) => id),
    );
    done += jobs.length;
  }
  const fetched = (performance.now() - fetching) / 1000;
  await boss.stop({ graceful: false });
  await db.close();
  return [
    {
      ...EMPTY,
      scenario: "yardstick: pg-boss insert, batches of 500",
      unit: "jobs",
      per_second: total / inserted,
    },
    {
      ...EMPTY,
      scenario: "yardstick: pg-boss fetch and complete, batches of 500",
      unit: "jobs",
      per_second: total / fetched,
    },
  ];
}
