import type { JsonObject } from "../../src/core/json.ts";
import { seedVendors } from "../../src/delivery/vendor-table.ts";
import { createSecretBox } from "../../src/workspaces/crypto.ts";
import { type Server, SECRET_KEY } from "../harness.ts";
import { type Answer, createHub, type Hub } from "../hub.ts";

/**
 * A sandbox workspace as its users see it: everything goes through the two HTTP APIs. Its clock is frozen, and a clock
 * moves only when nothing of its workspace is queued or in progress; so moving it, even by nothing, waits for all
 * current work.
 */
export interface World extends Hub {
  manage: (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown) => Promise<Answer>;
  /** A committed template; one variant for each channel. */
  template: (slug: string, contents: JsonObject) => Promise<void>;
  /** Saves and commits a workflow; throws unless it is valid. */
  workflow: (slug: string, nodes: JsonObject[], settings?: JsonObject) => Promise<void>;
  /** Triggers, and waits for the immediate consequences. Returns the request's id. */
  trigger: (workflow: string, recipients: unknown[], more?: JsonObject) => Promise<string>;
  /** Sends an event, and waits for its immediate consequences. */
  event: (distinct_id: string, event: string, properties?: JsonObject, more?: JsonObject) => Promise<void>;
  /** Moves the clock by a duration, or to a time, through everything that becomes due. */
  pass: (by: string) => Promise<void>;
  reach: (to: string) => Promise<void>;
  settle: () => Promise<void>;
  /** The message log, oldest first, with contents. */
  messages: () => Promise<MessageView[]>;
  /** The execution log, oldest first, with the steps. */
  executions: () => Promise<ExecutionView[]>;
  /** The request log's entry of a request. */
  request: (request_id: string) => Promise<RequestView>;
}

export interface MessageView {
  status: string;
  channel: string;
  /** The channel, and the address on it. */
  channel_identity: Record<string, string>;
  recipient: { distinct_id: string | null; object_type: string | null; id: string | null };
  parent_entity_id: string | null;
  parent_execution_id: string | null;
  message_id: string;
  execution_id: string;
  failure_reason: string | null;
  idempotency_key: string;
  workflow: { slug: string; version_id: string; node_ref: string };
  wait_time_in_seconds: number | null;
  webhook_data?: JsonObject;
  /** The text from the channel's content. */
  content: { body?: string; subject?: string } | null;
}

export interface ExecutionView {
  execution_id: string;
  parent_object_execution_id: string | null;
  workflow_slug: string;
  workflow_version: number;
  recipient: string;
  status: string;
  waiting_until: string | null;
  steps: StepView[];
}

export interface StepView {
  created_at: string;
  node_ref: string | null;
  execution_stage: string;
  status: string;
  message: string;
  properties: JsonObject | null;
}

export interface RequestView {
  status: string;
  errors: { error_code: string; error_description: string; severity: string }[];
  executions: JsonObject[];
}

/** What WhatsApp wants before it is sent; nothing to the other channels. */
const APPROVAL = {
  vendor_slug: "simulator-whatsapp",
  vendor_uid: "sandbox",
  vendor_template_id: "1",
  approval_status: "approved",
};

/** The start time of every test by default: a Thursday. */
export const START = "2026-07-16T12:00:00Z";

