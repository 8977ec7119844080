/**
 * `npm run quickstart`: starts Carillon on its embedded database, creates the demo workflow over the management
 * API, triggers it through the stock SDK, and shows what happened. `--once` ends then instead of serving on.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createCarillon } from "@carillon/sdk";
import suprsend from "@suprsend/node-sdk";
import { templates, trigger, workflow } from "../examples/demo/workflow.ts";
import { createSample } from "../examples/inbox/backend.ts";
import {
  templates as sampleTemplates,
  workflows as sampleWorkflows,
} from "../examples/inbox/notifications.ts";
import { stopSignal } from "../packages/cli/src/stop-signal.ts";
import {
  type Carillon,
  type Config,
  readConfig,
  startCarillon,
  type Workspace,
  type Workspaces,
} from "../packages/server/src/index.ts";
import { ensureDashboard } from "./build-dashboard.ts";
import { bundleElement } from "./build-inbox.ts";

const { Suprsend, WorkflowTriggerRequest } = suprsend;

interface Keys {
  workspace: string;
  ws_key: string;
  ws_secret: string;
  api_key: string;
  service_token: string;
  /** Of users' tokens: made when the sample app is first served. */
  signing_key?: string;
}

const once = process.argv.includes("--once");
const toldToStop = stopSignal();
const config = readSettings();
const keysFile = join(resolve(config.DATA_DIR), "quickstart.json");
/** The sample app with an inbox, at /demo/ once it is ready. */
let sample: ReturnType<typeof createSample> | null = null;
await ensureDashboard();
const carillon = await startCarillon({
  config,
  extend: (app) => serveUnder(app, "/demo/", (request) => sample?.(request) ?? Promise.resolve(null)),
}).catch((error: unknown) => fail(messageOf(error)));
try {
  const keys = await ownKeys(carillon);
  console.log(`Carillon is up at ${carillon.url}, workspace "${keys.workspace}".\n`);
  await createDemo(keys, templates, [workflow]);
  const started = performance.now();
  const request_id = await sendDemo(keys);
  const execution = await untilDone(keys, request_id);
  printExecution(execution, performance.now() - started);
  await printMessages(keys, execution.execution_id);
  if (once) console.log("\nWithout --once the server keeps running, and its dashboard shows them.");
  else {
    sample = await openSample(keys);
    printNext(keys);
  }
} catch (error) {
  await carillon.stop();
  fail(messageOf(error));
}
if (!once) await toldToStop;
await carillon.stop();

function readSettings(): Config {
  try {
    return readConfig({ LOG_LEVEL: "warn", ...process.env, ROLE: "all" });
  } catch (error) {
    return fail(messageOf(error));
  }
}

/** Credentials for this folder's demo: created on the first start, kept in a file while this database knows them. */
async function ownKeys({ first, services }: Carillon): Promise<Keys> {
  if (first === null) {
    const known = await readFile(keysFile, "utf8")
      .then((text) => JSON.parse(text) as Keys)
      .catch(() => null);
    if (known !== null && (await services.workspaces.findByKey(known.ws_key)) !== null) return known;
  }
  const [workspace] = await services.workspaces.list();
  if (workspace === undefined) throw new Error("there is no workspace");
  const keys =
    first === null ? await moreKeys(services.workspaces, workspace) : { ...first, workspace: workspace.slug };
  await keep(keys);
  return keys;
}

async function keep(keys: Keys): Promise<void> {
  await mkdir(resolve(config.DATA_DIR), { recursive: true });
  await writeFile(keysFile, JSON.stringify(keys), { mode: 0o600 });
}

async function moreKeys(workspaces: Workspaces, workspace: Workspace): Promise<Keys> {
  const { ws_key, secret } = await workspaces.createKey(workspace);
  const { api_key } = await workspaces.createApiKey(workspace, "quickstart");
  const { token } = await workspaces.createServiceToken("quickstart");
  return { workspace: workspace.slug, ws_key, ws_secret: secret, api_key, service_token: token };
}

async function createDemo(keys: Keys, templates: Templates, workflows: Workflow[]): Promise<void> {
  for (const [slug, { content, ...template }] of Object.entries(templates)) {
    await manage(keys, "POST", `/v2/${keys.workspace}/template/${slug}/`, template);
    for (const [channel, body] of Object.entries(content)) {
      const path = `/v2/${keys.workspace}/template/${slug}/channel/${channel}/variant/default/`;
      await manage(keys, "POST", path, { locale: "en", content: body, needs_vendor_approval: false });
    }
    await manage(keys, "PATCH", `/v2/${keys.workspace}/template/${slug}/commit/?commit_message=demo`, {});
  }
  const query = "?commit=true&commit_message=demo";
  for (const { slug, definition } of workflows) {
    await manage(keys, "POST", `/v1/${keys.workspace}/workflow/${slug}/${query}`, definition);
  }
}

type Templates = Readonly<Record<string, { content: object; [field: string]: unknown }>>;

interface Workflow {
  slug: string;
  definition: object;
}

/** Makes what the sample app sends, and its backend with credentials of this workspace. */
async function openSample(keys: Keys): Promise<ReturnType<typeof createSample>> {
  await createDemo(keys, sampleTemplates, sampleWorkflows);
  const client = createCarillon({
    url: carillon.url,
    apiKey: keys.api_key,
    serviceToken: keys.service_token,
    workspace: keys.workspace,
  });
  let publicKey = "";
  for await (const { api_key } of client.keys.publicKeys({ limit: 1 })) publicKey ||= api_key;
  // Signing keys are good until they are rolled: an old one that this demo made does no harm.
  const signingKey = keys.signing_key ?? (await client.keys.createSigningKey()).private_key_pem;
  if (keys.signing_key === undefined) await keep({ ...keys, signing_key: signingKey });
  const chunks = await bundleElement(null);
  return createSample({
    carillon: client,
    host: carillon.url,
    publicKey,
    signingKey,
    app: `${carillon.url}/demo/`,
    elements: new Map(chunks.map(({ fileName, code }) => [fileName, code])),
  });
}

