import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import type { Workers } from "../../../test/worker.ts";
import { startCalledServer } from "../../../test/outside/called-server.ts";
import { until, type Server } from "../../../test/harness.ts";
import { createPipeline, delay, node, type Pipeline, type RunRow, sms } from "../../../test/pipeline.ts";
import { event, wait } from "../../../test/waiting.ts";
import type { JsonObject } from "../../core/json.ts";
import { addSubscriptions } from "../../recipients/subscriptions.ts";
import type { CancelFilter } from "./filter.ts";

/* What a cancel ends, and what it leaves alone. How the call is refused: api/hub/workflow-run. Races: cancel-race. */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const bob = { distinct_id: "bob", $sms: "+14155550101" };

async function cancel(pipeline: Pipeline, filter: Partial<CancelFilter>): Promise<string[]> {
  const none = { execution_id: null, recipients: null, workflow_slug: null };
  return pipeline.services.engine.cancel(pipeline.workspace_id, {
    ...none,
    idempotency_key: null,
    cancellation_key: null,
    ...filter,
  });
}

async function trigger(pipeline: Pipeline, body: JsonObject): Promise<string> {
  const answer = await pipeline.call("POST", "/trigger/", { workflow: "later", recipients: [ann], ...body });
  expect(answer.status, answer.text).toBe(202);
  return (answer.json as { message_id: string }).message_id;
}

/** All runs, once there are this many and each is finished or waiting. */
const quiet = (pipeline: Pipeline, count: number) =>
  until(async () => {
    const runs = await pipeline.runs();
    const waits = ({ status, wake_at }: RunRow) => status !== "in_progress" || wake_at !== null;
    return runs.length === count && runs.every(waits) ? runs : null;
  });

async function wakeAll(pipeline: Pipeline, workers: Workers): Promise<void> {
  const [worker] = workers.running();
  await pipeline.services.db.query(
    "update run set wake_at = now() - interval '1 second' where workspace_id = $1 and wake_at is not null",
    [pipeline.workspace_id],
  );
  await worker?.wake();
}

/** Resolves when no job is queued or active. */
const idle = (harness: Server) =>
  until(async () => {
    const [row] = await harness.services.db.query<{ busy: boolean }>(
      "select exists (select from pgboss.job where state <= 'active') as busy",
    );
    return row?.busy === false;
  });

const sentTo = async (pipeline: Pipeline) =>
  (await pipeline.messages()).map(({ distinct_id }) => distinct_id);
const statuses = async (pipeline: Pipeline) => (await pipeline.runs()).map(({ status }) => status);
const count = async (
  pipeline: Pipeline,
  table: "waiter" | "signal" | "batch" | "batch_item" | "smart_step",
) => {
  const [row] = await pipeline.services.db.query<{ count: number }>(
    `select count(*)::int as count from ${table} where workspace_id = $1`,
    [pipeline.workspace_id],
  );
  return row?.count;
};

