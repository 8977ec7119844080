import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { callVendor, route, sent } from "../../test/outside/called-vendor.ts";
import { until } from "../../test/harness.ts";
import type { Pipeline } from "../../test/pipeline.ts";
import {
  ANN,
  messages,
  pass,
  prepare,
  query,
  report,
  restrict,
  settled,
  smart,
  start,
  statuses,
  steps,
  tick,
  work,
} from "../../test/smart-routing.ts";
import { applyReceipts } from "../delivery/receipts.ts";
import { cancelRouting } from "./success.ts";

/* Steps whose turn has come. The workspaces' clocks are frozen: a step is due when the test says so. */

it.beforeEach(({ pipeline }) => prepare(pipeline));

describe("a step whose turn has come", () => {
  it("is not sent to an address that was removed meanwhile; the next one takes its turn", async ({
    pipeline,
    workers,
  }) => {
    await work(workers);
    await start(pipeline, { channels: ["androidpush", "email", "sms"] });
    await settled(pipeline);
    await query(pipeline, "delete from identity where workspace_id = $1 and channel = 'email'", [
      pipeline.workspace_id,
    ]);
    await pass(pipeline, 30);
    await tick(pipeline, workers);
    expect(await messages(pipeline)).toMatchObject([
      { channel: "androidpush", status: "sent_by_vendor" },
      {
        channel: "email",
        status: "not_to_be_triggered",
        failure_reason: expect.stringContaining("not part of"),
      },
      { channel: "sms", status: "sent_by_vendor", wait_time_in_seconds: 1800 },
    ]);
  });

  it("is not sent on a channel that the recipient turned off meanwhile; the next one takes its turn", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await work(workers);
    await start(pipeline, { channels: ["androidpush", "email", "sms"] });
    await settled(pipeline);
    await restrict(harness, pipeline, "email");
    await pass(pipeline, 30);
    await tick(pipeline, workers);
    expect(await messages(pipeline)).toMatchObject([
      { channel: "androidpush", status: "sent_by_vendor" },
      {
        channel: "email",
        status: "not_to_be_triggered",
        failure_reason: "email was turned off meanwhile: channel_restricted",
      },
      { channel: "sms", status: "sent_by_vendor", wait_time_in_seconds: 1800 },
    ]);
  });

  it("is not sent unchecked, however many steps of other runs are due and wait for an earlier one", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await work(workers);
    await start(pipeline, { channels: ["androidpush", "email"] });
    await settled(pipeline);
    await query(
      harness,
      `insert into smart_step (workspace_id, message_id, execution_id, node_ref, step, begun_at, due_at, gap_ms, is_stored)
       select $1, 'm' || step, 'other', 'n', step, '2029-12-31',
              case when step = 1 then '2031-01-01' else '2029-12-31' end::timestamptz, 1, true
         from generate_series(1, 501) step`,
      [pipeline.workspace_id],
    );
    await restrict(harness, pipeline, "email");
    await pass(pipeline, 60);
    await tick(pipeline, workers);
    expect(await messages(pipeline)).toMatchObject([
      { channel: "androidpush", status: "sent_by_vendor" },
      { channel: "email", status: "not_to_be_triggered" },
    ]);
  });

  it("is not sent to addresses that were suppressed meanwhile", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, { channels: ["androidpush", "email", "sms"] });
    await settled(pipeline);
    await query(
      pipeline,
      "update identity set perma_status = 'disabled', perma_until = now() + interval '1 day' where workspace_id = $1 and channel = 'email'",
      [pipeline.workspace_id],
    );
    await query(
      pipeline,
      "update identity set status = 'inactive' where workspace_id = $1 and channel = 'sms'",
      [pipeline.workspace_id],
    );
    await pass(pipeline, 30);
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject({
      email: "not_to_be_triggered",
      sms: "not_to_be_triggered",
    });
  });

  it("is not sent to a deleted recipient whose address the trigger gave", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, { channels: ["email", "sms"] });
    await settled(pipeline);
    await query(pipeline, "update smart_step set is_stored = false where workspace_id = $1", [
      pipeline.workspace_id,
    ]);
    await query(pipeline, "delete from recipient where workspace_id = $1", [pipeline.workspace_id]);
    await pass(pipeline, 60);
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject({ sms: "not_to_be_triggered" });
  });

  it("is sent again once a suppression is over", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, { channels: ["email", "sms"] });
    await query(
      pipeline,
      "update identity set perma_status = 'disabled', perma_until = now() - interval '1 day' where workspace_id = $1 and channel = 'sms'",
      [pipeline.workspace_id],
    );
    await pass(pipeline, 60);
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject({ sms: "sent_by_vendor" });
  });

  it("is sent to a recipient who is not stored", async ({ pipeline, workers }) => {
    await work(workers);
    const { distinct_id: _none, ...contacts } = ANN;
    await start(pipeline, { channels: ["email", "sms"] }, { is_transient: true, ...contacts });
    await pass(pipeline, 60);
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject({ sms: "sent_by_vendor" });
  });

  it("comes at once when the previous one sent nothing, and the others move up", async ({
    pipeline,
    workers,
    harness,
  }) => {
    const push = callVendor("androidpush");
    await work(workers, [push]);
    await route(harness, pipeline.workspace_id, push);
    await start(pipeline, { channels: ["androidpush", "email", "sms"] });
    (await push.call(0)).answer({ kind: "failed", class: "config", code: "no", message: "wrong key" });
    await until(async () => (await statuses(pipeline)).email === "sent_by_vendor");
    expect(await statuses(pipeline)).toMatchObject({ androidpush: "trigger_failed", sms: "to_be_triggered" });
    expect(await steps(pipeline)).toEqual([["sms", 30]]);
  });

  it("keeps its time when the previous one failed after the vendor accepted it", async ({
    pipeline,
    workers,
  }) => {
    await work(workers);
    await start(pipeline, { channels: ["email", "sms"] });
    await settled(pipeline);
    await report(pipeline, "email", "delivery_failure");
    await tick(pipeline, workers);
    expect(await steps(pipeline)).toEqual([["sms", 60]]);
  });

  it("keeps its time when a failed message had no turn", async ({ pipeline, workers, harness }) => {
    const sms = callVendor("sms");
    await work(workers, [sms]);
    await route(harness, pipeline.workspace_id, sms);
    await start(pipeline, { channels: ["androidpush", "email", "sms"], mandatory_channels: ["sms"] });
    (await sms.call(0)).answer({ kind: "failed", class: "config", code: "no", message: "wrong key" });
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject({ sms: "trigger_failed", email: "to_be_triggered" });
    expect(await steps(pipeline)).toEqual([["email", 60]]);
  });

  it("keeps its distance from a late one", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, { channels: ["androidpush", "email", "sms"] });
    await settled(pipeline);
    await pass(pipeline, 600);
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject({ email: "sent_by_vendor", sms: "to_be_triggered" });
    expect(await steps(pipeline)).toEqual([["sms", 630]]);
  });

  it("is not sent when its run was cancelled", async ({ pipeline, workers, harness }) => {
    await work(workers);
    const [message] = await start(pipeline, {
      channels: ["email", "sms"],
      success: "ordered",
      success_is_event: true,
    });
    await settled(pipeline);
    await harness.services.db.tx((tx) =>
      cancelRouting(tx, [{ workspace_id: pipeline.workspace_id, id: message?.execution_id ?? "" }]),
    );
    expect(await messages(pipeline)).toMatchObject([
      { channel: "email", status: "sent_by_vendor" },
      { channel: "sms", status: "not_to_be_triggered", failure_reason: "the run was cancelled" },
    ]);
    expect(
      await query(harness, "select 1 from smart_goal where workspace_id = $1", [pipeline.workspace_id]),
    ).toEqual([]);
    await pass(pipeline, 60);
    await tick(pipeline, workers);
    expect(await statuses(pipeline)).toMatchObject({ sms: "not_to_be_triggered" });
  });
});

