import type { Step } from "../src/core/log/step-log.ts";
import type { StoredBranch, StoredNode, WorkflowDefinition } from "../src/catalog/workflow.ts";
import type { Channel } from "../src/core/channel.ts";
import type { Condition } from "../src/core/conditions/conditions.ts";
import type { Json, JsonObject } from "../src/core/json.ts";
import { seedVendors } from "../src/delivery/vendor-table.ts";
import { createSecretBox } from "../src/workspaces/crypto.ts";
import { type Server, until } from "./harness.ts";
import { createHub, type Hub } from "./hub.ts";

/**
 * What tests of the engine and of delivery share: a separate workspace with simulators behind every channel, templates
 * and workflows written directly to its tables, and access to everything the pipeline wrote.
 */
export interface Pipeline extends Hub {
  /** Adds a live template with some content for each named channel. */
  addTemplate: (slug: string, channels?: readonly (keyof typeof CONTENTS)[]) => Promise<void>;
  /** Commits a version of a workflow and makes it live; returns its id. Called again, it creates the next version. */
  commit: (slug: string, nodes: StoredNode[], options?: WorkflowSettings) => Promise<string>;
  /** Triggers through the API; returns the request's id. Throws unless it was accepted. */
  trigger: (body: TriggerBody) => Promise<string>;
  runs: () => Promise<RunRow[]>;
  messages: () => Promise<MessageRow[]>;
  /** All runs, once there are `count` and none is in progress. */
  finished: (count: number) => Promise<RunRow[]>;
  request: (id: string) => Promise<{ status: string; errors: JsonObject[] | null }>;
}

export interface WorkflowSettings {
  category?: "system" | "transactional" | "promotional";
  conditions?: Condition[];
  events?: string[];
  /** The recipients of an event. */
  overrides?: Overrides;
  payload_schema?: WorkflowDefinition["payload_schema"];
}

export type Overrides = Partial<
  Pick<
    WorkflowDefinition,
    | "override_recipients_type"
    | "override_recipients_user_expr"
    | "override_recipients_single_object_fields_expr"
    | "override_actor_user_expr"
    | "override_tenant_expr"
  >
>;

export interface TriggerBody {
  workflow: string;
  recipients: (string | JsonObject)[];
  data?: JsonObject;
  tenant_id?: string;
  $idempotency_key?: string;
}

export interface RunRow {
  id: string;
  request_id: string;
  distinct_id: string;
  version_id: string;
  status: string;
  position: string | null;
  wake_at: Date | null;
  created_at: Date;
  steps: Step[];
}

export interface MessageRow {
  id: string;
  execution_id: string;
  idempotency_key: string;
  distinct_id: string;
  recipient_id: string | null;
  node_ref: string;
  channel: Channel;
  channel_value: Json;
  content: JsonObject | null;
  status: string;
  failure_class: string | null;
  failure_reason: string | null;
  attempt: number;
  lease: string | null;
  next_attempt_at: Date | null;
}

const CONTENTS = {
  email: {
    subject: "Hello {{$recipient.distinct_id}}",
    body: { type: "raw", raw: { html: "<p>Hello</p>", text: "" } },
  },
  sms: { type: "basic", body: "Hello {{$recipient.distinct_id}}" },
  inbox: { header: "Hello", body: "You are {{$recipient.distinct_id}}" },
  androidpush: { header: "Hello", body: "You are {{$recipient.distinct_id}}" },
} as const;

/** The harness's key, which encrypts its vendors' settings. */
export const SECRET_KEY = "a-secret-key-for-tests";

export async function createPipeline(server: Server): Promise<Pipeline> {
  return furnishPipeline(await createHub(server));
}

