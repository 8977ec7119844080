import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { createTestWaker } from "../../../test/waker.ts";
import { delay, node, type Pipeline, type RunRow, sms, sentBy } from "../../../test/pipeline.ts";
import type { Worker } from "../../../test/worker.ts";
import type { StoredNode } from "../../catalog/workflow.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { createSilentLog } from "../../log.ts";
import { createQueue } from "../../queue/queue.ts";

/*
 * Runs that sleep: how long, and what they find when they wake. Time is moved by writing `wake_at`, or by a worker
 * whose clock is ahead.
 */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The run, once it sleeps or has ended. */
const settledRun = (pipeline: Pipeline) =>
  until(async () => {
    const [run] = await pipeline.runs();
    return run !== undefined && (run.wake_at !== null || run.status !== "in_progress") ? run : null;
  });

/** How long a run sleeps from its start, in milliseconds. */
const asleep = (run: RunRow) => (run.wake_at?.getTime() ?? Number.NaN) - run.created_at.getTime();

async function wakeNow(pipeline: Pipeline, worker: Worker): Promise<void> {
  await pipeline.services.db.query(
    "update run set wake_at = now() - interval '1 second' where workspace_id = $1 and wake_at is not null",
    [pipeline.workspace_id],
  );
  await worker.wake();
}

describe("a delay", () => {
  const dynamic = (value: string) => node("delay", "delay_1", { delay_type: "dynamic", value });
  const relative = (offset_type: string, offset_value: string) =>
    node("delay", "delay_1", {
      delay_type: "relative_to",
      relative_to: { pivot_expr: ".meeting", offset_type, offset_value_type: "fixed", offset_value },
    });
  const inTime = (ms: number) => new Date(Date.now() + ms).toISOString();

  it.for<[string, StoredNode, () => JsonObject, number]>([
    ["fixed", delay("delay_1", "1h30m"), () => ({}), 1.5 * HOUR],
    ["fixed, ten years", delay("delay_1", "3650d"), () => ({}), 3650 * DAY],
    ["dynamic, seconds", dynamic(".wait"), () => ({ wait: 900 }), 900_000],
    ["dynamic, seconds as text", dynamic(".wait"), () => ({ wait: "900" }), 900_000],
    ["dynamic, a duration", dynamic(".wait"), () => ({ wait: "2d" }), 2 * DAY],
    ["dynamic, an instant", dynamic(".wait"), () => ({ wait: inTime(5 * HOUR) }), 5 * HOUR],
    ["dynamic, from the profile", dynamic('.["$recipient"].patience'), () => ({}), 700_000],
    ["relative, before", relative("before", "1h"), () => ({ meeting: inTime(3 * HOUR) }), 2 * HOUR],
    ["relative, after", relative("after", "1h"), () => ({ meeting: inTime(3 * HOUR) }), 4 * HOUR],
  ])("%s: sleeps that long, then continues", async ([_name, waiting, data, ms], { pipeline, workers }) => {
    await pipeline.commit("later", [sms("first"), waiting, sms("second")]);
    const recipients = [{ ...ann, patience: 700 }];
    await pipeline.trigger({ workflow: "later", recipients, data: data() });
    const worker = await workers.start();

    const run = await settledRun(pipeline);
    expect(Math.abs(asleep(run) - ms)).toBeLessThan(30_000);
    expect(run).toMatchObject({ status: "in_progress", position: "1" });
    await worker.wake();
    expect((await settledRun(pipeline)).wake_at).toEqual(run.wake_at);
    expect(await sentBy(pipeline)).toEqual(["first"]);

    await wakeNow(pipeline, worker);
    expect(await pipeline.finished(1)).toMatchObject([
      { status: "completed", position: null, wake_at: null },
    ]);
    expect(await sentBy(pipeline)).toEqual(["first", "second"]);
  });

  it.for([
    ["of nothing", delay("delay_1", "0s")],
    ["whose target has passed while its pivot has not", relative("before", "5h")],
  ] as const)("%s does not sleep", async ([_name, waiting], { pipeline, workers }) => {
    await pipeline.commit("later", [sms("first"), waiting, sms("second")]);
    await pipeline.trigger({ workflow: "later", recipients: [ann], data: { meeting: inTime(HOUR) } });
    await workers.start();

    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["first", "second"]);
  });

  it.for<[string, Json | undefined, RegExp]>([
    ["nothing", undefined, /jq-expression '\.wait'/],
    ["null", null, /jq-expression '\.wait'/],
    ["text", "soon", /must be whole seconds, a duration/],
    ["a negative number", -5, /must not be negative/],
    ["an instant in the past", "2020-01-01T00:00:00Z", /is not in the future/],
    ["a map", { seconds: 5 }, /must be whole seconds/],
  ])("of %s stops the run, and logs the reason", async ([_name, wait, why], { pipeline, workers }) => {
    await pipeline.commit("later", [dynamic(".wait"), sms("second")]);
    await pipeline.trigger({
      workflow: "later",
      recipients: [ann],
      data: wait === undefined ? {} : { wait },
    });
    await workers.start();

    const run = await settledRun(pipeline);
    expect(run.status).toBe("failed");
    const last = run.steps.at(-1);
    expect(last).toMatchObject({ s: "node_failed", l: "error", n: "delay_1" });
    expect(last?.m).toMatch(why);
    expect(await sentBy(pipeline)).toEqual([]);
  });
});