describe("when processes die", () => {
  it("a step that was due while no worker ran is sent by the next worker", async ({ pipeline, workers }) => {
    await work(workers);
    await start(pipeline, { channels: ["email", "sms"] });
    await settled(pipeline);
    await workers.stop();
    await pass(pipeline, 60);
    await work(workers);
    await until(async () => (await steps(pipeline)).length === 0);
    await settled(pipeline);
    expect(await statuses(pipeline)).toMatchObject({ sms: "sent_by_vendor" });
  });

  it("a step is sent once, however many wakers look for it while its vendor is busy", async ({
    pipeline,
    workers,
    harness,
  }) => {
    const sms = callVendor("sms");
    await route(harness, pipeline.workspace_id, sms);
    const both = await Promise.all([work(workers, [sms]), work(workers, [sms])]);
    await start(pipeline, { channels: ["email", "sms"] });
    await until(async () => (await statuses(pipeline)).email === "sent_by_vendor");
    await pass(pipeline, 60);
    const looks = [...both, ...both, ...both].map((worker) => worker.wake());
    const call = await sms.call(0);
    await Promise.all(looks);
    expect(await both[0]?.wake()).toBe(0);
    call.answer(sent);
    await settled(pipeline);
    expect(sms.calls).toHaveLength(1);
  });
});