describe("a run that is cancelled", () => {
  it("while it sleeps never wakes again, and its log says why", async ({ pipeline, workers }) => {
    await pipeline.commit("later", [sms("first"), delay("d", "1h"), sms("second")]);
    await trigger(pipeline, {});
    await workers.start();
    const [run] = await quiet(pipeline, 1);
    expect(await cancel(pipeline, { execution_id: run?.id ?? "" })).toEqual([run?.id]);

    const [ended] = await pipeline.runs();
    expect(ended).toMatchObject({ status: "cancelled", position: null, wake_at: null });
    expect(ended?.steps.at(-1)).toMatchObject({ s: "run_cancelled", m: "cancelled via API" });
    expect(ended?.steps.length).toBe((run?.steps.length ?? 0) + 1);
    await wakeAll(pipeline, workers);
    await idle(pipeline);
    expect(await sentTo(pipeline)).toEqual(["ann"]);
    expect(await cancel(pipeline, { execution_id: run?.id ?? "" })).toEqual([]);
  });

  it("while it waits is no longer woken by events", async ({ pipeline, workers }) => {
    await pipeline.commit("later", [
      wait("w", { on: [event("Paid")], come: [sms("come")], timeout: [sms("timeout")] }),
    ]);
    await trigger(pipeline, {});
    await workers.start();
    const [run] = await quiet(pipeline, 1);
    expect(await count(pipeline, "waiter")).toBeGreaterThan(0);
    expect(await cancel(pipeline, { recipients: ["ann"] })).toEqual([run?.id]);
    expect(await count(pipeline, "waiter")).toBe(0);

    await pipeline.call("POST", "/v2/event/", { event: "Paid", distinct_id: "ann", properties: {} });
    await idle(pipeline);
    await wakeAll(pipeline, workers);
    await idle(pipeline);
    expect(await statuses(pipeline)).toEqual(["cancelled"]);
    expect(await sentTo(pipeline)).toEqual([]);
    expect(await count(pipeline, "signal")).toBe(0);
  });

  it("while its HTTP call is out ignores the response", async ({ pipeline, workers }) => {
    const server = await startCalledServer();
    const url = `"${server.url}/x"`;
    await pipeline.commit("later", [node("httpapi_fetch", "f", { url }), sms("after")]);
    await trigger(pipeline, {});
    await workers.start();
    const call = await server.request(0);
    expect(await cancel(pipeline, { recipients: ["ann"] })).toHaveLength(1);
    call.answer(200, { answered: true });
    await idle(pipeline);
    expect(await statuses(pipeline)).toEqual(["cancelled"]);
    expect(await sentTo(pipeline)).toEqual([]);
    await server.close();
  });

  it("keeps what it sent, drops the channels whose turn is still to come, and leaves those of finished runs alone", async ({
    pipeline,
    workers,
  }) => {
    await pipeline.addTemplate("both", ["sms", "email"]);
    await pipeline.commit("later", [node("send_smart_channel_routing", "s", { template: "both" })]);
    await pipeline.commit("longer", [
      node("send_smart_channel_routing", "s", { template: "both" }),
      delay("d", "1h"),
    ]);
    const recipients = [{ ...ann, $email: "ann@example.com" }];
    await trigger(pipeline, { recipients, $idempotency_key: "over" });
    await trigger(pipeline, { recipients, workflow: "longer", $idempotency_key: "under way" });
    await workers.start();
    await quiet(pipeline, 2);
    expect(await count(pipeline, "smart_step")).toBe(2);
    expect(await cancel(pipeline, { idempotency_key: "over" })).toEqual([]);
    expect(await cancel(pipeline, { idempotency_key: "under way" })).toHaveLength(1);
    expect(await cancel(pipeline, { recipients: ["ann"] })).toEqual([]);
    expect(await count(pipeline, "smart_step")).toBe(1);
    const messages = await pipeline.messages();
    expect(messages.filter(({ status }) => status === "not_to_be_triggered")).toHaveLength(1);
    expect(messages.filter(({ status }) => status === "to_be_triggered")).toHaveLength(1);
    expect(messages).toHaveLength(4);
  });
});

