import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../../test/fixture.ts";
import type { Workers } from "../../../../test/worker.ts";
import { callVendor, type CalledVendor, route, sent } from "../../../../test/outside/called-vendor.ts";
import { until } from "../../../../test/harness.ts";
import { createManagement, type Management } from "../../../../test/management.ts";
import { createPipeline, delay, node, type Pipeline, sms, sentBy } from "../../../../test/pipeline.ts";
import type { StageDeps } from "../../../engine/deps.ts";
import { createExpandHandler } from "../../../engine/expand/expand.ts";
import type { Outcome } from "../../../delivery/vendor/vendor.ts";

let vendor: CalledVendor;

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
  await pipeline.commit("patient", [
    sms("before"),
    node("delay", "d", { delay_type: "dynamic", value: '.["$recipient"].patience' }),
    sms("after"),
  ]);
  vendor = callVendor("sms");
});

async function work(workers: Workers, count = 1): Promise<void> {
  for (let index = 0; index < count; index++) await workers.start({ vendors: [vendor.vendor] });
}

const person = (distinct_id: string, patience?: number) => ({
  distinct_id,
  $sms: "+14155550100",
  ...(patience === undefined ? {} : { patience }),
});
const redrive = (management: Management, payload: unknown) => management.call("POST", "redrive", payload);
const listed = (management: Management, query = "") => management.call("GET", `redrive?${query}`);
const none = { redriven: 0, refused: 0, redriven_ids: [], refusals: [] };

/** Runs that a node stopped, because their recipients had no `patience`. */
async function failedRuns(pipeline: Pipeline, workers: Workers, ...people: string[]): Promise<string[]> {
  await pipeline.trigger({ workflow: "patient", recipients: people.map((one) => person(one)) });
  await work(workers);
  const runs = await pipeline.finished(people.length);
  expect(runs.every(({ status }) => status === "failed")).toBe(true);
  return runs.map(({ id }) => id);
}

const mend = (pipeline: Pipeline, distinct_id: string) =>
  pipeline
    .call("POST", `/v1/user/${distinct_id}/`, { patience: 1000 })
    .then(({ status }) => expect(status).toBe(201));

/** A message with this outcome from its vendor. */
async function failedMessage(
  pipeline: Pipeline,
  workers: Workers,
  outcome: Outcome,
  distinct_id = "ann",
): Promise<string> {
  await route(pipeline, pipeline.workspace_id, vendor);
  await pipeline.commit("one", [sms("s")]);
  await pipeline.trigger({ workflow: "one", recipients: [person(distinct_id)] });
  // A worker that has run before caches the vendors of that time.
  await workers.stop();
  await work(workers);
  (await vendor.call(vendor.calls.length)).answer(outcome);
  return until(async () => {
    const failed = (await pipeline.messages()).find((one) => one.distinct_id === distinct_id);
    return failed?.status === "trigger_failed" ? failed.id : null;
  });
}

const refused: Outcome = {
  kind: "failed",
  class: "config",
  code: "401",
  message: "key 'abc123' is not valid",
};

describe("GET /v1/{workspace}/redrive/ 200", () => {
  it("groups failures by error, without the parts that vary", async ({ pipeline, management, workers }) => {
    const ids = await failedRuns(pipeline, workers, "ann", "bob", "cem");
    const { status, body } = await listed(management);
    expect(status).toBe(200);
    expect(body.executions).toHaveLength(1);
    expect(body.executions[0]).toMatchObject({
      count: 3,
      redrivable: 3,
      workflows: ["patient"],
      sample_ids: ids.toReversed(),
    });
    expect(body.executions[0].error).toContain("jq-expression '…'");
    expect(body.messages).toEqual([]);
  });

  it("shows messages with channel and class", async ({ pipeline, management, workers }) => {
    const id = await failedMessage(pipeline, workers, refused);
    expect((await listed(management)).body.messages).toMatchObject([
      {
        error: "key '…' is not valid",
        channel: "sms",
        failure_class: "config",
        count: 1,
        redrivable: 1,
        workflows: ["one"],
        sample_ids: [id],
      },
    ]);
  });

  it("supports every filter", async ({ pipeline, management, workers }) => {
    await failedRuns(pipeline, workers, "ann");
    await failedMessage(pipeline, workers, refused, "bob");
    const { error } = (await listed(management)).body.executions[0];
    for (const [query, executions, messages] of [
      ["workflow=patient", 1, 0],
      ["workflow=other", 0, 0],
      [`error=${encodeURIComponent(error)}`, 1, 0],
      ["error=key", 0, 0],
      ["channel=sms", 0, 1],
      ["channel=email", 0, 0],
      ["since=2020-01-01", 1, 1],
      ["until=2020-01-01&since=2019-01-01", 0, 0],
    ] as const) {
      const { body } = await listed(management, query);
      expect([body.executions.length, body.messages.length], query).toEqual([executions, messages]);
    }
  });
});