describe("a step that is due and a report that ends its routing, at the same moment", () => {
  const ROUNDS = 15;
  const PEOPLE = 8;

  it("is sent or cancelled, never both, with two workers and many rounds", async ({ pipeline, workers }) => {
    await Promise.all([work(workers), work(workers)]);
    await pipeline.commit("smart", [smart({ channels: ["email", "sms", "androidpush"] })]);
    for (let round = 1; round <= ROUNDS; round++) {
      const recipients = Array.from({ length: PEOPLE }, (_none, index) => {
        return { ...ANN, distinct_id: `round-${round}-${index}` };
      });
      await pipeline.trigger({ workflow: "smart", recipients });
      await pipeline.finished(round * PEOPLE);
      await settled(pipeline);
      const pushed = (await messages(pipeline)).filter(
        ({ channel, status }) => channel === "androidpush" && status === "sent_by_vendor",
      );
      expect(pushed).toHaveLength(PEOPLE);
      await pass(pipeline, 30);
      // One report comes before the wakers look, one after, and the others meanwhile.
      const [first = "", ...others] = pushed.map(({ id }) => id);
      const last = others.pop() ?? "";
      await seen(pipeline, first);
      await Promise.all([
        ...others.slice(0, PEOPLE / 2).map((id) => seen(pipeline, id)),
        ...workers.running().map((worker) => worker.wake()),
        ...others.slice(PEOPLE / 2).map((id) => seen(pipeline, id)),
      ]);
      await settled(pipeline);
      await seen(pipeline, last);
      // Steps that a report had to skip, because the waker held them, are found when they are due.
      await pass(pipeline, 30);
      await tick(pipeline, workers);
      expect(await steps(pipeline)).toEqual([]);
    }

    const sends = workers.running().flatMap((worker) => worker.settled.map(({ message }) => message.id));
    expect(new Set(sends).size).toBe(sends.length);
    const made = await messages(pipeline);
    expect(made).toHaveLength(ROUNDS * PEOPLE * 3);
    for (const { id, channel, status } of made) {
      const went = sends.includes(id);
      expect([channel, status, went]).toEqual([channel, fateOf(channel, went), went]);
    }
    const emails = made.filter(({ channel }) => channel === "email").map(({ status }) => status);
    expect([...new Set(emails)].toSorted()).toEqual(["not_to_be_triggered", "sent_by_vendor"]);
  });

  const seen = (pipeline: Pipeline, message_id: string) =>
    pipeline.services.db.tx((tx) =>
      applyReceipts(tx, [{ workspace_id: pipeline.workspace_id, message_id, status: "seen", reason: null }]),
    );

  /** No recipient's third channel is needed: the report arrives before its turn. */
  function fateOf(channel: string, went: boolean): string {
    if (channel === "androidpush") return "seen";
    if (channel === "sms") return "not_to_be_triggered";
    return went ? "sent_by_vendor" : "not_to_be_triggered";
  }
});