describe("filters", () => {
  it.beforeEach(async ({ pipeline }) => {
    await pipeline.commit("later", [delay("d", "1h"), sms("second")]);
    await pipeline.commit("other", [delay("d", "1h"), sms("second")]);
  });

  it("must all hold", async ({ pipeline, workers }) => {
    await trigger(pipeline, { recipients: [ann, bob], $idempotency_key: "k1", cancellation_key: "c" });
    await trigger(pipeline, { workflow: "other", $idempotency_key: "k2", cancellation_key: "c" });
    await workers.start();
    const runs = await quiet(pipeline, 3);
    const of = (request: (string | undefined)[], who: string) =>
      runs
        .filter(({ distinct_id, request_id }) => distinct_id === who && request.includes(request_id))
        .map(({ id }) => id);
    const [first] = runs;
    const second = runs.find(({ request_id }) => request_id !== first?.request_id);
    for (const filter of [
      { idempotency_key: "k1", recipients: ["zoe"] },
      { idempotency_key: "k1", workflow_slug: "other" },
      { idempotency_key: "k1", cancellation_key: "d" },
      { execution_id: first?.id ?? "", idempotency_key: "k2" },
      { execution_id: "01NOPE" },
      { recipients: ["__proto__", "constructor", "%", "ann'--"] },
    ]) {
      expect(await cancel(pipeline, filter), JSON.stringify(filter)).toEqual([]);
    }
    expect(await cancel(pipeline, { idempotency_key: "k1", recipients: ["ann"] })).toEqual(
      of([first?.request_id], "ann"),
    );
    expect(await cancel(pipeline, { cancellation_key: "c", workflow_slug: "other" })).toEqual(
      of([second?.request_id], "ann"),
    );
    expect(await cancel(pipeline, { cancellation_key: "c" })).toEqual(of([first?.request_id], "bob"));
  });

  it.for([
    ["a distinct_id", "ann", ["ann"]],
    ["a phone number with spaces and dashes", "+1 415-555-0101", ["bob"]],
    ["an address that two people share", "Shared@Example.com", ["ann", "bob"]],
    ["an object", "team/red", ["red"]],
    ["the address of a recipient who is not stored", "nobody@example.com", ["_transient"]],
    ["a distinct_id with a slash", "team/blue", ["team/blue"]],
  ] as const)("find recipients by %s", async ([_name, text, who], { pipeline, workers }) => {
    const shared = { $email: "shared@example.com" };
    await trigger(pipeline, {
      recipients: [
        { ...ann, ...shared },
        { ...bob, ...shared },
        { distinct_id: "cem", $email: "cem@example.com" },
        { object_type: "team", id: "red", $sms: "+14155550109" },
        { distinct_id: "team/blue", $sms: "+14155550108" },
        { is_transient: true, $email: "nobody@example.com" },
        { is_transient: true, $email: "somebody@example.com" },
      ],
    });
    await workers.start();
    const runs = await quiet(pipeline, 7);
    const cancelled = await cancel(pipeline, { recipients: [text] });
    const names = runs
      .filter(({ id }) => cancelled.includes(id))
      .map(({ distinct_id }) => distinct_id.slice(0, 10));
    expect(names.sort()).toEqual(who);
  });

  it("apply only within their workspace", async ({ pipeline, workers, harness }) => {
    await trigger(pipeline, { $idempotency_key: "k" });
    await workers.start();
    const [run] = await quiet(pipeline, 1);
    const other = await createPipeline(harness);
    const everything = { recipients: null, cancellation_key: null, workflow_slug: null };
    for (const filter of [
      { execution_id: run?.id ?? "", idempotency_key: null },
      { execution_id: null, idempotency_key: "k" },
    ]) {
      expect(await harness.services.engine.cancel(other.workspace_id, { ...everything, ...filter })).toEqual(
        [],
      );
    }
    expect(await statuses(pipeline)).toEqual(["in_progress"]);
  });
});

