import type { FirstCredentials } from "../src/bootstrap.ts";
import { configSchema } from "../src/config.ts";
import type { JsonObject } from "../src/core/json.ts";
import { insertVendor } from "../src/delivery/vendor-table.ts";
import { createSilentLog } from "../src/log.ts";
import { type Carillon, startCarillon } from "../src/main.ts";
import type { RecipientEdit } from "../src/recipients/recipients.ts";
import { createSecretBox } from "../src/workspaces/crypto.ts";

/**
 * The content of a fresh database's first workspace before servers are started on it: created by the management API
 * where possible, so that the benchmarks and the crash proof run what users could have made.
 */
export interface Furniture {
  secretKey: string;
  /** By slug, then by channel: the content of the single variant. */
  templates: Record<string, Record<string, JsonObject>>;
  workflows: FurnishedWorkflow[];
  /** Settings of the HTTP vendor for text messages; null leaves them to the simulator. */
  texts: JsonObject | null;
  people?: RecipientEdit[];
  /** Lists of users who are made for them, by list id: their distinct ids. */
  lists?: Record<string, string[]>;
}

export interface FurnishedWorkflow {
  slug: string;
  /** Default `transactional`. */
  category?: string;
  /** Triggered by this event instead of the API. */
  event?: string;
  nodes: object[];
}

/** Returns the credentials of the workspace. Throws if the database already has a workspace. */
export async function furnish(databaseUrl: string, furniture: Furniture): Promise<FirstCredentials> {
  const config = configSchema.parse({
    DATABASE_URL: databaseUrl,
    SECRET_KEY: furniture.secretKey,
    PORT: 0,
    ROLE: "api",
    LOG_LEVEL: "silent",
  });
  const carillon = await startCarillon({ config, log: createSilentLog() });
  try {
    const { services, first } = carillon;
    if (first === null) throw new Error("the database was not fresh");
    const { workspace_id } = first.workspace;
    for (const [slug, contents] of Object.entries(furniture.templates))
      await addTemplate(carillon, slug, contents);
    for (const workflow of furniture.workflows) await addWorkflow(carillon, workflow);
    if (furniture.texts !== null)
      await routeTexts(carillon, workspace_id, furniture.texts, furniture.secretKey);
    const { people = [], lists = {} } = furniture;
    await services.db.tx((tx) => services.recipients.apply(tx, workspace_id, people));
    for (const [list_id, members] of Object.entries(lists))
      await addList(carillon, workspace_id, list_id, members);
    return first;
  } finally {
    await carillon.stop();
  }
}

const bare = (distinct_id: string): RecipientEdit => {
  return { object_type: "", distinct_id, operations: [], mode: "strict", restore: true, create: true };
};

async function addList(
  { services: { db, recipients, lists } }: Carillon,
  workspace_id: number,
  list_id: string,
  members: string[],
): Promise<void> {
  await db.tx(async (tx) => {
    const made = await recipients.apply(tx, workspace_id, members.map(bare));
    const recipient_ids = made.flatMap((outcome) => (outcome.ok ? (outcome.recipient?.id ?? []) : []));
    await lists.add(tx, workspace_id, [{ list_id, recipient_ids, list_name: null, create_if_missing: true }]);
  });
}

async function addTemplate(
  carillon: Carillon,
  slug: string,
  contents: Record<string, JsonObject>,
): Promise<void> {
  const path = `/v2/staging/template/${slug}`;
  await manage(carillon, "POST", `${path}/`, { name: slug, enabled_channels: Object.keys(contents) });
  for (const [channel, content] of Object.entries(contents)) {
    const variant = { locale: "en", content, needs_vendor_approval: false };
    await manage(carillon, "POST", `${path}/channel/${channel}/variant/default/`, variant);
  }
  await manage(carillon, "PATCH", `${path}/commit/?commit_message=first`, {});
}

async function addWorkflow(carillon: Carillon, workflow: FurnishedWorkflow): Promise<void> {
  const { slug, category = "transactional", event, nodes } = workflow;
  await manage(carillon, "POST", `/v1/staging/workflow/${slug}/?commit=true&commit_message=first`, {
    name: slug,
    category,
    trigger_type: event === undefined ? "api" : "event",
    trigger_events: event === undefined ? [] : [event],
    tree: { nodes },
  });
}

async function routeTexts(
  { services: { db, ids } }: Carillon,
  workspace_id: number,
  config: JsonObject,
  secretKey: string,
): Promise<void> {
  const vendor = {
    workspace_id,
    channel: "sms" as const,
    vendor_slug: "generic-http-sms",
    nickname: "sink",
    config,
  };
  const id = await insertVendor(db, vendor, createSecretBox(secretKey), ids);
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
