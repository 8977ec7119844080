import { afterAll, beforeEach, describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import { node, type Pipeline, type RunRow, sms, type TriggerBody, sentBy } from "../../test/pipeline.ts";
import { startWorker, type Worker } from "../../test/worker.ts";
import { schemaProblems } from "../authoring/schema-problems.ts";
import type { Json, JsonObject } from "../core/json.ts";
import batch from "./batch.ts";

let worker: Worker;
let now = new Date();

it.beforeAll(async ({ harness }) => {
  worker = await startWorker(harness, { clock: async () => now });
});
afterAll(async () => {
  await worker.stop();
});
it.beforeEach(async ({ pipeline }) => {
  now = new Date("2026-07-17T12:00:00Z");
  await pipeline.addTemplate("text");
});

const HOUR = 3_600_000;
const MINUTE = 60_000;
const ann = { distinct_id: "ann", $sms: "+14155550100" };
const bob = { distinct_id: "bob", $sms: "+14155550101" };

const gathering = (properties: JsonObject, ref = "batch_1") =>
  node("batch", ref, { mode: "accumulate_all", window_type: "fixed", fixed_window: "1h", ...properties });
const flushing = gathering({ mode: "flush_leading_item" });
const dynamic = gathering({ window_type: "dynamic", dynamic_window_expr: ".window" });

/** All runs, once there are this many and each has ended or sleeps. */
const quiet = (pipeline: Pipeline, count: number) =>
  until(async () => {
    const runs = await pipeline.runs();
    const isQuiet = ({ status, wake_at }: RunRow) =>
      status !== "in_progress" || (wake_at !== null && wake_at > now);
    return runs.length >= count && runs.every(isQuiet) ? runs : null;
  });

let triggered = 0;
beforeEach(() => {
  triggered = 0;
});

/** Triggers and waits, so that runs arrive in the order of the test. Returns the last run. */
async function trigger(
  pipeline: Pipeline,
  data: JsonObject = {},
  body: Partial<TriggerBody> = {},
): Promise<RunRow> {
  await pipeline.trigger({ workflow: "orders", recipients: [ann], data, ...body });
  triggered += 1;
  const run = (await quiet(pipeline, triggered)).at(-1);
  if (run === undefined) throw new Error("no run");
  return run;
}

async function later(pipeline: Pipeline, ms: number): Promise<RunRow[]> {
  now = new Date(now.getTime() + ms);
  await worker.wake();
  return quiet(pipeline, triggered);
}

/** The batch payloads of runs that went through a batch, in the order of their triggers. */
async function outputs(pipeline: Pipeline): Promise<{ count: Json; items: Json }[]> {
  const rows = await pipeline.services.db.query<{ data: JsonObject }>(
    "select data from run where workspace_id = $1 and data->'$batched_events' is not null order by id",
    [pipeline.workspace_id],
  );
  return rows.map(({ data }) => ({
    count: data.$batched_events_count ?? null,
    items: data.$batched_events ?? null,
  }));
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => ({ n: index + 1 }));
const endOf = (run: RunRow | undefined) => run?.steps.findLast(({ n }) => n === "batch_1");

describe("a batch that accumulates", () => {
  it("sends once for twelve triggers, with the first ten and the count of all", async ({ pipeline }) => {
    await pipeline.commit("orders", [gathering({}), sms("send")]);
    for (const data of upTo(12)) await trigger(pipeline, data);
    expect(await sentBy(pipeline)).toEqual([]);
    const runs = await later(pipeline, HOUR);

    expect(runs.every(({ status }) => status === "completed")).toBe(true);
    expect(await sentBy(pipeline)).toEqual(["send"]);
    expect((await pipeline.messages())[0]?.execution_id).toBe(runs[0]?.id);
    expect(await outputs(pipeline)).toEqual([{ count: 12, items: upTo(10) }]);
  });

  it.for<[string, JsonObject, number[]]>([
    ["the first of them", { retain_count: 2 }, [1, 2]],
    ["the last of them, in order of arrival", { retain_count: 2, retain_order: "last" }, [3, 4]],
    ["one", { retain_count: 1, retain_order: "last" }, [4]],
    ["all", { retain_count: 100, retain_order: "last" }, [1, 2, 3, 4]],
    ["ten where nothing is said", { retain_count: null, retain_order: null }, [1, 2, 3, 4]],
  ])("retains %s", async ([_name, retention, expected], { pipeline }) => {
    await pipeline.commit("orders", [gathering(retention), sms("send")]);
    for (const data of upTo(4)) await trigger(pipeline, data);
    await later(pipeline, HOUR);
    expect(await outputs(pipeline)).toEqual([{ count: 4, items: expected.map((n) => ({ n })) }]);
  });

  it("completes runs that join, and logs which run they joined and until when", async ({ pipeline }) => {
    await pipeline.commit("orders", [gathering({}), sms("send")]);
    const opener = await trigger(pipeline);
    const joined = await trigger(pipeline);
    const step = endOf(joined);
    const batch_id = step?.p?.batch_id as string;
    expect(joined).toMatchObject({ status: "completed", position: null, wake_at: null });
    expect(step).toMatchObject({
      s: "run_stopped",
      m: `joined batch ${batch_id} carried by ${opener.id}`,
      p: {
        code: "batch_absorbed",
        carrier_execution_id: opener.id,
        closes_at: new Date(now.getTime() + HOUR).toISOString(),
      },
    });
    expect(opener.steps.find(({ p }) => p?.batch_id === batch_id)?.m).toBe(`carries batch ${batch_id}`);
  });

  it("continues with the opener's own payload next to the gathered items", async ({ pipeline, harness }) => {
    await pipeline.commit("orders", [gathering({}), sms("send")]);
    await trigger(pipeline, { shop: "one" });
    await trigger(pipeline, { shop: "two" });
    await later(pipeline, HOUR);
    const [row] = await harness.services.db.query<{ data: JsonObject }>(
      "select data from run where workspace_id = $1 and data is not null",
      [pipeline.workspace_id],
    );
    expect(row?.data).toMatchObject({
      shop: "one",
      $batched_events: [{ shop: "one" }, { shop: "two" }],
      $batched_events_count: 2,
    });
  });

  it("opens a new batch for a run that comes after it closed", async ({ pipeline }) => {
    await pipeline.commit("orders", [gathering({}), sms("send")]);
    await trigger(pipeline, { n: 1 });
    await later(pipeline, HOUR);
    const second = await trigger(pipeline, { n: 2 });
    expect(second.wake_at).toEqual(new Date(now.getTime() + HOUR));
    await later(pipeline, HOUR);
    expect(await outputs(pipeline)).toEqual([
      { count: 1, items: [{ n: 1 }] },
      { count: 1, items: [{ n: 2 }] },
    ]);
    expect(await sentBy(pipeline)).toEqual(["send", "send"]);
  });

  it("keeps recipients and tenants apart", async ({ pipeline }) => {
    await pipeline.commit("orders", [gathering({}), sms("send")]);
    await pipeline.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    await trigger(pipeline, { n: 1 });
    await trigger(pipeline, { n: 2 }, { recipients: [bob] });
    await trigger(pipeline, { n: 3 }, { tenant_id: "acme" });
    await trigger(pipeline, { n: 4 });
    await later(pipeline, HOUR);
    expect(await outputs(pipeline)).toEqual([
      { count: 2, items: [{ n: 1 }, { n: 4 }] },
      { count: 1, items: [{ n: 2 }] },
      { count: 1, items: [{ n: 3 }] },
    ]);
  });

  it("treats transient recipients with the same addresses as the same person", async ({ pipeline }) => {
    await pipeline.commit("orders", [gathering({}), sms("send")]);
    const passerby = (phone: string) => ({ recipients: [{ is_transient: true, $sms: phone }] });
    await trigger(pipeline, { n: 1 }, passerby("+14155550122"));
    await trigger(pipeline, { n: 2 }, passerby("+14155550133"));
    await trigger(pipeline, { n: 3 }, passerby("+14155550122"));
    await later(pipeline, HOUR);
    expect(await outputs(pipeline)).toEqual([
      { count: 2, items: [{ n: 1 }, { n: 3 }] },
      { count: 1, items: [{ n: 2 }] },
    ]);
    expect((await pipeline.messages()).map(({ channel_value }) => channel_value)).toEqual([
      "+14155550122",
      "+14155550133",
    ]);
  });

  it("lets runs of a newer version join, and finishes on the version that opened it", async ({
    pipeline,
  }) => {
    await pipeline.commit("orders", [gathering({}), sms("old")]);
    await trigger(pipeline, { n: 1 });
    await pipeline.commit("orders", [gathering({ fixed_window: "5h", retain_count: 1 }), sms("new")]);
    await trigger(pipeline, { n: 2 });
    await later(pipeline, HOUR);
    expect(await sentBy(pipeline)).toEqual(["old"]);
    expect(await outputs(pipeline)).toEqual([{ count: 2, items: [{ n: 1 }, { n: 2 }] }]);
    const next = await trigger(pipeline, { n: 3 });
    expect(next.wake_at).toEqual(new Date(now.getTime() + 5 * HOUR));
  });

  it("is deleted with its recipient", async ({ pipeline }) => {
    await pipeline.commit("orders", [gathering({}), sms("send")]);
    await trigger(pipeline, { n: 1 });
    await trigger(pipeline, { n: 2 });
    await pipeline.call("DELETE", "/v1/user/ann/");
    expect((await later(pipeline, HOUR))[0]).toMatchObject({ status: "failed" });
    await trigger(pipeline, { n: 3 });
    await later(pipeline, HOUR);
    expect(await outputs(pipeline)).toEqual([{ count: 1, items: [{ n: 3 }] }]);
  });
});

describe("batch_key", () => {
  const keyed = gathering({ batch_key: ".key" });

  it("separates values, and treats objects as equal in any order of their keys", async ({ pipeline }) => {
    await pipeline.commit("orders", [keyed, sms("send")]);
    const keys: Json[] = ["1", 1, { a: 1, b: [2] }, { b: [2], a: 1 }, true, "1", "🎈", "🎈"];
    for (const key of keys) await trigger(pipeline, { key });
    await later(pipeline, HOUR);
    expect((await outputs(pipeline)).map(({ count }) => count)).toEqual([2, 1, 2, 1, 2]);
  });

  it("has one bucket for all triggers without it, shared with null", async ({ pipeline }) => {
    await pipeline.commit("orders", [keyed, sms("send")]);
    for (const data of [{}, { key: null }, { key: "null" }]) await trigger(pipeline, data);
    await later(pipeline, HOUR);
    expect((await outputs(pipeline)).map(({ count }) => count)).toEqual([2, 1]);
  });

  it("that cannot be evaluated counts as missing, with a warning", async ({ pipeline }) => {
    await pipeline.commit("orders", [gathering({ batch_key: ".key.id" }), sms("send")]);
    const run = await trigger(pipeline, { key: "text" });
    await trigger(pipeline, {});
    expect(run.steps.find(({ l }) => l === "warning")?.m).toMatch(
      /batch_key: jq-expression '\.key\.id': .*; taken for null/,
    );
    expect((await later(pipeline, HOUR))[0]).toMatchObject({ status: "partial_failure" });
    expect(await outputs(pipeline)).toMatchObject([{ count: 2 }]);
  });
});

describe("a window", () => {
  it("once open is not moved by a later run's longer or shorter window", async ({ pipeline }) => {
    await pipeline.commit("orders", [dynamic, sms("send")]);
    const opener = await trigger(pipeline, { window: "1h" });
    await trigger(pipeline, { window: "10d" });
    await trigger(pipeline, { window: 1 });
    expect((await quiet(pipeline, 3))[0]?.wake_at).toEqual(opener.wake_at);
    await later(pipeline, HOUR - 1);
    expect(await sentBy(pipeline)).toEqual([]);
    await later(pipeline, 1);
    expect(await outputs(pipeline)).toMatchObject([{ count: 3 }]);
  });

  it.for<[string, JsonObject, JsonObject, number]>([
    ["fixed", { fixed_window: "1h30m" }, {}, 1.5 * HOUR],
    ["of seconds", { window_type: "dynamic", dynamic_window_expr: ".w" }, { w: 90 }, 90_000],
    ["of seconds as text", { window_type: "dynamic", dynamic_window_expr: ".w" }, { w: "90" }, 90_000],
    [
      "up to an instant",
      { window_type: "dynamic", dynamic_window_expr: ".w" },
      { w: "2026-07-17T12:00:00.250Z" },
      250,
    ],
    [
      "from the profile",
      { window_type: "dynamic", dynamic_window_expr: "$recipient.patience" },
      {},
      5 * MINUTE,
    ],
    [
      "before something",
      {
        window_type: "relative_to",
        relative_to: {
          pivot_expr: ".due",
          offset_type: "before",
          offset_value_type: "fixed",
          offset_value: "10m",
        },
      },
      { due: "2026-07-17T13:00:00Z" },
      50 * MINUTE,
    ],
  ])("%s ends in time", async ([_name, window, data, ms], { pipeline }) => {
    await pipeline.commit("orders", [gathering(window), sms("send")]);
    const run = await trigger(pipeline, data, { recipients: [{ ...ann, patience: "5m" }] });
    expect(run.wake_at).toEqual(new Date(now.getTime() + ms));
    await later(pipeline, ms);
    expect(await outputs(pipeline)).toMatchObject([{ count: 1 }]);
  });

  it.for<[string, Json | undefined, RegExp]>([
    ["nothing", undefined, /must be whole seconds/],
    ["null", null, /must be whole seconds/],
    ["text", "soon", /must be whole seconds/],
    ["zero", 0, /must be longer than nothing/],
    ["a duration of zero", "0h0m", /must be longer than nothing/],
    ["a negative number", -5, /must not be negative/],
    ["a fraction", 1.5, /must be whole seconds/],
    ["the past", "2020-01-01T00:00:00Z", /is not in the future/],
    ["far too long a time", 1e15, /after the year 9999/],
    ["a map", { seconds: 5 }, /must be whole seconds/],
  ])("of %s stops the run, and logs the reason", async ([_name, window, why], { pipeline }) => {
    await pipeline.commit("orders", [dynamic, sms("send")]);
    const run = await trigger(pipeline, window === undefined ? {} : { window });
    expect(run.status).toBe("failed");
    const last = run.steps.at(-1);
    expect(last).toMatchObject({
      s: "node_failed",
      l: "error",
      n: "batch_1",
      p: { code: "dynamic_value_invalid" },
    });
    expect(last?.m).toMatch(/^batch: jq-expression '\.window'/);
    expect(last?.m).toMatch(why);
    expect(await sentBy(pipeline)).toEqual([]);
  });

  it("relative to a time that has passed closes at once, with a warning", async ({ pipeline }) => {
    const relative_to = {
      pivot_expr: ".due",
      offset_type: "before",
      offset_value_type: "fixed",
      offset_value: "2h",
    };
    await pipeline.commit("orders", [gathering({ window_type: "relative_to", relative_to }), sms("send")]);
    await pipeline.trigger({ workflow: "orders", recipients: [ann], data: { due: "2026-07-17T13:00:00Z" } });
    expect(await pipeline.finished(1)).toMatchObject([{ status: "partial_failure" }]);
    expect(await outputs(pipeline)).toMatchObject([{ count: 1 }]);
    expect(await sentBy(pipeline)).toEqual(["send"]);
  });
});

describe("a batch that lets the first item through", () => {
  it("sends the first at once with a count of one, and later the others without it", async ({ pipeline }) => {
    await pipeline.commit("orders", [flushing, sms("send")]);
    for (const data of upTo(4)) await trigger(pipeline, data);
    expect(await sentBy(pipeline)).toEqual(["send"]);
    expect(await outputs(pipeline)).toEqual([{ count: 1, items: [{ n: 1 }] }]);
    const runs = await later(pipeline, HOUR);
    expect(runs.map(({ status }) => status)).toEqual(["completed", "completed", "completed", "completed"]);
    expect((await pipeline.messages()).map(({ execution_id }) => execution_id)).toEqual([
      runs[0]?.id,
      runs[1]?.id,
    ]);
    expect(await outputs(pipeline)).toEqual([
      { count: 1, items: [{ n: 1 }] },
      { count: 3, items: [{ n: 2 }, { n: 3 }, { n: 4 }] },
    ]);
  });

  it("closes by the arrival of the first item, not of the second", async ({ pipeline }) => {
    await pipeline.commit("orders", [flushing, sms("send")]);
    const opened = now.getTime();
    await trigger(pipeline);
    now = new Date(opened + 20 * MINUTE);
    expect((await trigger(pipeline)).wake_at).toEqual(new Date(opened + HOUR));
  });

  it("sends nothing after a quiet window, and lets the next through again", async ({ pipeline }) => {
    await pipeline.commit("orders", [flushing, sms("send")]);
    await trigger(pipeline, { n: 1 });
    await later(pipeline, HOUR);
    expect(await sentBy(pipeline)).toEqual(["send"]);
    await trigger(pipeline, { n: 2 });
    expect(await outputs(pipeline)).toEqual([
      { count: 1, items: [{ n: 1 }] },
      { count: 1, items: [{ n: 2 }] },
    ]);
    expect(await sentBy(pipeline)).toEqual(["send", "send"]);
  });
});

describe("among other nodes", () => {
  it("after another batch it gathers the triggers' payloads, not batches of batches", async ({
    pipeline,
  }) => {
    await pipeline.commit("orders", [
      gathering({ batch_key: ".key" }),
      gathering({}, "batch_2"),
      sms("send"),
    ]);
    for (const key of ["a", "b"]) await trigger(pipeline, { key });
    await later(pipeline, HOUR);
    expect(await sentBy(pipeline)).toEqual([]);
    await later(pipeline, HOUR);
    expect(await sentBy(pipeline)).toEqual(["send"]);
    expect((await outputs(pipeline))[0]).toEqual({ count: 2, items: [{ key: "a" }, { key: "b" }] });
  });

  it("after a time window it gathers everything released at the opening", async ({ pipeline }) => {
    const night = node("timewindow", "window_1", {
      windows: [{ frequency: "daily", stime: "20:00", etime: "21:00" }],
    });
    await pipeline.commit("orders", [night, gathering({ fixed_window: "5m" }), sms("send")]);
    for (const data of upTo(5)) await trigger(pipeline, data);
    const released = await later(pipeline, 8 * HOUR);
    expect(released.filter(({ status }) => status === "in_progress")).toHaveLength(1);
    await later(pipeline, 5 * MINUTE);
    expect(await outputs(pipeline)).toEqual([{ count: 5, items: upTo(5) }]);
    expect(await sentBy(pipeline)).toEqual(["send"]);
  });
});

describe("settings", () => {
  const good = { mode: "accumulate_all", window_type: "fixed", fixed_window: "30s" };
  const problemsOf = (properties: JsonObject) => schemaProblems(batch.config, properties);

  it.each<[string, JsonObject]>([
    ["only the required ones", good],
    [
      "blank where optional",
      { ...good, batch_key: "", retain_count: null, retain_order: null, dynamic_window_expr: null },
    ],
    ["everything", { ...good, batch_key: ".id", retain_count: 100, retain_order: "last" }],
  ])("may be %s", (_name, properties) => {
    expect(problemsOf(properties)).toEqual([]);
  });

  it.each<[JsonObject, string]>([
    [{ ...good, mode: "all" }, "mode: must be one of accumulate_all flush_leading_item"],
    [{ ...good, window_type: "weekly" }, "window_type: must be one of fixed dynamic relative_to"],
    [{ mode: "accumulate_all" }, "window_type: must be one of fixed dynamic relative_to"],
    [{ ...good, fixed_window: "0s" }, "fixed_window: must be longer than nothing, such as 30s or 1h30m"],
    [{ ...good, fixed_window: "soon" }, "fixed_window: must be a duration like 1d2h30m"],
    [{ mode: "accumulate_all", window_type: "fixed" }, "fixed_window: is a required field"],
    [{ mode: "accumulate_all", window_type: "dynamic" }, "dynamic_window_expr: is a required field"],
    [{ mode: "accumulate_all", window_type: "relative_to" }, "relative_to: is a required field"],
    [
      { ...good, window_type: "dynamic", dynamic_window_expr: " " },
      "dynamic_window_expr: must not be empty: a jq expression such as .window",
    ],
    [{ ...good, retain_count: 0 }, "retain_count: must be from 1 to 100"],
    [{ ...good, retain_count: 101 }, "retain_count: must be from 1 to 100"],
    [{ ...good, retain_count: 1.5 }, "retain_count: must be a whole number from 1 to 100"],
    [{ ...good, retain_count: "10" }, "retain_count: must be a whole number from 1 to 100"],
    [{ ...good, retain_order: "newest" }, "retain_order: must be first or last"],
    [{ ...good, batch_key: 5 }, "batch_key: must be text: a jq expression such as .post_id"],
  ])("are refused: %j", (properties, problem) => {
    expect(problemsOf(properties)).toEqual([problem]);
  });

  it("name their expressions, so that one that does not parse is refused at commit", () => {
    const settings = batch.config.parse({
      ...good,
      window_type: "dynamic",
      dynamic_window_expr: ".window",
      batch_key: ".id",
    });
    expect(batch.expressions?.(settings)).toEqual([
      { path: "dynamic_window_expr", language: "jq", source: ".window" },
      { path: "batch_key", language: "jq", source: ".id" },
    ]);
    expect(batch.expressions?.(batch.config.parse(good))).toEqual([]);
  });
});