describe("a request that is not expanded yet", () => {
  it.beforeEach(async ({ pipeline }) => {
    await pipeline.commit("later", [sms("first")]);
  });

  it.for<[string, Partial<CancelFilter>]>([
    ["its idempotency key", { idempotency_key: "k" }],
    ["its cancellation key", { cancellation_key: "c" }],
  ])("is cancelled by %s, and nothing is sent", async ([_name, filter], { pipeline, workers }) => {
    const keys = { $idempotency_key: "k", cancellation_key: "c" };
    const id = await trigger(pipeline, { recipients: [ann, bob], ...keys });
    await trigger(pipeline, { recipients: [{ distinct_id: "cem", $sms: "+14155550103" }] });
    expect(await cancel(pipeline, filter)).toEqual([]);
    expect(await pipeline.request(id)).toMatchObject({
      status: "cancelled",
      errors: [{ error_code: "cancelled", error_description: "cancelled via API before it began" }],
    });
    await workers.start();
    await idle(pipeline);
    expect(await sentTo(pipeline)).toEqual(["cem"]);
  });

  it.for<[string, Partial<CancelFilter>]>([
    ["its key and all its recipients", { idempotency_key: "k", recipients: ["bob", "ann"] }],
    ["its recipients alone", { recipients: ["bob", "ann"] }],
    ["their addresses", { recipients: ["+1 415 555 0100", "+14155550101"] }],
    ["its recipients and its workflow", { recipients: ["ann", "bob", "zoe"], workflow_slug: "later" }],
    ["its key and its workflow", { idempotency_key: "k", workflow_slug: "later" }],
  ])("makes no runs when it is cancelled by %s", async ([_name, filter], { pipeline, workers }) => {
    const id = await trigger(pipeline, { recipients: [ann, bob], $idempotency_key: "k" });
    await trigger(pipeline, { recipients: [{ distinct_id: "cem", $sms: "+14155550103" }] });
    expect(await cancel(pipeline, filter)).toEqual([]);
    await workers.start();
    await idle(pipeline);
    expect(await sentTo(pipeline)).toEqual(["cem"]);
    expect(await pipeline.request(id)).toMatchObject({
      status: "cancelled",
      errors: [
        {
          error_code: "cancelled",
          severity: "info",
          error_description: "cancelled via API before it began, for user 'ann'",
        },
        { error_description: "cancelled via API before it began, for user 'bob'" },
      ],
    });
  });

  it("is untouched by a cancel that does not name it", async ({ pipeline, workers }) => {
    const id = await trigger(pipeline, { $idempotency_key: "k", cancellation_key: "c" });
    for (const filter of [
      { idempotency_key: "other" },
      { idempotency_key: "k", workflow_slug: "other" },
      { idempotency_key: "k", recipients: ["zoe"] },
      { cancellation_key: "d", recipients: ["ann"] },
      { recipients: ["ann"], workflow_slug: "other" },
      { execution_id: "01NOPE", idempotency_key: "k" },
      { execution_id: "01NOPE", recipients: ["ann"] },
    ]) {
      await cancel(pipeline, filter);
    }
    expect((await pipeline.request(id)).status).toBe("accepted");
    await workers.start();
    await idle(pipeline);
    expect(await sentTo(pipeline)).toEqual(["ann"]);
    expect((await pipeline.request(id)).status).toBe("accepted");
  });

  it("loses only the recipients that are named", async ({ pipeline, workers }) => {
    const id = await trigger(pipeline, { recipients: [ann, bob], $idempotency_key: "k" });
    expect(await cancel(pipeline, { idempotency_key: "k", recipients: ["ann"] })).toEqual([]);
    await workers.start();
    await idle(pipeline);
    expect(await sentTo(pipeline)).toEqual(["bob"]);
    expect(await pipeline.request(id)).toMatchObject({
      status: "accepted",
      errors: [{ error_code: "cancelled" }],
    });
  });

  it("does not affect what is triggered afterwards", async ({ pipeline, workers }) => {
    await trigger(pipeline, { recipients: [bob] });
    await cancel(pipeline, { recipients: ["ann"] });
    await trigger(pipeline, { recipients: [ann] });
    await workers.start();
    await idle(pipeline);
    expect((await sentTo(pipeline)).toSorted()).toEqual(["ann", "bob"]);
  });

  it("of an event loses the named workflow and still runs the others", async ({ pipeline, workers }) => {
    await pipeline.commit("later", [sms("first")], { events: ["Moved"] });
    await pipeline.commit("other", [sms("other")], { events: ["Moved"] });
    await pipeline.call("POST", "/v1/user/ann/", { $sms: ann.$sms });
    for (const key of ["k1", "k2", "k3"]) {
      const moved = { event: "Moved", distinct_id: "ann", properties: {}, $idempotency_key: key };
      await pipeline.call("POST", "/v2/event/", moved);
    }
    await cancel(pipeline, { recipients: ["ann"], idempotency_key: "k1", workflow_slug: "later" });
    await cancel(pipeline, { idempotency_key: "k2", workflow_slug: "other" });
    await workers.start();
    await idle(pipeline);
    const sent = (await pipeline.messages()).map(
      (message) => `${message.idempotency_key} ${message.node_ref}`,
    );
    expect(sent.toSorted()).toEqual(["k1 other", "k2 first", "k3 first", "k3 other"]);
  });
});

