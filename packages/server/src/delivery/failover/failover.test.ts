import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { type Harness, until } from "../../../test/harness.ts";
import { type CalledVendor, callVendor, routeAll, sent } from "../../../test/outside/called-vendor.ts";
import { type MessageRow, type Pipeline, sms } from "../../../test/pipeline.ts";
import type { Workers } from "../../../test/worker.ts";
import { insertReports } from "../reports/report-store.ts";
import type { Outcome } from "../vendor/vendor.ts";
import { reported } from "../vendor/webhook.ts";

/** The priority list: both report deliveries. */
let first: CalledVendor;
let second: CalledVendor;

it.beforeEach(async ({ pipeline }) => {
  first = callVendor("sms", "first", { reports_by_itself: true });
  second = callVendor("sms", "second", { reports_by_itself: true });
  await pipeline.addTemplate("text");
  await pipeline.commit("text", [sms("sms_1")]);
});
it.afterEach(async ({ workers, harness }) => {
  for (const { answer } of [...first.calls, ...second.calls]) answer(sent);
  await workers.stop();
  await harness.services.db.query("delete from pgboss.job where name like 'send-%'");
  await harness.services.db.query("truncate vendor_fallback, due_receipt");
});

/** The test answers when all calls have come, however long that takes. */
const both = () => ({ vendors: [first.vendor, second.vendor], timeout_ms: 60_000 });

const text = (pipeline: Pipeline) =>
  pipeline.trigger({ workflow: "text", recipients: [{ distinct_id: "ann", $sms: "+14155550100" }] });

const failed = (kind: "config" | "transient" | "recipient"): Outcome => ({
  kind: "failed",
  class: kind,
  code: "no",
  message: `refused: ${kind}`,
});

const reach = (pipeline: Pipeline, are: (rows: MessageRow[]) => boolean) =>
  until(async () => {
    const rows = await pipeline.messages();
    return are(rows) ? rows : null;
  });
const statuses = (rows: MessageRow[]) => rows.map(({ status }) => status).join();
const settledAs = (pipeline: Pipeline, expected: string) =>
  reach(pipeline, (rows) => statuses(rows) === expected);

const report = (pipeline: Pipeline, message_id: string, status: string) =>
  pipeline.services.db.query(
    "insert into due_receipt (workspace_id, message_id, status, due_at) values ($1, $2, $3, now())",
    [pipeline.workspace_id, message_id, status],
  );
const fallbacks = (pipeline: Pipeline) =>
  pipeline.services.db.query<{ seconds: number }>(
    `select round(extract(epoch from due_at - now()))::int as seconds from vendor_fallback where workspace_id = $1`,
    [pipeline.workspace_id],
  );
const makeDue = (pipeline: Pipeline) =>
  pipeline.services.db.query("update vendor_fallback set due_at = now() where workspace_id = $1", [
    pipeline.workspace_id,
  ]);

const bothRouted = async (
  { harness, pipeline, workers }: { harness: Harness; pipeline: Pipeline; workers: Workers },
  seconds = 30,
) => {
  await routeAll(harness, pipeline.workspace_id, [first, second], seconds);
  await text(pipeline);
  return workers.start(both());
};

