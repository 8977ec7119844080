import type { Step } from "../src/core/log/step-log.ts";
import type { StoredBranch, StoredNode, WorkflowDefinition } from "../src/catalog/workflow.ts";
import type { Channel } from "../src/core/channel.ts";
import type { Condition } from "../src/core/conditions/conditions.ts";
import type { Json, JsonObject } from "../src/core/json.ts";
import { seedVendors } from "../src/delivery/vendor-table.ts";
import { createSecretBox } from "../src/workspaces/crypto.ts";
import { SECRET_KEY, type Server, until } from "./harness.ts";
import { insertTemplate, insertWorkflow, workflowOf } from "./authored.ts";
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
  vendor_message_id: string | null;
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

export async function createPipeline(server: Server): Promise<Pipeline> {
  return furnishPipeline(await createHub(server));
}

/** The same, in the workspace of a hub. */
export async function furnishPipeline(hub: Hub): Promise<Pipeline> {
  const { workspace_id, services } = hub;
  const { db, ids, channels } = services;
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
      const contents = enabled.map((channel) => [
        channel,
        channels.get(channel)?.content.parse(CONTENTS[channel]),
      ]);
      await insertTemplate(services, workspace_id, slug, enabled, Object.fromEntries(contents));
    },
    commit: (slug, nodes, { events = [], overrides = {}, ...settings } = {}) =>
      insertWorkflow(
        services,
        workspace_id,
        slug,
        workflowOf({ name: slug, trigger_events: events, ...settings, ...overrides, tree: { nodes } }),
      ),
    async trigger(body) {
      const answer = await hub.call("POST", "/trigger/", body);
      if (answer.status !== 202) throw new Error(`${answer.status}: ${answer.text}`);
      return (answer.json as { message_id: string }).message_id;
    },
  };
}

/** The nodes of the messages, in order. */
export async function sentBy({ messages }: Pick<Pipeline, "messages">): Promise<string[]> {
  return (await messages()).map(({ node_ref }) => node_ref);
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
