import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callVendor, type CalledVendor, route, sent } from "../../test/called-vendor.ts";
import { createHarness, type Harness, until } from "../../test/harness.ts";
import { createPipeline, node, type Pipeline } from "../../test/pipeline.ts";
import { startWorker, type Worker } from "../../test/worker.ts";
import type { JsonObject } from "../core/json.ts";
import { applyReceipts } from "../delivery/receipts.ts";
import { createPreferences } from "../preferences/preferences.ts";
import { cancelRouting } from "./success.ts";

/* Smart routing from trigger to outbox. The workspaces' clocks are frozen: a step is due when the test says so. */
let harness: Harness;
let pipeline: Pipeline;
let workers: Worker[] = [];
let now: Date;

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
});
afterAll(() => harness.close());
beforeEach(async () => {
  pipeline = await createPipeline(harness);
  await pipeline.addTemplate("text", ["inbox", "email", "sms", "androidpush"]);
  await setClock(new Date("2030-01-01T00:00:00Z"));
});
afterEach(async () => {
  for (const worker of workers) await worker.stop();
  workers = [];
});

const query = (text: string, values: unknown[] = []) => harness.services.db.query<JsonObject>(text, values);

async function setClock(at: Date): Promise<void> {
  now = at;
  await query("update workspace set clock_frozen_at = $2 where workspace_id = $1", [
    pipeline.workspace_id,
    at,
  ]);
}

const MINUTE = 60_000;
const pass = (minutes: number) => setClock(new Date(now.getTime() + minutes * MINUTE));

