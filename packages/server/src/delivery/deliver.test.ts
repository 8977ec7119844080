import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { type CalledVendor, callVendor, route, sent } from "../../test/outside/called-vendor.ts";
import { until, type Server } from "../../test/harness.ts";
import { createPipeline, type MessageRow, node, type Pipeline, sms } from "../../test/pipeline.ts";
import type { Worker, WorkerOptions, Workers } from "../../test/worker.ts";

/** For text messages, if a test requires it. */
let called: CalledVendor;

it.beforeEach(async ({ pipeline }) => {
  called = callVendor("sms");
  await pipeline.addTemplate("text");
  await pipeline.addTemplate("mail", ["email"]);
  await pipeline.commit("text", [sms("sms_1")]);
  await pipeline.commit("mail", [node("send_email", "email_1", { template: "mail" })]);
});
it.afterEach(async ({ workers, harness }) => {
  for (const { answer } of called.calls) answer(sent);
  await workers.stop();
  // Messages left unsent by one test must not call the next one's vendor.
  await harness.services.db.query("delete from pgboss.job where name like 'send-%'");
  await harness.services.db.query("update message set next_attempt_at = null");
});

async function work(workers: Workers, options: WorkerOptions = {}): Promise<Worker> {
  return workers.start({ vendors: [called.vendor], ...options });
}

const text = (pipeline: Pipeline, number = "+14155550100", distinct_id = "ann") =>
  pipeline.trigger({ workflow: "text", recipients: [{ distinct_id, $sms: number }] });
const mail = (pipeline: Pipeline, address: string, distinct_id = "ann") =>
  pipeline.trigger({ workflow: "mail", recipients: [{ distinct_id, $email: address }] });

/** The only message, once it matches. */
const message = (pipeline: Pipeline, is: (row: MessageRow) => boolean) =>
  until(async () => {
    const rows = await pipeline.messages();
    return rows.length === 1 && rows[0] !== undefined && is(rows[0]) ? rows[0] : null;
  });
const settled = (pipeline: Pipeline) => message(pipeline, ({ status }) => status !== "triggered");
const waiting = (pipeline: Pipeline) => message(pipeline, ({ next_attempt_at }) => next_attempt_at !== null);

const forTwoMinutes = { code: "429", message: "slow down", retry_after: 120 };
const throttled = { kind: "failed", class: "throttled", ...forTwoMinutes } as const;

/** Makes the next attempt due now. */
async function hurry(pipeline: Pipeline, worker: Worker): Promise<void> {
  await pipeline.services.db.query(
    "update message set next_attempt_at = now() - interval '1 second' where workspace_id = $1 and next_attempt_at is not null",
    [pipeline.workspace_id],
  );
  await worker.wake();
}

/** After the pause that a vendor asked for; another worker has heard of none. */
async function endPause(pipeline: Pipeline, workers: Workers): Promise<Worker> {
  await workers.stop();
  await pipeline.services.db.query("update vendor_config set held_until = null");
  return work(workers).then((worker) => hurry(pipeline, worker).then(() => worker));
}

async function events(pipeline: Pipeline, kind: string): Promise<Record<string, unknown>[]> {
  const rows = await pipeline.services.db.query<{ detail: Record<string, unknown> }>(
    "select detail from message_event where workspace_id = $1 and kind = $2 order by at",
    [pipeline.workspace_id, kind],
  );
  return rows.map(({ detail }) => detail);
}

const sendJobs = (harness: Server) =>
  harness.services.db.query<{ state: string; retry_count: number }>(
    "select state, retry_count from pgboss.job where name like 'send-%' and state < 'completed'",
  );

const reportDelivered = ({ services }: Server, { workspace_id }: Pipeline, message_id: string) =>
  services.db.query(
    "insert into due_receipt (workspace_id, message_id, status, due_at) values ($1, $2, 'delivered', now())",
    [workspace_id, message_id],
  );

