import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import { all, condition, group, is, leaf } from "../../test/conditions.ts";
import { branch, node, type Pipeline, sentBy, sms } from "../../test/pipeline.ts";
import {
  allProcessed,
  ANN,
  beginWait,
  event,
  PAID,
  send,
  stepsOf,
  timeIsUp,
  untilWaiting,
  wait,
  waitingRows,
} from "../../test/waiting.ts";
import type { Workers } from "../../test/worker.ts";
import type { StoredNode } from "../catalog/workflow.ts";
import type { Json, JsonObject } from "../core/json.ts";
import branchWaituntil from "./branch-waituntil.ts";

/*
 * Waits as workflows see them. Time is moved by writing `wake_at`. How events find their waits: engine/waiters.test.ts.
 */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

const around = (...nodes: StoredNode[]) => [...nodes, sms("after")];
const simple = around(wait("w", { on: [PAID], come: [sms("come")], timeout: [sms("timeout")] }));

describe("a wait", () => {
  it("takes the event's branch when the event comes, and rejoins", async ({ pipeline, workers, harness }) => {
    await beginWait(pipeline, workers, simple);
    await send(pipeline, "Paid", "ann");

    expect(await pipeline.finished(1)).toMatchObject([
      { status: "completed", position: null, wake_at: null },
    ]);
    expect(await sentBy(pipeline)).toEqual(["come", "after"]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });

  it("takes the default branch when the time is up, and rejoins", async ({ pipeline, workers, harness }) => {
    const worker = await beginWait(pipeline, workers, simple);
    await timeIsUp(pipeline, worker);

    expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
    expect(await sentBy(pipeline)).toEqual(["timeout", "after"]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });

  it.for([
    ["come", ["come"]],
    ["timeout", ["timeout"]],
  ] as const)("ends the run after a terminal branch: %s", async ([way, refs], { pipeline, workers }) => {
    const worker = await beginWait(
      pipeline,
      workers,
      around(
        wait("w", {
          on: [PAID],
          come: [sms("come")],
          timeout: [sms("timeout")],
          terminal: ["come", "timeout"],
        }),
      ),
    );
    if (way === "come") await send(pipeline, "Paid", "ann");
    else await timeIsUp(pipeline, worker);

    expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
    expect(await sentBy(pipeline)).toEqual(refs);
  });

  it("ignores an event that was received before its trigger", async ({ pipeline, workers }) => {
    await pipeline.call("POST", "/v1/user/ann/", { $sms: "+14155550100" });
    await pipeline.commit("waits", simple);
    await send(pipeline, "Paid", "ann");
    await pipeline.trigger({ workflow: "waits", recipients: ["ann"] });
    // Both were accepted while no worker ran: the run begins after the event was stored.
    await workers.start();
    const run = await untilWaiting(pipeline);
    await allProcessed(pipeline);

    expect(await pipeline.runs()).toMatchObject([{ wake_at: run.wake_at }]);
    expect(await sentBy(pipeline)).toEqual([]);
    await send(pipeline, "Paid", "ann");
    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["come", "after"]);
  });

  it("ignores events that its filter rejects, and its log does not grow", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await beginWait(
      pipeline,
      workers,
      around(wait("w", { on: [event("Paid", leaf("amount", ">", "100"))], come: [sms("come")] })),
    );
    const before = await untilWaiting(pipeline);
    for (const amount of [1, 100, "200", null]) await send(pipeline, "Paid", "ann", { amount });
    await send(pipeline, "Paid", "bob", { amount: 500 });
    await send(pipeline, "Refunded", "ann", { amount: 500 });
    await allProcessed(harness);

    expect(await pipeline.runs()).toEqual([{ ...before, updated_at: expect.any(Date) }]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 1, signals: 0 });
    await send(pipeline, "Paid", "ann", { amount: 101 });
    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["come", "after"]);
  });

  it.for<[string, JsonObject[], string, JsonObject, boolean]>([
    ["any of several events", [event("Paid"), event("Cancelled")], "Cancelled", {}, true],
    ["names without regard to case", [event("Order PAID")], "order Paid", {}, true],
    ["names with a common beginning only", [event("Paid")], "Paid twice", {}, false],
    ["names with spaces around them", [event(" Paid ")], "Paid", {}, true],
    [
      "leaves of a filter are AND-ed",
      [event("Paid", leaf("a", "==", "1"), leaf("b", "==", "2"))],
      "Paid",
      { a: 1, b: 3 },
      false,
    ],
    [
      "groups of a filter are OR-ed",
      [event("Paid", all(leaf("a", "==", "1")), all(leaf("b", "==", "2")))],
      "Paid",
      { a: 0, b: 2 },
      true,
    ],
    [
      "a group may be an OR",
      [event("Paid", condition(group("OR", leaf("a", "==", "1"), leaf("b", "==", "2"))))],
      "Paid",
      { b: 2 },
      true,
    ],
    [
      "the same event with two filters",
      [event("Paid", leaf("a", "==", "1")), event("Paid", leaf("a", "==", "2"))],
      "Paid",
      { a: 2 },
      true,
    ],
    [
      "the right side is the run's payload",
      [event("Paid", leaf("order", "==", "order_id"))],
      "Paid",
      { order: "o1", order_id: "o2" },
      true,
    ],
    [
      "the left side is the event's",
      [event("Paid", leaf("order_id", "==", '"o1"', "$future_event"))],
      "Paid",
      {},
      false,
    ],
    [
      "the left side falls back to the payload",
      [event("Paid", leaf("order_id", "==", '"o1"'))],
      "Paid",
      {},
      true,
    ],
    ["the profile", [event("Paid", leaf("tier", "==", "$recipient.tier"))], "Paid", { tier: "gold" }, true],
    ["prototype keys", [event("Paid", leaf("constructor", "NON_EMPTY", ""))], "Paid", {}, false],
    ["prototype names", [event("__proto__")], "__proto__", {}, true],
    ["Unicode", [event("Bestätigt ✓", leaf("straße", "==", '"é"'))], "BESTÄTIGT ✓", { straße: "é" }, true],
  ])("%s", async ([_name, on, name, properties, ends], { pipeline, workers }) => {
    await pipeline.commit("waits", [wait("w", { on, come: [sms("come")] }), sms("after")]);
    await pipeline.trigger({
      workflow: "waits",
      recipients: [{ ...ANN, tier: "gold" }],
      data: { order_id: "o1" },
    });
    await workers.start();
    await untilWaiting(pipeline);
    await send(pipeline, name, "ann", properties);
    await allProcessed(pipeline);

    const [run] = await pipeline.runs();
    expect(run?.status).toBe(ends ? "completed" : "in_progress");
    expect(await sentBy(pipeline)).toEqual(ends ? ["come", "after"] : []);
  });

  it("logs what it waits for, which event came and the values its filter read", async ({
    pipeline,
    workers,
  }) => {
    await beginWait(
      pipeline,
      workers,
      simple.with(0, wait("w", { on: [event("Paid", leaf("amount", ">", "limit"))] })),
      {
        limit: 5,
      },
    );
    await send(pipeline, "paid", "ann", { amount: 7 });

    const [run] = await pipeline.finished(1);
    expect(stepsOf(run, "w")).toMatchObject([
      { s: "waiting", p: { events: ["Paid"] } },
      { s: "resumed", m: "resumed by an event" },
      {
        s: "expression_evaluated",
        m: "branch 'come': event 'paid' came",
        p: { branch: "w-come", event: "paid", conditions: [{ left: 7, right: 5, result: true }] },
      },
    ]);
  });

  it("keeps the event for later conditions, but not in the payload", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await beginWait(pipeline, workers, [
      wait("w", { on: [PAID] }),
      branch("b", [
        { when: is("plan", "pro"), nodes: [sms("payload")] },
        {
          when: all(leaf("plan", "==", '"pro"', "$future_event")),
          nodes: [wait("later", { on: [event("Never")] }), sms("event")],
        },
        { nodes: [sms("default")] },
      ]),
    ]);
    await send(pipeline, "Paid", "ann", { plan: "pro" });
    await until(async () => (await pipeline.runs())[0]?.position === "1.1.0");
    const [row] = await harness.services.db.query<{ data: Json; state: JsonObject }>(
      "select data, state from run where workspace_id = $1",
      [pipeline.workspace_id],
    );
    expect(row).toMatchObject({ data: null, state: { future_event: { plan: "pro" } } });
  });

  it("and the next one follow each other like reminders", async ({ pipeline, workers, harness }) => {
    const reminder = (n: number, inside: StoredNode[]): StoredNode =>
      wait(`w${n}`, {
        on: [PAID],
        come: [sms(`thanks_${n}`)],
        timeout: [sms(`reminder_${n}`), ...inside],
        terminal: ["come"],
      });
    const worker = await beginWait(pipeline, workers, [reminder(1, [reminder(2, [reminder(3, [])])])]);
    await timeIsUp(pipeline, worker);
    await untilWaiting(pipeline, "0.1.1");
    await timeIsUp(pipeline, worker);
    await untilWaiting(pipeline, "0.1.1.1.1");
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 1, signals: 0 });
    await send(pipeline, "Paid", "ann");
    await pipeline.finished(1);

    expect(await sentBy(pipeline)).toEqual(["reminder_1", "reminder_2", "thanks_3"]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });

  it("that follows another is not ended by the same event", async ({ pipeline, workers }) => {
    await beginWait(pipeline, workers, [
      wait("one", { on: [PAID] }),
      wait("two", { on: [PAID] }),
      sms("after"),
    ]);
    await send(pipeline, "Paid", "ann");
    await untilWaiting(pipeline, "1");
    await allProcessed(pipeline);
    expect(await sentBy(pipeline)).toEqual([]);
    await send(pipeline, "Paid", "ann");
    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["after"]);
  });

  it("survives a restart and a new version, and finishes on the version it began with", async ({
    pipeline,
    workers,
  }) => {
    await beginWait(pipeline, workers, simple);
    await workers.stop();
    await pipeline.commit("waits", [sms("new")]);
    await send(pipeline, "Paid", "ann");
    await workers.start();

    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["come", "after"]);
  });

  it("ends on an event that also starts a workflow", async ({ pipeline, workers }) => {
    await pipeline.commit("receipt", [sms("receipt")], { events: ["Paid"] });
    await beginWait(pipeline, workers, simple);
    await send(pipeline, "Paid", "ann");

    await pipeline.finished(2);
    expect((await sentBy(pipeline)).toSorted()).toEqual(["after", "come", "receipt"]);
  });

  it("ends on the event of a list that its user enters or leaves", async ({ pipeline, workers, harness }) => {
    await beginWait(
      pipeline,
      workers,
      around(wait("w", { on: [event("$USER_ENTERED_LIST - VIPs")], come: [sms("come")] })),
    );
    await harness.services.engine.accept({
      workspace_id: pipeline.workspace_id,
      lane: 1,
      api_type: "event",
      name: "$USER_ENTERED_LIST - vips",
      tenant_id: null,
      idempotency_key: null,
      cancellation_key: null,
      body: JSON.stringify({
        event: "$USER_ENTERED_LIST - vips",
        distinct_id: "ann",
        properties: { list_id: "vips" },
      }),
      metadata: null,
    });

    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["come", "after"]);
  });
});