describe("a sleeping run", () => {
  it("of ten years survives every restart and wakes in time", async ({ pipeline, workers }) => {
    await pipeline.commit("decade", [delay("delay_1", "3650d"), sms("second")]);
    await pipeline.trigger({ workflow: "decade", recipients: [ann], data: { note: "kept" } });
    await workers.start();
    await settledRun(pipeline);
    await workers.stop();

    const early = await workers.start({ clock: async () => new Date(Date.now() + 3649 * DAY) });
    await early.wake();
    expect((await settledRun(pipeline)).wake_at).not.toBeNull();
    await workers.stop();

    const late = await workers.start({ clock: async () => new Date(Date.now() + 3651 * DAY) });
    await late.wake();
    expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
    expect(await sentBy(pipeline)).toEqual(["second"]);
  });

  it("continues once when its worker is killed after it woke", async ({ pipeline, workers, harness }) => {
    await pipeline.commit("later", [delay("delay_1", "1h"), sms("second")]);
    await pipeline.trigger({ workflow: "later", recipients: [ann] });
    await workers.start();
    await settledRun(pipeline);
    await workers.stop();
    const { db } = harness.services;
    const queue = createQueue({
      db,
      url: harness.databaseUrl,
      log: createSilentLog(),
      observe: () => {},
    });
    await queue.start({ worker: false });
    await db.query("update run set wake_at = now() - interval '1 second' where workspace_id = $1", [
      pipeline.workspace_id,
    ]);
    const waker = createTestWaker(harness.services, queue);
    expect(await waker.tick()).toBe(1);
    await queue.stop();
    // Woken, with its job claimed by a process that no longer exists.
    const claimed = await db.query(
      `update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now()
        where name like 'execute-%' and state = 'created' returning 1`,
    );
    expect(claimed).toHaveLength(1);
    await workers.start();

    expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
    expect(await sentBy(pipeline)).toEqual(["second"]);
  });

  it("finishes on the version it began with, while new triggers take the new one", async ({
    pipeline,
    workers,
  }) => {
    const old = await pipeline.commit("later", [delay("delay_1", "1h"), sms("old")]);
    await pipeline.trigger({ workflow: "later", recipients: [ann] });
    const worker = await workers.start();
    await settledRun(pipeline);
    const fresh = await pipeline.commit("later", [sms("new_1"), sms("new_2")]);
    await pipeline.trigger({ workflow: "later", recipients: [ann] });
    await wakeNow(pipeline, worker);

    const runs = await pipeline.finished(2);
    expect(runs.map(({ version_id, status }) => [version_id, status])).toEqual([
      [old, "completed"],
      [fresh, "completed"],
    ]);
    expect((await sentBy(pipeline)).toSorted()).toEqual(["new_1", "new_2", "old"]);
  });

  it("continues although its workflow was disabled or deleted meanwhile", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await pipeline.commit("disabled", [delay("delay_1", "1h"), sms("one")]);
    await pipeline.commit("deleted", [delay("delay_1", "1h"), sms("two")]);
    await pipeline.trigger({ workflow: "disabled", recipients: [ann] });
    await pipeline.trigger({ workflow: "deleted", recipients: [ann] });
    const worker = await workers.start();
    await until(async () => {
      const runs = await pipeline.runs();
      return runs.length === 2 && runs.every(({ wake_at }) => wake_at !== null);
    });
    const { db } = harness.services;
    await db.query("update workflow set is_enabled = false where workspace_id = $1 and slug = 'disabled'", [
      pipeline.workspace_id,
    ]);
    await db.query("update workflow set deleted_at = now() where workspace_id = $1 and slug = 'deleted'", [
      pipeline.workspace_id,
    ]);
    await wakeNow(pipeline, worker);

    expect((await pipeline.finished(2)).map(({ status }) => status)).toEqual(["completed", "completed"]);
    expect((await sentBy(pipeline)).toSorted()).toEqual(["one", "two"]);
  });

  it("fails when its recipient was deleted meanwhile", async ({ pipeline, workers }) => {
    await pipeline.commit("later", [delay("delay_1", "1h"), sms("second")]);
    await pipeline.trigger({ workflow: "later", recipients: [ann] });
    const worker = await workers.start();
    await settledRun(pipeline);
    expect((await pipeline.call("DELETE", "/v1/user/ann/")).status).toBe(204);
    await wakeNow(pipeline, worker);

    const [run] = await pipeline.finished(1);
    expect(run).toMatchObject({ status: "failed", position: null });
    expect(run?.steps.at(-1)?.m).toBe("no user found with distinct_id: ann");
    expect(await sentBy(pipeline)).toEqual([]);
  });

  it("reaches its recipient at the address they have when it wakes", async ({ pipeline, workers }) => {
    await pipeline.commit("later", [delay("delay_1", "1h"), sms("second")]);
    await pipeline.call("POST", "/v1/user/ann/", { $sms: "+14155550100" });
    await pipeline.trigger({ workflow: "later", recipients: ["ann"] });
    const worker = await workers.start();
    await settledRun(pipeline);
    await pipeline.call("PATCH", "/v1/user/ann/", {
      operations: [{ $remove: { $sms: "+14155550100" } }, { $append: { $sms: "+14155550111" } }],
    });
    await wakeNow(pipeline, worker);
    await pipeline.finished(1);

    expect(await pipeline.messages()).toMatchObject([{ channel_value: "+14155550111" }]);
  });

  it("still has the trigger's data about its recipient, and its payload", async ({ pipeline, workers }) => {
    await pipeline.commit("later", [
      delay("delay_1", "1h"),
      node("delay", "delay_2", { delay_type: "dynamic", value: ".again" }),
      sms("second"),
    ]);
    await pipeline.trigger({
      workflow: "later",
      recipients: [{ is_transient: true, $sms: "+14155550122" }],
      data: { again: "2h" },
    });
    const worker = await workers.start();
    await settledRun(pipeline);
    await wakeNow(pipeline, worker);
    const again = await until(async () => {
      const [run] = await pipeline.runs();
      return run?.position === "1" && run.wake_at !== null ? run : null;
    });
    expect(Math.abs(asleep(again) - 2 * HOUR)).toBeLessThan(30_000);
    await wakeNow(pipeline, worker);
    await pipeline.finished(1);

    expect(await pipeline.messages()).toMatchObject([{ channel_value: "+14155550122" }]);
  });
});