/** Hands the active jobs to the next worker that asks, as if their own had stopped its heartbeat. */
async function takeJobsAway(harness: Server): Promise<void> {
  await harness.services.db.query(
    `update pgboss.job set state = 'retry', retry_count = retry_count + 1, started_on = null, start_after = now() - interval '1 second'
      where name like 'send-%' and state = 'active'`,
  );
  await harness.services.db.query(
    "select pg_notify('carillon_wake', 'send-' || lane) from unnest(array['system', 'transactional', 'promotional']) lane",
  );
}

describe("a message", () => {
  it("is given to its vendor once, with everything that the vendor needs", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await route(harness, pipeline.workspace_id, called);
    await text(pipeline);
    await work(workers);
    const call = await called.call(0);

    const row = await message(pipeline, ({ lease }) => lease !== null);
    expect(call.message).toEqual({
      message_id: row.id,
      workspace: pipeline.workspace.uid,
      tenant_id: "default",
      recipient: "ann",
      category: "transactional",
      callback_url: null,
      attempt: 1,
      to: "+14155550100",
      content: expect.objectContaining({ body: "Hello ann" }),
      attachments: [],
      only_to: null,
    });
    call.answer({ kind: "sent", vendor_message_id: "SM1" });
    expect(await settled(pipeline)).toMatchObject({ status: "sent_by_vendor", lease: null, attempt: 1 });
    await until(async () => (await sendJobs(harness)).length === 0);
    expect(called.calls).toHaveLength(1);
  });

  it("fails with our own reason when its vendor has a bug, and the others do not", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await route(harness, pipeline.workspace_id, called);
    await pipeline.trigger({
      workflow: "text",
      recipients: ["ann", "bob", "cyd"].map((distinct_id) => ({ distinct_id, $sms: "+14155550100" })),
    });
    await work(workers);
    await called.call(2);
    for (const { message, answer, throws } of called.calls) {
      if (message.recipient === "bob") throws(new TypeError("undefined is not a function"));
      else answer(sent);
    }

    const rows = await until(async () => {
      const all = await pipeline.messages();
      return all.every(({ status }) => status !== "triggered") ? all : null;
    });
    expect(
      rows.map(({ distinct_id, status, failure_class }) => [distinct_id, status, failure_class]),
    ).toEqual([
      ["ann", "sent_by_vendor", null],
      ["bob", "trigger_failed", "config"],
      ["cyd", "sent_by_vendor", null],
    ]);
    expect(rows[1]?.failure_reason).toBe("internal error of vendor called-sms");
  });

  it("fails when its vendor was deleted meanwhile", async ({ pipeline, workers, harness }) => {
    const id = await route(harness, pipeline.workspace_id, called);
    const worker = await work(workers);
    await text(pipeline);
    (await called.call(0)).answer({ kind: "failed", class: "transient", code: "x", message: "later" });
    await waiting(pipeline);
    const { db, catalog } = harness.services;
    await db.tx(async (tx) => {
      await tx.query("delete from vendor_config where id = $1", [id]);
      await catalog.invalidate(tx, pipeline.workspace_id, "vendor", id);
    });
    await until(async () => {
      await hurry(pipeline, worker);
      return (await pipeline.messages())[0]?.status === "trigger_failed";
    });

    expect((await pipeline.messages())[0]?.failure_reason).toBe(`vendor configuration ${id} was deleted`);
  });

  it("keeps the storable part of its vendor's message", async ({ pipeline, workers, harness }) => {
    await route(harness, pipeline.workspace_id, called);
    await text(pipeline);
    await work(workers);
    (await called.call(0)).answer({
      kind: "failed",
      class: "message",
      code: "x",
      message: "bad\u0000word and half a pair \ud83d",
    });

    expect(await settled(pipeline)).toMatchObject({
      status: "trigger_failed",
      failure_reason: "bad\ufffdword and half a pair \ufffd",
    });
    await until(async () => (await sendJobs(harness)).length === 0);
    expect(called.calls).toHaveLength(1);
  });

  it("is in doubt when its vendor neither answers nor stops, and its slot is free again", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await route(harness, pipeline.workspace_id, called);
    await text(pipeline);
    await work(workers, { timeout_ms: 50 });
    await called.call(0);

    expect(await waiting(pipeline)).toMatchObject({
      status: "triggered",
      failure_class: "ambiguous",
      failure_reason: "ambiguous: the vendor did not answer and did not stop",
    });
  });
});

