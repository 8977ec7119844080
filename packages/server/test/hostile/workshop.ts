import type { JsonObject } from "../../src/core/json.ts";
import { type Harness, until } from "../harness.ts";

/** The target of hostile input: templates and workflows created, committed and run over the API. */
export interface Workshop {
  /** Creates a template and a workflow of this name that send on three channels, and a user. Replaces existing ones. */
  addSound: (name: string) => Promise<void>;
  soundTrigger: () => JsonObject;
  soundEvent: () => JsonObject;
  /** The server decides whether it may be committed: only a failure of the server throws. */
  commitTemplate: (name: string, contents: Record<string, object>) => Promise<void>;
  /** A workflow with one sending node, with these settings. */
  commitWorkflow: (name: string, properties: JsonObject) => Promise<void>;
  /**
   * Triggers it; returns the status of its run once that has ended and its messages are settled, or why there is none.
   */
  run: (workflow: string, data: object) => Promise<string>;
  deliverSound: () => Promise<{ execution: string; messages: { channel: string; status: string }[] }>;
  countRuns: () => Promise<number>;
  countRequests: () => Promise<number>;
}

const PATIENCE_SECONDS = 10;

export function createWorkshop({ app, services, serviceToken, apiKey, workspace }: Harness): Workshop {
  const { db } = services;

  async function call(method: "POST" | "PATCH", url: string, authorization: string, payload: object) {
    const headers = { authorization, "content-type": "application/json" };
    const { statusCode, body } = await app.inject({ method, url, headers, payload });
    if (statusCode >= 500) throw new Error(`${method} ${url}: ${statusCode} ${body}`);
    return { status: statusCode, body };
  }
  const manage = (method: "POST" | "PATCH", url: string, payload: object) =>
    call(method, url, `ServiceToken ${serviceToken}`, payload);

  async function commitTemplate(name: string, contents: Record<string, object>): Promise<void> {
    const path = `/v2/${workspace.slug}/template/${name}`;
    await manage("POST", `${path}/`, { name, enabled_channels: Object.keys(contents) });
    for (const [channel, content] of Object.entries(contents)) {
      await manage("POST", `${path}/channel/${channel}/variant/default/`, {
        locale: "en",
        content,
        conditions: [],
        tenant_id: null,
      });
    }
    await manage("PATCH", `${path}/commit/?commit_message=hostile`, {});
  }

  async function commitWorkflow(name: string, properties: JsonObject, events: string[] = []): Promise<void> {
    await manage("POST", `/v1/${workspace.slug}/workflow/${name}/?commit=true&commit_message=hostile`, {
      name,
      category: "transactional",
      is_enabled: true,
      trigger_type: events.length > 0 ? "event" : "api",
      trigger_events: events,
      tree: { nodes: [{ node_type: "send_multi_channel", ref: "send", properties }] },
    });
  }

  const soundTrigger = () => ({
    workflow: "sound",
    recipients: [{ distinct_id: "sound", $email: ["ada@example.com"], $sms: ["+14155552671"] }],
    data: { n: 1 },
  });

  async function trigger(body: object): Promise<string | null> {
    const answer = await call("POST", "/trigger/", `Bearer ${apiKey}`, body);
    return answer.status === 202 ? (JSON.parse(answer.body) as { message_id: string }).message_id : null;
  }

  async function endOf(request_id: string): Promise<{ id: string; status: string }> {
    return until(async () => {
      const [row] = await db.query<{ id: string | null; status: string }>(
        `select r.id, coalesce(r.status, q.status) as status from request q
           left join run r on r.workspace_id = q.workspace_id and r.request_id = q.id where q.id = $1`,
        [request_id],
      );
      if (row === undefined || row.status === "accepted" || row.status === "in_progress") return null;
      const id = row.id ?? "";
      const [open] = await db.query("select from message where execution_id = $1 and status = 'triggered'", [
        id,
      ]);
      return open === undefined ? { id, status: row.status } : null;
    }, PATIENCE_SECONDS);
  }

  async function count(table: "run" | "request"): Promise<number> {
    const [row] = await db.query<{ count: number }>(`select count(*)::int as count from ${table}`);
    return row?.count ?? 0;
  }

  return {
    commitTemplate,
    commitWorkflow,
    soundTrigger,
    soundEvent: () => ({ event: "sound", distinct_id: "sound", properties: { n: 1 } }),
    async addSound(name) {
      await commitTemplate(name, {
        inbox: { header: "Order {{n}}", body: "It is packed." },
        sms: { type: "basic", body: "Order {{n}} is packed." },
        email: {
          subject: "Order {{n}}",
          body: { type: "raw", raw: { html: "<p>It is packed.</p>", text: "" } },
        },
      });
      await commitWorkflow(name, { template: name }, [name]);
      const path = `/v1/user/${name}/`;
      await call("POST", path, `Bearer ${apiKey}`, { name: "Ada", $email: "ada@example.com" });
    },
    async run(workflow, data) {
      const recipients = [{ distinct_id: "ada", $email: ["ada@example.com"], $sms: ["+14155552671"] }];
      const id = await trigger({ workflow, recipients, data });
      return id === null ? "refused" : (await endOf(id)).status;
    },
    async deliverSound() {
      const id = await trigger(soundTrigger());
      if (id === null) throw new Error("an ordinary trigger was refused");
      const run = await endOf(id);
      const messages = await db.query<{ channel: string; status: string }>(
        "select channel, status from message where execution_id = $1 order by channel",
        [run.id],
      );
      return { execution: run.status, messages };
    },
    countRuns: () => count("run"),
    countRequests: () => count("request"),
  };
}
