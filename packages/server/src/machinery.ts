import { recordVerdict } from "./authoring/templates/approval-change.ts";
import { createJqEngine } from "@carillon/languages/jq";
import { createJsonnetEngine } from "@carillon/languages/jsonnet";
import { type Catalog, createCatalog } from "./catalog/catalog.ts";
import { channels as channelList } from "./channels/index.gen.ts";
import type { ChannelDefinition } from "./channels/channel.ts";
import type { Channel } from "./core/channel.ts";
import type { Db } from "./db/db.ts";
import { createDelivery, type Delivery } from "./delivery/deliver.ts";
import type { Dial } from "./delivery/http/dial.ts";
import { createHttpCaller } from "./delivery/http/http-caller.ts";
import type { HttpClient } from "./delivery/http/http.ts";
import type { Settled } from "./delivery/outbox.ts";
import { createVendorTables, type VendorTables } from "./delivery/vendor-table.ts";
import type { Vendor } from "./delivery/vendor/vendor.ts";
import { createCompile, createEngine, type Engine } from "./engine/engine.ts";
import type { EngineMeter } from "./engine/deps.ts";
import type { NodeDefinition } from "./engine/node.ts";
import { boundJq } from "./expressions/bounded-jq.ts";
import { createContentEngines } from "./expressions/content-engines.ts";
import { createExpressions } from "./expressions/expressions.ts";
import type { IdSource } from "./ids.ts";
import type { Announce } from "./inbox/feed.ts";
import { createLists, type Lists } from "./lists/lists.ts";
import type { Log } from "./log.ts";
import { nodes as nodeList } from "./nodes/index.gen.ts";
import { createPreferences, type Preferences } from "./preferences/preferences.ts";
import type { Lane } from "./core/lane.ts";
import { createQueue, type Queue } from "./queue/queue.ts";
import type { Stage } from "./queue/job.ts";
import { createRecipients, type Recipients } from "./recipients/recipients.ts";
import { createTemplateEngine } from "./templates/engine.ts";
import { vendors as vendorList } from "./vendors/index.gen.ts";
import type { Clock } from "./workspaces/clock.ts";
import type { SecretBox } from "./workspaces/crypto.ts";
import { createWorkspaces, type Workspaces } from "./workspaces/workspaces.ts";

/**
 * What accepts, runs and delivers, put together on an open database: the part of a process that is neither its settings
 * nor its HTTP server. `main` makes one of it, and tests make more, as if each were a process of its own.
 */
export interface Machinery {
  lists: Lists;
  workspaces: Workspaces;
  catalog: Catalog;
  recipients: Recipients;
  preferences: Preferences;
  queue: Queue;
  engine: Engine;
  delivery: Delivery;
  channels: ReadonlyMap<Channel, ChannelDefinition>;
  vendors: ReadonlyMap<string, Vendor>;
  vendorTables: VendorTables;
}

export interface MachineryDeps {
  db: Db;
  /** The database's, for connections that listen or hold a lock. */
  url: string;
  log: Log;
  ids: IdSource;
  clock: Clock;
  /** Opens the secrets that are stored. */
  box: SecretBox;
  http: HttpClient;
  dial: Dial;
  /** Carries out what is accepted. */
  worker: boolean;
  /** Where recipients find their preferences. */
  preference_domain?: string;
  /** Largest profile, as JSON in UTF-8. */
  max_profile_bytes: number;
  /** Maximum number of calls in flight: those of HTTP nodes, and those of vendors. */
  call_concurrency: number;
  send_concurrency: number;
  /** The server's own address, without a slash at its end. Absent: unknown. */
  base_url?: string;
  /** The time limit of a vendor call. */
  vendor_timeout_ms: number;
  meter: EngineMeter & { stage: (stage: Stage, lane: Lane, seconds: number, refs: number) => void };
  onSettled: (settled: Settled[]) => void;
  /** Hears of changes of feeds. */
  announce: Announce;
  /** Besides those of the registries. */
  more?: { nodes?: NodeDefinition[]; vendors?: Vendor[] };
}

/**
 * Starts it. What must be stopped is deferred to `stops` as soon as it lives, so that a start that fails half-way leaves
 * nothing running. Throws if the stored secrets cannot be opened.
 */
export async function startMachinery(deps: MachineryDeps, stops: AsyncDisposableStack): Promise<Machinery> {
  const { db, url, log, ids, clock, box, http, dial, worker, meter, more = {} } = deps;
  const nodes = new Map([...nodeList, ...(more.nodes ?? [])].map((node) => [node.type, node]));
  const vendors = new Map([...vendorList, ...(more.vendors ?? [])].map((vendor) => [vendor.slug, vendor]));
  const channels = new Map(channelList.map((channel) => [channel.channel, channel]));
  const workspaces = createWorkspaces(db, box, ids);
  // Decrypts with the key: a process with another key must not get as far as answering.
  await workspaces.list();
  const catalog = createCatalog({
    db,
    ids,
    compile: createCompile(nodes),
    complete: (channel, content) => channels.get(channel)?.complete?.(content) ?? content,
    ...(deps.preference_domain === undefined
      ? {}
      : { pages: { domain: deps.preference_domain, base: deps.base_url ?? null } }),
  });
  stops.defer((await catalog.start()).stop);
  const recipients = createRecipients({
    ids,
    parseIdentity: (channel, input, hints) =>
      channels.get(channel)?.parseIdentity(input, hints) ?? { ok: false, reason: "channel is not supported" },
    max_profile_bytes: deps.max_profile_bytes,
  });
  const lists = createLists({ ids });
  const preferences = createPreferences({ db, catalog });
  const queue = createQueue({ db, url, log, observe: meter.stage });
  const vendorTables = createVendorTables({ db, log, catalog, box, http, dial, vendors });
  const content = createContentEngines();
  const engine = createEngine({
    db,
    ids,
    log,
    queue,
    catalog,
    workspaces,
    recipients,
    channels,
    nodes,
    clock,
    worker,
    content,
    lists,
    preferences,
    expressions: createExpressions({
      jq: boundJq(createJqEngine()),
      jsonnet: createJsonnetEngine(),
      handlebars: createTemplateEngine({ strict: false, escape: false }),
      content,
    }),
    call: createHttpCaller(http),
    call_concurrency: deps.call_concurrency,
    vendors: vendorTables,
    meter,
    announce: deps.announce,
  });
  const delivery = createDelivery({
    db,
    ids,
    catalog,
    log,
    workspaces,
    vendors: vendorTables,
    http,
    queue,
    wakeAt: engine.wakeAt,
    onSettled: deps.onSettled,
    announce: deps.announce,
    concurrency: deps.send_concurrency,
    base_url: deps.base_url ?? null,
    recordVerdict: (tx, workspace_id, verdict) => recordVerdict({ db: tx, workspace_id, catalog }, verdict),
    keyOf: (channel, address) => {
      const parsed = channels.get(channel)?.parseIdentity(address, {});
      return parsed?.ok === true ? parsed.identity.key : null;
    },
    timeout_ms: deps.vendor_timeout_ms,
  });
  if (worker) queue.work("send", delivery.handler);
  stops.defer(delivery.stop);
  stops.defer(engine.stop);
  await engine.start();
  if (worker) delivery.start();
  return {
    workspaces,
    catalog,
    recipients,
    lists,
    preferences,
    queue,
    engine,
    delivery,
    channels,
    vendors,
    vendorTables,
  };
}