describe("an open batch", () => {
  const gathering = node("batch", "b", { mode: "accumulate_all", window_type: "fixed", fixed_window: "1h" });
  it.beforeEach(async ({ pipeline, workers }) => {
    await pipeline.commit("later", [gathering, sms("second")]);
    await workers.start();
    for (const [index, key] of ["k1", "k2", "k3"].entries()) {
      await trigger(pipeline, { $idempotency_key: key, data: { n: index + 1 } });
      await quiet(pipeline, index + 1);
    }
  });

  const items = async (pipeline: Pipeline) => {
    const rows = await pipeline.services.db.query<{ n: number }>(
      "select (data->'$batched_events'->x->>'n')::int as n from run, generate_series(0, 9) x where workspace_id = $1 and data->'$batched_events'->x is not null order by x",
      [pipeline.workspace_id],
    );
    return rows.map(({ n }) => n);
  };

  it.for<[string, (pipeline: Pipeline) => Promise<Partial<CancelFilter>>]>([
    ["the run that carries it", async (pipeline) => ({ execution_id: (await pipeline.runs())[0]?.id ?? "" })],
    ["its recipient", async () => ({ recipients: ["ann"] })],
  ])("is deleted with %s", async ([_name, filter], { pipeline, workers }) => {
    const [carrier] = await pipeline.runs();
    expect(await cancel(pipeline, await filter(pipeline))).toEqual([carrier?.id]);
    expect(await count(pipeline, "batch")).toBe(0);
    expect(await count(pipeline, "batch_item")).toBe(0);
    await trigger(pipeline, { data: { n: 4 } });
    await quiet(pipeline, 4);
    await wakeAll(pipeline, workers);
    await pipeline.finished(4);
    expect(await items(pipeline)).toEqual([4]);
  });

  it.for<[string, string[], number[]]>([
    ["that joined it", ["k2"], [1, 3]],
    ["that opened it", ["k1"], [2, 3]],
    ["after another", ["k1", "k3"], [2]],
  ])(
    "loses only the item of a trigger %s, and is sent with the others",
    async ([_name, keys, left], { pipeline, workers }) => {
      for (const key of keys) expect(await cancel(pipeline, { idempotency_key: key })).toEqual([]);
      const runs = await pipeline.runs();
      expect(runs.map(({ steps }) => steps.some(({ s }) => s === "batch_item_cancelled"))).toEqual(
        [1, 2, 3].map((n) => !left.includes(n)),
      );
      await wakeAll(pipeline, workers);
      await pipeline.finished(3);
      expect(await items(pipeline)).toEqual(left);
      expect(await sentTo(pipeline)).toEqual(["ann"]);
    },
  );

  it("loses an item whose run is named by its id", async ({ pipeline, workers }) => {
    const joined = (await pipeline.runs())[1];
    expect(await cancel(pipeline, { execution_id: joined?.id ?? "" })).toEqual([]);
    await wakeAll(pipeline, workers);
    await pipeline.finished(3);
    expect(await items(pipeline)).toEqual([1, 3]);
  });

  it("ends with its carrier when nothing is left in it", async ({ pipeline }) => {
    const [carrier] = await pipeline.runs();
    expect(await cancel(pipeline, { idempotency_key: "k1" })).toEqual([]);
    expect(await cancel(pipeline, { idempotency_key: "k2" })).toEqual([]);
    expect(await cancel(pipeline, { idempotency_key: "k3" })).toEqual([carrier?.id]);
    expect(await count(pipeline, "batch")).toBe(0);
    expect(await statuses(pipeline)).toEqual(["cancelled", "completed", "completed"]);
  });
});

