import { databaseClock } from "../workspaces/clock.ts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AtOnce, type CalledServer, startCalledServer } from "../../test/called-server.ts";
import { createHarness, type Harness, until } from "../../test/harness.ts";
import { branch, createPipeline, is, node, type Pipeline, sms } from "../../test/pipeline.ts";
import { startWorker, type Worker, type WorkerOptions } from "../../test/worker.ts";
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
let harness: Harness;
let pipeline: Pipeline;
let server: CalledServer;
let workers: Worker[] = [];

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
});
afterAll(() => harness.close());
beforeEach(async () => {
  pipeline = await createPipeline(harness);
  await pipeline.addTemplate("text");
});
afterEach(async () => {
  await server.close();
  for (const worker of workers) await worker.stop();
  workers = [];
});

async function serve(atOnce?: AtOnce): Promise<void> {
  server = await startCalledServer(atOnce);
}

async function work(options: WorkerOptions = {}): Promise<Worker> {
  const worker = await startWorker(harness, options);
  workers.push(worker);
  return worker;
}

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const at = (path: string) => `"${server.url}${path}"`;
const get = (ref: string, url: string, more: JsonObject = {}) => node("httpapi_fetch", ref, { url, ...more });
const post = (ref: string, url: string, more: JsonObject = {}) =>
  node("httpapi_webhook", ref, { http_method: "POST", url, ...more });

async function begin(nodes: StoredNode[], data: JsonObject = {}): Promise<string> {
  await pipeline.commit("calling", nodes);
  return pipeline.trigger({ workflow: "calling", recipients: [ann], data });
}

async function finish() {
  const [run] = await pipeline.finished(1);
  if (run === undefined) throw new Error("no run");
  return run;
}

const sentBy = async () => (await pipeline.messages()).map(({ node_ref }) => node_ref);
const stagesOf = (steps: { n?: string; s: string }[]) =>
  steps.flatMap(({ n, s }) => (n === undefined ? [] : [s]));

