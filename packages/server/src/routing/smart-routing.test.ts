import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { callVendor, route } from "../../test/outside/called-vendor.ts";
import { type Server, until } from "../../test/harness.ts";
import type { Pipeline } from "../../test/pipeline.ts";
import {
  ANN,
  messages,
  pass,
  prepare,
  query,
  report,
  settled,
  smart,
  start,
  statuses,
  steps,
  tick,
  work,
} from "../../test/smart-routing.ts";

/* Smart routing from trigger to outbox. The workspaces' clocks are frozen: a step is due when the test says so. */

it.beforeEach(({ pipeline }) => prepare(pipeline));

describe("a smart routing", () => {
  it("sends at 0, 30 and 60 minutes, the cheapest channel first, and the inbox at once", async ({
    pipeline,
    workers,
  }) => {
    await work(workers);
    const made = await start(pipeline);
    expect(
      made.map(({ channel, smart_step, wait_time_in_seconds }) => [
        channel,
        smart_step,
        wait_time_in_seconds,
      ]),
    ).toEqual([
      ["inbox", 0, 0],
      ["androidpush", 1, 0],
      ["email", 2, 1800],
      ["sms", 3, 3600],
    ]);
    await settled(pipeline);
    const waiting = { email: "to_be_triggered", sms: "to_be_triggered" };
    expect(await statuses(pipeline)).toMatchObject({
      inbox: "delivered",
      androidpush: "sent_by_vendor",
      ...waiting,
    });

    await pass(pipeline, 29);
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject(waiting);
    await pass(pipeline, 1);
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject({ email: "sent_by_vendor", sms: "to_be_triggered" });
    await pass(pipeline, 30);
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject({ sms: "sent_by_vendor" });
    expect(await steps(pipeline)).toEqual([]);
    expect((await pipeline.runs())[0]).toMatchObject({ status: "completed" });
  });

  it("seen in the inbox sends nothing more, and records why", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline);
    await settled(pipeline);
    await report(pipeline, "inbox", "delivered");
    expect(await steps(pipeline)).toHaveLength(2);
    await report(pipeline, "inbox", "seen");

    expect(await steps(pipeline)).toEqual([]);
    const reason = "success metric 'seen' was achieved";
    expect(await messages(pipeline)).toMatchObject([
      { channel: "inbox", status: "seen", achieved: true },
      { channel: "androidpush", status: "sent_by_vendor", achieved: false },
      { channel: "email", status: "not_to_be_triggered", failure_reason: reason },
      { channel: "sms", status: "not_to_be_triggered", failure_reason: reason },
    ]);
    await pass(pipeline, 120);
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject({
      email: "not_to_be_triggered",
      sms: "not_to_be_triggered",
    });
  });

  it.for([
    ["seen", "delivered", false],
    ["seen", "clicked", true],
    ["interaction", "seen", false],
    ["interacted", "clicked", true],
  ] as const)(
    "for %s, %s of an earlier step ends it: %s",
    async ([success, status, ends], { pipeline, workers }) => {
      await work(workers);
      await start(pipeline, { success, channels: ["email", "sms"] });
      await settled(pipeline);
      await report(pipeline, "email", status);
      expect(await statuses(pipeline)).toMatchObject({
        sms: ends ? "not_to_be_triggered" : "to_be_triggered",
      });
    },
  );

  it("for delivered ends at once when its inbox item is stored", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, { success: "delivered" });
    await settled(pipeline);
    expect(await messages(pipeline)).toMatchObject([
      { channel: "inbox", status: "delivered", achieved: true },
      { channel: "androidpush", status: "sent_by_vendor" },
      { channel: "email", status: "not_to_be_triggered" },
      { channel: "sms", status: "not_to_be_triggered" },
    ]);
    expect(await steps(pipeline)).toEqual([]);
  });

  it("for delivered ends when a vendor's reply reports delivery", async ({ pipeline, workers, harness }) => {
    const email = callVendor("email");
    await work(workers, [email]);
    await route(harness, pipeline.workspace_id, email);
    await start(pipeline, { success: "delivered", channels: ["email", "sms"] });
    (await email.call(0)).answer({ kind: "sent", vendor_message_id: "v-1", delivered: true });
    await settled(pipeline);
    expect(await messages(pipeline)).toMatchObject([
      { channel: "email", status: "delivered", achieved: true },
      { channel: "sms", status: "not_to_be_triggered" },
    ]);
  });

  it("on one address sends it at once and has no steps", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, { channels: ["sms"] });
    await settled(pipeline);
    expect(await messages(pipeline)).toMatchObject([
      { channel: "sms", status: "sent_by_vendor", smart_step: 1 },
    ]);
    expect(await steps(pipeline)).toEqual([]);
  });

  it("gives two addresses of one channel a turn each", async ({ pipeline, workers }) => {
    await work(workers);
    const emails = ["ann@example.com", "ann@work.example"];
    await start(
      pipeline,
      { channels: ["email", "sms"] },
      { distinct_id: "ann", $email: emails, $sms: "+14155550100" },
    );
    expect(await steps(pipeline)).toEqual([
      ["email", 30],
      ["sms", 60],
    ]);
    await pass(pipeline, 30);
    await tick(pipeline, workers);
    expect((await messages(pipeline)).map(({ identity_key, status }) => [identity_key, status])).toEqual([
      [emails[0], "sent_by_vendor"],
      [emails[1], "sent_by_vendor"],
      ["+14155550100", "to_be_triggered"],
    ]);
  });

  it("sends mandatory channels at once, outside the sequence", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, { channels: ["androidpush", "email", "sms"], mandatory_channels: ["sms"] });
    await settled(pipeline);
    expect(await messages(pipeline)).toMatchObject([
      { channel: "sms", smart_step: 0, status: "sent_by_vendor" },
      { channel: "androidpush", smart_step: 1, status: "sent_by_vendor" },
      { channel: "email", smart_step: 2, wait_time_in_seconds: 3600 },
    ]);
  });

  it("orders by the vendors' prices where they are known", async ({ pipeline, workers }) => {
    await work(workers);
    const price = (channel: string, amount: number) =>
      query(pipeline, "update vendor_config set price = $3 where workspace_id = $1 and channel = $2", [
        pipeline.workspace_id,
        channel,
        amount,
      ]);
    await price("email", 0.5);
    await price("sms", 0.02);
    await start(pipeline, { channels: ["email", "sms"] });
    expect(await steps(pipeline)).toEqual([["email", 60]]);
  });

  it("uses `channels_expr` instead of `channels`, and ends the run when it gives none", async ({
    pipeline,
    workers,
  }) => {
    await work(workers);
    await pipeline.commit("smart", [smart({ channels: ["email"], channels_expr: ".wanted" })]);
    await pipeline.trigger({ workflow: "smart", recipients: [ANN], data: { wanted: ["sms"] } });
    await pipeline.finished(1);
    expect(await statuses(pipeline)).toMatchObject({ sms: expect.any(String) });
    await pipeline.trigger({ workflow: "smart", recipients: [ANN], data: {} });
    expect((await pipeline.finished(2)).map(({ status }) => status)).toEqual(["completed", "failed"]);
    expect(await messages(pipeline)).toHaveLength(1);
  });
});

