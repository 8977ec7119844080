import { afterAll, describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import { node, type Pipeline, type RunRow, sms, sentBy } from "../../test/pipeline.ts";
import { startWorker, type Worker } from "../../test/worker.ts";
import type { StoredNode } from "../catalog/workflow.ts";
import { schemaProblems } from "../authoring/schema-problems.ts";
import type { Json, JsonObject } from "../core/json.ts";
import digest from "./digest.ts";

let worker: Worker;
let now = new Date();
let triggered = 0;

it.beforeAll(async ({ harness }) => {
  worker = await startWorker(harness, { clock: async () => now });
});
afterAll(async () => {
  await worker.stop();
});
it.beforeEach(async ({ pipeline }) => {
  triggered = 0;
  now = new Date("2026-07-17T12:00:00Z");
  await pipeline.addTemplate("text");
});

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const EVENING = { frequency: "daily", time: "19:00", tz_selection: "recipient" };

const digesting = (schedule: JsonObject, rest: JsonObject = {}) =>
  node("digest", "digest_1", { schedule_type: "static", schedule, ...rest });
const dynamic = node("digest", "digest_1", { schedule_type: "dynamic", dynamic_schedule_expr: ".when" });

/** Dates the version at the beginning of the year, by the test's clock: schedules are counted from there. */
async function commit(pipeline: Pipeline, nodes: StoredNode[]): Promise<void> {
  const id = await pipeline.commit("digest", nodes);
  await pipeline.services.db.query("update workflow_version set version_at = $2 where id = $1", [
    id,
    new Date("2026-01-01T00:00:00Z"),
  ]);
}

const quiet = (pipeline: Pipeline, count: number) =>
  until(async () => {
    const runs = await pipeline.runs();
    const isQuiet = ({ status, wake_at }: RunRow) =>
      status !== "in_progress" || (wake_at !== null && wake_at > now);
    return runs.length >= count && runs.every(isQuiet) ? runs : null;
  });

async function trigger(
  pipeline: Pipeline,
  data: JsonObject = {},
  recipient: JsonObject = ann,
): Promise<RunRow> {
  await pipeline.trigger({ workflow: "digest", recipients: [recipient], data });
  triggered += 1;
  const run = (await quiet(pipeline, triggered)).at(-1);
  if (run === undefined) throw new Error("no run");
  return run;
}

async function at(pipeline: Pipeline, time: string): Promise<RunRow[]> {
  now = new Date(time);
  await worker.wake();
  return quiet(pipeline, triggered);
}

const closing = (run: RunRow) => run.wake_at?.toISOString().replace(":00.000Z", "Z");

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

describe("a digest", () => {
  it("closes at the next time of its schedule, whenever its first trigger comes", async ({ pipeline }) => {
    await commit(pipeline, [digesting({ frequency: "daily", time: "16:00" }), sms("send")]);
    const opener = await trigger(pipeline, { n: 1 });
    expect(closing(opener)).toBe("2026-07-17T16:00Z");
    await at(pipeline, "2026-07-17T15:59:59Z");
    await trigger(pipeline, { n: 2 });
    expect(await sentBy(pipeline)).toEqual([]);
    await at(pipeline, "2026-07-17T16:00:00Z");
    expect(await outputs(pipeline)).toEqual([{ count: 2, items: [{ n: 1 }, { n: 2 }] }]);
    expect(closing(await trigger(pipeline, { n: 3 }))).toBe("2026-07-18T16:00Z");
  });

  it("is not sent on a day without triggers", async ({ pipeline }) => {
    await commit(pipeline, [digesting({ frequency: "daily", time: "16:00" }), sms("send")]);
    await trigger(pipeline);
    await at(pipeline, "2026-07-17T16:00:00Z");
    await at(pipeline, "2026-07-25T16:00:00Z");
    expect(await sentBy(pipeline)).toEqual(["send"]);
  });

  it.for([
    ["before the clocks go back", "2026-10-24T12:00:00Z", "2026-10-24T18:00Z"],
    ["on the day they go back", "2026-10-25T12:00:00Z", "2026-10-25T19:00Z"],
    ["over the night they go back", "2026-10-24T18:00:00Z", "2026-10-25T19:00Z"],
    ["over the night they go forward", "2026-03-28T19:00:00Z", "2026-03-29T18:00Z"],
  ] as const)("at 19:00 in London is then %s", async ([_name, arrival, expected], { pipeline }) => {
    await commit(pipeline, [digesting(EVENING), sms("send")]);
    now = new Date(arrival);
    expect(closing(await trigger(pipeline, {}, { ...ann, $timezone: "Europe/London" }))).toBe(expected);
  });

  it.for<[string, JsonObject, JsonObject, string]>([
    ["the recipient's", EVENING, { ...ann, $timezone: "Asia/Kathmandu" }, "2026-07-17T13:15Z"],
    ["the account's, where the recipient has none", EVENING, ann, "2026-07-17T13:30Z"],
    [
      "the fixed one, whatever the recipient's",
      { ...EVENING, tz_selection: "fixed", tz_fixed: "America/New_York" },
      { ...ann, $timezone: "Asia/Kathmandu" },
      "2026-07-17T23:00Z",
    ],
    [
      "UTC, where no zone is set",
      { frequency: "daily", time: "19:00" },
      { ...ann, $timezone: "Asia/Kathmandu" },
      "2026-07-17T19:00Z",
    ],
  ])(
    "uses the configured zone: %s",
    async ([_name, schedule, recipient, expected], { pipeline, harness }) => {
      await harness.services.db.query(
        "update workspace set timezone = 'Asia/Kolkata' where workspace_id = $1",
        [pipeline.workspace_id],
      );
      await commit(pipeline, [digesting(schedule), sms("send")]);
      expect(closing(await trigger(pipeline, {}, recipient))).toBe(expected);
    },
  );

  it("that starts on 17 July at 17:00 first closes on the 18th at 16:00", async ({ pipeline }) => {
    await commit(pipeline, [
      digesting({ frequency: "daily", time: "16:00", dtstart: "2026-07-17T17:00:00" }),
      sms("send"),
    ]);
    now = new Date("2026-07-10T12:00:00Z");
    expect(closing(await trigger(pipeline, { n: 1 }))).toBe("2026-07-18T16:00Z");
    await at(pipeline, "2026-07-17T17:30:00Z");
    await trigger(pipeline, { n: 2 });
    await at(pipeline, "2026-07-18T16:00:00Z");
    expect(await outputs(pipeline)).toMatchObject([{ count: 2 }]);
  });

  it("without a start is counted from the commit of its version", async ({ pipeline }) => {
    await commit(pipeline, [digesting({ frequency: "daily", interval: 10, time: "08:00" }), sms("send")]);
    // 200 days after New Year.
    expect(closing(await trigger(pipeline))).toBe("2026-07-20T08:00Z");
  });

  it("keeps its closing time when schedule and zone change", async ({ pipeline }) => {
    await commit(pipeline, [digesting(EVENING), sms("old")]);
    const opener = await trigger(pipeline, { n: 1 }, { ...ann, $timezone: "Europe/London" });
    await commit(pipeline, [digesting({ frequency: "daily", time: "14:00" }), sms("new")]);
    await trigger(pipeline, { n: 2 }, { ...ann, $timezone: "Asia/Tokyo" });
    expect((await quiet(pipeline, 2))[0]?.wake_at).toEqual(opener.wake_at);
    await at(pipeline, "2026-07-17T18:00:00Z");
    expect(await sentBy(pipeline)).toEqual(["old"]);
    expect(closing(await trigger(pipeline))).toBe("2026-07-18T14:00Z");
  });

  it("retains the configured items, and counts all", async ({ pipeline }) => {
    await commit(pipeline, [
      digesting({ frequency: "hourly" }, { retain_count: 2, retain_order: "last" }),
      sms("send"),
    ]);
    for (const n of [1, 2, 3]) await trigger(pipeline, { n });
    await at(pipeline, "2026-07-17T13:00:00Z");
    expect(await outputs(pipeline)).toEqual([{ count: 3, items: [{ n: 2 }, { n: 3 }] }]);
  });

  it("after a batch gathers the triggers, not the batch's result", async ({ pipeline }) => {
    const batch = node("batch", "batch_1", {
      mode: "accumulate_all",
      window_type: "fixed",
      fixed_window: "5m",
    });
    await commit(pipeline, [batch, digesting({ frequency: "daily", time: "16:00" }), sms("send")]);
    await trigger(pipeline, { n: 1 });
    await trigger(pipeline, { n: 2 });
    await at(pipeline, "2026-07-17T12:05:00Z");
    await trigger(pipeline, { n: 3 });
    await at(pipeline, "2026-07-17T12:10:00Z");
    expect(await sentBy(pipeline)).toEqual([]);
    await at(pipeline, "2026-07-17T16:00:00Z");
    expect((await outputs(pipeline))[0]).toEqual({ count: 3, items: [{ n: 1 }, { n: 2 }, { n: 3 }] });
    expect(await sentBy(pipeline)).toEqual(["send"]);
  });
});

describe("trigger_min_count", () => {
  const three = digesting({ frequency: "daily", time: "16:00" }, { trigger_min_count: 3, retain_count: 1 });

  it("unmet completes the run, and nothing is sent", async ({ pipeline }) => {
    await commit(pipeline, [three, sms("send")]);
    await trigger(pipeline);
    await trigger(pipeline);
    const [opener] = await at(pipeline, "2026-07-17T16:00:00Z");
    expect(opener).toMatchObject({ status: "completed", position: null });
    expect(opener?.steps.find(({ s }) => s === "run_stopped")).toMatchObject({
      m: "gathered 2 of at least 3",
      p: { code: "digest_below_min_count", count: 2, least: 3 },
    });
    expect(opener?.steps.some(({ l }) => l !== undefined)).toBe(false);
    expect(await sentBy(pipeline)).toEqual([]);
  });

  it("met by the count, not by the retained items, lets the run continue", async ({ pipeline }) => {
    await commit(pipeline, [three, sms("send")]);
    for (const n of [1, 2, 3]) await trigger(pipeline, { n });
    await at(pipeline, "2026-07-17T16:00:00Z");
    expect(await sentBy(pipeline)).toEqual(["send"]);
  });

  it("does not carry the items of one digest over to the next", async ({ pipeline }) => {
    await commit(pipeline, [three, sms("send")]);
    await trigger(pipeline);
    await trigger(pipeline);
    await at(pipeline, "2026-07-17T16:00:00Z");
    await trigger(pipeline);
    await at(pipeline, "2026-07-18T16:00:00Z");
    expect(await sentBy(pipeline)).toEqual([]);
  });
});

describe("a dynamic schedule", () => {
  it.for<[string, JsonObject, string]>([
    ["from the payload", { when: { frequency: "daily", time: "16:00" } }, "2026-07-17T16:00Z"],
    [
      "with blank fields from editors",
      { when: { frequency: "daily", time: "", interval: null, tz_fixed: "", weekdays: null } },
      "2026-07-18T00:00Z",
    ],
    ["on Mondays", { when: { frequency: "weekly", weekdays: ["mo"], time: "09:00" } }, "2026-07-20T09:00Z"],
    [
      "on the last day of the month",
      { when: { frequency: "monthly", monthdays: [{ pos: -1 }] } },
      "2026-07-31T00:00Z",
    ],
  ])("%s counts like a static one", async ([_name, data, expected], { pipeline }) => {
    await commit(pipeline, [dynamic, sms("send")]);
    expect(closing(await trigger(pipeline, data))).toBe(expected);
  });

  it("may be the recipient's", async ({ pipeline }) => {
    const own = node("digest", "digest_1", {
      schedule_type: "dynamic",
      dynamic_schedule_expr: '."$recipient".digest',
    });
    await commit(pipeline, [own, sms("send")]);
    const run = await trigger(pipeline, {}, { ...ann, digest: { frequency: "daily", time: "18:30" } });
    expect(closing(run)).toBe("2026-07-17T18:30Z");
  });

  it.for<[string, JsonObject, RegExp]>([
    ["missing", {}, /schedule: must be an object with a frequency/],
    ["null", { when: null }, /schedule: must be an object with a frequency/],
    ["text", { when: "daily" }, /schedule: must be an object with a frequency/],
    ["a list", { when: [] }, /schedule: must be an object with a frequency/],
    ["empty", { when: {} }, /schedule\.frequency: must be one of/],
    ["of unknown frequency", { when: { frequency: "yearly" } }, /schedule\.frequency: must be one of/],
    [
      "weekly without days",
      { when: { frequency: "weekly" } },
      /schedule\.weekdays: weekly needs at least one/,
    ],
    [
      "monthly without days",
      { when: { frequency: "monthly", monthdays: [] } },
      /schedule\.monthdays: monthly needs/,
    ],
    [
      "wrong twice",
      { when: { frequency: "daily", time: "25:00", interval: 0 } },
      /schedule\.interval: .*; schedule\.time: /,
    ],
    [
      "in no zone",
      { when: { frequency: "daily", tz_fixed: "Mars/Olympus" } },
      /schedule\.tz_fixed: must be an IANA/,
    ],
    [
      "never",
      {
        when: {
          frequency: "monthly",
          monthdays: [{ pos: 30 }],
          interval: 12,
          dtstart: "2026-02-01T00:00:00",
        },
      },
      /no day on which it could close/,
    ],
  ])("that is %s stops the run, and logs the reason", async ([_name, data, why], { pipeline }) => {
    await commit(pipeline, [dynamic, sms("send")]);
    const run = await trigger(pipeline, data);
    expect(run.status).toBe("failed");
    const last = run.steps.at(-1);
    expect(last).toMatchObject({
      s: "node_failed",
      l: "error",
      n: "digest_1",
      p: { code: "dynamic_value_invalid" },
    });
    expect(last?.m).toMatch(/^digest: /);
    expect(last?.m).toMatch(why);
    expect(await sentBy(pipeline)).toEqual([]);
  });

  it("cannot be reached by the keys that every object has", async ({ pipeline }) => {
    const odd = node("digest", "digest_1", {
      schedule_type: "dynamic",
      dynamic_schedule_expr: ".constructor",
    });
    await commit(pipeline, [odd, sms("send")]);
    expect(await trigger(pipeline)).toMatchObject({ status: "failed" });
  });
});

describe("settings", () => {
  const good = { schedule_type: "static", schedule: { frequency: "daily" } };
  const problemsOf = (properties: JsonObject) => schemaProblems(digest.config, properties);

  it.each<[string, JsonObject]>([
    ["only the required ones", good],
    [
      "blank where optional",
      { ...good, dynamic_schedule_expr: null, trigger_min_count: null, retain_count: null },
    ],
    ["everything", { ...good, trigger_min_count: 5, retain_count: 100, retain_order: "last" }],
  ])("may be %s", (_name, properties) => {
    expect(problemsOf(properties)).toEqual([]);
  });

  it.each<[JsonObject, string]>([
    [{}, "schedule_type: must be one of static dynamic category_digest_schedule"],
    [{ schedule_type: "sometimes" }, "schedule_type: must be one of static dynamic category_digest_schedule"],
    [{ schedule_type: "static" }, "schedule: is a required field"],
    [{ schedule_type: "dynamic" }, "dynamic_schedule_expr: is a required field"],
    [
      { schedule_type: "dynamic", dynamic_schedule_expr: "" },
      "dynamic_schedule_expr: must not be empty: a jq expression such as .schedule",
    ],
    [
      { ...good, schedule: { frequency: "weekly", weekdays: [] } },
      "schedule.weekdays: weekly needs at least one of su mo tu we th fr sa",
    ],
    [{ ...good, trigger_min_count: 0 }, "trigger_min_count: must be 1 or more"],
    [{ ...good, trigger_min_count: 2.5 }, "trigger_min_count: must be a whole number, 1 or more"],
    [{ ...good, retain_count: 101 }, "retain_count: must be from 1 to 100"],
  ])("are refused: %j", (properties, problem) => {
    expect(problemsOf(properties)).toEqual([problem]);
  });

  it("name the expression, so that one that does not parse is refused at commit", () => {
    const settings = digest.config.parse({ schedule_type: "dynamic", dynamic_schedule_expr: ".when" });
    expect(digest.expressions?.(settings)).toEqual([
      { path: "dynamic_schedule_expr", language: "jq", source: ".when" },
    ]);
    expect(digest.expressions?.(digest.config.parse(good))).toEqual([]);
  });
});