/** Hands requests under a path, `/demo/`, to what answers in the web's own way. */
function serveUnder(
  app: Carillon["app"],
  path: string,
  answer: (request: Request) => Promise<Response | null>,
): void {
  // The page's own links are relative to the path with its slash, and the server takes it with or without.
  for (const url of [path.slice(0, -1), `${path}*`]) {
    app.route<{ Body: Uint8Array<ArrayBuffer> | undefined }>({
      method: ["GET", "POST"],
      url,
      async handler({ method, url, headers, body }, reply) {
        if (url === path.slice(0, -1)) return reply.redirect(path);
        const { origin } = headers;
        const response = await answer(
          new Request(new URL(url, carillon.url), {
            method,
            headers: origin === undefined ? {} : { origin },
            ...(body === undefined ? {} : { body }),
          }),
        );
        if (response === null) return reply.code(404).type("text/plain").send("not found\n");
        return reply
          .code(response.status)
          .headers(Object.fromEntries(response.headers))
          .send(Buffer.from(await response.arrayBuffer()));
      },
    });
  }
}

async function sendDemo(keys: Keys): Promise<string> {
  const client = new Suprsend(keys.ws_key, keys.ws_secret, { base_url: `${carillon.url}/` });
  const answer = (await client.workflows.trigger(
    new WorkflowTriggerRequest(trigger),
  )) as unknown as SdkAnswer;
  if (!answer.success) throw new Error(`the trigger was refused: ${answer.message}`);
  console.log(
    `Triggered "${workflow.slug}" through @suprsend/node-sdk: ${answer.status_code} ${answer.message}\n`,
  );
  return (JSON.parse(answer.message) as { message_id: string }).message_id;
}

/** What the SDK returns for a single trigger; its own types describe only the bulk form. */
interface SdkAnswer {
  success: boolean;
  status_code: number;
  message: string;
}

interface Execution {
  execution_id: string;
  status: string;
  steps: {
    node_ref: string | null;
    execution_stage: string;
    status: string;
    message: string;
    created_at: string;
  }[];
  messages: { channel: string; status: string; vendor: string }[];
}

async function untilDone(keys: Keys, request_id: string): Promise<Execution> {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const { results } = await manage<{ results: Execution[] }>(
      keys,
      "GET",
      `/v1/${keys.workspace}/log/execution/?request_id=${request_id}`,
    );
    const [found] = results;
    if (found !== undefined && found.status !== "in_progress") {
      const path = `/v1/${keys.workspace}/log/execution/${found.execution_id}/`;
      const execution = await manage<Execution>(keys, "GET", path);
      if (execution.messages.every(({ status }) => status !== "triggered")) return execution;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("the demo did not finish within 20 s");
}

function printExecution({ execution_id, status, steps }: Execution, ms: number): void {
  console.log(`Execution ${execution_id}: ${status} after ${(ms / 1000).toFixed(2)} s`);
  for (const step of steps) {
    const at = step.created_at.slice(11, 23);
    console.log(
      `  ${at}  ${(step.node_ref ?? "").padEnd(13)} ${step.execution_stage.padEnd(21)} ${step.message}`,
    );
  }
}

async function printMessages(keys: Keys, execution_id: string): Promise<void> {
  const path = `/v1/${keys.workspace}/simulator/?execution_id=${execution_id}`;
  const { results } = await manage<{ results: Caught[] }>(keys, "GET", path);
  console.log(`\n${results.length} messages, caught by the simulators:`);
  for (const { channel, to, recipient, status, content } of results.reverse()) {
    const address = channel === "inbox" ? recipient : String(to);
    console.log(
      `  ${channel.padEnd(6)} ${status.padEnd(15)} to ${address.slice(0, 24).padEnd(16)}  ${headline(content)}`,
    );
  }
}

interface Caught {
  channel: string;
  to: unknown;
  recipient: string;
  status: string;
  content: Record<string, unknown>;
}

function headline(content: Record<string, unknown>): string {
  const words = [content.subject, content.header, content.body].find(
    (text) => typeof text === "string" && text !== "",
  );
  return typeof words === "string" ? words : "";
}

function printNext(keys: Keys): void {
  const body = JSON.stringify({ ...trigger, recipients: ["ada"] });
  console.log(`
Try it:     ${carillon.url}/demo/ (an app with an inbox: send yourself notifications)
Dashboard:  ${carillon.url}/w/${keys.workspace}/#token=${keys.service_token}
API:        ${carillon.url}/openapi.json
Metrics:    ${carillon.url}/metrics

Send one more:

  curl -s ${carillon.url}/trigger/ -H 'Authorization: Bearer ${keys.api_key}' \\
    -H 'Content-Type: application/json' -d '${body}'
`);
  console.log("The server keeps running. Ctrl-C stops it.");
}

async function manage<T = unknown>(keys: Keys, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(carillon.url + path, {
    method,
    headers: { authorization: `ServiceToken ${keys.service_token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(message: string): never {
  console.error(`quickstart: ${message}`);
  process.exit(1);
}
