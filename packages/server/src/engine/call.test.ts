import { databaseClock } from "../workspaces/clock.ts";
import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { type AtOnce, type CalledServer, startCalledServer } from "../../test/outside/called-server.ts";
import { until, type Server } from "../../test/harness.ts";
import { is } from "../../test/conditions.ts";
import { branch, node, type Pipeline, sms, sentBy } from "../../test/pipeline.ts";
import type { StoredNode } from "../catalog/workflow.ts";
import type { JsonObject } from "../core/json.ts";
import { createSilentLog } from "../log.ts";
import { createCallHandler } from "./call.ts";
import type { StageDeps } from "./deps.ts";
import { createQueue } from "../queue/queue.ts";

/*
 * Runs that make HTTP calls: the real client, a real server, workers that die. How settings are evaluated and responses
 * are used is tested with the nodes.
 */

let server: CalledServer;

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});
it.afterEach(async ({ workers }) => {
  await server.close();
  await workers.stop();
});

async function serve(atOnce?: AtOnce): Promise<void> {
  server = await startCalledServer(atOnce);
}

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const at = (path: string) => `"${server.url}${path}"`;
const get = (ref: string, url: string, more: JsonObject = {}) => node("httpapi_fetch", ref, { url, ...more });
const post = (ref: string, url: string, more: JsonObject = {}) =>
  node("httpapi_webhook", ref, { http_method: "POST", url, ...more });

async function begin(pipeline: Pipeline, nodes: StoredNode[], data: JsonObject = {}): Promise<string> {
  await pipeline.commit("calling", nodes);
  return pipeline.trigger({ workflow: "calling", recipients: [ann], data });
}

async function finish(pipeline: Pipeline) {
  const [run] = await pipeline.finished(1);
  if (run === undefined) throw new Error("no run");
  return run;
}

const stagesOf = (steps: { n?: string; s: string }[]) =>
  steps.flatMap(({ n, s }) => (n === undefined ? [] : [s]));

describe("a run that makes an HTTP call", () => {
  it("continues with the response", async ({ pipeline, workers }) => {
    await serve(({ path }) => [200, path === "/who" ? { way: "left", user: { name: "B" } } : { deep: [1] }]);
    await begin(
      pipeline,
      [
        get("fetch_1", `${at("")} + data.path`),
        post("webhook_1", at("/tell"), {
          output_key: "told",
          body: "{ name: data.user.name, age: std.get(data.user, 'age') }",
        }),
        branch("b", [{ when: is("way", "left"), nodes: [sms("left")] }, { nodes: [sms("right")] }]),
      ],
      { path: "/who", user: { name: "A", age: 7 } },
    );
    await workers.start();

    const run = await finish(pipeline);
    expect(run).toMatchObject({
      status: "completed",
      data: { path: "/who", way: "left", user: { name: "B" }, told: { deep: [1] } },
      state: null,
    });
    expect(await sentBy(pipeline)).toEqual(["webhook_1", "left"]);
    expect(server.requests).toMatchObject([
      {
        method: "GET",
        path: "/who",
        headers: { "idempotency-key": `${run.id}:fetch_1`, "user-agent": "Carillon" },
      },
      {
        method: "POST",
        path: "/tell",
        headers: { "content-type": "application/json", "idempotency-key": `${run.id}:webhook_1` },
        body: '{"age":null,"name":"B"}',
      },
    ]);
    expect(stagesOf(run.steps).slice(0, 3)).toEqual(["waiting", "resumed", "node_completed"]);
  });

  it("does not hold up the others of its chunk", async ({ pipeline, workers }) => {
    await serve(({ path }) => (path === "/slow" ? null : [200]));
    await pipeline.commit("calling", [
      get("fetch_1", `${at("/")} + data["$recipient"].distinct_id`),
      sms("after"),
    ]);
    const recipients = ["slow", "b", "c"].map((distinct_id) => ({ ...ann, distinct_id }));
    await pipeline.trigger({ workflow: "calling", recipients });
    await workers.start();

    await until(async () => (await pipeline.messages()).length === 2);
    expect((await pipeline.runs()).map(({ distinct_id, status }) => [distinct_id, status])).toEqual([
      ["slow", "in_progress"],
      ["b", "completed"],
      ["c", "completed"],
    ]);
    (await until(async () => server.requests.find(({ path }) => path === "/slow"))).answer(204);
    await pipeline.finished(3);
    expect(await pipeline.messages()).toHaveLength(3);
  });

  it.for<[string, StoredNode[], string[], string]>([
    ["a fetch that fails ends it", [get("h", "data.url"), sms("after")], [], "answered with status 404"],
    [
      "a webhook that fails does not",
      [post("h", "data.url"), sms("after")],
      ["h", "after"],
      "answered with status 404",
    ],
  ])("%s", async ([_title, nodes, sent, message], { pipeline, workers }) => {
    await serve(() => [404, { why: "gone" }]);
    await begin(pipeline, nodes, { url: server.url });
    await workers.start();

    const run = await finish(pipeline);
    expect(run.status).toBe("failed");
    expect(run.steps.find(({ l }) => l === "error")).toMatchObject({
      n: "h",
      s: "node_failed",
      m: expect.stringContaining(message),
      p: { code: "http_node_failed" },
    });
    expect(await sentBy(pipeline)).toEqual(sent);
    expect(server.requests).toHaveLength(1);
  });

  it.for([
    ["http://169.254.169.254/latest/meta-data/", /private address/],
    ["http://10.1.2.3/", /private address/],
    ["http://127.0.0.1:1/", /http:\/\/127\.0\.0\.1:1/],
  ] as const)("fails at %s with a reason", async ([url, message], { pipeline, workers }) => {
    await serve();
    await begin(pipeline, [get("h", JSON.stringify(url)), sms("after")]);
    await workers.start();

    expect((await finish(pipeline)).steps.find(({ l }) => l === "error")?.m).toMatch(message);
    expect(await sentBy(pipeline)).toEqual([]);
  });

  it("logs the URL it called but not the body it sent", async ({ pipeline, workers }) => {
    await serve(() => [200]);
    await begin(pipeline, [
      get("h", at("/secret-path?token=s1"), { headers: [{ key: "Authorization", value: '"Bearer s2"' }] }),
    ]);
    await workers.start();

    const { steps } = await finish(pipeline);
    expect(JSON.stringify(steps)).toContain(`calling GET ${server.url}`);
    expect(JSON.stringify(steps)).not.toMatch(/secret-path|s1|s2/);
  });
});