describe("POST /v1/{workspace}/redrive/ 200", () => {
  it("lets a run enter the node that stopped it again, without counting the old failure", async ({
    pipeline,
    management,
    workers,
    harness,
  }) => {
    const [id = ""] = await failedRuns(pipeline, workers, "ann");
    await mend(pipeline, "ann");
    expect((await redrive(management, { executions: [id] })).body).toEqual({
      dry_run: false,
      requests: none,
      executions: { ...none, redriven: 1, redriven_ids: [id] },
      messages: none,
      more: false,
    });
    const run = await until(async () => (await pipeline.runs()).find(({ wake_at }) => wake_at !== null));
    expect(run).toMatchObject({ status: "in_progress", position: "1" });
    expect(run.steps.map(({ s }) => s)).toEqual(
      expect.arrayContaining(["node_failed", "redriven", "waiting"]),
    );
    await harness.services.db.query("update run set wake_at = now() where workspace_id = $1", [
      pipeline.workspace_id,
    ]);
    await workers.running()[0]?.wake();
    expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
    expect(await sentBy(pipeline)).toEqual(["before", "after"]);
  });

  it("a run that fails again can be redriven again", async ({ pipeline, management, workers }) => {
    const [id = ""] = await failedRuns(pipeline, workers, "ann");
    for (let round = 0; round < 2; round++) {
      expect((await redrive(management, { executions: [id] })).body.executions.redriven).toBe(1);
      const [run] = await until(async () => {
        const runs = await pipeline.runs();
        return runs.every(({ status }) => status === "failed") ? runs : null;
      });
      expect(run?.steps.filter(({ s }) => s === "redriven")).toHaveLength(round + 1);
    }
    expect(await sentBy(pipeline)).toEqual(["before"]);
  });

  it("sends a message again as a first attempt, with the rendered content", async ({
    pipeline,
    management,
    workers,
    harness,
  }) => {
    const id = await failedMessage(pipeline, workers, refused);
    const [before] = await pipeline.messages();
    expect((await redrive(management, { messages: [id] })).body.messages).toMatchObject({
      redriven: 1,
      refused: 0,
    });
    const again = await vendor.call(1);
    expect(again.message).toMatchObject({ message_id: id, attempt: 1, content: before?.content });
    again.answer(sent);
    const message = await until(async () =>
      (await pipeline.messages()).find(({ status }) => status === "sent_by_vendor"),
    );
    expect(message).toMatchObject({ id, failure_class: null, failure_reason: null, attempt: 1, lease: null });
    const events = await harness.services.db.query<{ kind: string; detail: object }>(
      "select kind, detail from message_event where workspace_id = $1 order by at",
      [pipeline.workspace_id],
    );
    expect(events).toMatchObject([
      { kind: "attempt_failed" },
      { kind: "redriven", detail: { status: "trigger_failed", class: "config", reason: refused.message } },
    ]);
  });

  it("accepts a filter instead of ids, and does not touch what it does not name", async ({
    pipeline,
    management,
    workers,
  }) => {
    const [ann, bob] = await failedRuns(pipeline, workers, "ann", "bob");
    const { error } = (await listed(management)).body.executions[0];
    expect((await redrive(management, { filter: { error: "another" } })).body.executions).toEqual(none);
    expect((await redrive(management, { filter: { workflow: "other" } })).body.executions).toEqual(none);
    const { body } = await redrive(management, { filter: { error, workflow: "patient" }, dry_run: true });
    expect(body).toMatchObject({ dry_run: true, executions: { redriven: 2, redriven_ids: [ann, bob] } });
    expect((await pipeline.runs()).map(({ status }) => status)).toEqual(["failed", "failed"]);
    await mend(pipeline, "ann");
    await mend(pipeline, "bob");
    expect((await redrive(management, { filter: { error } })).body).toMatchObject({
      executions: { redriven: 2 },
      more: false,
    });
  });

  it("goes through more than a page of failures, and says nothing is left", async ({
    pipeline,
    management,
    workers,
    harness,
  }) => {
    const [id = ""] = await failedRuns(pipeline, workers, "ann");
    await workers.stop();
    const { db } = harness.services;
    await db.query(
      `insert into run (workspace_id, id, request_id, workflow_slug, version_id, lane, distinct_id, tenant_id,
                        idempotency_key, status, steps, state)
       select r.workspace_id, left(r.id, 20) || lpad(g::text, 6, '0'), r.request_id, r.workflow_slug, r.version_id,
              r.lane, r.distinct_id, r.tenant_id, r.idempotency_key, r.status, r.steps,
              case when g % 2 = 0 then r.state end
         from run r, generate_series(1, 1200) g where r.workspace_id = $1 and r.id = $2`,
      [pipeline.workspace_id, id],
    );
    const { body } = await redrive(management, { filter: {} });
    expect(body.executions).toMatchObject({ redriven: 601, refused: 600 });
    expect(body.executions.redriven_ids).toHaveLength(100);
    expect(body.executions.refusals).toHaveLength(100);
    expect(body.more).toBe(false);
    expect((await redrive(management, { filter: {} })).body.executions).toMatchObject({
      redriven: 0,
      refused: 600,
    });
  });

  it("redrives each once, however many ask at the same time", async ({ pipeline, management, workers }) => {
    const ids = await failedRuns(pipeline, workers, "ann", "bob");
    const message = await failedMessage(pipeline, workers, refused, "cem");
    await mend(pipeline, "ann");
    await mend(pipeline, "bob");
    const asked = Array.from({ length: 12 }, (_, index) =>
      redrive(management, index % 2 === 0 ? { executions: ids, messages: [message] } : { filter: {} }),
    );
    const answers = await Promise.all(asked);
    const sum = (kind: "executions" | "messages") =>
      answers.reduce((total, { body }) => total + Number(body[kind].redriven), 0);
    expect([sum("executions"), sum("messages")]).toEqual([2, 1]);
    const runs = await until(async () => {
      const all = await pipeline.runs();
      return all.filter(({ wake_at }) => wake_at !== null).length === 2 ? all : null;
    });
    for (const run of runs) {
      if (ids.includes(run.id)) expect(run.steps.filter(({ s }) => s === "redriven")).toHaveLength(1);
    }
    (await vendor.call(vendor.calls.length - 1)).answer(sent);
    await until(async () =>
      (await pipeline.messages()).some(({ id, status }) => id === message && status === "sent_by_vendor"),
    );
    expect(vendor.calls.filter(({ message: { message_id } }) => message_id === message)).toHaveLength(2);
  });
});