describe("the fan-out of an object", () => {
  async function subscribe(pipeline: Pipeline, people: number): Promise<void> {
    const { db, ids } = pipeline.services;
    await db.tx(async (tx) => {
      const subscribers = Array.from({ length: people }, (_, index) => ({
        object_type: "",
        distinct_id: `p${index}`,
      }));
      for (const { distinct_id } of subscribers) {
        await tx.query("insert into recipient (workspace_id, id, distinct_id) values ($1, $2, $3)", [
          pipeline.workspace_id,
          ids.ulid(),
          distinct_id,
        ]);
      }
      const item = { object_type: "team", object_id: "red", create_if_missing: true, properties: {} };
      await addSubscriptions(tx, pipeline.workspace_id, [{ ...item, subscribers }], ids);
    });
  }
  const red = { object_type: "team", id: "red", $sms: "+14155550109" };
  const objectRun = (runs: RunRow[]) => runs.find(({ distinct_id }) => distinct_id === "red");

  it("ends with the object's run", async ({ pipeline, workers }) => {
    await subscribe(pipeline, 3);
    await pipeline.commit("later", [delay("d", "1h"), sms("second")]);
    await trigger(pipeline, { recipients: [red] });
    await trigger(pipeline, { recipients: ["p0"] });
    await workers.start();
    const runs = await quiet(pipeline, 5);
    const parent = objectRun(runs);
    const own = runs.filter(({ request_id }) => request_id === parent?.request_id).map(({ id }) => id);
    expect(own).toHaveLength(4);
    expect(await cancel(pipeline, { execution_id: parent?.id ?? "" })).toEqual(own);
    expect((await statuses(pipeline)).filter((status) => status === "in_progress")).toHaveLength(1);
  });

  it.for<[string, Partial<CancelFilter>, string[]]>([
    ["the object itself", { recipients: ["team/red"] }, []],
    ["one of the subscribers", { recipients: ["p1"] }, ["red", "p0", "p2"]],
  ])("excludes, before it begins, %s", async ([_name, filter, left], { pipeline, workers }) => {
    await subscribe(pipeline, 3);
    await pipeline.commit("later", [delay("d", "1h")]);
    await trigger(pipeline, { recipients: [red] });
    expect(await cancel(pipeline, filter)).toEqual([]);
    await workers.start();
    await idle(pipeline);
    expect((await pipeline.runs()).map(({ distinct_id }) => distinct_id).toSorted()).toEqual(left.toSorted());
  });

  it.for<[string, Partial<CancelFilter>, (before: number) => number]>([
    ["the object itself", { recipients: ["team/red"] }, (before) => before],
    ["one of the subscribers", { recipients: ["p249"] }, () => 250],
  ])("excludes from further pages %s", async ([_name, filter, expected], { pipeline, workers }) => {
    await subscribe(pipeline, 250);
    await pipeline.commit("later", [delay("d", "1h")]);
    await trigger(pipeline, { recipients: [red] });
    await workers.start();
    await until(async () => objectRun(await pipeline.runs()) !== undefined);
    await workers.stop();
    const before = await pipeline.runs();
    await cancel(pipeline, filter);
    await workers.start();
    await idle(pipeline);
    expect(await pipeline.runs()).toHaveLength(before.length === 251 ? 251 : expected(before.length));
  });

  it.for<[string, (parent: RunRow | undefined) => Partial<CancelFilter>]>([
    ["of an object's run, even a finished one", (parent) => ({ execution_id: parent?.id ?? "" })],
    ["of a trigger", () => ({ idempotency_key: "k" })],
  ])("does not continue when pages %s are still to come", async ([_name, filter], { pipeline, workers }) => {
    await subscribe(pipeline, 250);
    await pipeline.commit("later", [sms("first")]);
    await trigger(pipeline, { recipients: [red], $idempotency_key: "k" });
    await workers.start();
    await until(async () => objectRun(await pipeline.runs()) !== undefined);
    await workers.stop();
    const before = await pipeline.runs();
    expect(await cancel(pipeline, filter(objectRun(before)))).toEqual([]);
    await workers.start();
    await idle(pipeline);
    expect(await pipeline.runs()).toHaveLength(before.length);
  });
});
