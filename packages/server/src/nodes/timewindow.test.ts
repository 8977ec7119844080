import { afterAll, describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import { node, type Pipeline, type RunRow, sms, sentBy } from "../../test/pipeline.ts";
import { startWorker, type Worker } from "../../test/worker.ts";
import { schemaProblems } from "../authoring/schema-problems.ts";
import type { JsonObject } from "../core/json.ts";
import { profileFromRecipient } from "../core/profile/profile-operations.ts";
import { createQueue, type Queue } from "../queue/queue.ts";
import { signalProfiles } from "../engine/waits/profile-signals.ts";
import { createSilentLog } from "../log.ts";
import timewindow from "./timewindow.ts";

let worker: Worker;
let queue: Queue;
let now = new Date();

it.beforeAll(async ({ harness }) => {
  worker = await startWorker(harness, { clock: async () => now });
  const { db } = harness.services;
  queue = createQueue({ db, url: harness.databaseUrl, log: createSilentLog(), observe: () => {} });
  await queue.start({ worker: false });
});
afterAll(async () => {
  await worker.stop();
  await queue.stop();
});
it.beforeEach(async ({ pipeline }) => {
  now = new Date("2026-07-17T12:00:00Z");
  await pipeline.addTemplate("text");
});

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const OFFICE = { frequency: "daily", stime: "09:00", etime: "17:00" };

const within = (windows: JsonObject[], rest: JsonObject = {}) =>
  node("timewindow", "window_1", { windows, ...rest });
const theirs = within([OFFICE], { tz_selection: "recipient" });

const quiet = (pipeline: Pipeline) =>
  until(async () => {
    const [run] = await pipeline.runs();
    if (run === undefined) return null;
    return run.status !== "in_progress" || (run.wake_at !== null && run.wake_at > now) ? run : null;
  });

async function enter(pipeline: Pipeline, recipient: string | JsonObject = ann): Promise<RunRow> {
  await pipeline.trigger({ workflow: "hours", recipients: [recipient] });
  return quiet(pipeline);
}

async function at(pipeline: Pipeline, time: string): Promise<RunRow> {
  now = new Date(time);
  await worker.wake();
  return quiet(pipeline);
}

/** Changes a user's profile as any edit does; resolves once the run has read its signals. */
async function change(pipeline: Pipeline, properties: JsonObject): Promise<void> {
  const { db, recipients } = pipeline.services;
  await db.tx(async (tx) => {
    const { operations } = profileFromRecipient(properties);
    const edit = { object_type: "", distinct_id: "ann", operations, restore: true, create: false };
    const outcomes = await recipients.apply(tx, pipeline.workspace_id, [{ ...edit, mode: "lenient" }]);
    await signalProfiles(tx, pipeline.workspace_id, outcomes, now, queue);
  });
  // The walk deletes the signals it reads.
  await until(async () => {
    const signals = await db.query("select 1 from signal where workspace_id = $1", [pipeline.workspace_id]);
    return signals.length === 0;
  });
}

const opening = (run: RunRow) => run.wake_at?.toISOString().replace(":00.000Z", "Z");

describe("a time window", () => {
  it("that is open lets a run pass at once", async ({ pipeline }) => {
    await pipeline.commit("hours", [within([OFFICE]), sms("send")]);
    const run = await enter(pipeline);
    expect(run).toMatchObject({ status: "completed" });
    expect(run.steps.find(({ n }) => n === "window_1")).toMatchObject({ m: "time window: open in UTC" });
    expect(await sentBy(pipeline)).toEqual(["send"]);
  });

  it("that is shut holds a run until it opens", async ({ pipeline }) => {
    await pipeline.commit("hours", [within([OFFICE]), sms("send")]);
    now = new Date("2026-07-17T17:00:00Z");
    const run = await enter(pipeline);
    expect(opening(run)).toBe("2026-07-18T09:00Z");
    expect(run.steps.find(({ n }) => n === "window_1")?.p).toMatchObject({
      zone: "UTC",
      opens_at: "2026-07-18T09:00:00.000Z",
    });
    await at(pipeline, "2026-07-18T08:59:59.999Z");
    expect(await sentBy(pipeline)).toEqual([]);
    expect(await at(pipeline, "2026-07-18T09:00:00Z")).toMatchObject({ status: "completed" });
    expect(await sentBy(pipeline)).toEqual(["send"]);
  });

  it.for<[string, JsonObject[], string, string | null]>([
    [
      "of working days, on a Saturday",
      [{ ...OFFICE, frequency: "weekly_mo2fr" }],
      "2026-07-18T12:00:00Z",
      "2026-07-20T09:00Z",
    ],
    [
      "of Sundays, on a Friday",
      [{ ...OFFICE, frequency: "weekly", weekdays: ["su"] }],
      "2026-07-17T12:00:00Z",
      "2026-07-19T09:00Z",
    ],
    [
      "of the last day of the month",
      [{ frequency: "monthly", monthdays: [{ pos: -1 }] }],
      "2026-07-17T12:00:00Z",
      "2026-07-31T00:00Z",
    ],
    [
      "that ends at midnight",
      [{ frequency: "daily", stime: "22:00", etime: "24:00" }],
      "2026-07-17T12:00:00Z",
      "2026-07-17T22:00Z",
    ],
    [
      "over midnight, after it",
      [{ frequency: "daily", stime: "22:00", etime: "06:00" }],
      "2026-07-18T05:59:00Z",
      null,
    ],
    [
      "over midnight, in the morning",
      [{ frequency: "daily", stime: "22:00", etime: "06:00" }],
      "2026-07-18T06:00:00Z",
      "2026-07-18T22:00Z",
    ],
    ["without times", [{ frequency: "daily" }], "2026-07-18T03:00:00Z", null],
    [
      "of several, by the first that opens",
      [
        { frequency: "daily", stime: "20:00", etime: "21:00" },
        { frequency: "daily", stime: "14:00", etime: "15:00" },
      ],
      "2026-07-17T12:00:00Z",
      "2026-07-17T14:00Z",
    ],
    [
      "of several, of which one is open",
      [{ frequency: "daily", stime: "20:00", etime: "21:00" }, OFFICE],
      "2026-07-17T12:00:00Z",
      null,
    ],
  ])("%s", async ([_name, windows, arrival, expected], { pipeline }) => {
    await pipeline.commit("hours", [within(windows), sms("send")]);
    now = new Date(arrival);
    const run = await enter(pipeline);
    expect(opening(run) ?? null).toBe(expected);
    expect(run.status).toBe(expected === null ? "completed" : "in_progress");
  });

  it.for<[string, JsonObject, JsonObject, string]>([
    [
      "the fixed one",
      { tz_selection: "fixed", tz_fixed: "America/New_York" },
      { ...ann, $timezone: "Asia/Tokyo" },
      "2026-07-17T13:00Z",
    ],
    [
      "the recipient's",
      { tz_selection: "recipient" },
      { ...ann, $timezone: "America/Los_Angeles" },
      "2026-07-17T16:00Z",
    ],
    [
      "the inline one, for a recipient who is not stored",
      { tz_selection: "recipient" },
      { is_transient: true, $sms: "+14155550122", $timezone: "America/Los_Angeles" },
      "2026-07-17T16:00Z",
    ],
  ])("uses the configured zone: %s", async ([_name, zone, recipient, expected], { pipeline }) => {
    await pipeline.commit("hours", [within([OFFICE], zone), sms("send")]);
    expect(opening(await enter(pipeline, recipient))).toBe(expected);
  });

  it("is the account's where the recipient has no zone", async ({ pipeline, harness }) => {
    await harness.services.db.query(
      "update workspace set timezone = 'Asia/Kolkata' where workspace_id = $1",
      [pipeline.workspace_id],
    );
    await pipeline.commit("hours", [theirs, sms("send")]);
    expect(opening(await enter(pipeline))).toBe("2026-07-18T03:30Z");
  });

  it("missed because no worker ran is waited for again", async ({ pipeline }) => {
    await pipeline.commit("hours", [
      within([{ frequency: "daily", stime: "20:00", etime: "20:30" }]),
      sms("send"),
    ]);
    await enter(pipeline);
    expect(opening(await at(pipeline, "2026-07-17T20:30:00Z"))).toBe("2026-07-18T20:00Z");
    expect(await sentBy(pipeline)).toEqual([]);
    expect(await at(pipeline, "2026-07-18T20:29:59Z")).toMatchObject({ status: "completed" });
  });

  it("shifts what comes after it", async ({ pipeline }) => {
    const wait = node("delay", "delay_1", { delay_type: "fixed", value: "1h" });
    await pipeline.commit("hours", [
      within([{ frequency: "daily", stime: "20:00", etime: "20:30" }]),
      wait,
      sms("send"),
    ]);
    await enter(pipeline);
    expect(opening(await at(pipeline, "2026-07-17T20:00:00Z"))).toBe("2026-07-17T21:00Z");
  });

  it("that never opens again fails the run", async ({ pipeline }) => {
    await pipeline.commit("hours", [
      within([{ frequency: "monthly", monthdays: [{ pos: 1 }], stime: "09:00", etime: "10:00" }]),
      sms("send"),
    ]);
    now = new Date("9999-12-30T12:00:00Z");
    const run = await enter(pipeline);
    expect(run.status).toBe("failed");
    expect(run.steps.at(-1)).toMatchObject({ l: "error", m: "time window: none of the windows ever opens" });
  });
});

describe("a recipient who changes the time zone while the run waits", () => {
  it.beforeEach(async ({ pipeline }) => {
    await pipeline.commit("hours", [theirs, sms("send")]);
    // Stored beforehand: the trigger's inline data applies to its run, whatever is changed later.
    await pipeline.call("POST", "/v1/user/ann/", { $sms: ann.$sms, $timezone: "America/Los_Angeles" });
    const run = await enter(pipeline, "ann");
    if (opening(run) !== "2026-07-17T16:00Z")
      throw new Error("the run does not wait for nine in the morning");
  });

  it("to one where the window is open is reached at once", async ({ pipeline }) => {
    await change(pipeline, { $timezone: "Europe/London" });
    const [run] = await pipeline.finished(1);
    expect(run).toMatchObject({ status: "completed" });
    expect(await sentBy(pipeline)).toEqual(["send"]);
  });

  it("waits less when it opens sooner", async ({ pipeline }) => {
    await change(pipeline, { $timezone: "America/New_York" });
    expect(opening(await quiet(pipeline))).toBe("2026-07-17T13:00Z");
    expect(await at(pipeline, "2026-07-17T13:00:00Z")).toMatchObject({ status: "completed" });
  });

  it("waits for the next start when it is over for the day", async ({ pipeline }) => {
    await change(pipeline, { $timezone: "Asia/Tokyo" });
    expect(opening(await quiet(pipeline))).toBe("2026-07-18T00:00Z");
    await at(pipeline, "2026-07-17T16:00:00Z");
    expect(await sentBy(pipeline)).toEqual([]);
    expect(await at(pipeline, "2026-07-18T00:00:00Z")).toMatchObject({ status: "completed" });
  });

  it("is followed on every further change", async ({ pipeline }) => {
    for (const [zone, expected] of [
      ["Asia/Tokyo", "2026-07-18T00:00Z"],
      ["America/New_York", "2026-07-17T13:00Z"],
      ["America/Los_Angeles", "2026-07-17T16:00Z"],
    ] as const) {
      await change(pipeline, { $timezone: zone });
      expect(opening(await quiet(pipeline))).toBe(expected);
    }
    await change(pipeline, { $timezone: "Europe/London" });
    expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
    expect(await sentBy(pipeline)).toEqual(["send"]);
  });

  it("whose change does not move the opening sleeps on, and its log does not grow", async ({ pipeline }) => {
    const before = await quiet(pipeline);
    await change(pipeline, { name: "Ann" });
    await change(pipeline, { $timezone: "America/Vancouver" });
    const after = await quiet(pipeline);
    expect(after.wake_at).toEqual(before.wake_at);
    expect(after.steps).toEqual(before.steps);
    expect(await at(pipeline, "2026-07-17T16:00:00Z")).toMatchObject({ status: "completed" });
  });

  it("without a signal to the run is still not reached outside the window", async ({ pipeline, harness }) => {
    await harness.services.db.query(
      `update recipient set properties = properties::jsonb || '{"$timezone": "Asia/Tokyo"}' where workspace_id = $1`,
      [pipeline.workspace_id],
    );
    expect(opening(await at(pipeline, "2026-07-17T16:00:00Z"))).toBe("2026-07-18T00:00Z");
    expect(await sentBy(pipeline)).toEqual([]);
  });
});

it("does not watch the profile when the zone is fixed", async ({ pipeline, harness }) => {
  await pipeline.commit("hours", [
    within([{ frequency: "daily", stime: "20:00", etime: "21:00" }]),
    sms("send"),
  ]);
  await enter(pipeline, { ...ann, $timezone: "Asia/Tokyo" });
  const waiting = "select 1 from waiter where workspace_id = $1";
  expect(await harness.services.db.query(waiting, [pipeline.workspace_id])).toHaveLength(0);
});

describe("settings", () => {
  const problemsOf = (properties: JsonObject) => schemaProblems(timewindow.config, properties);

  it.each<[string, JsonObject]>([
    ["only the required ones", { windows: [{ frequency: "daily" }] }],
    ["blank where optional", { windows: [{ ...OFFICE, weekdays: null }], tz_selection: null, tz_fixed: "" }],
    [
      "in any zone of tzdata",
      { windows: [OFFICE], tz_selection: "fixed", tz_fixed: "America/Port-au-Prince" },
    ],
  ])("may be %s", (_name, properties) => {
    expect(problemsOf(properties)).toEqual([]);
  });

  it.each<[JsonObject, string]>([
    [{}, "windows: is a required field"],
    [{ windows: [] }, "windows: needs at least one time window"],
    [{ windows: "daily" }, "windows: must be a list of time windows"],
    [
      { windows: [{ frequency: "hourly" }] },
      "windows[0].frequency: must be one of daily weekly_mo2fr weekly monthly",
    ],
    [
      { windows: [OFFICE, { frequency: "weekly" }] },
      "windows[1].weekdays: weekly needs at least one of su mo tu we th fr sa",
    ],
    [
      { windows: [{ frequency: "daily", stime: "9" }] },
      "windows[0].stime: must be HH:MM on the 24-hour clock, such as 09:00",
    ],
    [
      { windows: [OFFICE], tz_selection: "tenant" },
      "tz_selection: must be recipient, fixed, or empty for fixed",
    ],
    [
      { windows: [OFFICE], tz_fixed: "Mars/Olympus" },
      "tz_fixed: must be an IANA time zone such as Europe/London, Asia/Kathmandu or Etc/GMT+1",
    ],
  ])("are refused: %j", (properties, problem) => {
    expect(problemsOf(properties)).toEqual([problem]);
  });
});
