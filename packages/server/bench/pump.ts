import { generateLoad, percentile } from "./load.ts";
import { accepted, EMPTY, pause, type Row, settled, speedOf } from "./measure.ts";
import type { Sink } from "./sink.ts";
import { triggerRequest } from "./trigger.ts";
import type { World } from "./world.ts";

/* How triggers of the default workflow go through. */
/** Trigger to two settled messages: as many as go through. */
export async function pump(
  world: World,
  arrived: () => number,
  total: number,
  scenario: string,
): Promise<Row> {
  const server = await world.startServer("all");
  await accepted(server.port, 16, 1000, triggerRequest(world.apiKey));
  await settled(world);
  const before = await writtenRows(world);
  const begun = arrived();
  const started = performance.now();
  const result = await accepted(server.port, 64, total, triggerRequest(world.apiKey));
  while (arrived() - begun < total) await pause(20);
  await settled(world);
  const seconds = (performance.now() - started) / 1000;
  const written = (await writtenRows(world)) - before;
  const peak_mb = await server.peakMemory();
  await server.stop();
  console.log(
    `  ${scenario}: accepted at ${Math.round(total / result.seconds)}/s while ${Math.round(total / seconds)} triggers/s went through`,
  );
  return {
    ...EMPTY,
    ...speedOf(result),
    scenario,
    unit: "messages",
    per_second: (2 * total) / seconds,
    peak_mb,
    rows_per_notification: written / (2 * total),
  };
}

/** One trigger at a time, from the first byte sent to the vendor's socket. */
export async function measureIdle(
  world: World,
  sink: Sink,
  total: number,
  scenario: string,
  { settles = true } = {},
): Promise<Row> {
  const server = await world.startServer("all");
  const request = triggerRequest(world.apiKey);
  const latencies: number[] = [];
  const before = await writtenRows(world);
  for (let index = 0; index < total + 50; index++) {
    const arrival = new Promise<number>((resolve) => sink.onArrival(resolve));
    const started = performance.now();
    await generateLoad({
      host: "127.0.0.1",
      port: server.port,
      connections: 1,
      total: 1,
      request: () => request(index),
      accepts: (status) => status === 202,
    });
    const at = await arrival;
    if (index >= 50) latencies.push(at - started);
    await pause(5);
  }
  const sorted = Float64Array.from(latencies).sort();
  const peak_mb = await server.peakMemory();
  if (settles) await settled(world);
  const written = (await writtenRows(world)) - before;
  await server.stop();
  return {
    ...EMPTY,
    scenario,
    unit: "triggers",
    p50_ms: percentile(sorted, 0.5),
    p99_ms: percentile(sorted, 0.99),
    peak_mb,
    rows_per_notification: settles ? written / (2 * (total + 50)) : null,
  };
}

async function writtenRows(world: World): Promise<number> {
  // Backends report their counters at most once a second.
  await pause(1500);
  const [row] = await world.db.query<{ written: number }>(
    "select sum(n_tup_ins + n_tup_upd + n_tup_del)::float8 as written from pg_stat_user_tables",
  );
  return row?.written ?? 0;
}