describe("an event that is a routing's goal", () => {
  async function event(pipeline: Pipeline, name: string, distinct_id: string): Promise<void> {
    const answer = await pipeline.call("POST", "/event/", { event: name, distinct_id, properties: {} });
    expect(answer.text).toBe("OK");
  }
  /** Resolves when everything accepted is done. */
  const idle = (harness: Server) =>
    until(async () => {
      const [row] = await query(
        harness,
        "select count(*)::int as count from pgboss.job where state < 'completed'",
      );
      return row?.count === 0;
    });
  const goal = { success: "Order Paid", success_is_event: true, channels: ["email", "sms"] };
  const goals = async (pipeline: Pipeline) =>
    (await query(pipeline, "select 1 from smart_goal where workspace_id = $1", [pipeline.workspace_id]))
      .length;

  it("ends the routing, in any letter case, and marks what was sent", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, goal);
    await settled(pipeline);
    await event(pipeline, "order paid", "ann");
    await until(async () => (await goals(pipeline)) === 0);
    expect(await messages(pipeline)).toMatchObject([
      { channel: "email", status: "sent_by_vendor", success_metric: "Order Paid", achieved: true },
      { channel: "sms", status: "not_to_be_triggered", achieved: false },
    ]);
  });

  it("that was accepted in time wins against the next step, although nothing has handled it", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await work(workers);
    await start(pipeline, goal);
    await settled(pipeline);
    await workers.stop();
    await event(pipeline, "Order Placed", "ann");
    await event(pipeline, "order PAID", "ann");
    // Held by a worker that died: its job comes back later than the step.
    await query(harness, "delete from pgboss.job where name like 'expand-%'");
    await pass(pipeline, 60);
    await work(workers);
    await tick(pipeline, workers);
    expect(await messages(pipeline)).toMatchObject([
      { channel: "email", status: "sent_by_vendor", achieved: true },
      {
        channel: "sms",
        status: "not_to_be_triggered",
        failure_reason: expect.stringContaining("Order Paid"),
      },
    ]);
    expect(await goals(pipeline)).toBe(0);
  });

  it("of another name, or of another user, does not", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, goal);
    await settled(pipeline);
    await event(pipeline, "order placed", "ann");
    await event(pipeline, "order paid", "bob");
    await idle(pipeline);
    expect(await statuses(pipeline)).toMatchObject({ sms: "to_be_triggered" });
    expect(await goals(pipeline)).toBe(1);
  });

  it("is not mistaken for a status of that name", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, { ...goal, success: "seen" });
    await settled(pipeline);
    await report(pipeline, "email", "seen");
    expect(await statuses(pipeline)).toMatchObject({ email: "seen", sms: "to_be_triggered" });
  });

  it("that comes too late changes nothing", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, goal);
    await settled(pipeline);
    await pass(pipeline, 60);
    await tick(pipeline, workers);
    await pass(pipeline, 61);
    await event(pipeline, "order paid", "ann");
    await idle(pipeline);
    expect((await messages(pipeline)).map(({ achieved }) => achieved)).toEqual([false, false]);
  });

  it("is found by the waker when its own write had to skip a step", async ({ pipeline, workers }) => {
    await work(workers);
    const [email] = await start(pipeline, goal);
    await settled(pipeline);
    await query(
      pipeline,
      "update message set success_achieved_at = now() where workspace_id = $1 and id = $2",
      [pipeline.workspace_id, email?.id],
    );
    await pass(pipeline, 60);
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject({ sms: "not_to_be_triggered" });
  });
});