describe("whose events end a wait", () => {
  async function isEndedBy(
    pipeline: Pipeline,
    workers: Workers,
    body: { recipients: (string | JsonObject)[]; actor?: Json },
    who: string,
  ): Promise<boolean> {
    await pipeline.commit("waits", [wait("w", { on: [PAID] })]);
    await pipeline.trigger({ workflow: "waits", ...body });
    await workers.start();
    await untilWaiting(pipeline);
    await send(pipeline, "Paid", who);
    await allProcessed(pipeline);
    return (await pipeline.runs())[0]?.status === "completed";
  }
  const object = { object_type: "team", id: "blue", $sms: "+14155550144" };
  const transient = { is_transient: true, $sms: "+14155550122" };

  it.for<[string, { recipients: (string | JsonObject)[]; actor?: Json }, string, boolean]>([
    ["its recipient's", { recipients: [ANN] }, "ann", true],
    ["not another user's", { recipients: [ANN] }, "bob", false],
    ["not its actor's where the recipient is a user", { recipients: [ANN], actor: "bob" }, "bob", false],
    ["its actor's where the recipient is an object", { recipients: [object], actor: "bob" }, "bob", true],
    [
      "its actor's where the recipient is only an address",
      { recipients: [transient], actor: "bob" },
      "bob",
      true,
    ],
    ["of an object without an actor: none", { recipients: [object] }, "blue", false],
    [
      "of a user without a profile",
      { recipients: [{ distinct_id: "zoe", $sms: "+14155550133", $skip_create: true }] },
      "zoe",
      true,
    ],
  ])("%s", async ([_name, body, who, ends], { pipeline, workers }) => {
    expect(await isEndedBy(pipeline, workers, body, who)).toBe(ends);
  });
});

