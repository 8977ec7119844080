import type { StoredNode } from "../src/catalog/workflow.ts";
import { sign } from "../src/http/auth/signature.ts";
import type { Workspace } from "../src/workspaces/workspaces.ts";
import { insertWorkflow, workflowOf } from "./authored.ts";
import type { Server } from "./harness.ts";

/** A separate workspace for one test, and its data API as a client with its API key sees it. */
export interface Hub extends Server {
  workspace: Workspace;
  workspace_id: number;
  wsKey: string;
  wsSecret: string;
  call: (method: Method, url: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  /** The same, signed with the workspace key like the server SDKs; `date` is now unless given. */
  callSigned: (method: Method, url: string, body?: unknown, date?: string) => Promise<Answer>;
  /** A committed, enabled workflow with one delivery node. */
  addWorkflow: (slug: string, options?: WorkflowOptions) => Promise<void>;
  /** The rows of the request log, in the order of acceptance; without refusals, which are written asynchronously. */
  requests: () => Promise<RequestLogRow[]>;
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

export interface Answer {
  status: number;
  type: string;
  text: string;
  /** The parsed body; undefined if it is not JSON. */
  json: unknown;
}

export interface WorkflowOptions {
  category?: string;
  /** Events that trigger it. */
  events?: string[];
  is_enabled?: boolean;
  /** False: a draft that was never committed. */
  is_live?: boolean;
}

export interface RequestLogRow {
  id: string;
  lane: number;
  api_type: string;
  name: string;
  tenant_id: string | null;
  idempotency_key: string;
  cancellation_key: string | null;
  body: unknown;
  metadata: unknown;
  status: string;
}

const EMAIL: StoredNode = {
  node_type: "send_email",
  name: "Email",
  description: null,
  ref: "email_1",
  schema_version: "1",
  properties: { template: "welcome" },
};

export async function createHub({ app, services, serviceToken, databaseUrl }: Server): Promise<Hub> {
  const { workspaces, db, ids } = services;
  const workspace = await workspaces.create({
    slug: `w${ids.ulid().toLowerCase()}`,
    name: "Test",
    mode: "sandbox",
  });
  const { api_key } = await workspaces.createApiKey(workspace, "test");
  const { ws_key, secret } = await workspaces.createKey(workspace);
  const { workspace_id } = workspace;

  async function inject(
    method: Method,
    url: string,
    payload: string | undefined,
    headers: Record<string, string>,
  ): Promise<Answer> {
    const reply = await app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
    return {
      status: reply.statusCode,
      type: String(reply.headers["content-type"]),
      text: reply.body,
      json: parse(reply.body),
    };
  }

  return {
    app,
    services,
    serviceToken,
    databaseUrl,
    workspace,
    workspace_id,
    wsKey: ws_key,
    wsSecret: secret,
    call: (method, url, body, headers = {}) =>
      inject(method, url, toPayload(body), {
        authorization: `Bearer ${api_key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      }),
    callSigned(method, url, body, date = new Date().toUTCString()) {
      const payload = toPayload(body);
      const content_type = "application/json; charset=utf-8";
      const signed = {
        method,
        target: url,
        content_type,
        date,
        body: payload === undefined ? null : Buffer.from(payload),
      };
      return inject(method, url, payload, {
        authorization: `${ws_key}:${sign(secret, signed)}`,
        date,
        "content-type": content_type,
      });
    },
    async addWorkflow(slug, { category = "transactional", events = [], ...state } = {}) {
      const tree = { nodes: [EMAIL] };
      const definition = workflowOf({ name: slug, category, trigger_events: events, tree });
      await insertWorkflow(services, workspace_id, slug, definition, state);
    },
    requests: () =>
      db.query<RequestLogRow>(
        `select id, lane, api_type, name, tenant_id, idempotency_key, cancellation_key, body, metadata, status
           from request where workspace_id = $1 and status <> 'refused' order by id`,
        [workspace_id],
      ),
  };
}

/** Text is sent as it is; everything else as JSON. */
function toPayload(body: unknown): string | undefined {
  return body === undefined || typeof body === "string" ? body : JSON.stringify(body);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