describe("a request that was accepted and led to nothing", () => {
  /** Disabled between its acceptance and its expansion. */
  async function failedRequest(
    pipeline: Pipeline,
    management: Management,
    workers: Workers,
    distinct_id: string,
  ): Promise<string> {
    await pipeline.commit("shop", [sms("s")]);
    const id = await pipeline.trigger({
      workflow: "shop",
      recipients: [person(distinct_id)],
      data: { n: 1 },
    });
    await enable(management, false);
    await work(workers);
    await until(async () => (await pipeline.request(id)).status === "failure");
    return id;
  }

  async function enable(management: Management, is_enabled: boolean): Promise<void> {
    const { status } = await management.call("PATCH", "workflow/shop/enable", { is_enabled });
    expect(status).toBe(202);
  }

  it("is listed, and expanded again when it is redriven", async ({ pipeline, management, workers }) => {
    const id = await failedRequest(pipeline, management, workers, "ann");
    expect((await listed(management)).body.requests).toMatchObject([
      {
        error: "workflow with slug '…' is disabled",
        count: 1,
        redrivable: 1,
        workflows: ["shop"],
        sample_ids: [id],
      },
    ]);
    expect((await redrive(management, { requests: [id], dry_run: true })).body.requests).toMatchObject({
      redriven: 1,
    });
    expect((await pipeline.request(id)).status).toBe("failure");
    await enable(management, true);
    expect((await redrive(management, { requests: [id] })).body.requests).toEqual({
      ...none,
      redriven: 1,
      redriven_ids: [id],
    });
    expect(await pipeline.finished(1)).toMatchObject([{ request_id: id, status: "completed" }]);
    expect(await pipeline.request(id)).toMatchObject({
      status: "accepted",
      errors: [
        {
          error_code: "redriven",
          severity: "info",
          error_description: "put back via API; it had failed: workflow with slug 'shop' is disabled",
        },
      ],
    });
    const [refusal] = (await redrive(management, { requests: [id] })).body.requests.refusals;
    expect(refusal).toMatchObject({ code: "not_failed" });
  });

  it("that fails again can be redriven again, by a filter too", async ({ pipeline, management, workers }) => {
    const id = await failedRequest(pipeline, management, workers, "ann");
    for (const filter of [{ workflow: "shop" }, { error: "workflow with slug '…' is disabled" }, {}]) {
      expect((await redrive(management, { filter: { workflow: "other" } })).body.requests).toEqual(none);
      expect((await redrive(management, { filter })).body).toMatchObject({
        requests: { redriven_ids: [id] },
        more: false,
      });
      await until(async () => (await pipeline.request(id)).status === "failure");
    }
    expect(await pipeline.runs()).toEqual([]);
  });

  it("is redriven once, however many ask at the same time", async ({ pipeline, management, workers }) => {
    const id = await failedRequest(pipeline, management, workers, "ann");
    await enable(management, true);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => redrive(management, { requests: [id] })),
    );
    expect(answers.filter(({ body }) => body.requests.redriven === 1)).toHaveLength(1);
    await pipeline.finished(1);
    expect(await pipeline.messages()).toHaveLength(1);
  });

  it("because of an internal failure is among them, and one that was cancelled is not", async ({
    pipeline,
    management,
    workers,
    harness,
  }) => {
    await pipeline.commit("shop", [sms("s")]);
    const ids = [];
    for (const key of ["a", "b"]) {
      const recipients = [person("ann")];
      ids.push(await pipeline.trigger({ workflow: "shop", recipients, $idempotency_key: key }));
    }
    const [given = "", cancelled = ""] = ids;
    await pipeline.call("POST", "/v1/workflow_run/cancel/", { idempotency_key: "b" });
    const { db } = harness.services;
    const { giveUp } = createExpandHandler({} as StageDeps);
    for (const id of ids) {
      const ref = { workspace_id: pipeline.workspace_id, id };
      await db.tx((tx) => giveUp(tx, ref, new Error("the disk was full")));
    }
    await db.query("delete from pgboss.job where name like 'expand-%'");
    expect((await listed(management)).body.requests).toMatchObject([
      { error: "#: the disk was full", sample_ids: [given] },
    ]);
    expect((await redrive(management, { requests: ids })).body.requests).toMatchObject({
      redriven_ids: [given],
      refusals: [{ id: cancelled, code: "not_failed", reason: expect.stringContaining("is cancelled") }],
    });
    await work(workers);
    expect(await pipeline.finished(1)).toMatchObject([{ request_id: given, status: "completed" }]);
  });
});

