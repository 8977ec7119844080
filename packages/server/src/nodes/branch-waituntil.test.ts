import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../test/harness.ts";
import {
  branch,
  createPipeline,
  delay,
  is,
  node,
  type Pipeline,
  type RunRow,
  sms,
} from "../../test/pipeline.ts";
import { event, group, leaf, send, wait, waitingRows } from "../../test/waiting.ts";
import { startWorker, type Worker } from "../../test/worker.ts";
import type { StoredNode } from "../catalog/workflow.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { profileFromRecipient } from "../core/profile/profile-operations.ts";
import { createQueue } from "../queue/queue.ts";
import { signalProfiles } from "../engine/waits/profile-signals.ts";
import { createSilentLog } from "../log.ts";
import branchWaituntil from "./branch-waituntil.ts";

/*
 * Waits as workflows see them. Time is moved by writing `wake_at`. How events find their waits: engine/waiters.test.ts.
 */
let harness: Harness;
let pipeline: Pipeline;
let workers: Worker[] = [];

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
});
afterAll(() => harness.close());
beforeEach(async () => {
  pipeline = await createPipeline(harness);
  await pipeline.addTemplate("text");
});
afterEach(stopWorkers);

async function work(): Promise<Worker> {
  const worker = await startWorker(harness);
  workers.push(worker);
  return worker;
}

async function stopWorkers(): Promise<void> {
  for (const worker of workers) await worker.stop();
  workers = [];
}

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const PAID = event("Paid");
const around = (...nodes: StoredNode[]) => [...nodes, sms("after")];
const sentBy = async () => (await pipeline.messages()).map(({ node_ref }) => node_ref);
const stepsOf = (run: RunRow | undefined, ref: string) => run?.steps.filter(({ n }) => n === ref) ?? [];

/** The one run, once it waits at a position. */
const waiting = (position = "0") =>
  until(async () => {
    const [run] = await pipeline.runs();
    return run?.position === position && run.wake_at !== null ? run : null;
  });

async function timeIsUp(worker: Worker): Promise<void> {
  await harness.services.db.query(
    "update run set wake_at = now() - interval '1 second' where workspace_id = $1 and wake_at is not null",
    [pipeline.workspace_id],
  );
  await worker.wake();
}

/** Resolves when every event so far has been signalled and processed. */
const allProcessed = () =>
  until(async () => {
    const [row] = await harness.services.db.query<{ busy: boolean }>(
      "select exists (select from pgboss.job where state <= 'active' and name ~ '^(expand|execute)') as busy",
    );
    return row?.busy === false;
  });

async function begin(nodes: StoredNode[], data: JsonObject = {}): Promise<Worker> {
  await pipeline.commit("waits", nodes);
  await pipeline.trigger({ workflow: "waits", recipients: [ann], data });
  const worker = await work();
  await waiting();
  return worker;
}

const simple = around(wait("w", { on: [PAID], come: [sms("come")], timeout: [sms("timeout")] }));

