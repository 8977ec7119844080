import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { configSchema } from "../src/config.ts";
import { createDb, type Db } from "../src/db/db.ts";
import { insertVendor } from "../src/delivery/vendor-table.ts";
import { createSilentLog } from "../src/log.ts";
import { type Carillon, startCarillon } from "../src/main.ts";
import type { RecipientEdit } from "../src/recipients/recipients.ts";
import { createSecretBox } from "../src/workspaces/crypto.ts";

/** A database with a workspace, a workflow and its people, and Carillon processes on it: what scenarios run in. */
export interface World {
  db: Db;
  databaseUrl: string;
  apiKey: string;
  /** Starts a server process; resolves when it listens. */
  startServer: (role: "all" | "api" | "worker") => Promise<ServerProcess>;
  close: () => Promise<void>;
}

export interface ServerProcess {
  port: number;
  /** Peak resident memory so far, in MB. */
  peakMemory: () => Promise<number>;
  stop: () => Promise<void>;
}

const SECRET_KEY = "benchmark-secret-key";
export const PEOPLE = 1000;
export const WORKFLOW = "bench";

/** A workflow beside the usual one. */
export interface BenchWorkflow {
  slug: string;
  /** Triggered by this event instead of the API. */
  event?: string;
  nodes: object[];
}

export async function createWorld(
  serverUrl: string,
  name: string,
  sinkUrl: string | null,
  workflows: BenchWorkflow[] = [],
): Promise<World> {
  const admin = createDb({ url: serverUrl, max: 1, onError: () => {} });
  await admin.query(`create database ${name}`);
  await admin.close();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const databaseUrl = url.href;
  const config = configSchema.parse({
    DATABASE_URL: databaseUrl,
    SECRET_KEY,
    PORT: 0,
    ROLE: "api",
    LOG_LEVEL: "silent",
  });
  const carillon = await startCarillon({ config, log: createSilentLog() });
  const apiKey = carillon.first?.api_key ?? "";
  await furnish(carillon, sinkUrl, workflows);
  await carillon.stop();
  const db = createDb({ url: databaseUrl, max: 2, onError: () => {} });
  return {
    db,
    databaseUrl,
    apiKey,
    startServer: (role) => startServer(databaseUrl, role),
    close: () => db.close(),
  };
}

/** One workflow with two messages: our inbox, and a text through an HTTP vendor. */
async function furnish(
  { app, services, first }: Carillon,
  sinkUrl: string | null,
  workflows: BenchWorkflow[],
): Promise<void> {
  const { db, ids } = services;
  if (first === null) throw new Error("the database was not fresh");
  const { workspace_id } = first.workspace;
  const manage = async (method: "POST" | "PATCH", url: string, payload: object) => {
    const headers = {
      authorization: `ServiceToken ${first.service_token}`,
      "content-type": "application/json",
    };
    const answer = await app.inject({ method, url, headers, payload });
    if (answer.statusCode >= 300) throw new Error(`${method} ${url}: ${answer.statusCode} ${answer.body}`);
  };
  const template = "/v2/staging/template/bench";
  await manage("POST", `${template}/`, { name: "Bench", enabled_channels: ["inbox", "sms"] });
  const contents = {
    inbox: { header: "Order {{order.id}}", body: 'Thank you, {{default $recipient.name "friend"}}.' },
    sms: { type: "basic", body: 'Your code is {{code}}, {{default $recipient.name "friend"}}.' },
  };
  for (const [channel, content] of Object.entries(contents)) {
    const variant = { locale: "en", content, needs_vendor_approval: false };
    await manage("POST", `${template}/channel/${channel}/variant/default/`, variant);
  }
  await manage("PATCH", `${template}/commit/?commit_message=bench`, {});
  const node = {
    node_type: "send_multi_channel",
    name: "Send",
    ref: "send",
    properties: { template: "bench" },
  };
  for (const { slug, event, nodes } of [{ slug: WORKFLOW, nodes: [node] } as BenchWorkflow, ...workflows]) {
    await manage("POST", `/v1/staging/workflow/${slug}/?commit=true&commit_message=bench`, {
      name: slug,
      category: "transactional",
      trigger_type: event === undefined ? "api" : "event",
      trigger_events: event === undefined ? [] : [event],
      tree: { nodes },
    });
  }
  if (sinkUrl !== null) {
    const vendor = {
      workspace_id,
      channel: "sms" as const,
      vendor_slug: "generic-http-sms",
      nickname: "sink",
      config: { url: sinkUrl, body: '{"to":"{{to}}","text":"{{text}}","id":"{{nid}}"}' },
    };
    const id = await insertVendor(db, vendor, createSecretBox(SECRET_KEY), ids);
    const route = "update vendor_route set vendor_config_id = $2 where workspace_id = $1 and channel = 'sms'";
    await db.query(route, [workspace_id, id]);
  }
  await db.tx((tx) => services.recipients.apply(tx, workspace_id, people()));
}

function people(): RecipientEdit[] {
  return Array.from({ length: PEOPLE }, (_unused, index) => ({
    object_type: "",
    distinct_id: `user-${index}`,
    operations: [
      { operator: "$set", fields: { name: `Person ${index}` } },
      { operator: "$append", fields: { $sms: `+1415555${String(1000 + index).padStart(4, "0")}` } },
    ],
    mode: "lenient",
    restore: true,
    create: true,
  }));
}

async function startServer(databaseUrl: string, role: string): Promise<ServerProcess> {
  const cli = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    SECRET_KEY,
    ROLE: role,
    PORT: "0",
    ALLOW_PRIVATE_HOSTS: "127.0.0.1",
  };
  const child = spawn(process.execPath, [cli, "start"], { env, stdio: ["ignore", "pipe", "inherit"] });
  const url = await readUrl(child);
  return {
    port: Number(new URL(url).port),
    async peakMemory() {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
      return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    },
    async stop() {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

/** The server's own log line says where it listens. What it warns of while it is measured belongs to the result. */
async function readUrl(child: ChildProcess & { stdout: Readable }): Promise<string> {
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve, reject) => {
    const seen: string[] = [];
    lines.on("line", (line) => {
      seen.push(line);
      const url = /"url":"([^"]+)"/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
      if (/"level":"(warn|error)"/.test(line)) console.error(line);
    });
    lines.on("close", () => reject(new Error(`the server ended:\n${seen.join("\n")}`)));
  });
}