describe("what cannot be redriven is named with the reason", () => {
  const refusalsOf = async (
    management: Management,
    kind: "executions" | "messages",
    id: string,
    more: object = {},
  ) => (await redrive(management, { [kind]: [id], ...more })).body[kind].refusals;

  it("a run that is unknown, not failed, or continued to its end", async ({
    pipeline,
    management,
    workers,
  }) => {
    await pipeline.commit("asleep", [delay("d", "1h"), sms("s")]);
    await pipeline.commit("unknown", [node("send_sms", "s", { template: "missing" })]);
    await pipeline.trigger({ workflow: "asleep", recipients: [person("ann")] });
    await pipeline.trigger({ workflow: "unknown", recipients: [person("ann")] });
    await work(workers);
    const [asleep, ended] = await until(async () => {
      const runs = await pipeline.runs();
      return runs.length === 2 && runs.every(({ wake_at, status }) => wake_at !== null || status === "failed")
        ? runs.toSorted((one, other) => other.status.localeCompare(one.status))
        : null;
    });
    expect(await refusalsOf(management, "executions", "01NOPE")).toMatchObject([
      { id: "01NOPE", code: "not_found" },
    ]);
    expect(await refusalsOf(management, "executions", asleep?.id ?? "")).toMatchObject([
      { code: "not_failed" },
    ]);
    expect(await refusalsOf(management, "executions", ended?.id ?? "")).toMatchObject([
      { code: "not_stopped" },
    ]);
    expect((await listed(management)).body.executions).toMatchObject([{ count: 1, redrivable: 0 }]);
  });

  it("a run whose request or recipient is gone", async ({ pipeline, management, workers, harness }) => {
    const [ann = "", bob = ""] = await failedRuns(pipeline, workers, "ann", "bob");
    await pipeline.call("DELETE", "/v1/user/ann/");
    expect(await refusalsOf(management, "executions", ann)).toMatchObject([{ code: "recipient_gone" }]);
    await harness.services.db.query("delete from request where workspace_id = $1", [pipeline.workspace_id]);
    expect(await refusalsOf(management, "executions", bob)).toMatchObject([{ code: "request_gone" }]);
  });

  it("a message that was sent, is in doubt, or whose vendor is gone", async ({
    pipeline,
    management,
    workers,
    harness,
  }) => {
    const id = await failedMessage(pipeline, workers, refused);
    await harness.services.db.query(
      "update message set failure_class = 'ambiguous' where workspace_id = $1",
      [pipeline.workspace_id],
    );
    expect(await refusalsOf(management, "messages", id)).toMatchObject([{ code: "ambiguous" }]);
    expect(await refusalsOf(management, "messages", id, { include_ambiguous: true, dry_run: true })).toEqual(
      [],
    );
    await harness.services.db.query("delete from vendor_config where workspace_id = $1 and channel = 'sms'", [
      pipeline.workspace_id,
    ]);
    expect(await refusalsOf(management, "messages", id, { include_ambiguous: true })).toMatchObject([
      { code: "vendor_gone" },
    ]);
    expect(await refusalsOf(management, "messages", "01NOPE")).toMatchObject([{ code: "not_found" }]);
    await harness.services.db.query("update message set status = 'delivered' where workspace_id = $1", [
      pipeline.workspace_id,
    ]);
    expect(await refusalsOf(management, "messages", id)).toMatchObject([{ code: "not_failed" }]);
  });

  it("a message whose recipient has turned its channel off meanwhile", async ({
    pipeline,
    management,
    workers,
  }) => {
    const id = await failedMessage(pipeline, workers, refused);
    const restrict = (is_restricted: boolean) =>
      pipeline.call("PATCH", "/v1/user/ann/preference/channel_preference/", {
        channel_preferences: [{ channel: "sms", is_restricted }],
      });
    await restrict(true);
    const reason = "sms was turned off meanwhile: channel_restricted";
    expect(await refusalsOf(management, "messages", id, { dry_run: true })).toEqual([
      { id, code: "unwanted", reason },
    ]);
    expect(await refusalsOf(management, "messages", id)).toEqual([{ id, code: "unwanted", reason }]);
    await restrict(false);
    expect(await refusalsOf(management, "messages", id)).toEqual([]);
  });

  it("a message that was never ready to be sent", async ({ pipeline, management, workers, harness }) => {
    await harness.services.db.query("delete from vendor_config where workspace_id = $1 and channel = 'sms'", [
      pipeline.workspace_id,
    ]);
    await pipeline.commit("one", [sms("s")]);
    await pipeline.trigger({ workflow: "one", recipients: [person("ann")] });
    await work(workers);
    await pipeline.finished(1);
    const [message] = await pipeline.messages();
    const [refusal] = await refusalsOf(management, "messages", message?.id ?? "");
    expect(refusal).toMatchObject({ code: "not_ready" });
    expect(refusal.reason).toContain("no vendor configured for channel: sms");
  });

  it("with the alternative, without going in a circle", async ({
    pipeline,
    management,
    workers,
    harness,
  }) => {
    const unheard = { http_method: "POST", url: '"http://127.0.0.1:9/never"' };
    await pipeline.commit("one", [node("httpapi_webhook", "w", unheard), sms("s")]);
    await pipeline.trigger({ workflow: "one", recipients: [person("ann")] });
    await work(workers);
    const [run] = await pipeline.finished(1);
    const find = async (channel: string) =>
      (await pipeline.messages()).find((message) => message.channel === channel)?.id ?? "";
    const webhook = await find("webhook");
    const text = await find("sms");
    const id = run?.id ?? "";
    const { db } = harness.services;
    const own = [pipeline.workspace_id];
    await db.query("update run set status = 'failed', state = '{}' where workspace_id = $1", own);
    await db.query(
      "update message set status = 'trigger_failed', failure_class = 'config' where workspace_id = $1 and channel = 'sms'",
      own,
    );
    const reasonOf = async (kind: "executions" | "messages", one: string) =>
      (await refusalsOf(management, kind, one))[0]?.reason;
    expect(await reasonOf("executions", id)).toContain(
      `redrive its failed messages (${text}), or trigger it again`,
    );
    expect(await reasonOf("messages", webhook)).toContain("its execution went on after it, trigger it again");
    await db.query("update message set content = null where workspace_id = $1 and channel = 'sms'", own);
    expect(await reasonOf("executions", id)).toContain(
      "none of its messages can be put back: trigger it again",
    );
    await db.query(`update run set state = '{"failed_at": "0"}' where workspace_id = $1`, own);
    expect(await reasonOf("messages", webhook)).toContain(`redrive its execution ${id}`);
  });

  it("anything of another workspace", async ({ pipeline, workers, harness }) => {
    const [id = ""] = await failedRuns(pipeline, workers, "ann");
    const other = createManagement(harness, (await createPipeline(harness)).workspace);
    const { body } = await other.call("POST", "redrive", { executions: [id] });
    expect(body.executions).toMatchObject({ redriven: 0, refusals: [{ code: "not_found" }] });
  });
});