describe("a wait", () => {
  it("takes the event's branch when the event comes, and rejoins", async () => {
    await begin(simple);
    await send(pipeline, "Paid", "ann");

    expect(await pipeline.finished(1)).toMatchObject([
      { status: "completed", position: null, wake_at: null },
    ]);
    expect(await sentBy()).toEqual(["come", "after"]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });

  it("takes the default branch when the time is up, and rejoins", async () => {
    const worker = await begin(simple);
    await timeIsUp(worker);

    expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
    expect(await sentBy()).toEqual(["timeout", "after"]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });

  it.each([
    ["come", ["come"]],
    ["timeout", ["timeout"]],
  ] as const)("ends the run after a terminal branch: %s", async (way, refs) => {
    const worker = await begin(
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
    else await timeIsUp(worker);

    expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
    expect(await sentBy()).toEqual(refs);
  });

  it("ignores an event that was received before it began", async () => {
    await pipeline.call("POST", "/v1/user/ann/", { $sms: "+14155550100" });
    await pipeline.commit("waits", simple);
    await send(pipeline, "Paid", "ann");
    await pipeline.trigger({ workflow: "waits", recipients: ["ann"] });
    await send(pipeline, "Paid", "ann");
    // All three were accepted while no worker ran: the wait begins after both events.
    await work();
    const run = await waiting();
    await allProcessed();

    expect(await pipeline.runs()).toMatchObject([{ wake_at: run.wake_at }]);
    expect(await sentBy()).toEqual([]);
    await send(pipeline, "Paid", "ann");
    await pipeline.finished(1);
    expect(await sentBy()).toEqual(["come", "after"]);
  });

  it("ignores events that its filter rejects, and its log does not grow", async () => {
    await begin(around(wait("w", { on: [event("Paid", leaf("amount", ">", "100"))], come: [sms("come")] })));
    const before = await waiting();
    for (const amount of [1, 100, "200", null]) await send(pipeline, "Paid", "ann", { amount });
    await send(pipeline, "Paid", "bob", { amount: 500 });
    await send(pipeline, "Refunded", "ann", { amount: 500 });
    await allProcessed();

    expect(await pipeline.runs()).toEqual([{ ...before, updated_at: expect.any(Date) }]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 1, signals: 0 });
    await send(pipeline, "Paid", "ann", { amount: 101 });
    await pipeline.finished(1);
    expect(await sentBy()).toEqual(["come", "after"]);
  });

  it.each<[string, JsonObject[], string, JsonObject, boolean]>([
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
      [event("Paid", group("AND", leaf("a", "==", "1")), group("AND", leaf("b", "==", "2")))],
      "Paid",
      { a: 0, b: 2 },
      true,
    ],
    [
      "a group may be an OR",
      [event("Paid", group("OR", leaf("a", "==", "1"), leaf("b", "==", "2")))],
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
  ])("%s", async (_name, on, name, properties, ends) => {
    await pipeline.commit("waits", [wait("w", { on, come: [sms("come")] }), sms("after")]);
    await pipeline.trigger({
      workflow: "waits",
      recipients: [{ ...ann, tier: "gold" }],
      data: { order_id: "o1" },
    });
    await work();
    await waiting();
    await send(pipeline, name, "ann", properties);
    await allProcessed();

    const [run] = await pipeline.runs();
    expect(run?.status).toBe(ends ? "completed" : "in_progress");
    expect(await sentBy()).toEqual(ends ? ["come", "after"] : []);
  });

  it("logs what it waits for, which event came and the values its filter read", async () => {
    await begin(simple.with(0, wait("w", { on: [event("Paid", leaf("amount", ">", "limit"))] })), {
      limit: 5,
    });
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

  it("keeps the event for later conditions, but not in the payload", async () => {
    await begin([
      wait("w", { on: [PAID] }),
      branch("b", [
        { when: is("plan", "pro"), nodes: [sms("payload")] },
        {
          when: group("AND", leaf("plan", "==", '"pro"', "$future_event")) as never,
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

  it("and the next one follow each other like reminders", async () => {
    const reminder = (n: number, inside: StoredNode[]): StoredNode =>
      wait(`w${n}`, {
        on: [PAID],
        come: [sms(`thanks_${n}`)],
        timeout: [sms(`reminder_${n}`), ...inside],
        terminal: ["come"],
      });
    const worker = await begin([reminder(1, [reminder(2, [reminder(3, [])])])]);
    await timeIsUp(worker);
    await waiting("0.1.1");
    await timeIsUp(worker);
    await waiting("0.1.1.1.1");
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 1, signals: 0 });
    await send(pipeline, "Paid", "ann");
    await pipeline.finished(1);

    expect(await sentBy()).toEqual(["reminder_1", "reminder_2", "thanks_3"]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });

  it("that follows another is not ended by the same event", async () => {
    await begin([wait("one", { on: [PAID] }), wait("two", { on: [PAID] }), sms("after")]);
    await send(pipeline, "Paid", "ann");
    await waiting("1");
    await allProcessed();
    expect(await sentBy()).toEqual([]);
    await send(pipeline, "Paid", "ann");
    await pipeline.finished(1);
    expect(await sentBy()).toEqual(["after"]);
  });

  it("survives a restart and a new version, and finishes on the version it began with", async () => {
    await begin(simple);
    await stopWorkers();
    await pipeline.commit("waits", [sms("new")]);
    await send(pipeline, "Paid", "ann");
    await work();

    await pipeline.finished(1);
    expect(await sentBy()).toEqual(["come", "after"]);
  });

  it("ends on an event that also starts a workflow", async () => {
    await pipeline.commit("receipt", [sms("receipt")], { events: ["Paid"] });
    await begin(simple);
    await send(pipeline, "Paid", "ann");

    await pipeline.finished(2);
    expect((await sentBy()).toSorted()).toEqual(["after", "come", "receipt"]);
  });

  it("ends on the event of a list that its user enters or leaves", async () => {
    await begin(around(wait("w", { on: [event("$USER_ENTERED_LIST - VIPs")], come: [sms("come")] })));
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
    expect(await sentBy()).toEqual(["come", "after"]);
  });
});

describe("whose events end a wait", () => {
  async function isEndedBy(
    body: { recipients: (string | JsonObject)[]; actor?: Json },
    who: string,
  ): Promise<boolean> {
    await pipeline.commit("waits", [wait("w", { on: [PAID] })]);
    await pipeline.trigger({ workflow: "waits", ...body });
    await work();
    await waiting();
    await send(pipeline, "Paid", who);
    await allProcessed();
    return (await pipeline.runs())[0]?.status === "completed";
  }
  const object = { object_type: "team", id: "blue", $sms: "+14155550144" };
  const transient = { is_transient: true, $sms: "+14155550122" };

  it.each<[string, { recipients: (string | JsonObject)[]; actor?: Json }, string, boolean]>([
    ["its recipient's", { recipients: [ann] }, "ann", true],
    ["not another user's", { recipients: [ann] }, "bob", false],
    ["not its actor's where the recipient is a user", { recipients: [ann], actor: "bob" }, "bob", false],
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
  ])("%s", async (_name, body, who, ends) => {
    expect(await isEndedBy(body, who)).toBe(ends);
  });
});

describe("the longest time", () => {
  const dynamic = (value: string) => ({ delay_type: "dynamic", value });
  it.each<[string, JsonObject, () => JsonObject, number]>([
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
  ])("may be %s", async (_name, longest, data, ms) => {
    await begin([wait("w", { on: [PAID], until: longest })], data());
    const run = await waiting();
    expect(Math.abs((run.wake_at?.getTime() ?? 0) - run.created_at.getTime() - ms)).toBeLessThan(30_000);
  });

  it("of zero takes the default branch at once", async () => {
    await pipeline.commit(
      "waits",
      around(
        wait("w", { on: [PAID], until: { delay_type: "fixed", value: "0s" }, timeout: [sms("timeout")] }),
      ),
    );
    await pipeline.trigger({ workflow: "waits", recipients: [ann] });
    await work();

    await pipeline.finished(1);
    expect(await sentBy()).toEqual(["timeout", "after"]);
  });

  it.each<[string, Json | undefined]>([
    ["nothing", undefined],
    ["text", "soon"],
    ["the past", "2020-01-01T00:00:00Z"],
    ["a map", {}],
  ])("of %s stops the run, and logs the reason", async (_name, patience) => {
    await pipeline.commit("waits", around(wait("w", { on: [PAID], until: dynamic(".patience") })));
    const data = patience === undefined ? {} : { patience };
    await pipeline.trigger({ workflow: "waits", recipients: [ann], data });
    await work();

    const [run] = await pipeline.finished(1);
    expect(run).toMatchObject({ status: "failed" });
    expect(run?.steps.at(-1)).toMatchObject({
      s: "node_failed",
      n: "w",
      p: { code: "dynamic_value_invalid" },
    });
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });
});

describe("conditions of a wait", () => {
  const gold = group("AND", leaf("tier", "==", '"gold"', "$recipient"));
  const nodes = around(wait("w", { on: [PAID, gold], come: [sms("come")], timeout: [sms("timeout")] }));

  /** Edits a profile as an endpoint does: in the transaction of the edit, the waiting runs are signalled. */
  async function setTier(tier: string): Promise<void> {
    const { db, recipients } = harness.services;
    const queue = createQueue({
      db,
      url: harness.databaseUrl,
      log: createSilentLog(),
      observe: () => {},
    });
    await queue.start({ worker: false });
    const { workspace_id } = pipeline;
    const { operations } = profileFromRecipient({ tier });
    await db.tx(async (tx) => {
      const outcomes = await recipients.apply(tx, workspace_id, [
        { object_type: "", distinct_id: "ann", operations, mode: "lenient", restore: false, create: false },
      ]);
      await signalProfiles(tx, workspace_id, outcomes, new Date(), queue);
    });
    await queue.stop();
  }

  it("that are already true do not wait", async () => {
    await pipeline.commit("waits", nodes);
    await pipeline.trigger({ workflow: "waits", recipients: [{ ...ann, tier: "gold" }] });
    await work();

    const [run] = await pipeline.finished(1);
    expect(await sentBy()).toEqual(["come", "after"]);
    expect(stepsOf(run, "w")).toMatchObject([
      { s: "expression_evaluated", p: { branch: "w-come", result: true, conditions: [{ left: "gold" }] } },
    ]);
  });

  it("are evaluated again when the profile they read changes", async () => {
    await begin(nodes);
    const before = await waiting();
    await setTier("silver");
    await allProcessed();
    expect(await pipeline.runs()).toEqual([{ ...before, updated_at: expect.any(Date) }]);
    await setTier("gold");
    await pipeline.finished(1);

    expect(await sentBy()).toEqual(["come", "after"]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });

  it("do not miss a change between reading the profile and the wait", async () => {
    const { db } = harness.services;
    await pipeline.commit("waits", [delay("d", "1h"), ...nodes]);
    await pipeline.trigger({ workflow: "waits", recipients: [ann] });
    const worker = await work();
    const run = await waiting();
    const [recipient] = await db.query<{ id: string }>("select id from recipient where workspace_id = $1", [
      pipeline.workspace_id,
    ]);
    const changed = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    // The walk has read the profile, and cannot write its waiter until this transaction ends.
    const holding = db
      .tx(async (tx) => {
        await tx.query(
          "insert into waiter (workspace_id, key, topic, run_id, wait_id) values ($1, $2, '$profile', $3, 'held')",
          [pipeline.workspace_id, recipient?.id, run.id],
        );
        held.resolve();
        await changed.promise;
        throw new Error("rolled back");
      })
      .catch(() => {});
    await held.promise;
    await timeIsUp(worker);
    await until(async () => {
      const [row] = await db.query<{ waits: boolean }>(
        `select exists (select from pg_stat_activity
                         where datname = current_database() and wait_event_type = 'Lock') as waits`,
      );
      return row?.waits;
    });
    await setTier("gold");
    changed.resolve();
    await holding;

    await pipeline.finished(1);
    expect(await sentBy()).toEqual(["come", "after"]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });

  it("can be combined with events, any of which is enough", async () => {
    await begin(nodes);
    await send(pipeline, "Paid", "ann");
    await pipeline.finished(1);
    expect(await sentBy()).toEqual(["come", "after"]);
  });

  it("on the payload alone watch no profile", async () => {
    await begin([wait("w", { on: [group("AND", leaf("a", "==", "1"))] })]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });
});

it("that lost its default branch fails with a reason", async () => {
  const [half] = simple;
  await pipeline.commit("waits", [{ ...half, branches: half?.branches?.slice(0, 1) } as StoredNode]);
  await pipeline.trigger({ workflow: "waits", recipients: [ann] });
  await work();
  const [run] = await pipeline.finished(1);
  expect(run?.steps.at(-1)).toMatchObject({ s: "node_failed", n: "w", p: { code: "wait_incomplete" } });
});

it("whose stored conditions no longer make sense fails with the branch and the field", async () => {
  await pipeline.commit("waits", [wait("w", { on: [{ type: "future_event" }] }), node("delay", "d")]);
  await pipeline.trigger({ workflow: "waits", recipients: [ann] });
  await work();
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
