import { type Clock, databaseClock } from "../src/workspaces/clock.ts";
import { createCatalog } from "../src/catalog/catalog.ts";
import { channels } from "../src/channels/index.gen.ts";
import { createTemplateEngine } from "../src/templates/engine.ts";
import { createJqEngine } from "@carillon/languages/jq";
import { createJsonnetEngine } from "@carillon/languages/jsonnet";
import { createDb } from "../src/db/db.ts";
import { createDelivery } from "../src/delivery/deliver.ts";
import { createDial } from "../src/delivery/http/dial.ts";
import { createHttpClient } from "../src/delivery/http/http.ts";
import { createHttpCaller } from "../src/delivery/http/http-caller.ts";
import { boundJq } from "../src/expressions/bounded-jq.ts";
import { createExpressions } from "../src/expressions/expressions.ts";
import { createPreferences } from "../src/preferences/preferences.ts";
import { createLists } from "../src/lists/lists.ts";
import type { Settled } from "../src/delivery/outbox.ts";
import { createVendorTables } from "../src/delivery/vendor-table.ts";
import type { Vendor } from "../src/delivery/vendor/vendor.ts";
import { createQueue } from "../src/queue/queue.ts";
import { createCompile, createEngine } from "../src/engine/engine.ts";
import type { NodeDefinition } from "../src/engine/node.ts";
import { createIdSource } from "../src/ids.ts";
import { createSilentLog } from "../src/log.ts";
import { nodes } from "../src/nodes/index.gen.ts";
import { createRecipients } from "../src/recipients/recipients.ts";
import { vendors } from "../src/vendors/index.gen.ts";
import { createSecretBox } from "../src/workspaces/crypto.ts";
import { createWorkspaces } from "../src/workspaces/workspaces.ts";
import type { Server } from "./harness.ts";
import { createTestWaker } from "./waker.ts";
import { SECRET_KEY } from "./pipeline.ts";

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
  const db = createDb({ url: databaseUrl, max: pool, onError: () => {} });
  const log = createSilentLog();
  const ids = createIdSource();
  const box = createSecretBox(SECRET_KEY);
  const nodesByType = new Map([...nodes, ...(options.nodes ?? [])].map((node) => [node.type, node]));
  const channelsByName = new Map(channels.map((channel) => [channel.channel, channel]));
  const workspaces = createWorkspaces(db, box, ids);
  const catalog = createCatalog({
    db,
    ids,
    compile: createCompile(nodesByType),
    complete: (channel, content) => channelsByName.get(channel)?.complete?.(content) ?? content,
  });
  const listening = await catalog.start();
  const http = createHttpClient({ allow_private: ["127.0.0.1"] });
  const vendorTables = createVendorTables({
    db,
    catalog,
    box,
    http,
    dial: createDial({ allow_private: ["127.0.0.1"] }),
    vendors: new Map([...vendors, ...(options.vendors ?? [])].map((vendor) => [vendor.slug, vendor])),
  });
  const queue = createQueue({ db, url: databaseUrl, log, observe: () => {} });
  const engine = createEngine({
    db,
    ids,
    log,
    queue,
    catalog,
    workspaces,
    clock,
    recipients: createRecipients({
      ids,
      parseIdentity: (channel, input, hints) =>
        channelsByName.get(channel)?.parseIdentity(input, hints) ?? { ok: false, reason: "no such channel" },
      max_profile_bytes: 256 * 1024,
    }),
    channels: channelsByName,
    nodes: nodesByType,
    templates: createTemplateEngine(),
    lists: createLists({ ids }),
    preferences: createPreferences({ db, catalog }),
    expressions: createExpressions({
      jq: boundJq(createJqEngine()),
      jsonnet: createJsonnetEngine(),
      handlebars: createTemplateEngine({ strict: false, escape: false }),
    }),
    call: createHttpCaller(http),
    call_concurrency: 16,
    vendors: vendorTables,
    meter: { accepted: () => {}, runs: () => {}, message: () => {} },
    worker: true,
  });
  const settled: Settled[] = [];
  const delivery = createDelivery({
    db,
    log,
    workspaces,
    vendors: vendorTables,
    http,
    queue,
    wakeAt: engine.wakeAt,
    onSettled: (written) => void settled.push(...written),
    concurrency,
    timeout_ms,
  });
  queue.work("send", delivery.handler);
  await engine.start();
  delivery.start();
  const waker = createTestWaker(db, queue, clock);
  return {
    wake: waker.tick,
    sweep: delivery.tick,
    settled,
    async stop() {
      await engine.stop();
      await delivery.stop();
      await http.close();
      await listening.stop();
      await db.close();
    },
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