describe("a vendor's failure", () => {
  it.for(["config", "transient"] as const)(
    "of the class %s hands the message over at once, in a row of its own",
    async (kind, { harness, pipeline, workers }) => {
      await bothRouted({ harness, pipeline, workers });
      const one = await first.call(0);
      one.answer(failed(kind));
      const two = await second.call(0);
      expect(two.message).toMatchObject({ content: one.message.content, to: one.message.to, attempt: 1 });
      expect(two.message.message_id).not.toBe(one.message.message_id);
      two.answer(sent);

      await settledAs(pipeline, "trigger_failed,sent_by_vendor");
      const rows = await pipeline.services.db.query(
        "select id, group_id, fallback_level, vendor_slug from message where workspace_id = $1 order by id",
        [pipeline.workspace_id],
      );
      expect(rows).toEqual([
        { id: one.message.message_id, group_id: null, fallback_level: 0, vendor_slug: "first-sms" },
        {
          id: two.message.message_id,
          group_id: one.message.message_id,
          fallback_level: 1,
          vendor_slug: "second-sms",
        },
      ]);
      const [event] = await pipeline.services.db.query<{ detail: object }>(
        "select detail from message_event where workspace_id = $1 and kind = 'handed_over'",
        [pipeline.workspace_id],
      );
      expect(event?.detail).toEqual({
        message_id: two.message.message_id,
        vendor: "second-sms",
        reason: `refused: ${kind}`,
      });
    },
  );

  it("of a dead address ends the message", async ({ harness, pipeline, workers }) => {
    await bothRouted({ harness, pipeline, workers });
    (await first.call(0)).answer(failed("recipient"));
    await settledAs(pipeline, "trigger_failed");
    expect(second.calls).toEqual([]);
  });

  it("at the end of the list is tried again there", async ({ harness, pipeline, workers }) => {
    await bothRouted({ harness, pipeline, workers });
    (await first.call(0)).answer(failed("config"));
    (await second.call(0)).answer(failed("transient"));
    await reach(pipeline, (rows) => rows.some(({ next_attempt_at }) => next_attempt_at !== null));
    expect(statuses(await pipeline.messages())).toBe("trigger_failed,triggered");
    expect(first.calls).toHaveLength(1);
  });

  it("never lands at a simulator, which would swallow it", async ({ harness, pipeline, workers }) => {
    await routeAll(harness, pipeline.workspace_id, [first, callVendor("sms", "simulator")]);
    await text(pipeline);
    await workers.start({ ...both(), vendors: [first.vendor] });
    (await first.call(0)).answer(failed("config"));
    await settledAs(pipeline, "trigger_failed");
  });

  it("reported after acceptance hands the message over at once", async ({ harness, pipeline, workers }) => {
    const worker = await bothRouted({ harness, pipeline, workers });
    const one = await first.call(0);
    one.answer(sent);
    await settledAs(pipeline, "sent_by_vendor");
    await report(pipeline, one.message.message_id, "delivery_failure");
    await worker.sweep();
    (await second.call(0)).answer(sent);
    await settledAs(pipeline, "failure_by_vendor,sent_by_vendor");
  });
});

describe("a vendor whose day is used up", () => {
  it("leaves its messages to the next one", async ({ harness, pipeline, workers }) => {
    const [id] = await routeAll(harness, pipeline.workspace_id, [first, second]);
    await pipeline.services.db.query("update vendor_config set daily_cap = 1 where id = $1", [id]);
    await text(pipeline);
    await workers.start(both());
    (await first.call(0)).answer(sent);
    await settledAs(pipeline, "sent_by_vendor");
    await text(pipeline);
    (await second.call(0)).answer(sent);
    await settledAs(pipeline, "sent_by_vendor,trigger_failed,sent_by_vendor");
    expect(first.calls).toHaveLength(1);
  });
});

describe("an accepted message", () => {
  it("goes to the next vendor as well when no delivery is reported in time", async ({
    harness,
    pipeline,
    workers,
  }) => {
    const worker = await bothRouted({ harness, pipeline, workers }, 45);
    const one = await first.call(0);
    one.answer(sent);
    await settledAs(pipeline, "sent_by_vendor");
    const [due] = await fallbacks(pipeline);
    expect(due?.seconds).toBeGreaterThan(15);
    expect(due?.seconds).toBeLessThanOrEqual(45);
    await makeDue(pipeline);
    await worker.sweep();
    (await second.call(0)).answer(sent);
    await settledAs(pipeline, "sent_by_vendor,sent_by_vendor");

    // A late report is recorded where it belongs.
    await report(pipeline, one.message.message_id, "delivered");
    await worker.sweep();
    await settledAs(pipeline, "delivered,sent_by_vendor");
  });

  it("stays with its vendor once its delivery is reported", async ({ harness, pipeline, workers }) => {
    const worker = await bothRouted({ harness, pipeline, workers });
    const one = await first.call(0);
    one.answer(sent);
    await settledAs(pipeline, "sent_by_vendor");
    await report(pipeline, one.message.message_id, "delivered");
    await worker.sweep();
    await makeDue(pipeline);
    await worker.sweep();
    expect(statuses(await pipeline.messages())).toBe("delivered");
    expect(second.calls).toEqual([]);
  });

  it("is handed over once, by two workers at the same time", async ({ harness, pipeline, workers }) => {
    const worker = await bothRouted({ harness, pipeline, workers });
    const other = await workers.start(both());
    const one = await first.call(0);
    one.answer(sent);
    await settledAs(pipeline, "sent_by_vendor");
    await makeDue(pipeline);
    await report(pipeline, one.message.message_id, "delivery_failure");
    await Promise.all([worker.sweep(), other.sweep()]);
    (await second.call(0)).answer(sent);
    await settledAs(pipeline, "failure_by_vendor,sent_by_vendor");
    expect(second.calls).toHaveLength(1);
  });

  it("stays with its vendor while a report that came in time is being applied elsewhere", async ({
    harness,
    pipeline,
    workers,
  }) => {
    const worker = await bothRouted({ harness, pipeline, workers });
    const one = await first.call(0);
    one.answer(sent);
    await settledAs(pipeline, "sent_by_vendor");
    const { db } = pipeline.services;
    const { workspace_id } = pipeline;
    const [row] = await db.query<{ vendor_config_id: string }>(
      "select vendor_config_id from message where workspace_id = $1",
      [workspace_id],
    );
    const delivered = {
      kind: "status",
      status: "delivered",
      reason: null,
      ...reported({ message_id: one.message.message_id }),
    } as const;
    const vendor_config_id = row?.vendor_config_id ?? "";
    await insertReports(db, [{ workspace_id, vendor_config_id, report: delivered }]);
    await makeDue(pipeline);
    await db.tx(async (tx) => {
      // As a process does that is about to apply them.
      await tx.query("select from vendor_report for update");
      await worker.sweep();
    });
    expect(statuses(await pipeline.messages())).toBe("sent_by_vendor");
    await worker.sweep();
    await settledAs(pipeline, "delivered");
    await worker.sweep();
    expect(await fallbacks(pipeline)).toEqual([]);
    expect(second.calls).toEqual([]);
  });

  it("of a vendor that has never reported is not doubted", async ({ harness, pipeline, workers }) => {
    first = callVendor("sms", "first", { webhook: { read: () => [] } });
    await bothRouted({ harness, pipeline, workers });
    (await first.call(0)).answer(sent);
    await settledAs(pipeline, "sent_by_vendor");
    expect(await fallbacks(pipeline)).toEqual([]);
  });

  it("is not sent again after its run was cancelled", async ({ harness, pipeline, workers }) => {
    const worker = await bothRouted({ harness, pipeline, workers });
    (await first.call(0)).answer(sent);
    await settledAs(pipeline, "sent_by_vendor");
    await pipeline.services.db.query("update run set status = 'cancelled' where workspace_id = $1", [
      pipeline.workspace_id,
    ]);
    await makeDue(pipeline);
    await worker.sweep();
    expect(statuses(await pipeline.messages())).toBe("sent_by_vendor");
    expect(second.calls).toEqual([]);
  });
});