/** The same, in the workspace of a hub. */
export async function furnishPipeline(hub: Hub): Promise<Pipeline> {
  const { workspace_id, services } = hub;
  const { db, ids, catalog, channels } = services;
  await seedVendors(db, workspace_id, createSecretBox(SECRET_KEY), ids);

  const runs = () =>
    db.query<RunRow>("select * from run where workspace_id = $1 order by id", [workspace_id]);

  return {
    ...hub,
    runs,
    messages: () =>
      db.query<MessageRow>("select * from message where workspace_id = $1 order by id", [workspace_id]),
    finished: (count) =>
      until(async () => {
        const all = await runs();
        return all.length >= count && all.every(({ status }) => status !== "in_progress") ? all : null;
      }),
    async request(id) {
      const [row] = await db.query<{ status: string; errors: JsonObject[] | null }>(
        "select status, errors from request where workspace_id = $1 and id = $2",
        [workspace_id, id],
      );
      if (row === undefined) throw new Error(`request ${id} is not there`);
      return row;
    },
    async addTemplate(slug, enabled = ["sms"]) {
      const variants = enabled.map((channel) => ({
        channel,
        id: "default",
        tenant_id: null,
        locale: "en",
        conditions: [],
        content: channels.get(channel)?.content.parse(CONTENTS[channel]),
        needs_vendor_approval: false,
        seq_no: 1,
        hash: "",
      }));
      const snapshot = { name: slug, description: null, tags: [], enabled_channels: enabled, variants };
      await db.query(
        `with made as (insert into template (workspace_id, slug, name, enabled_channels, live_version_no)
                       values ($1, $2, $2, $3, 1) returning workspace_id, slug)
         insert into template_version (workspace_id, template_slug, version_no, snapshot, hash)
         select workspace_id, slug, 1, $4, '' from made`,
        [workspace_id, slug, enabled, JSON.stringify(snapshot)],
      );
    },
    async commit(slug, nodes, settings = {}) {
      const version_id = ids.ulid();
      const definition = definitionOf(slug, nodes, settings);
      await db.tx(async (tx) => {
        await tx.query(
          `insert into workflow (workspace_id, slug, draft, trigger_type, live_version_id) values ($1, $2, $3, $4, $5)
           on conflict (workspace_id, slug) do update set draft = excluded.draft, live_version_id = excluded.live_version_id`,
          [workspace_id, slug, JSON.stringify(definition), definition.trigger_type, version_id],
        );
        await tx.query(
          `insert into workflow_version (workspace_id, id, slug, version_no, definition, hash)
           select $1, $2, $3, count(*) + 1, $4, '' from workflow_version where workspace_id = $1 and slug = $3`,
          [workspace_id, version_id, slug, JSON.stringify(definition)],
        );
        for (const event of settings.events ?? []) {
          await tx.query(
            "insert into workflow_event values ($1, $2, 'Trigger Event', $3) on conflict do nothing",
            [workspace_id, event.toLowerCase(), slug],
          );
          await catalog.invalidate(tx, workspace_id, "event", event.toLowerCase());
        }
        await catalog.invalidate(tx, workspace_id, "workflow", slug);
      });
      return version_id;
    },
    async trigger(body) {
      const answer = await hub.call("POST", "/trigger/", body);
      if (answer.status !== 202) throw new Error(`${answer.status}: ${answer.text}`);
      return (answer.json as { message_id: string }).message_id;
    },
  };
}

/** A node in stored form; `ref` is also its name. */
export function node(node_type: string, ref: string, properties: JsonObject = {}): StoredNode {
  return { node_type, name: ref, description: null, ref, schema_version: "1", properties };
}

export function sms(ref: string): StoredNode {
  return node("send_sms", ref, { template: "text" });
}

export function delay(ref: string, value: string): StoredNode {
  return node("delay", ref, { delay_type: "fixed", value });
}

/** A branch node; the last of its branches is the default. */
export function branch(ref: string, branches: BranchInput[]): StoredNode {
  const stored = branches.map(({ when, nodes, is_terminal = false }, index): StoredBranch => ({
    name: `${ref}-${index}`,
    description: null,
    ref: `${ref}-${index}`,
    is_default: index === branches.length - 1,
    is_terminal,
    conditions: when === undefined ? [] : ([when] as unknown as Json[]),
    nodes,
  }));
  return { ...node("branch", ref), branches: stored };
}

export interface BranchInput {
  when?: Condition;
  nodes: StoredNode[];
  is_terminal?: boolean;
}

/** Holds when a variable of the payload equals a text. */
export function is(variable: string, text: string): Condition {
  const leaf = { variable_ns: "", variable, op: "==", value: JSON.stringify(text) };
  return { type: "expression_v1", expression_v1: { op: "AND", args: [leaf] } } as Condition;
}

function definitionOf(
  name: string,
  nodes: StoredNode[],
  {
    category = "transactional",
    conditions = [],
    events = [],
    overrides = {},
    payload_schema = null,
  }: WorkflowSettings,
): WorkflowDefinition {
  return {
    name,
    description: null,
    category,
    tags: [],
    trigger_type: events.length > 0 ? "event" : "api",
    trigger_events: events,
    payload_schema,
    ratelimit: null,
    conditions,
    override_recipients_type: null,
    override_recipients_user_expr: null,
    override_recipients_single_object_fields_expr: null,
    override_actor_user_expr: null,
    override_tenant_expr: null,
    ...overrides,
    tree: { nodes },
  };
}