export async function createWorld(harness: Server, at: string = START): Promise<World> {
  const { db, ids } = harness.services;
  const hub = await createHub(harness);
  const { workspace_id, slug: workspace } = hub.workspace;
  await seedVendors(db, workspace_id, createSecretBox(SECRET_KEY), ids);

  async function manage(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown) {
    const [version = "", ...rest] = path.split("/");
    const reply = await harness.app.inject({
      method,
      url: `/${version}/${workspace}/${rest.join("/")}`,
      headers: { authorization: `ServiceToken ${harness.serviceToken}` },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    const text = reply.body;
    const type = String(reply.headers["content-type"]);
    return { status: reply.statusCode, type, text, json: text === "" ? undefined : reply.json<unknown>() };
  }

  async function expectStatus(status: number, answer: Promise<Answer>): Promise<unknown> {
    const { status: was, text, json } = await answer;
    if (was !== status) throw new Error(`${was}: ${text}`);
    return json;
  }

  async function advance(body: JsonObject): Promise<void> {
    const clock = await expectStatus(200, manage("POST", "v1/clock/advance/", body));
    const { advancing_to } = clock as { advancing_to: string | null };
    if (advancing_to !== null) throw new Error("the clock did not arrive");
  }

  async function settle(): Promise<void> {
    const { now } = (await expectStatus(200, manage("GET", "v1/clock/"))) as { now: string };
    await advance({ to: now });
  }

  await expectStatus(200, manage("POST", "v1/clock/freeze/", { at }));

  return {
    ...hub,
    manage,
    settle,
    pass: (by) => advance({ by }),
    reach: (to) => advance({ to }),
    async template(slug, contents) {
      const enabled_channels = Object.keys(contents);
      await expectStatus(200, manage("POST", `v2/template/${slug}/`, { name: slug, enabled_channels }));
      for (const [channel, content] of Object.entries(contents)) {
        const path = `v2/template/${slug}/channel/${channel}/variant/default/`;
        await expectStatus(
          200,
          manage("POST", path, { locale: "en", content, vendor_approvals: [APPROVAL] }),
        );
      }
      await expectStatus(200, manage("PATCH", `v2/template/${slug}/commit/`, {}));
    },
    async workflow(slug, nodes, settings = {}) {
      const path = `v1/workflow/${slug}/?commit=true&commit_message=test`;
      const stored = (await expectStatus(201, manage("POST", path, workflowBody(slug, nodes, settings)))) as {
        validation_result: { is_valid: boolean; errors: string[] };
      };
      if (!stored.validation_result.is_valid) throw new Error(stored.validation_result.errors.join("\n"));
    },
    async trigger(slug, recipients, more = {}) {
      const body = { workflow: slug, recipients, ...more };
      const { message_id } = (await expectStatus(202, hub.call("POST", "/trigger/", body))) as {
        message_id: string;
      };
      await settle();
      return message_id;
    },
    async event(distinct_id, event, properties = {}, more = {}) {
      await expectStatus(202, hub.call("POST", "/v2/event/", { distinct_id, event, properties, ...more }));
      await settle();
    },
    async messages() {
      const url = "/v1/message/?limit=1000&include_content=true";
      const page = (await expectStatus(200, hub.call("GET", url))) as { results: MessageView[] };
      return page.results.toReversed();
    },
    async executions() {
      const page = (await expectStatus(200, manage("GET", "v1/log/execution/?limit=1000"))) as {
        results: ExecutionView[];
      };
      const one = (id: string) => expectStatus(200, manage("GET", `v1/log/execution/${id}/`));
      const all = await Promise.all(page.results.map(({ execution_id }) => one(execution_id)));
      return (all as ExecutionView[]).toReversed();
    },
    async request(request_id) {
      const path = `v1/log/request/?request_id=${request_id}`;
      const page = (await expectStatus(200, manage("GET", path))) as { results: RequestView[] };
      const [found] = page.results;
      if (found === undefined) throw new Error(`request ${request_id} is not in the log`);
      return found;
    },
  };
}

export function workflowBody(name: string, nodes: JsonObject[], settings: JsonObject = {}): JsonObject {
  return { name, category: "transactional", trigger_type: "api", tree: { nodes }, ...settings };
}

/** Settings of a workflow triggered by events. */
export const on = (...trigger_events: string[]): JsonObject => ({ trigger_type: "event", trigger_events });

export function node(node_type: string, ref: string, properties: JsonObject = {}): JsonObject {
  return { node_type, ref, properties };
}

/** Sends the template `text` by default. */
export const sms = (ref: string, template = "text"): JsonObject => node("send_sms", ref, { template });

export const delay = (ref: string, value: string, delay_type = "fixed"): JsonObject =>
  node("delay", ref, { delay_type, value });

export interface BranchInput {
  /** Absent: the default. */
  when?: JsonObject[];
  nodes?: JsonObject[];
  is_terminal?: boolean;
}

/** A node that chooses between branches, the last of which is the default. */
export function branches(
  ref: string,
  inputs: BranchInput[],
  node_type: "branch" | "branch_waituntil" = "branch",
): JsonObject {
  return {
    ...node(node_type, ref),
    branches: inputs.map(({ when = [], nodes = [], is_terminal = false }, index) => ({
      name: `${ref}-${index}`,
      ref: `${ref}-${index}`,
      is_default: index === inputs.length - 1,
      is_terminal,
      conditions: when,
      nodes,
    })),
  };
}

/** A recipient with one phone number, which no simulator interprets as an instruction. */
export function person(distinct_id: string, more: JsonObject = {}): JsonObject {
  return { distinct_id, $sms: "+14155550100", ...more };
}

/** Content whose text shows the state of the run when it was rendered. */
export const TEXT = { sms: { type: "basic", body: "Hello {{$recipient.distinct_id}}" } };

/** The messages on a channel, as `node: text`, in order. */
export function texts(messages: MessageView[]): string[] {
  return messages.map(({ workflow, content }) => `${workflow.node_ref}: ${content?.body}`);
}

export const refs = (messages: MessageView[]): string[] => messages.map(({ workflow }) => workflow.node_ref);

export function whom(messages: MessageView[]): string[] {
  return messages.map(({ recipient }) => recipient.distinct_id ?? recipient.id ?? "").toSorted();
}

/** The steps of a node in a run's log. */
export function stepsAt(execution: ExecutionView | undefined, ref: string): StepView[] {
  return execution?.steps.filter(({ node_ref }) => node_ref === ref) ?? [];
}

/** The messages of a run's warnings and errors. */
export function complaints(execution: ExecutionView | undefined): string[] {
  return execution?.steps.filter(({ status }) => status !== "info").map(({ message }) => message) ?? [];
}