describe("a run that makes an HTTP call", () => {
  it("continues with the response", async () => {
    await serve(({ path }) => [200, path === "/who" ? { way: "left", user: { name: "B" } } : { deep: [1] }]);
    await begin(
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
    await work();

    const run = await finish();
    expect(run).toMatchObject({
      status: "completed",
      data: { path: "/who", way: "left", user: { name: "B" }, told: { deep: [1] } },
      state: null,
    });
    expect(await sentBy()).toEqual(["webhook_1", "left"]);
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

  it("does not hold up the others of its chunk", async () => {
    await serve(({ path }) => (path === "/slow" ? null : [200]));
    await pipeline.commit("calling", [
      get("fetch_1", `${at("/")} + data["$recipient"].distinct_id`),
      sms("after"),
    ]);
    const recipients = ["slow", "b", "c"].map((distinct_id) => ({ ...ann, distinct_id }));
    await pipeline.trigger({ workflow: "calling", recipients });
    await work();

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

  it.each<[string, StoredNode[], string[], string]>([
    ["a fetch that fails ends it", [get("h", "data.url"), sms("after")], [], "answered with status 404"],
    [
      "a webhook that fails does not",
      [post("h", "data.url"), sms("after")],
      ["h", "after"],
      "answered with status 404",
    ],
  ])("%s", async (_title, nodes, sent, message) => {
    await serve(() => [404, { why: "gone" }]);
    await begin(nodes, { url: server.url });
    await work();

    const run = await finish();
    expect(run.status).toBe("failed");
    expect(run.steps.find(({ l }) => l === "error")).toMatchObject({
      n: "h",
      s: "node_failed",
      m: expect.stringContaining(message),
      p: { code: "http_node_failed" },
    });
    expect(await sentBy()).toEqual(sent);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ["http://169.254.169.254/latest/meta-data/", /private address/],
    ["http://10.1.2.3/", /private address/],
    ["http://127.0.0.1:1/", /http:\/\/127\.0\.0\.1:1/],
  ])("fails at %s with a reason", async (url, message) => {
    await serve();
    await begin([get("h", JSON.stringify(url)), sms("after")]);
    await work();

    expect((await finish()).steps.find(({ l }) => l === "error")?.m).toMatch(message);
    expect(await sentBy()).toEqual([]);
  });

  it("logs the URL it called but not the body it sent", async () => {
    await serve(() => [200]);
    await begin([
      get("h", at("/secret-path?token=s1"), { headers: [{ key: "Authorization", value: '"Bearer s2"' }] }),
    ]);
    await work();

    const { steps } = await finish();
    expect(JSON.stringify(steps)).toContain(`calling GET ${server.url}`);
    expect(JSON.stringify(steps)).not.toMatch(/secret-path|s1|s2/);
  });
});

describe("the message log", () => {
  const list = async (query = "") => {
    const answer = await pipeline.call("GET", `/v1/message/${query}`);
    return (answer.json as { results: JsonObject[] }).results;
  };

  it("has a row for each webhook, with the call and without its credentials", async () => {
    await serve(({ path }) => (path.startsWith("/good") ? [200, { ok: true }] : [500, "no"]));
    const headers = [{ key: "Authorization", value: '"Bearer s1"' }];
    await begin([
      post("good", at("/good?key=s2"), { headers, body: "{ a: 1 }" }),
      post("bad", at("/bad")),
      sms("text"),
    ]);
    await work();

    const { id } = await finish();
    const rows = await list("?channel=webhook");
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
    expect((await list()).filter((row) => "webhook_data" in row)).toHaveLength(2);
  });

  it("has a row for a webhook that could not be called, and none for a fetch", async () => {
    await serve(() => [200]);
    await begin([get("fetch_1", at("/")), post("hook", "data.nope")]);
    await work();

    await finish();
    expect(await list()).toMatchObject([
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
  async function presumeDead(): Promise<void> {
    const rows = await harness.services.db.query(
      `update pgboss.job set state = 'retry', retry_count = retry_count + 1, start_after = now()
        where name like 'call-%' and state = 'active' returning 1`,
    );
    expect(rows).toHaveLength(1);
  }

  it("is made again with the same key, and its run goes on once", async () => {
    await serve();
    await begin([get("h", at("/")), sms("after")]);
    await work();
    const first = await server.request(0);
    await presumeDead();
    await work();
    const second = await server.request(1);
    second.answer(200, { from: "second" });

    const run = await finish();
    // The first worker was alive after all: the reply it receives now must have no effect.
    first.answer(200, { from: "first" });
    for (const worker of workers.splice(0)) await worker.stop();
    expect(second.headers["idempotency-key"]).toBe(first.headers["idempotency-key"]);
    expect(run).toMatchObject({ status: "completed", data: { from: "second" } });
    expect((await pipeline.runs())[0]).toEqual(run);
    expect(await sentBy()).toEqual(["after"]);
    expect(server.requests).toHaveLength(2);
  });

  it("is not made again when its response was already stored", async () => {
    await serve();
    await pipeline.commit("calling", [get("h", `${at("/")} + data["$recipient"].distinct_id`), sms("after")]);
    const recipients = ["ann", "bob"].map((distinct_id) => ({ ...ann, distinct_id }));
    await pipeline.trigger({ workflow: "calling", recipients });
    await work();
    await server.request(1);
    const one = (name: string) => server.requests.filter(({ path }) => path === `/${name}`);
    one("ann")[0]?.answer(204);
    // Bob's call is still out when the process is lost, and with it the job that both calls share.
    await until(async () => (await pipeline.messages()).length === 1);
    await presumeDead();
    await work();
    await until(async () => one("bob").length === 2);
    for (const request of one("bob")) request.answer(204);

    await pipeline.finished(2);
    expect(one("ann")).toHaveLength(1);
    expect(await sentBy()).toEqual(["after", "after"]);
  });

  it("is answered with the reason once its job is given up", async () => {
    await serve();
    await begin([post("h", at("/")), sms("after")]);
    const worker = await work();
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

    expect((await finish()).steps.find(({ l }) => l === "error")?.m).toBe("500: it was begun 25 times");
    expect(await sentBy()).toEqual(["h", "after"]);
    server.requests[0]?.answer(200);
    await worker.stop();
    workers = [];
    expect(await sentBy()).toEqual(["h", "after"]);
  });

  it("has no effect when its run was cancelled meanwhile", async () => {
    await serve();
    await begin([get("h", at("/")), sms("after")]);
    const worker = await work();
    const request = await server.request(0);
    await harness.services.db.query(
      "update run set status = 'cancelled', position = null where workspace_id = $1",
      [pipeline.workspace_id],
    );
    request.answer(200, {});
    await worker.stop();
    workers = [];

    expect(await pipeline.runs()).toMatchObject([{ status: "cancelled" }]);
    expect(await sentBy()).toEqual([]);
    expect(
      await harness.services.db.query("select 1 from signal where workspace_id = $1", [
        pipeline.workspace_id,
      ]),
    ).toEqual([]);
  });
});
