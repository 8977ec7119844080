import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { configSchema } from "../../packages/server/src/config.ts";
import { createDb, type Db } from "../../packages/server/src/db/db.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../packages/server/src/db/embedded.ts";
import { insertVendor } from "../../packages/server/src/delivery/vendor-table.ts";
import { createSilentLog } from "../../packages/server/src/log.ts";
import { type Carillon, startCarillon } from "../../packages/server/src/main.ts";
import { createSecretBox } from "../../packages/server/src/workspaces/crypto.ts";
import { temporaryFolder } from "../../packages/server/test/temporary-folder.ts";
import { findFreePort } from "./process.ts";

/**
 * A PostgreSQL that keeps its promises (fsync on, the defaults of production) and can be killed, with a workspace
 * whose texts go to the sink. It always comes back under the same URL.
 */
export interface World {
  databaseUrl: string;
  apiKey: string;
  /** `kill -9` of the postmaster; its children end when they notice. */
  killPostgres: () => Promise<void>;
  startPostgres: () => Promise<void>;
  /** A connection of the observer's own, for one piece of work. */
  observe: <T>(work: (db: Db) => Promise<T>) => Promise<T>;
  close: () => Promise<void>;
}

export const SECRET_KEY = "a-secret-key-for-the-crash-proof";

/** Each sends to the inbox, waits a second, and sends a text. A text in doubt is repeated by the first alone. */
export const WORKFLOWS = ["transactional", "promotional"] as const;

export async function createWorld(sinkUrl: string): Promise<World> {
  const folder = await temporaryFolder("crash");
  const port = await findFreePort();
  let server: EmbeddedPostgres = await startPostgres();
  const databaseUrl = server.url;

  function startPostgres(): Promise<EmbeddedPostgres> {
    return startEmbeddedPostgres({ dataDir: folder, port, log: () => {} });
  }

  async function observe<T>(work: (db: Db) => Promise<T>): Promise<T> {
    const db = createDb({ url: databaseUrl, max: 1, onError: () => {} });
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  }

  return {
    databaseUrl,
    apiKey: await furnish(databaseUrl, sinkUrl),
    observe,
    async killPostgres() {
      const [pid] = (await readFile(join(server.dataDir, "postgres", "postmaster.pid"), "utf8")).split("\n");
      process.kill(Number(pid), "SIGKILL");
      // The server has ended: this only waits for that and lets the folder go.
      await server.stop();
    },
    async startPostgres() {
      server = await startPostgres();
    },
    async close() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function furnish(databaseUrl: string, sinkUrl: string): Promise<string> {
  const config = configSchema.parse({
    DATABASE_URL: databaseUrl,
    SECRET_KEY,
    PORT: 0,
    ROLE: "api",
    LOG_LEVEL: "silent",
  });
  const carillon = await startCarillon({ config, log: createSilentLog() });
  try {
    if (carillon.first === null) throw new Error("the database was not fresh");
    await addTemplate(carillon);
    for (const category of WORKFLOWS) await addWorkflow(carillon, category);
    await routeTexts(carillon, sinkUrl);
    return carillon.first.api_key;
  } finally {
    await carillon.stop();
  }
}

async function addTemplate(carillon: Carillon): Promise<void> {
  const path = "/v2/staging/template/order";
  await manage(carillon, "POST", `${path}/`, { name: "Order", enabled_channels: ["inbox", "sms"] });
  const contents = {
    inbox: { header: "Order {{n}}", body: "It is packed." },
    sms: { type: "basic", body: "Order {{n}} is packed." },
  };
  for (const [channel, content] of Object.entries(contents)) {
    const variant = { locale: "en", content, needs_vendor_approval: false };
    await manage(carillon, "POST", `${path}/channel/${channel}/variant/default/`, variant);
  }
  await manage(carillon, "PATCH", `${path}/commit/?commit_message=crash`, {});
}

async function addWorkflow(carillon: Carillon, category: string): Promise<void> {
  const nodes = [
    { node_type: "send_inbox", name: "Inbox", ref: "inbox", properties: { template: "order" } },
    { node_type: "delay", name: "Wait", ref: "wait", properties: { delay_type: "fixed", value: "1s" } },
    { node_type: "send_sms", name: "Text", ref: "text", properties: { template: "order" } },
  ];
  const body = { name: category, category, trigger_type: "api", tree: { nodes } };
  await manage(carillon, "POST", `/v1/staging/workflow/${category}/?commit=true&commit_message=crash`, body);
}

async function routeTexts({ services, first }: Carillon, sinkUrl: string): Promise<void> {
  const { db, ids } = services;
  const workspace_id = first?.workspace.workspace_id ?? 0;
  const vendor = {
    workspace_id,
    channel: "sms" as const,
    vendor_slug: "generic-http-sms",
    nickname: "sink",
    config: { url: sinkUrl, body: '{"id":"{{nid}}","attempt":"{{attempt}}"}', ack_id: "id" },
  };
  const id = await insertVendor(db, vendor, createSecretBox(SECRET_KEY), ids);
  await db.query(
    "update vendor_route set vendor_config_id = $2 where workspace_id = $1 and channel = 'sms'",
    [workspace_id, id],
  );
}

async function manage(
  { app, first }: Carillon,
  method: "POST" | "PATCH",
  url: string,
  payload: object,
): Promise<void> {
  const headers = {
    authorization: `ServiceToken ${first?.service_token}`,
    "content-type": "application/json",
  };
  const answer = await app.inject({ method, url, headers, payload });
  if (answer.statusCode >= 300) throw new Error(`${method} ${url}: ${answer.statusCode} ${answer.body}`);
}
