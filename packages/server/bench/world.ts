import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { createDb, type Db } from "../src/db/db.ts";
import type { RecipientEdit } from "../src/recipients/recipients.ts";
import { type FurnishedWorkflow, furnish } from "../test/furnish.ts";

/** What a scenario may need besides the default workflow. */
export type BenchWorkflow = FurnishedWorkflow;

/** A database with a workspace, a workflow and recipients, and Carillon processes on it, for one scenario. */
export interface World {
  db: Db;
  databaseUrl: string;
  apiKey: string;
  serviceToken: string;
  /** Starts a server process; resolves when it listens. */
  startServer: (role: "all" | "api" | "worker") => Promise<ServerProcess>;
  close: () => Promise<void>;
}

export interface ServerProcess {
  port: number;
  /** Peak resident memory so far, in MB. */
  peakMemory: () => Promise<number>;
  /** Resident memory now, in KB. */
  memory: () => Promise<number>;
  stop: () => Promise<void>;
}

const SECRET_KEY = "benchmark-secret-key";
export const PEOPLE = 1000;
export const WORKFLOW = "bench";

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
  const { api_key: apiKey, service_token: serviceToken } = await furnish(databaseUrl, {
    secretKey: SECRET_KEY,
    templates: TEMPLATES,
    workflows: [{ slug: WORKFLOW, nodes: [SEND] }, ...workflows],
    texts:
      sinkUrl === null ? null : { url: sinkUrl, body: '{"to":"{{to}}","text":"{{text}}","id":"{{nid}}"}' },
    people: people(),
  });
  const db = createDb({ url: databaseUrl, max: 2, onError: () => {} });
  return {
    db,
    databaseUrl,
    apiKey,
    serviceToken,
    startServer: (role) => startServer(databaseUrl, role),
    close: () => db.close(),
  };
}

const TEMPLATES = {
  bench: {
    inbox: { header: "Order {{order.id}}", body: 'Thank you, {{default $recipient.name "friend"}}.' },
    sms: { type: "basic", body: 'Your code is {{code}}, {{default $recipient.name "friend"}}.' },
  },
  /** By mail, which goes through the simulator. */
  letter: {
    email: {
      subject: "News for {{$recipient.distinct_id}}",
      body: { type: "raw", raw: { html: "<p>There is news.</p>", text: "There is news." } },
    },
  },
};

/** The default workflow: a message to our inbox, and a text through an HTTP vendor. */
const SEND = {
  node_type: "send_multi_channel",
  name: "Send",
  ref: "send",
  properties: { template: "bench" },
};

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
    CLIENT_RATE_LIMIT_PER_SECOND: "0",
  };
  const child = spawn(process.execPath, [cli, "start"], { env, stdio: ["ignore", "pipe", "inherit"] });
  // A scenario that fails must not leave a server that goes on without its database.
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  const url = await readUrl(child);
  async function readStatus(name: string): Promise<number> {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  }
  return {
    port: Number(new URL(url).port),
    peakMemory: async () => Math.round((await readStatus("VmHWM")) / 1024),
    memory: () => readStatus("VmRSS"),
    async stop() {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

/** The server's log line contains its URL. Its warnings during the measurement are part of the result. */
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