describe("a vendor that keeps failing", () => {
  const manyTexts = (pipeline: Pipeline, count: number) =>
    pipeline.trigger({
      workflow: "text",
      recipients: Array.from({ length: count }, (_, index) => ({
        distinct_id: `user-${index}`,
        $sms: `+1415555${String(1000 + index)}`,
      })),
    });
  const brokenSince = async (pipeline: Pipeline) => {
    const [row] = await pipeline.services.db.query<{ broken_at: Date | null }>(
      "select broken_at from vendor_config where workspace_id = $1 and vendor_slug = 'first-sms'",
      [pipeline.workspace_id],
    );
    return row?.broken_at ?? null;
  };

  it("is not called any more, until one message that tries it gets through", async ({
    harness,
    pipeline,
    workers,
  }) => {
    await routeAll(harness, pipeline.workspace_id, [first, second]);
    await manyTexts(pipeline, 20);
    const worker = await workers.start(both());
    const other = await workers.start(both());
    for (let index = 0; index < 20; index++) (await first.call(index)).answer(failed("transient"));
    for (let index = 0; index < 20; index++) (await second.call(index)).answer(sent);
    await until(() => brokenSince(pipeline));

    // Straight to the next vendor, whichever worker has it.
    await manyTexts(pipeline, 3);
    for (let index = 20; index < 23; index++) (await second.call(index)).answer(sent);
    expect(first.calls).toHaveLength(20);

    // Half a minute later one message tries it, and the next is sent as ever.
    await pipeline.services.db.query(
      "update vendor_config set probed_at = now() - interval '31 seconds' where workspace_id = $1",
      [pipeline.workspace_id],
    );
    await worker.stop();
    await other.stop();
    await workers.start(both());
    await manyTexts(pipeline, 1);
    (await first.call(20)).answer(sent);
    await until(async () => (await brokenSince(pipeline)) === null);
    await manyTexts(pipeline, 1);
    (await first.call(21)).answer(sent);
    expect(second.calls).toHaveLength(23);
  });

  it("counts failures in a row alone: what it says about a message shows that it works", async ({
    harness,
    pipeline,
    workers,
  }) => {
    await routeAll(harness, pipeline.workspace_id, [first]);
    await manyTexts(pipeline, 25);
    await workers.start({ ...both(), vendors: [first.vendor] });
    for (let index = 0; index < 25; index++) {
      (await first.call(index)).answer(failed(index % 10 === 9 ? "recipient" : "config"));
    }
    await reach(pipeline, (rows) => rows.every(({ status }) => status === "trigger_failed"));
    expect(await brokenSince(pipeline)).toBeNull();
  });
});
