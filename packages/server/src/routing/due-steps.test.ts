import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { callVendor, type CalledVendor, route, sent } from "../../test/outside/called-vendor.ts";
import { until, type Server } from "../../test/harness.ts";
import { node, type Pipeline } from "../../test/pipeline.ts";
import type { Worker, Workers } from "../../test/worker.ts";
import type { Channel } from "../core/channel.ts";
import type { JsonObject } from "../core/json.ts";
import { applyReceipts } from "../delivery/receipts.ts";
import { createPreferences } from "../preferences/preferences.ts";
import { cancelRouting } from "./success.ts";

/* Smart routing from trigger to outbox. The workspaces' clocks are frozen: a step is due when the test says so. */

let now: Date;

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text", ["inbox", "email", "sms", "androidpush"]);
  await setClock(pipeline, new Date("2030-01-01T00:00:00Z"));
});

const query = (harness: Server, text: string, values: unknown[] = []) =>
  harness.services.db.query<JsonObject>(text, values);

async function setClock(pipeline: Pipeline, at: Date): Promise<void> {
  now = at;
  await query(pipeline, "update workspace set clock_frozen_at = $2 where workspace_id = $1", [
    pipeline.workspace_id,
    at,
  ]);
}

const MINUTE = 60_000;
const pass = (pipeline: Pipeline, minutes: number) =>
  setClock(pipeline, new Date(now.getTime() + minutes * MINUTE));

/** Ann turns a channel off. */
async function restrict(harness: Server, { workspace_id }: Pipeline, channel: Channel): Promise<void> {
  const { db, catalog } = harness.services;
  const [row] = await query(harness, "select id from recipient where workspace_id = $1", [workspace_id]);
  const who = { recipient_ids: [row?.id as string], tenant_id: "default" };
  await db.tx((tx) =>
    createPreferences({ db, catalog }).setChannelPreference(tx, workspace_id, who, [
      { channel, is_restricted: true },
    ]),
  );
}

async function work(workers: Workers, vendors: CalledVendor[] = []): Promise<Worker> {
  return workers.start({ vendors: vendors.map(({ vendor }) => vendor) });
}

const smart = (properties: JsonObject = {}) =>
  node("send_smart_channel_routing", "smart_1", { template: "text", ...properties });

const ann = {
  distinct_id: "ann",
  $email: "ann@example.com",
  $sms: "+14155550100",
  $androidpush: { token: "token-ann", provider: "fcm" },
};

/** Triggers the workflow and waits until its messages exist. */
async function start(
  pipeline: Pipeline,
  properties: JsonObject = {},
  recipient: JsonObject = ann,
): Promise<Message[]> {
  await pipeline.commit("smart", [smart(properties)]);
  await pipeline.trigger({ workflow: "smart", recipients: [recipient] });
  await pipeline.finished(1);
  return messages(pipeline);
}

interface Message extends JsonObject {
  id: string;
  channel: string;
  identity_key: string;
  status: string;
  execution_id: string;
}

const messages = (pipeline: Pipeline) =>
  query(
    pipeline,
    `select id, channel, identity_key, status, failure_reason, smart_step, success_metric, wait_time_in_seconds,
            success_achieved_at is not null as achieved, execution_id
       from message where workspace_id = $1 order by smart_step, channel, id`,
    [pipeline.workspace_id],
  ) as Promise<Message[]>;

const statuses = async (pipeline: Pipeline) =>
  Object.fromEntries((await messages(pipeline)).map(({ channel, status }) => [channel, status]));

const steps = async (pipeline: Pipeline) =>
  (
    await query(
      pipeline,
      `select m.channel, extract(epoch from s.due_at - s.begun_at)::float8 / 60 as minutes
         from smart_step s join message m on m.workspace_id = s.workspace_id and m.id = s.message_id
        where s.workspace_id = $1 order by s.step`,
      [pipeline.workspace_id],
    )
  ).map(({ channel, minutes }) => [channel, minutes]);

/** Resolves when every message passed to a vendor has an outcome. */
const settled = (pipeline: Pipeline) =>
  until(async () => (await messages(pipeline)).every(({ status }) => status !== "triggered"));

async function report(pipeline: Pipeline, channel: string, status: string): Promise<void> {
  const message = (await messages(pipeline)).find((one) => one.channel === channel);
  await pipeline.services.db.tx((tx) =>
    applyReceipts(tx, [
      { workspace_id: pipeline.workspace_id, message_id: message?.id ?? "", status, reason: null },
    ]),
  );
}

/** Sends what is due and waits for the outcomes. */
async function tick(pipeline: Pipeline, workers: Workers): Promise<void> {
  for (const worker of workers.running()) await worker.wake();
  await settled(pipeline);
}

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
    await pipeline.trigger({ workflow: "smart", recipients: [ann], data: { wanted: ["sms"] } });
    await pipeline.finished(1);
    expect(await statuses(pipeline)).toMatchObject({ sms: expect.any(String) });
    await pipeline.trigger({ workflow: "smart", recipients: [ann], data: {} });
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
    const { distinct_id: _none, ...contacts } = ann;
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
        return { ...ann, distinct_id: `round-${round}-${index}` };
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
