import { createDb } from "../src/db/db.ts";
import { createDial } from "../src/delivery/http/dial.ts";
import { createHttpClient } from "../src/delivery/http/http.ts";
import type { Settled } from "../src/delivery/outbox.ts";
import type { Vendor } from "../src/delivery/vendor/vendor.ts";
import type { NodeDefinition } from "../src/engine/node.ts";
import { createIdSource } from "../src/ids.ts";
import { createSilentLog } from "../src/log.ts";
import { startMachinery } from "../src/machinery.ts";
import { type Clock, databaseClock } from "../src/workspaces/clock.ts";
import { createSecretBox } from "../src/workspaces/crypto.ts";
import { SECRET_KEY, type Server } from "./harness.ts";
import { createTestWaker } from "./waker.ts";

/**
 * Another worker on a harness's database, as if it were a separate process: it has its own connections, caches and
 * loops. With extra nodes or vendors, for tests that need one that misbehaves.
 */
export interface Worker {
  /** Wakes everything that is due, without waiting for the worker's own timer; returns the number of rows. */
  wake: () => Promise<number>;
  /** Applies due receipts. */
  sweep: () => Promise<void>;
  /** The results that delivery wrote, in order. */
  settled: Settled[];
  stop: () => Promise<void>;
}

export interface WorkerOptions {
  nodes?: NodeDefinition[];
  vendors?: Vendor[];
  clock?: Clock;
  /** Database connections. */
  pool?: number;
  /** Concurrent vendor calls. */
  concurrency?: number;
  /** The time limit of a vendor call. */
  timeout_ms?: number;
}

export async function startWorker(
  { databaseUrl }: Pick<Server, "databaseUrl">,
  options: WorkerOptions = {},
): Promise<Worker> {
  const { clock = databaseClock, pool = 8, concurrency = 64, timeout_ms = 5000 } = options;
  const stops = new AsyncDisposableStack();
  const db = createDb({ url: databaseUrl, max: pool, onError: () => {} });
  stops.defer(db.close);
  const http = createHttpClient({ allow_private: ["127.0.0.1"] });
  stops.defer(http.close);
  const settled: Settled[] = [];
  const { catalog, queue, delivery } = await startMachinery(
    {
      db,
      url: databaseUrl,
      log: createSilentLog(),
      ids: createIdSource(),
      clock,
      box: createSecretBox(SECRET_KEY),
      http,
      dial: createDial({ allow_private: ["127.0.0.1"] }),
      worker: true,
      max_profile_bytes: 256 * 1024,
      call_concurrency: 16,
      send_concurrency: concurrency,
      vendor_timeout_ms: timeout_ms,
      meter: { accepted: () => {}, runs: () => {}, message: () => {}, stage: () => {} },
      announce: () => {},
      onSettled: (written) => void settled.push(...written),
      more: options,
    },
    stops,
  );
  return {
    wake: createTestWaker({ db, catalog }, queue, clock).tick,
    sweep: delivery.tick,
    settled,
    stop: () => stops.disposeAsync(),
  };
}

/** The workers of a test, on one database. */
export interface Workers {
  start: (options?: WorkerOptions) => Promise<Worker>;
  /** Those that were started and not stopped, in order. */
  running: () => readonly Worker[];
  /** Stops them all. */
  stop: () => Promise<void>;
}

export function createWorkers(server: Pick<Server, "databaseUrl">): Workers {
  let running: Worker[] = [];
  return {
    async start(options) {
      const worker = await startWorker(server, options);
      running.push(worker);
      return worker;
    },
    running: () => running,
    async stop() {
      const stopping = running;
      running = [];
      for (const worker of stopping) await worker.stop();
    },
  };
}
