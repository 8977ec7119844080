import { generateLoad, type LoadResult, percentile } from "./load.ts";
import type { World } from "./world.ts";

/** One line of the report. */
export interface Row {
  scenario: string;
  unit: string;
  per_second: number | null;
  p50_ms: number | null;
  p99_ms: number | null;
  peak_mb: number | null;
  rows_per_notification: number | null;
  /** The minimum that we require, if any. */
  floor: string;
}

export interface Scenario {
  name: string;
  run: (serverUrl: string, scale: number) => Promise<Row[]>;
}

export const EMPTY = {
  per_second: null,
  p50_ms: null,
  p99_ms: null,
  peak_mb: null,
  rows_per_notification: null,
  floor: "",
};

export async function accepted(
  port: number,
  connections: number,
  total: number,
  request: (index: number) => Buffer,
): Promise<LoadResult> {
  return generateLoad({
    host: "127.0.0.1",
    port,
    connections,
    total,
    request,
    accepts: (status) => status === 202 || status === 207,
  });
}

export function speedOf(result: LoadResult): { per_second: number; p50_ms: number; p99_ms: number } {
  return {
    per_second: result.answers / result.seconds,
    p50_ms: percentile(result.latencies, 0.5),
    p99_ms: percentile(result.latencies, 0.99),
  };
}

/** Waits until no request and no message is in progress. */
export async function settled(world: World): Promise<void> {
  for (;;) {
    const [row] = await world.db.query<{ busy: boolean }>(
      "select exists (select 1 from pgboss.job where state < 'completed') as busy",
    );
    if (row?.busy !== true) return;
    await pause(20);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