async function work(vendors: CalledVendor[] = []): Promise<Worker> {
  const worker = await startWorker(harness, { vendors: vendors.map(({ vendor }) => vendor) });
  workers.push(worker);
  return worker;
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
async function start(properties: JsonObject = {}, recipient: JsonObject = ann): Promise<Message[]> {
  await pipeline.commit("smart", [smart(properties)]);
  await pipeline.trigger({ workflow: "smart", recipients: [recipient] });
  await pipeline.finished(1);
  return messages();
}

interface Message extends JsonObject {
  id: string;
  channel: string;
  identity_key: string;
  status: string;
  execution_id: string;
}

const messages = () =>
  query(
    `select id, channel, identity_key, status, failure_reason, smart_step, success_metric, wait_time_in_seconds,
            success_achieved_at is not null as achieved, execution_id
       from message where workspace_id = $1 order by smart_step, channel, id`,
    [pipeline.workspace_id],
  ) as Promise<Message[]>;

const statuses = async () =>
  Object.fromEntries((await messages()).map(({ channel, status }) => [channel, status]));

const steps = async () =>
  (
    await query(
      `select m.channel, extract(epoch from s.due_at - s.begun_at)::float8 / 60 as minutes
         from smart_step s join message m on m.workspace_id = s.workspace_id and m.id = s.message_id
        where s.workspace_id = $1 order by s.step`,
      [pipeline.workspace_id],
    )
  ).map(({ channel, minutes }) => [channel, minutes]);

/** Resolves when every message passed to a vendor has an outcome. */
const settled = () => until(async () => (await messages()).every(({ status }) => status !== "triggered"));

async function report(channel: string, status: string): Promise<void> {
  const message = (await messages()).find((one) => one.channel === channel);
  await harness.services.db.tx((tx) =>
    applyReceipts(tx, [
      { workspace_id: pipeline.workspace_id, message_id: message?.id ?? "", status, reason: null },
    ]),
  );
}

/** Sends what is due and waits for the outcomes. */
async function tick(): Promise<void> {
  for (const worker of workers) await worker.wake();
  await settled();
}

describe("a smart routing", () => {
  it("sends at 0, 30 and 60 minutes, the cheapest channel first, and the inbox at once", async () => {
    await work();
    const made = await start();
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
    await settled();
    const waiting = { email: "to_be_triggered", sms: "to_be_triggered" };
    expect(await statuses()).toMatchObject({ inbox: "delivered", androidpush: "sent_by_vendor", ...waiting });

    await pass(29);
    await tick();
    expect(await statuses()).toMatchObject(waiting);
    await pass(1);
    await tick();
    expect(await statuses()).toMatchObject({ email: "sent_by_vendor", sms: "to_be_triggered" });
    await pass(30);
    await tick();
    expect(await statuses()).toMatchObject({ sms: "sent_by_vendor" });
    expect(await steps()).toEqual([]);
    expect((await pipeline.runs())[0]).toMatchObject({ status: "completed" });
  });

  it("seen in the inbox sends nothing more, and records why", async () => {
    await work();
    await start();
    await settled();
    await report("inbox", "delivered");
    expect(await steps()).toHaveLength(2);
    await report("inbox", "seen");

    expect(await steps()).toEqual([]);
    const reason = "success metric 'seen' was achieved";
    expect(await messages()).toMatchObject([
      { channel: "inbox", status: "seen", achieved: true },
      { channel: "androidpush", status: "sent_by_vendor", achieved: false },
      { channel: "email", status: "not_to_be_triggered", failure_reason: reason },
      { channel: "sms", status: "not_to_be_triggered", failure_reason: reason },
    ]);
    await pass(120);
    await tick();
    expect(await statuses()).toMatchObject({ email: "not_to_be_triggered", sms: "not_to_be_triggered" });
  });

  it.each([
    ["seen", "delivered", false],
    ["seen", "clicked", true],
    ["interaction", "seen", false],
    ["interacted", "clicked", true],
  ])("for %s, %s of an earlier step ends it: %s", async (success, status, ends) => {
    await work();
    await start({ success, channels: ["email", "sms"] });
    await settled();
    await report("email", status);
    expect(await statuses()).toMatchObject({ sms: ends ? "not_to_be_triggered" : "to_be_triggered" });
  });

  it("for delivered ends at once when its inbox item is stored", async () => {
    await work();
    await start({ success: "delivered" });
    await settled();
    expect(await messages()).toMatchObject([
      { channel: "inbox", status: "delivered", achieved: true },
      { channel: "androidpush", status: "sent_by_vendor" },
      { channel: "email", status: "not_to_be_triggered" },
      { channel: "sms", status: "not_to_be_triggered" },
    ]);
    expect(await steps()).toEqual([]);
  });

  it("for delivered ends when a vendor's reply reports delivery", async () => {
    const email = callVendor("email");
    await work([email]);
    await route(harness, pipeline.workspace_id, email);
    await start({ success: "delivered", channels: ["email", "sms"] });
    (await email.call(0)).answer({ kind: "sent", vendor_message_id: "v-1", delivered: true });
    await settled();
    expect(await messages()).toMatchObject([
      { channel: "email", status: "delivered", achieved: true },
      { channel: "sms", status: "not_to_be_triggered" },
    ]);
  });

  it("on one address sends it at once and has no steps", async () => {
    await work();
    await start({ channels: ["sms"] });
    await settled();
    expect(await messages()).toMatchObject([{ channel: "sms", status: "sent_by_vendor", smart_step: 1 }]);
    expect(await steps()).toEqual([]);
  });

  it("gives two addresses of one channel a turn each", async () => {
    await work();
    const emails = ["ann@example.com", "ann@work.example"];
    await start({ channels: ["email", "sms"] }, { distinct_id: "ann", $email: emails, $sms: "+14155550100" });
    expect(await steps()).toEqual([
      ["email", 30],
      ["sms", 60],
    ]);
    await pass(30);
    await tick();
    expect((await messages()).map(({ identity_key, status }) => [identity_key, status])).toEqual([
      [emails[0], "sent_by_vendor"],
      [emails[1], "sent_by_vendor"],
      ["+14155550100", "to_be_triggered"],
    ]);
  });

  it("sends mandatory channels at once, outside the sequence", async () => {
    await work();
    await start({ channels: ["androidpush", "email", "sms"], mandatory_channels: ["sms"] });
    await settled();
    expect(await messages()).toMatchObject([
      { channel: "sms", smart_step: 0, status: "sent_by_vendor" },
      { channel: "androidpush", smart_step: 1, status: "sent_by_vendor" },
      { channel: "email", smart_step: 2, wait_time_in_seconds: 3600 },
    ]);
  });

  it("orders by the vendors' prices where they are known", async () => {
    await work();
    const price = (channel: string, amount: number) =>
      query("update vendor_config set price = $3 where workspace_id = $1 and channel = $2", [
        pipeline.workspace_id,
        channel,
        amount,
      ]);
    await price("email", 0.5);
    await price("sms", 0.02);
    await start({ channels: ["email", "sms"] });
    expect(await steps()).toEqual([["email", 60]]);
  });

  it("uses `channels_expr` instead of `channels`, and ends the run when it gives none", async () => {
    await work();
    await pipeline.commit("smart", [smart({ channels: ["email"], channels_expr: ".wanted" })]);
    await pipeline.trigger({ workflow: "smart", recipients: [ann], data: { wanted: ["sms"] } });
    await pipeline.finished(1);
    expect(await statuses()).toMatchObject({ sms: expect.any(String) });
    await pipeline.trigger({ workflow: "smart", recipients: [ann], data: {} });
    expect((await pipeline.finished(2)).map(({ status }) => status)).toEqual(["completed", "failed"]);
    expect(await messages()).toHaveLength(1);
  });
});

describe("an event that is a routing's goal", () => {
  async function event(name: string, distinct_id: string): Promise<void> {
    const answer = await pipeline.call("POST", "/event/", { event: name, distinct_id, properties: {} });
    expect(answer.text).toBe("OK");
  }
  /** Resolves when everything accepted is done. */
  const idle = () =>
    until(async () => {
      const [row] = await query("select count(*)::int as count from pgboss.job where state < 'completed'");
      return row?.count === 0;
    });
  const goal = { success: "Order Paid", success_is_event: true, channels: ["email", "sms"] };
  const goals = async () =>
    (await query("select 1 from smart_goal where workspace_id = $1", [pipeline.workspace_id])).length;

  it("ends the routing, in any letter case, and marks what was sent", async () => {
    await work();
    await start(goal);
    await settled();
    await event("order paid", "ann");
    await until(async () => (await goals()) === 0);
    expect(await messages()).toMatchObject([
      { channel: "email", status: "sent_by_vendor", success_metric: "Order Paid", achieved: true },
      { channel: "sms", status: "not_to_be_triggered", achieved: false },
    ]);
  });

  it("of another name, or of another user, does not", async () => {
    await work();
    await start(goal);
    await settled();
    await event("order placed", "ann");
    await event("order paid", "bob");
    await idle();
    expect(await statuses()).toMatchObject({ sms: "to_be_triggered" });
    expect(await goals()).toBe(1);
  });

  it("is not mistaken for a status of that name", async () => {
    await work();
    await start({ ...goal, success: "seen" });
    await settled();
    await report("email", "seen");
    expect(await statuses()).toMatchObject({ email: "seen", sms: "to_be_triggered" });
  });

  it("that comes too late changes nothing", async () => {
    await work();
    await start(goal);
    await settled();
    await pass(60);
    await tick();
    await pass(61);
    await event("order paid", "ann");
    await idle();
    expect((await messages()).map(({ achieved }) => achieved)).toEqual([false, false]);
  });

  it("is found by the waker when its own write had to skip a step", async () => {
    await work();
    const [email] = await start(goal);
    await settled();
    await query("update message set success_achieved_at = now() where workspace_id = $1 and id = $2", [
      pipeline.workspace_id,
      email?.id,
    ]);
    await pass(60);
    await tick();
    expect(await statuses()).toMatchObject({ sms: "not_to_be_triggered" });
  });
});

describe("a step whose turn has come", () => {
  it("is not sent to an address that was removed meanwhile; the next one takes its turn", async () => {
    await work();
    await start({ channels: ["androidpush", "email", "sms"] });
    await settled();
    await query("delete from identity where workspace_id = $1 and channel = 'email'", [
      pipeline.workspace_id,
    ]);
    await pass(30);
    await tick();
    expect(await messages()).toMatchObject([
      { channel: "androidpush", status: "sent_by_vendor" },
      {
        channel: "email",
        status: "not_to_be_triggered",
        failure_reason: expect.stringContaining("not part of"),
      },
      { channel: "sms", status: "sent_by_vendor", wait_time_in_seconds: 1800 },
    ]);
  });

  it("is not sent on a channel that the recipient turned off meanwhile; the next one takes its turn", async () => {
    await work();
    await start({ channels: ["androidpush", "email", "sms"] });
    await settled();
    const { db, catalog } = harness.services;
    const [ann] = await query("select id from recipient where workspace_id = $1", [pipeline.workspace_id]);
    const who = { recipient_ids: [ann?.id as string], tenant_id: "default" };
    await db.tx((tx) =>
      createPreferences({ db, catalog }).setChannelPreference(tx, pipeline.workspace_id, who, [
        { channel: "email", is_restricted: true },
      ]),
    );
    await pass(30);
    await tick();
    expect(await messages()).toMatchObject([
      { channel: "androidpush", status: "sent_by_vendor" },
      {
        channel: "email",
        status: "not_to_be_triggered",
        failure_reason: "email was turned off meanwhile: channel_restricted",
      },
      { channel: "sms", status: "sent_by_vendor", wait_time_in_seconds: 1800 },
    ]);
  });

  it("is not sent to addresses that were suppressed meanwhile", async () => {
    await work();
    await start({ channels: ["androidpush", "email", "sms"] });
    await settled();
    await query(
      "update identity set perma_status = 'disabled', perma_until = now() + interval '1 day' where workspace_id = $1 and channel = 'email'",
      [pipeline.workspace_id],
    );
    await query("update identity set status = 'inactive' where workspace_id = $1 and channel = 'sms'", [
      pipeline.workspace_id,
    ]);
    await pass(30);
    await tick();
    expect(await statuses()).toMatchObject({ email: "not_to_be_triggered", sms: "not_to_be_triggered" });
  });

  it("is not sent to a deleted recipient whose address the trigger gave", async () => {
    await work();
    await start({ channels: ["email", "sms"] });
    await settled();
    await query("update smart_step set is_stored = false where workspace_id = $1", [pipeline.workspace_id]);
    await query("delete from recipient where workspace_id = $1", [pipeline.workspace_id]);
    await pass(60);
    await tick();
    expect(await statuses()).toMatchObject({ sms: "not_to_be_triggered" });
  });

  it("is sent again once a suppression is over", async () => {
    await work();
    await start({ channels: ["email", "sms"] });
    await query(
      "update identity set perma_status = 'disabled', perma_until = now() - interval '1 day' where workspace_id = $1 and channel = 'sms'",
      [pipeline.workspace_id],
    );
    await pass(60);
    await tick();
    expect(await statuses()).toMatchObject({ sms: "sent_by_vendor" });
  });

  it("is sent to a recipient who is not stored", async () => {
    await work();
    const { distinct_id: _none, ...contacts } = ann;
    await start({ channels: ["email", "sms"] }, { is_transient: true, ...contacts });
    await pass(60);
    await tick();
    expect(await statuses()).toMatchObject({ sms: "sent_by_vendor" });
  });

  it("comes at once when the previous one sent nothing, and the others move up", async () => {
    const push = callVendor("androidpush");
    await work([push]);
    await route(harness, pipeline.workspace_id, push);
    await start({ channels: ["androidpush", "email", "sms"] });
    (await push.call(0)).answer({ kind: "failed", class: "config", code: "no", message: "wrong key" });
    await until(async () => (await statuses()).email === "sent_by_vendor");
    expect(await statuses()).toMatchObject({ androidpush: "trigger_failed", sms: "to_be_triggered" });
    expect(await steps()).toEqual([["sms", 30]]);
  });

  it("keeps its time when the previous one failed after the vendor accepted it", async () => {
    await work();
    await start({ channels: ["email", "sms"] });
    await settled();
    await report("email", "delivery_failure");
    await tick();
    expect(await steps()).toEqual([["sms", 60]]);
  });

  it("keeps its time when a failed message had no turn", async () => {
    const sms = callVendor("sms");
    await work([sms]);
    await route(harness, pipeline.workspace_id, sms);
    await start({ channels: ["androidpush", "email", "sms"], mandatory_channels: ["sms"] });
    (await sms.call(0)).answer({ kind: "failed", class: "config", code: "no", message: "wrong key" });
    await tick();
    expect(await statuses()).toMatchObject({ sms: "trigger_failed", email: "to_be_triggered" });
    expect(await steps()).toEqual([["email", 60]]);
  });

  it("keeps its distance from a late one", async () => {
    await work();
    await start({ channels: ["androidpush", "email", "sms"] });
    await settled();
    await pass(600);
    await tick();
    expect(await statuses()).toMatchObject({ email: "sent_by_vendor", sms: "to_be_triggered" });
    expect(await steps()).toEqual([["sms", 630]]);
  });

  it("is not sent when its run was cancelled", async () => {
    await work();
    const [message] = await start({ channels: ["email", "sms"], success: "ordered", success_is_event: true });
    await settled();
    await harness.services.db.tx((tx) =>
      cancelRouting(tx, [{ workspace_id: pipeline.workspace_id, id: message?.execution_id ?? "" }]),
    );
    expect(await messages()).toMatchObject([
      { channel: "email", status: "sent_by_vendor" },
      { channel: "sms", status: "not_to_be_triggered", failure_reason: "the run was cancelled" },
    ]);
    expect(await query("select 1 from smart_goal where workspace_id = $1", [pipeline.workspace_id])).toEqual(
      [],
    );
    await pass(60);
    await tick();
    expect(await statuses()).toMatchObject({ sms: "not_to_be_triggered" });
  });
});

describe("when processes die", () => {
  it("a step that was due while no worker ran is sent by the next worker", async () => {
    const first = await work();
    await start({ channels: ["email", "sms"] });
    await settled();
    await first.stop();
    workers = [];
    await pass(60);
    await work();
    await until(async () => (await steps()).length === 0);
    await settled();
    expect(await statuses()).toMatchObject({ sms: "sent_by_vendor" });
  });

  it("a step is sent once, however many wakers look for it while its vendor is busy", async () => {
    const sms = callVendor("sms");
    await route(harness, pipeline.workspace_id, sms);
    const both = await Promise.all([work([sms]), work([sms])]);
    await start({ channels: ["email", "sms"] });
    await until(async () => (await statuses()).email === "sent_by_vendor");
    await pass(60);
    const looks = [...both, ...both, ...both].map((worker) => worker.wake());
    const call = await sms.call(0);
    await Promise.all(looks);
    expect(await both[0]?.wake()).toBe(0);
    call.answer(sent);
    await settled();
    expect(sms.calls).toHaveLength(1);
  });
});

describe("a step that is due and a report that ends its routing, at the same moment", () => {
  const ROUNDS = 15;
  const PEOPLE = 8;

  it("is sent or cancelled, never both, with two workers and many rounds", async () => {
    await Promise.all([work(), work()]);
    await pipeline.commit("smart", [smart({ channels: ["email", "sms", "androidpush"] })]);
    for (let round = 1; round <= ROUNDS; round++) {
      const recipients = Array.from({ length: PEOPLE }, (_none, index) => {
        return { ...ann, distinct_id: `round-${round}-${index}` };
      });
      await pipeline.trigger({ workflow: "smart", recipients });
      await pipeline.finished(round * PEOPLE);
      await settled();
      const pushed = (await messages()).filter(
        ({ channel, status }) => channel === "androidpush" && status === "sent_by_vendor",
      );
      expect(pushed).toHaveLength(PEOPLE);
      await pass(30);
      // About half of the reports come before the wakers look, half after.
      await Promise.all([
        ...pushed.slice(0, PEOPLE / 2).map(({ id }) => seen(id)),
        ...workers.map((worker) => worker.wake()),
        ...pushed.slice(PEOPLE / 2).map(({ id }) => seen(id)),
      ]);
      await settled();
      // Steps that a report had to skip, because the waker held them, are found when they are due.
      await pass(30);
      await tick();
      expect(await steps()).toEqual([]);
    }

    const sends = workers.flatMap((worker) => worker.settled.map(({ message }) => message.id));
    expect(new Set(sends).size).toBe(sends.length);
    const made = await messages();
    expect(made).toHaveLength(ROUNDS * PEOPLE * 3);
    for (const { id, channel, status } of made) {
      const went = sends.includes(id);
      expect([channel, status, went]).toEqual([channel, fateOf(channel, went), went]);
    }
    const emails = made.filter(({ channel }) => channel === "email").map(({ status }) => status);
    expect([...new Set(emails)].toSorted()).toEqual(["not_to_be_triggered", "sent_by_vendor"]);
  });

  const seen = (message_id: string) =>
    harness.services.db.tx((tx) =>
      applyReceipts(tx, [{ workspace_id: pipeline.workspace_id, message_id, status: "seen", reason: null }]),
    );

  /** No recipient's third channel is needed: the report arrives before its turn. */
  function fateOf(channel: string, went: boolean): string {
    if (channel === "androidpush") return "seen";
    if (channel === "sms") return "not_to_be_triggered";
    return went ? "sent_by_vendor" : "not_to_be_triggered";
  }
});
