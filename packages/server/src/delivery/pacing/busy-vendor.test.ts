import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { type CalledVendor, callVendor, route, sent } from "../../../test/outside/called-vendor.ts";
import { until } from "../../../test/harness.ts";
import { type MessageRow, node, type Pipeline, sms } from "../../../test/pipeline.ts";
import type { Worker, WorkerOptions, Workers } from "../../../test/worker.ts";

/* What becomes of messages whose vendor may not, or cannot, be called now. */

/** For text messages. */
let called: CalledVendor;

it.beforeEach(async ({ pipeline }) => {
  called = callVendor("sms");
  await pipeline.addTemplate("text");
  await pipeline.addTemplate("mail", ["email"]);
  await pipeline.commit("text", [sms("sms_1")]);
  await pipeline.commit("mail", [node("send_email", "email_1", { template: "mail" })]);
});
it.afterEach(async ({ workers, harness }) => {
  await workers.stop();
  // Messages left unsent by one test must not call the next one's vendor.
  await harness.services.db.query("delete from pgboss.job where name like 'send-%'");
  await harness.services.db.query("update message set next_attempt_at = null");
});

const work = (workers: Workers, options: WorkerOptions = {}): Promise<Worker> =>
  workers.start({ vendors: [called.vendor], ...options });
const text = (pipeline: Pipeline, number = "+14155550100", distinct_id = "ann") =>
  pipeline.trigger({ workflow: "text", recipients: [{ distinct_id, $sms: number }] });
const mail = (pipeline: Pipeline, address: string, distinct_id: string) =>
  pipeline.trigger({ workflow: "mail", recipients: [{ distinct_id, $email: address }] });
const one = (pipeline: Pipeline, is: (row: MessageRow) => boolean) =>
  until(async () => (await pipeline.messages()).find(is));

/** Asks for two minutes. */
const throttled = {
  kind: "failed",
  class: "throttled",
  code: "429",
  message: "slow down",
  retry_after: 120,
} as const;

describe("a vendor that hangs", () => {
  it("costs the others of its lane nothing, however much waits for it", async ({
    pipeline,
    workers,
    harness,
  }) => {
    const live = callVendor("email", "live");
    await route(harness, pipeline.workspace_id, called);
    await route(harness, pipeline.workspace_id, live);
    const crowd = (from: number) =>
      Array.from({ length: 100 }, (_, index) => ({
        distinct_id: `user-${from + index}`,
        $sms: `+1415555${1000 + from + index}`,
      }));
    for (let from = 0; from < 800; from += 100)
      await pipeline.trigger({ workflow: "text", recipients: crowd(from) });
    await work(workers, { vendors: [called.vendor, live.vendor], concurrency: 32, timeout_ms: 60_000 });
    // Three quarters of the lane's slots: all hang.
    await called.call(5);
    for (let index = 0; index < 20; index++) {
      await mail(pipeline, `ann-${index}@example.com`, `ann-${index}`);
      (await live.call(index)).answer(sent);
    }
    await until(async () =>
      (await pipeline.messages())
        .filter(({ channel }) => channel === "email")
        .every(({ lease }) => lease === null),
    );
    expect(called.calls).toHaveLength(6);

    // Those beyond what may wait in memory come back later, and that counts as no attempt.
    const [postponed] = (
      await until(async () => {
        const rows = await pipeline.messages();
        const away = rows.filter(({ next_attempt_at }) => next_attempt_at !== null);
        return away.length === 0 ? null : away;
      })
    ).slice(0, 1);
    expect(postponed).toMatchObject({ attempt: 0, status: "triggered", failure_class: null, lease: null });
    expect(
      await pipeline.services.db.query("select from message_event where workspace_id = $1", [
        pipeline.workspace_id,
      ]),
    ).toEqual([]);
    let isOver = false;
    void workers.stop().then(() => (isOver = true));
    await until(async () => {
      for (const { answer } of called.calls) answer(sent);
      return isOver;
    });
  });
});

describe("a vendor that may not be called now", () => {
  it("because its day is used up keeps its messages, and that counts as no attempt", async ({
    pipeline,
    workers,
    harness,
  }) => {
    const id = await route(harness, pipeline.workspace_id, called);
    await pipeline.services.db.query("update vendor_config set daily_cap = 1 where id = $1", [id]);
    await work(workers);
    await text(pipeline);
    (await called.call(0)).answer(sent);
    await text(pipeline, "+14155550101", "bob");
    expect(await one(pipeline, ({ failure_reason }) => failure_reason !== null)).toMatchObject({
      failure_reason: "waits: its calls of today are used up",
      failure_class: null,
      attempt: 0,
      status: "triggered",
    });
    expect(called.calls).toHaveLength(1);
  });

  it("because it has asked one message for a pause is not called for another either", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await route(harness, pipeline.workspace_id, called);
    await work(workers);
    await work(workers);
    await text(pipeline);
    (await called.call(0)).answer(throttled);
    await one(pipeline, ({ failure_class }) => failure_class === "throttled");
    await text(pipeline, "+14155550101", "bob");
    await one(
      pipeline,
      ({ failure_reason }) => failure_reason === "waits: it has asked not to be called for now",
    );

    // After the pause both are sent, and the pause was one attempt of the first message and none of the second.
    await workers.stop();
    const { db } = pipeline.services;
    await db.query("update vendor_config set held_until = null where workspace_id = $1", [
      pipeline.workspace_id,
    ]);
    await db.query(
      "update message set next_attempt_at = now() where workspace_id = $1 and next_attempt_at is not null",
      [pipeline.workspace_id],
    );
    // Another worker has heard of no pause.
    await (await work(workers)).wake();
    for (const call of [await called.call(1), await called.call(2)]) call.answer(sent);
    const rows = await until(async () => {
      const all = await pipeline.messages();
      return all.every(({ status }) => status === "sent_by_vendor") ? all : null;
    });
    expect(rows.map(({ attempt }) => attempt)).toEqual([2, 1]);
  });

  it("because it keeps failing has its messages back, and that counts as no attempt", async ({
    pipeline,
    workers,
    harness,
  }) => {
    const id = await route(harness, pipeline.workspace_id, called);
    await pipeline.services.db.query(
      "update vendor_config set broken_at = now(), probed_at = now(), broken_reason = 'dead' where id = $1",
      [id],
    );
    await work(workers);
    await text(pipeline);
    expect(await one(pipeline, ({ next_attempt_at }) => next_attempt_at !== null)).toMatchObject({
      failure_reason: "waits: not called, since it keeps failing: dead",
      attempt: 0,
    });
    expect(called.calls).toEqual([]);
  });
});
