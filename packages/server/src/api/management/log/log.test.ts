import { describe, expect } from "vitest";
import { onServer as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import type { Hub } from "../../../../test/hub.ts";
import { createPipeline, delay, node, sms } from "../../../../test/pipeline.ts";
import { event, wait } from "../../../../test/waiting.ts";
import { addSubscriptions } from "../../../recipients/subscriptions.ts";
import { freezeClock, sendClock } from "../../../workspaces/clock.ts";

it.beforeEach(async ({ hub }) => {
  await hub.addWorkflow("welcome");
});

interface Reply {
  status: number;
  json: { meta: { count: number }; results: Record<string, unknown>[] } & Record<string, unknown>;
}

async function manage(hub: Hub, path: string, token = hub.serviceToken): Promise<Reply> {
  const url = `/v1/${hub.workspace.slug}${path}`;
  const answer = await hub.app.inject({
    method: "GET",
    url,
    headers: { authorization: `ServiceToken ${token}` },
  });
  return { status: answer.statusCode, json: JSON.parse(answer.body) as Reply["json"] };
}

async function trigger(hub: Hub, recipient: unknown = "ada"): Promise<string> {
  const answer = await hub.call("POST", "/trigger/", {
    workflow: "welcome",
    recipients: [recipient],
    data: { a: 1 },
  });
  return (answer.json as { message_id: string }).message_id;
}

const executionOf = (hub: Hub, request_id: string) =>
  until(async () => (await manage(hub, `/log/execution/?request_id=${request_id}`)).json.results[0]);

describe("GET /v1/{workspace}/log/request/ 200", () => {
  it("calls a request completed once it is expanded, also when it started nothing", async ({ hub }) => {
    await hub.call("POST", "/event/", { distinct_id: "ada", event: "looked around", properties: {} });
    const [request] = await until(async () => {
      const { results } = (await manage(hub, "/log/request/?api_name=event")).json;
      return results[0]?.status === "completed" ? results : null;
    });
    expect(request).toMatchObject({ name: "looked around", executions: [], errors: [] });
    expect((await manage(hub, "/log/request/?status=in_progress")).json.results).toEqual([]);
    expect((await manage(hub, "/log/request/?status=completed")).json.results).toHaveLength(1);
  });

  it("shows a request with its payload and the executions it became", async ({ hub }) => {
    const request_id = await trigger(hub);
    await executionOf(hub, request_id);
    const { json } = await manage(hub, `/log/request/?request_id=${request_id}`);
    expect(json.results).toMatchObject([
      {
        request_id,
        api_name: "workflow",
        name: "welcome",
        status: "completed",
        errors: [],
        executions: [{ distinct_id: "ada", workflow_slug: "welcome" }],
        payload: { workflow: "welcome", data: { a: 1 } },
      },
    ]);
  });

  it("shows how a request came, whom it names, and the response to the caller", async ({ hub }) => {
    const body = {
      workflow: "welcome",
      recipients: [" ada ", { distinct_id: "bob" }, { object_type: "team", id: "red" }, "ada"],
      actor: { distinct_id: "cy" },
      $idempotency_key: "k",
    };
    const send = async () =>
      ((await hub.call("POST", "/trigger/", body)).json as { message_id: string }).message_id;
    const request_id = await send();
    expect(await send()).toBe(request_id);
    await hub.call("POST", "/event/", { distinct_id: "zoe", event: "Seen", properties: {} });
    await hub.call("POST", "/trigger/", {
      workflow: "missing",
      recipients: [5, null, "eve"],
    });
    const rows = await until(async () => {
      const { results } = (await manage(hub, "/log/request/")).json;
      return results.length === 4 && results.every(({ status }) => status !== "in_progress") ? results : null;
    });
    const error = {
      type: "validation_error",
      message: "invalid value for recipients. each element must be of type string or map",
    };
    const trigger = { api_type: "workflow_trigger", api_name: "workflow", wf_trigger_type: "api" };
    const named = { ...trigger, distinct_id_list: ["ada", "bob", "team/red"], actor: "cy" };
    const accepted = { status_code: 202, message_id: request_id };
    const find = (wanted: Record<string, unknown>) =>
      expect.arrayContaining([expect.objectContaining(wanted)]) as unknown;
    expect(rows).toEqual(find({ ...named, request_id, status: "completed", response: accepted }));
    expect(rows).toEqual(find({ ...named, status: "skipped", response: accepted }));
    expect(rows).toEqual(
      find({ ...trigger, distinct_id_list: ["5", "eve"], response: { status_code: 400, error } }),
    );
    const event = { api_type: "event", wf_trigger_type: "event", distinct_id_list: ["zoe"], actor: "zoe" };
    expect(rows).toEqual(find(event));
    expect(rows.find(({ request_id: id }) => id === request_id)?.executions).toEqual(
      ["ada", "bob", "team/red"].map((distinct_id) => expect.objectContaining({ distinct_id }) as unknown),
    );
  });

  it("shows no response to requests made by an execution", async ({ hub, harness }) => {
    const pipeline = await createPipeline(harness);
    hub = pipeline;
    await pipeline.commit("child", [delay("d", "0s")]);
    const invoke = node("invokeworkflow", "i", { workflow: "child", recipient_selection: "recipient" });
    await pipeline.commit("parent", [invoke]);
    await pipeline.trigger({ workflow: "parent", recipients: ["ada"] });
    const row = await until(async () => (await manage(hub, "/log/request/?name=child")).json.results[0]);
    expect(row).toMatchObject({ response: null, distinct_id_list: ["ada"] });
  });

  it("finds recipients for which a request was refused, though only its errors name them", async ({
    hub,
    harness,
  }) => {
    const request_id = await trigger(hub, { distinct_id: "ada" });
    const problem = {
      error_code: "throttled",
      error_description: "",
      severity: "warning",
      recipient: "team/red",
    };
    await harness.services.db.query(
      "update request set status = 'partial_failure', errors = $2 where id = $1",
      [request_id, JSON.stringify([problem])],
    );
    const { results } = (await manage(hub, "/log/request/?recipient=%20team/red%20")).json;
    expect(results).toMatchObject([{ request_id }]);
  });

  it("keeps reading when a request was refused for characters that no text may have", async ({
    hub,
    harness,
  }) => {
    for (const id of ["a\\u0000b", "\\ud800"]) {
      await harness.services.db.query(
        `insert into request (workspace_id, id, lane, api_type, name, idempotency_key, body, status, errors)
         values ($1, $2, 1, 'workflow', 'welcome', 'k', $3, 'refused', $4)`,
        [
          hub.workspace.workspace_id,
          harness.services.ids.uuid(),
          `{"workflow": "welcome", "recipients": ["nobody", "${id}"]}`,
          `[{"error_code": "validation_error", "error_description": "${id}", "severity": "error"}]`,
        ],
      );
    }
    await trigger(hub, { distinct_id: "nobody", $skip_create: true });
    const found = await until(async () => {
      const { results } = (await manage(hub, "/log/request/?severity=error&recipient=nobody")).json;
      return results.length > 0 ? results : null;
    });
    expect(found).toMatchObject([{ name: "welcome", errors: [{ error_code: "user_not_found" }] }]);
    expect((await manage(hub, "/log/request/?severity=error")).json.meta.count).toBe(1);
    expect((await manage(hub, "/log/request/?workflow=welcome")).json.meta.count).toBe(3);
  });

  it("treats keys and ids like a trigger, with any white space around them", async ({ hub }) => {
    await hub.call("POST", "/trigger/", {
      workflow: "welcome",
      recipients: [" ada "],
      $idempotency_key: " k ",
    });
    const blank = encodeURIComponent(" \t");
    for (const query of [`idempotency_key=${blank}k${blank}`, `recipient=${blank}ada`]) {
      expect((await manage(hub, `/log/request/?${query}`)).json.meta.count, query).toBe(1);
      await until(async () => (await manage(hub, `/log/execution/?${query}`)).json.meta.count === 1);
    }
  });

  it("says why a request led to nothing", async ({ hub }) => {
    const request_id = await trigger(hub, { distinct_id: "nobody", $skip_create: true });
    const request = await until(async () => {
      const [found] = (await manage(hub, `/log/request/?request_id=${request_id}`)).json.results;
      return found?.status === "failure" ? found : null;
    });
    expect(request.errors).toMatchObject([
      {
        error_code: "user_not_found",
        error_description: "user [distinct_id: 'nobody'] not found",
        severity: "error",
      },
    ]);
  });

  it("supports every filter", async ({ hub }) => {
    await trigger(hub);
    for (const [query, count] of [
      ["name=welcome", 1],
      ["name=other", 0],
      ["api_name=event", 0],
      ["status=failure", 0],
      ["idempotency_key=none", 0],
    ] as const) {
      expect((await manage(hub, `/log/request/?${query}`)).json.meta.count, query).toBe(count);
    }
  });
});

describe("GET /v1/{workspace}/log/execution/ 200", () => {
  it("shows everything of an execution in its workspace's time", async ({ hub, harness }) => {
    const pipeline = await createPipeline(harness);
    hub = pipeline;
    const { db } = harness.services;
    await freezeClock(db, pipeline.workspace_id, new Date("2030-03-01T00:00:00Z"), null);
    await pipeline.commit("later", [delay("d", "14d")]);
    await pipeline.trigger({ workflow: "later", recipients: ["ada"] });
    const read = () => manage(hub, "/log/execution/").then(({ json }) => json.results[0]);
    const waiting = await until(async () => {
      const one = await read();
      return one?.waiting_until === null ? null : one;
    });
    expect(waiting).toMatchObject({
      created_at: "2030-03-01T00:00:00.000000Z",
      waiting_until: "2030-03-15T00:00:00.000000Z",
      ended_at: null,
    });
    await sendClock(db, pipeline.workspace_id, { by_ms: 20 * 86_400_000 }, null);
    const ended = await until(async () => {
      const one = await read();
      return one?.status === "completed" ? one : null;
    });
    expect(ended).toMatchObject({
      created_at: "2030-03-01T00:00:00.000000Z",
      updated_at: "2030-03-15T00:00:00.000000Z",
      ended_at: "2030-03-15T00:00:00.000000Z",
    });
    expect((await manage(hub, `/log/execution/${String(ended.execution_id)}/`)).json).toMatchObject(ended);
  });

  it("shows each gate with the values it saw, and the messages", async ({ hub }) => {
    const request_id = await trigger(hub);
    const { execution_id } = await executionOf(hub, request_id);
    const { json } = await manage(hub, `/log/execution/${String(execution_id)}/`);
    expect(json).toMatchObject({ execution_id, request_id, workflow_slug: "welcome", recipient: "ada" });
    expect(json.steps).toMatchObject([
      { execution_stage: "run_started", status: "info" },
      {},
      { execution_stage: "run_completed" },
    ]);
  });

  it("shows the node of each step, the vendor's reports on a message, and what is waited for", async ({
    hub,
    harness,
  }) => {
    const pipeline = await createPipeline(harness);
    hub = pipeline;
    await pipeline.addTemplate("text");
    await pipeline.commit("later", [
      sms("send_1"),
      wait("wait_1", { on: [event("Paid")], until: { delay_type: "fixed", value: "1h" } }),
    ]);
    const recipients = [{ distinct_id: "ann", $sms: "+14155550100" }];
    await pipeline.trigger({ workflow: "later", recipients, $idempotency_key: "k" });
    const log = await until(async () => {
      const [found] = (await manage(hub, "/log/execution/")).json.results;
      if (found?.waiting_for == null) return null;
      const { json } = await manage(hub, `/log/execution/${String(found.execution_id)}/`);
      return (json.messages as { status: string }[])[0]?.status === "triggered" ? null : json;
    });
    expect(log).toMatchObject({
      workflow_slug: "later",
      workflow_version: 1,
      tenant_id: "default",
      recipient: "ann",
      category: "transactional",
      idempotency_key: "k",
      status: "in_progress",
      ended_at: null,
      parent_object: null,
      waiting_for: { until: log.waiting_until, events: ["Paid"], batch_id: null },
      messages: [
        {
          node_ref: "send_1",
          node_type: "send_sms",
          channel_value: "+14155550100",
          is_smart: false,
          events: [],
        },
      ],
      children: [],
    });
    const stages = (log.steps as Record<string, unknown>[]).map((step) => [
      step.execution_stage,
      step.node_name,
      step.node_type,
    ]);
    expect(stages).toEqual(
      expect.arrayContaining([
        ["run_started", null, null],
        ["message_triggered", "send_1", "send_sms"],
        ["waiting", "wait_1", "branch_waituntil"],
      ]),
    );
  });

  it("names the executions caused by an object's", async ({ hub, harness }) => {
    const pipeline = await createPipeline(harness);
    hub = pipeline;
    const { db, ids } = harness.services;
    await db.tx(async (tx) => {
      for (const distinct_id of ["ann", "bob"]) {
        await tx.query("insert into recipient (workspace_id, id, distinct_id) values ($1, $2, $3)", [
          pipeline.workspace_id,
          ids.ulid(),
          distinct_id,
        ]);
      }
      const subscribers = ["ann", "bob"].map((distinct_id) => ({ object_type: "", distinct_id }));
      const item = {
        object_type: "team",
        object_id: "red",
        create_if_missing: true,
        properties: {},
        subscribers,
      };
      await addSubscriptions(tx, pipeline.workspace_id, [item], ids);
    });
    await pipeline.commit("hello", [delay("d", "1h")]);
    await pipeline.trigger({ workflow: "hello", recipients: [{ object_type: "team", id: "red" }] });
    const runs = await until(async () => {
      const { results } = (await manage(hub, "/log/execution/")).json;
      return results.length === 3 ? results : null;
    });
    const parent = runs.find(({ recipient }) => recipient === "team/red");
    const { json } = await manage(hub, `/log/execution/${String(parent?.execution_id)}/`);
    expect((json.children as { recipient: string }[]).map(({ recipient }) => recipient).sort()).toEqual([
      "ann",
      "bob",
    ]);
    const child = runs.find(({ recipient }) => recipient === "ann");
    expect(child).toMatchObject({
      parent_object: "team/red",
      parent_object_execution_id: parent?.execution_id,
    });
  });

  it("pages newest first", async ({ hub }) => {
    const first = await trigger(hub, "one");
    await executionOf(hub, first);
    await executionOf(hub, await trigger(hub, "two"));
    const page = await manage(hub, "/log/execution/?limit=1");
    expect(page.json.results).toMatchObject([{ recipient: "two" }]);
    const next = await manage(
      hub,
      `/log/execution/?limit=1&after=${String((page.json.meta as { after?: string }).after)}`,
    );
    expect(next.json.results).toMatchObject([{ recipient: "one" }]);
  });
});

describe("credentials in addresses", () => {
  const slack = { access_token: "xoxb-secret-token", channel_id: "C1" };
  const webpush = { endpoint: "https://push.example/1", keys: { p256dh: "secret-key", auth: "secret-auth" } };

  it("are masked in the log of requests and in what the simulators caught", async ({ harness, hub }) => {
    const request_id = await trigger(hub, { distinct_id: "ada", $slack: [slack], $webpush: [webpush] });
    const { db, ids } = harness.services;
    for (const [channel, address] of Object.entries({ slack, webpush })) {
      await db.query(
        `insert into message (workspace_id, id, execution_id, workflow_slug, version_id, node_ref, category, lane,
                              tenant_id, distinct_id, channel, channel_value, content, status, vendor_slug, idempotency_key)
         values ($1, $2, 'r', 'w', 'v', 'n', 'c', 1, 'default', 'ada', $3, $4, '{}', 'delivered', 'simulator-' || $3, '')`,
        [hub.workspace.workspace_id, ids.ulid(), channel, JSON.stringify(address)],
      );
    }
    const caught = (await manage(hub, "/simulator/")).json.results;
    expect(caught.map(({ to }) => to)).toEqual([
      { endpoint: webpush.endpoint, keys: { p256dh: "***", auth: "***" } },
      { access_token: "***", channel_id: "C1" },
    ]);
    const [request] = (await manage(hub, `/log/request/?request_id=${request_id}`)).json.results;
    expect(request?.payload).toMatchObject({
      recipients: [{ $slack: [{ access_token: "***", channel_id: "C1" }] }],
    });
    expect(JSON.stringify([caught, request])).not.toContain("secret");
  });
});

describe("management logs refuse", () => {
  it("400 an invalid cursor or id", async ({ hub }) => {
    expect(await manage(hub, "/log/request/?after=x")).toMatchObject({
      status: 400,
      json: { type: "ValidationError" },
    });
    expect(await manage(hub, "/log/execution/?request_id=x")).toMatchObject({ status: 400 });
    expect(await manage(hub, "/simulator/?channel=pigeon")).toMatchObject({ status: 400 });
    const { status, json } = await manage(hub, "/simulator/?recipients=ada");
    expect(status).toBe(400);
    expect(json.message).toBe(
      "unknown query parameter 'recipients'; there are: limit, after, before, channel, recipient, execution_id",
    );
  });

  it("401 without a service token, 404 for unknown ids", async ({ hub }) => {
    expect(await manage(hub, "/log/request/", "wrong")).toMatchObject({
      status: 401,
      json: { error_code: "authentication_failed", message: "Invalid service token." },
    });
    expect(await manage(hub, "/log/execution/01NOPE/")).toMatchObject({
      status: 404,
      json: { message: "execution '01NOPE' not found" },
    });
  });
});