describe("/v1/{workspace}/redrive/ 400", () => {
  it.for<[unknown, string]>([
    [{}, "one of requests, executions, messages, filter is required"],
    [{ dry_run: true }, "one of requests, executions, messages, filter is required"],
    [{ executions: [] }, "executions"],
    [{ executions: "id" }, "executions"],
    [{ messages: [5] }, "messages[0]"],
    [{ requests: ["r1"] }, "requests[0]"],
    [{ requests: ["00000000-0000-0000-0000-000000000000"], filter: {} }, "filter"],
    [{ messages: [""] }, "messages[0]"],
    [{ executions: Array.from({ length: 1001 }, String) }, "executions"],
    [{ filter: {}, executions: ["a"] }, "filter"],
    [{ filter: { worklow: "x" } }, "worklow"],
    [{ filter: { since: "yesterday" } }, "filter.since"],
    [{ filter: { channel: "pigeon" } }, "filter.channel"],
    [{ executions: ["a"], dryrun: true }, "dryrun"],
    [{ executions: ["a"], dry_run: "yes" }, "dry_run"],
    [[], "must be a map"],
    ["{", "BAD REQUEST"],
  ])("POST %j, naming what is wrong", async ([payload, part], { management }) => {
    const { status, body } = await redrive(management, payload);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(part);
  });

  it("GET with an unknown name, listing the known ones", async ({ management }) => {
    const { status, body } = await listed(management, "worklow=x");
    expect(status).toBe(400);
    const text = "unknown query parameter 'worklow'; there are: workflow, error, since, until, channel";
    expect(JSON.stringify(body)).toContain(text);
  });

  it.for(["since=x", "until=2020-13-01", "channel=pigeon", "status=failed"])(
    "GET ?%s",
    async (query, { management }) => {
      const { status, body } = await listed(management, query);
      expect(status).toBe(400);
      expect(JSON.stringify(body)).toContain(query.split("=")[0]);
    },
  );
});