describe("the message log", () => {
  const list = async (pipeline: Pipeline, query = "") => {
    const answer = await pipeline.call("GET", `/v1/message/${query}`);
    return (answer.json as { results: JsonObject[] }).results;
  };

  it("has a row for each webhook, with the call and without its credentials", async ({
    pipeline,
    workers,
  }) => {
    await serve(({ path }) => (path.startsWith("/good") ? [200, { ok: true }] : [500, "no"]));
    const headers = [{ key: "Authorization", value: '"Bearer s1"' }];
    await begin(pipeline, [
      post("good", at("/good?key=s2"), { headers, body: "{ a: 1 }" }),
      post("bad", at("/bad")),
      sms("text"),
    ]);
    await workers.start();

    const { id } = await finish(pipeline);
    const rows = await list(pipeline, "?channel=webhook");
    expect(rows).toMatchObject([
      {
        status: "trigger_failed",
        failure_reason: "answered with status 500, expected 200, 201 or 204",
        workflow: { node_ref: "bad" },
        webhook_data: { response: { status: 500, body: "no" } },
        delivered_at: null,
      },
      {
        status: "delivered",
        failure_reason: null,
        channel: "webhook",
        channel_identity: { webhook: `${server.url}/good?key=***` },
        template: null,
        vendor: { name: null, nickname: null },
        recipient: { $type: "user", distinct_id: "ann" },
        execution_id: id,
        workflow: { slug: "calling", node_ref: "good" },
        delivered_at: expect.any(String),
        webhook_data: {
          request: {
            method: "POST",
            url: `${server.url}/good?key=***`,
            headers: {
              Authorization: "***",
              "Idempotency-Key": `${id}:good`,
              "Content-Type": "application/json",
            },
            body: '{"a":1}',
          },
          response: { status: 200, body: '{"ok":true}' },
        },
      },
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/s1|s2/);
    expect((await list(pipeline)).filter((row) => "webhook_data" in row)).toHaveLength(2);
  });

  it("has a row for a webhook that could not be called, and none for a fetch", async ({
    pipeline,
    workers,
  }) => {
    await serve(() => [200]);
    await begin(pipeline, [get("fetch_1", at("/")), post("hook", "data.nope")]);
    await workers.start();

    await finish(pipeline);
    expect(await list(pipeline)).toMatchObject([
      {
        channel: "webhook",
        status: "trigger_failed",
        failure_reason: expect.stringMatching(/^url: .*nope/),
        webhook_data: { request: { method: "POST" }, response: {} },
      },
    ]);
  });
});

describe("a call whose worker is lost", () => {
  /** Does what supervision does with the jobs of a process that stopped sending heartbeats. */
  async function presumeDead(harness: Server): Promise<void> {
    const rows = await harness.services.db.query(
      `update pgboss.job set state = 'retry', retry_count = retry_count + 1, start_after = now()
        where name like 'call-%' and state = 'active' returning 1`,
    );
    expect(rows).toHaveLength(1);
  }

  it("is made again with the same key, and its run goes on once", async ({ pipeline, workers }) => {
    await serve();
    await begin(pipeline, [get("h", at("/")), sms("after")]);
    await workers.start();
    const first = await server.request(0);
    await presumeDead(pipeline);
    await workers.start();
    const second = await server.request(1);
    second.answer(200, { from: "second" });

    const run = await finish(pipeline);
    // The first worker was alive after all: the reply it receives now must have no effect.
    first.answer(200, { from: "first" });
    await workers.stop();
    expect(second.headers["idempotency-key"]).toBe(first.headers["idempotency-key"]);
    expect(run).toMatchObject({ status: "completed", data: { from: "second" } });
    expect((await pipeline.runs())[0]).toEqual(run);
    expect(await sentBy(pipeline)).toEqual(["after"]);
    expect(server.requests).toHaveLength(2);
  });

  it("is not made again when its response was already stored", async ({ pipeline, workers }) => {
    await serve();
    await pipeline.commit("calling", [get("h", `${at("/")} + data["$recipient"].distinct_id`), sms("after")]);
    const recipients = ["ann", "bob"].map((distinct_id) => ({ ...ann, distinct_id }));
    await pipeline.trigger({ workflow: "calling", recipients });
    await workers.start();
    await server.request(1);
    const one = (name: string) => server.requests.filter(({ path }) => path === `/${name}`);
    one("ann")[0]?.answer(204);
    // Bob's call is still out when the process is lost, and with it the job that both calls share.
    // Ann's message is through: one on its way would be in doubt, and sent again.
    await until(async () => (await pipeline.messages())[0]?.status === "sent_by_vendor");
    await presumeDead(pipeline);
    await workers.start();
    await until(async () => one("bob").length === 2);
    for (const request of one("bob")) request.answer(204);

    await pipeline.finished(2);
    expect(one("ann")).toHaveLength(1);
    expect(await sentBy(pipeline)).toEqual(["after", "after"]);
  });

  it("is answered with the reason once its job is given up", async ({ pipeline, workers, harness }) => {
    await serve();
    await begin(pipeline, [post("h", at("/")), sms("after")]);
    await workers.start();
    await server.request(0);
    const [run] = await pipeline.runs();
    const { db } = harness.services;
    const queue = createQueue({
      db,
      url: harness.databaseUrl,
      log: createSilentLog(),
      observe: () => {},
    });
    await queue.start({ worker: false });
    const { giveUp } = createCallHandler({
      db,
      queue,
      clock: databaseClock,
      call_concurrency: 4,
    } as StageDeps);
    const ref = { workspace_id: pipeline.workspace_id, id: run?.id ?? "" };
    await db.tx((tx) => giveUp(tx, ref, new Error("it was begun 25 times")));
    await queue.stop();

    expect((await finish(pipeline)).steps.find(({ l }) => l === "error")?.m).toBe(
      "500: it was begun 25 times",
    );
    expect(await sentBy(pipeline)).toEqual(["h", "after"]);
    server.requests[0]?.answer(200);
    await workers.stop();
    expect(await sentBy(pipeline)).toEqual(["h", "after"]);
  });

  it("has no effect when its run was cancelled meanwhile", async ({ pipeline, workers, harness }) => {
    await serve();
    await begin(pipeline, [get("h", at("/")), sms("after")]);
    await workers.start();
    const request = await server.request(0);
    await harness.services.db.query(
      "update run set status = 'cancelled', position = null where workspace_id = $1",
      [pipeline.workspace_id],
    );
    request.answer(200, {});
    await workers.stop();

    expect(await pipeline.runs()).toMatchObject([{ status: "cancelled" }]);
    expect(await sentBy(pipeline)).toEqual([]);
    expect(
      await harness.services.db.query("select 1 from signal where workspace_id = $1", [
        pipeline.workspace_id,
      ]),
    ).toEqual([]);
  });
});