describe("the longest time", () => {
  const dynamic = (value: string) => ({ delay_type: "dynamic", value });
  it.for<[string, JsonObject, () => JsonObject, number]>([
    ["fixed", { delay_type: "fixed", value: "1h30m" }, () => ({}), 5_400_000],
    ["in the other published spelling", { delay_type: "fixed", duration: "1h" }, () => ({}), 3_600_000],
    ["dynamic", dynamic(".patience"), () => ({ patience: 900 }), 900_000],
    [
      "relative",
      {
        delay_type: "relative_to",
        relative_to: {
          pivot_expr: ".at",
          offset_type: "after",
          offset_value_type: "fixed",
          offset_value: "1h",
        },
      },
      () => ({ at: new Date(Date.now() + 3_600_000).toISOString() }),
      7_200_000,
    ],
  ])("may be %s", async ([_name, longest, data, ms], { pipeline, workers }) => {
    await beginWait(pipeline, workers, [wait("w", { on: [PAID], until: longest })], data());
    const run = await untilWaiting(pipeline);
    expect(Math.abs((run.wake_at?.getTime() ?? 0) - run.created_at.getTime() - ms)).toBeLessThan(30_000);
  });

  it("of zero takes the default branch at once", async ({ pipeline, workers }) => {
    await pipeline.commit(
      "waits",
      around(
        wait("w", { on: [PAID], until: { delay_type: "fixed", value: "0s" }, timeout: [sms("timeout")] }),
      ),
    );
    await pipeline.trigger({ workflow: "waits", recipients: [ANN] });
    await workers.start();

    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["timeout", "after"]);
  });

  it.for<[string, Json | undefined]>([
    ["nothing", undefined],
    ["text", "soon"],
    ["the past", "2020-01-01T00:00:00Z"],
    ["a map", {}],
  ])(
    "of %s stops the run, and logs the reason",
    async ([_name, patience], { pipeline, workers, harness }) => {
      await pipeline.commit("waits", around(wait("w", { on: [PAID], until: dynamic(".patience") })));
      const data = patience === undefined ? {} : { patience };
      await pipeline.trigger({ workflow: "waits", recipients: [ANN], data });
      await workers.start();

      const [run] = await pipeline.finished(1);
      expect(run).toMatchObject({ status: "failed" });
      expect(run?.steps.at(-1)).toMatchObject({
        s: "node_failed",
        n: "w",
        p: { code: "dynamic_value_invalid" },
      });
      expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
    },
  );
});