describe("a temporary failure", () => {
  it("is retried when the vendor asked for it, and not before", async ({ pipeline, workers, harness }) => {
    await route(harness, pipeline.workspace_id, called);
    await text(pipeline);
    const worker = await work(workers);
    (await called.call(0)).answer(throttled);

    const row = await waiting(pipeline);
    const wait = (row.next_attempt_at?.getTime() ?? 0) - Date.now();
    expect(wait).toBeGreaterThan(110_000);
    expect(wait).toBeLessThan(121_000);
    expect(row).toMatchObject({ status: "triggered", failure_class: "throttled", lease: null });
    expect(await worker.wake()).toBe(0);
    expect(called.calls).toHaveLength(1);

    await endPause(pipeline, workers);
    expect((await called.call(1)).message).toMatchObject({ attempt: 2, to: "+14155550100" });
    called.calls[1]?.answer(sent);
    expect(await settled(pipeline)).toMatchObject({
      status: "sent_by_vendor",
      attempt: 2,
      failure_reason: null,
    });
    expect(await events(pipeline, "attempt_failed")).toMatchObject([
      { attempt: 1, class: "throttled", reason: "slow down" },
    ]);
  });

  it.for([
    ["opted out of the channel", "/v1/user/ann/preference/channel_preference/", 202],
    ["is in a tenant that blocked it", "/v1/tenant/default/", 201],
  ] as const)(
    "is not sent where the recipient %s meanwhile, but where they are in again",
    async ([, path, status], { pipeline, workers, harness }) => {
      const body = (isOff: boolean) => ({
        channel_preferences: [{ channel: "sms", is_restricted: isOff }],
        blocked_channels: isOff ? ["sms"] : null,
      });
      const method = status === 201 ? "POST" : "PATCH";
      const turn = async (isOff: boolean) => {
        expect((await pipeline.call(method, path, body(isOff))).status).toBe(status);
      };
      await route(harness, pipeline.workspace_id, called);
      await text(pipeline);
      await work(workers);
      (await called.call(0)).answer(throttled);
      await waiting(pipeline);
      await turn(true);
      await turn(false);
      const worker = await endPause(pipeline, workers);
      (await called.call(1)).answer(throttled);
      await message(pipeline, ({ attempt, next_attempt_at }) => attempt === 2 && next_attempt_at !== null);

      await turn(true);
      await hurry(pipeline, worker);
      expect(await settled(pipeline)).toMatchObject({
        status: "not_to_be_triggered",
        attempt: 2,
        failure_reason: expect.stringMatching(
          /^sms was turned off meanwhile: (?:channel_restricted|blocked_for_tenant)$/,
        ),
        next_attempt_at: null,
        lease: null,
      });
      expect(await worker.wake()).toBe(0);
      expect(called.calls).toHaveLength(2);
    },
  );

  it("of the simulator passes on its third attempt", async ({ pipeline, workers }) => {
    await text(pipeline, "+14155550003");
    const worker = await work(workers);
    await waiting(pipeline);
    await hurry(pipeline, worker);
    await message(pipeline, ({ attempt, next_attempt_at }) => attempt === 2 && next_attempt_at !== null);
    await hurry(pipeline, worker);

    expect(await settled(pipeline)).toMatchObject({ status: "sent_by_vendor", attempt: 3 });
    expect((await events(pipeline, "attempt_failed")).map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it("is final after its last attempt", async ({ pipeline, workers, harness }) => {
    await route(harness, pipeline.workspace_id, called);
    await text(pipeline);
    const worker = await work(workers);
    for (let attempt = 1; attempt <= 6; attempt++) {
      const call = await called.call(attempt - 1);
      call.answer({ kind: "failed", class: "transient", code: "x", message: "busy" });
      await message(pipeline, (row) => row.attempt === attempt && row.lease === null);
      await hurry(pipeline, worker);
    }

    expect(await settled(pipeline)).toMatchObject({
      status: "trigger_failed",
      failure_class: "transient",
      attempt: 6,
    });
    expect(called.calls).toHaveLength(6);
  });
});

describe("a permanent refusal", () => {
  it("suppresses the address, and the next trigger reports that", async ({ pipeline, workers, harness }) => {
    await mail(pipeline, "bounce+1@example.com");
    await work(workers);
    expect(await settled(pipeline)).toMatchObject({ status: "trigger_failed", failure_class: "recipient" });
    const { db } = harness.services;
    const [identity] = await db.query<{ perma_status: string; days: number }>(
      `select perma_status, extract(day from perma_until - now())::int as days from identity
        where workspace_id = $1 and channel = 'email'`,
      [pipeline.workspace_id],
    );
    expect(identity).toEqual({ perma_status: "disabled", days: 89 });

    // Named by id alone, and with the same address again: a trigger does not lift a suppression.
    await pipeline.trigger({ workflow: "mail", recipients: ["ann"] });
    await mail(pipeline, "bounce+1@example.com");

    const runs = await pipeline.finished(3);
    for (const run of runs.slice(1)) {
      expect(run.status).toBe("partial_failure");
      const step = run.steps.find(({ s }) => s === "channels_computed");
      expect(step).toMatchObject({
        l: "warning",
        m: "template: live channels: [email], but no respective user (subscribed-)channels present",
      });
    }
    expect(await pipeline.messages()).toHaveLength(1);
  });

  it("of one address does not affect the user's others", async ({ pipeline, workers }) => {
    await pipeline.trigger({
      workflow: "mail",
      recipients: [{ distinct_id: "ann", $email: ["bounce+1@example.com", "ann@example.com"] }],
    });
    await work(workers);
    await until(async () => {
      const rows = await pipeline.messages();
      return rows.length === 2 && rows.every(({ status }) => status !== "triggered");
    });
    await pipeline.trigger({ workflow: "mail", recipients: ["ann"] });
    await pipeline.finished(2);

    const addresses = (await pipeline.messages()).map(({ channel_value }) => JSON.stringify(channel_value));
    expect(addresses.toSorted()).toEqual([
      '"ann@example.com"',
      '"ann@example.com"',
      '"bounce+1@example.com"',
    ]);
  });

  it.for([
    ["the content", "reject+1@example.com", "message"],
    ["our credentials", "config+1@example.com", "config"],
  ] as const)(
    "of %s is no fault of the address",
    async ([_name, address, failure_class], { pipeline, workers }) => {
      await mail(pipeline, address);
      await work(workers);

      expect(await settled(pipeline)).toMatchObject({ status: "trigger_failed", failure_class, attempt: 1 });
      await pipeline.trigger({ workflow: "mail", recipients: ["ann"] });
      await until(async () => (await pipeline.messages()).length === 2);
      expect((await pipeline.runs())[1]?.status).toBe("completed");
    },
  );
});

describe("a message whose worker died while it was with the vendor", () => {
  /** Hands the job out permanently and does nothing more, like a killed process. */
  async function die(pipeline: Pipeline, workers: Workers): Promise<void> {
    await until(async () => (await pipeline.messages()).length > 0);
    await workers.stop();
    await pipeline.services.db.query(
      `update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now()
        where name like 'send-%' and state < 'active'`,
    );
  }

  /** A worker that creates messages and never sends any: it has no slot for a call. */
  const workWithoutSending = async (pipeline: Pipeline, workers: Workers) => {
    const worker = await work(workers);
    await until(async () => (await pipeline.messages()).length > 0);
    return worker;
  };

  it.for([
    ["e-mail of a campaign", "mail", "promotional", true],
    ["text message with a password", "text", "system", true],
    ["text message about an order", "text", "transactional", true],
    ["text message of a campaign", "text", "promotional", false],
  ] as const)(
    "%s: sent again by the channel's rule, and always marked",
    async ([_name, kind, category, again], { pipeline, workers, harness }) => {
      const vendor = callVendor(kind === "mail" ? "email" : "sms");
      called = vendor;
      await route(harness, pipeline.workspace_id, vendor);
      const steps = kind === "mail" ? [node("send_email", "n", { template: "mail" })] : [sms("n")];
      await pipeline.commit("doubtful", steps, { category });
      await pipeline.trigger({
        workflow: "doubtful",
        recipients: [{ distinct_id: "ann", $email: "ann@example.com", $sms: "+14155550100" }],
      });
      await work(workers);
      await vendor.call(0);
      await takeJobsAway(harness);

      expect(await until(async () => (await events(pipeline, "ambiguous"))[0])).toEqual({
        attempt: 1,
        sent_again: again,
      });
      if (again) {
        const second = await vendor.call(1);
        expect(second.message.attempt).toBe(2);
        second.answer(sent);
        expect(await settled(pipeline)).toMatchObject({ status: "sent_by_vendor", attempt: 2 });
      } else {
        expect(await settled(pipeline)).toMatchObject({
          status: "trigger_failed",
          failure_class: "ambiguous",
          failure_reason: "ambiguous: the worker died while the message was with the vendor",
        });
        expect(vendor.calls).toHaveLength(1);
      }
    },
  );

  it("is found at once by a worker that starts alone", async ({ pipeline, workers, harness }) => {
    await mail(pipeline, "ann@example.com");
    await workWithoutSending(pipeline, workers);
    await settled(pipeline);
    await workers.stop();
    // The state before its result arrived: handed out, leased, unsettled.
    const { db } = harness.services;
    const [job] = await db.query<{ id: string }>(
      "select id from pgboss.job where name = 'send-transactional' order by created_on desc limit 1",
    );
    await db.query(
      "update message set status = 'triggered', lease = $2, vendor_message_id = null where workspace_id = $1",
      [pipeline.workspace_id, job?.id],
    );
    await db.query(
      "update pgboss.job set state = 'active', completed_on = null, heartbeat_on = now() where id = $1",
      [job?.id],
    );
    await die(pipeline, workers);
    await work(workers);

    await message(pipeline, ({ status }) => status === "sent_by_vendor");
    expect(await events(pipeline, "ambiguous")).toEqual([{ attempt: 1, sent_again: true }]);
  });

  it("ignores the result that its first worker brings late", async ({ pipeline, workers, harness }) => {
    await route(harness, pipeline.workspace_id, called);
    await text(pipeline);
    await work(workers);
    const first = await called.call(0);
    await takeJobsAway(harness);
    const second = await called.call(1);

    first.answer({ kind: "failed", class: "recipient", code: "x", message: "late", inactivate: true });
    // The late result has been processed once a result after it is written.
    await settleAnother(harness);
    expect(await pipeline.messages()).toMatchObject([
      { status: "triggered", attempt: 2, failure_reason: null },
    ]);
    // Nor does it take the job away from the worker that now holds it: if that dies too, another must take over.
    expect(await sendJobs(harness)).toMatchObject([{ state: "active", retry_count: 1 }]);

    second.answer(sent);
    expect(await settled(pipeline)).toMatchObject({
      status: "sent_by_vendor",
      attempt: 2,
      failure_reason: null,
    });
    await until(async () => (await sendJobs(harness)).length === 0);
    const [identity] = await harness.services.db.query(
      "select perma_status from identity where workspace_id = $1",
      [pipeline.workspace_id],
    );
    expect(identity).toEqual({ perma_status: "active" });
  });

  /** Another workspace's message through the same worker, from start to finish. */
  async function settleAnother(harness: Server): Promise<void> {
    const other = await createPipeline(harness);
    await other.addTemplate("text");
    await other.commit("text", [sms("sms_1")]);
    await other.trigger({ workflow: "text", recipients: [{ distinct_id: "bob", $sms: "+14155550101" }] });
    await until(async () => (await other.messages())[0]?.status === "sent_by_vendor");
    await until(async () => (await sendJobs(harness)).length <= 1);
  }
});

describe("lanes", () => {
  it("are separate: a vendor that hangs in campaigns takes no slot of a password", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await route(harness, pipeline.workspace_id, called);
    await pipeline.commit("campaign", [sms("sms_1")], { category: "promotional" });
    await pipeline.commit("password", [sms("sms_1")], { category: "system" });
    const crowd = Array.from({ length: 50 }, (_, index) => ({
      distinct_id: `user-${index}`,
      $sms: "+14155550100",
    }));
    await pipeline.trigger({ workflow: "campaign", recipients: crowd });
    await pipeline.trigger({ workflow: "campaign", recipients: crowd });
    await work(workers, { concurrency: 8, timeout_ms: 60_000 });
    // Half of the slots belong to the campaign, one of them to other vendors; all of its calls hang.
    await called.call(2);
    await pipeline.trigger({
      workflow: "password",
      recipients: [{ distinct_id: "ann", $sms: "+14155550100" }],
    });
    await pipeline.trigger({ workflow: "text", recipients: [{ distinct_id: "bob", $sms: "+14155550100" }] });
    await called.call(4);

    const categories = called.calls.map((call) => call.message.category);
    expect(categories.filter((category) => category === "promotional")).toHaveLength(3);
    expect(categories.slice(3).toSorted()).toEqual(["system", "transactional"]);
    // A freed slot goes to the next in line.
    called.calls[0]?.answer(sent);
    expect((await called.call(5)).message.category).toBe("promotional");
    await until(async () => {
      for (const { answer } of called.calls) answer(sent);
      return (await pipeline.messages()).every(({ status }) => status === "sent_by_vendor");
    });
    expect(called.calls).toHaveLength(102);
  });
});

describe("a report about a message", () => {
  it("comes automatically from the simulator, stage by stage", async ({ pipeline, workers, harness }) => {
    await mail(pipeline, "click+1@example.com");
    const worker = await work(workers);
    await settled(pipeline);
    const { db } = harness.services;
    const [due] = await db.query<{ count: number }>(
      "select count(*) from due_receipt where workspace_id = $1",
      [pipeline.workspace_id],
    );
    expect(due?.count).toBe(3);
    await db.query("update due_receipt set due_at = now() where workspace_id = $1", [pipeline.workspace_id]);
    await worker.sweep();

    expect(await message(pipeline, ({ status }) => status === "clicked")).toBeDefined();
  });

  it("that is faster than the vendor's own response is not reverted by it", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await route(harness, pipeline.workspace_id, called);
    await text(pipeline);
    await work(workers);
    const call = await called.call(0);
    await reportDelivered(harness, pipeline, call.message.message_id);
    await message(pipeline, ({ status }) => status === "delivered");
    call.answer({ kind: "sent", vendor_message_id: "SM1" });

    expect(await message(pipeline, ({ lease }) => lease === null)).toMatchObject({ status: "delivered" });
    expect(await pipeline.messages()).toMatchObject([{ vendor_message_id: "SM1" }]);
  });

  it("that a message in doubt did arrive keeps it from being sent again", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await route(harness, pipeline.workspace_id, called);
    await text(pipeline);
    const worker = await work(workers);
    const call = await called.call(0);
    call.answer({ kind: "ambiguous", code: "timeout", message: "no answer" });
    await waiting(pipeline);
    await reportDelivered(harness, pipeline, call.message.message_id);
    await worker.sweep();
    await hurry(pipeline, worker);
    await until(async () => (await sendJobs(harness)).length === 0);

    expect(await pipeline.messages()).toMatchObject([{ status: "delivered" }]);
    expect(called.calls).toHaveLength(1);
  });
});