it("that lost its default branch fails with a reason", async ({ pipeline, workers }) => {
  const [half] = simple;
  await pipeline.commit("waits", [{ ...half, branches: half?.branches?.slice(0, 1) } as StoredNode]);
  await pipeline.trigger({ workflow: "waits", recipients: [ANN] });
  await workers.start();
  const [run] = await pipeline.finished(1);
  expect(run?.steps.at(-1)).toMatchObject({ s: "node_failed", n: "w", p: { code: "wait_incomplete" } });
});

it("whose stored conditions no longer make sense fails with the branch and the field", async ({
  pipeline,
  workers,
}) => {
  await pipeline.commit("waits", [wait("w", { on: [{ type: "future_event" }] }), node("delay", "d")]);
  await pipeline.trigger({ workflow: "waits", recipients: [ANN] });
  await workers.start();
  const [run] = await pipeline.finished(1);
  expect(run?.steps.at(-1)?.m).toMatch(/^w-come\.conditions\.0\.event_name: /);
});

it("names the expressions of its longest time by their path in the conditions", () => {
  const rules = branchWaituntil.branches;
  const longest = (delay_properties: JsonObject) => {
    const parsed = rules?.conditions(true).parse([{ type: "delay", delay_properties }]);
    return parsed === undefined ? undefined : rules?.expressions?.(parsed);
  };
  expect(longest({ delay_type: "dynamic", value: ".patience" })).toEqual([
    { path: "[0].delay_properties.value", language: "jq", source: ".patience" },
  ]);
  expect(
    longest({
      delay_type: "relative_to",
      relative_to: {
        pivot_expr: ".at",
        offset_type: "after",
        offset_value_type: "fixed",
        offset_value: "1h",
      },
    }),
  ).toEqual([{ path: "[0].delay_properties.relative_to.pivot_expr", language: "jq", source: ".at" }]);
  expect(longest({ delay_type: "fixed", value: "1h" })).toEqual([]);
});
