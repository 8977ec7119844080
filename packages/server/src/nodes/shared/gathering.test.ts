import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import type { Workers } from "../../../test/worker.ts";
import { z } from "zod";
import { until, type Server } from "../../../test/harness.ts";
import { createTestWaker } from "../../../test/waker.ts";
import { node, type Pipeline, type RunRow, sms } from "../../../test/pipeline.ts";
import { createRandom } from "../../../test/random.ts";
import type { JsonObject } from "../../core/json.ts";
import { createSilentLog } from "../../log.ts";
import { createQueue } from "../../queue/queue.ts";
import { closeGathered, gatherInto } from "./gathering.ts";
import { defineNode, type NodeDefinition } from "../../engine/node.ts";

/*
 * Many triggers, windows of milliseconds and several workers on one database. Whatever races or dies: each trigger is
 * in exactly one batch, and each batch continues once.
 */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

/** A batch whose window in milliseconds comes from the trigger, and which retains everything. */
const tiny = defineNode({
  type: "tiny_batch",
  short: "tiny",
  name: "Tiny batch",
  config: z.object({ flush_leading: z.boolean() }),
  run: (ctx, { flush_leading }) =>
    gatherInto(ctx, {
      bucket: undefined,
      closes_at: new Date(ctx.now.getTime() + Number(ctx.data.ms)),
      flush_leading,
    }),
  resume: (ctx) => closeGathered(ctx, { retain_count: 1_000_000 }, null),
}) as unknown as NodeDefinition;

const accumulating = node("tiny_batch", "tiny_1", { flush_leading: false });
const flushing = node("tiny_batch", "tiny_1", { flush_leading: true });

async function work(workers: Workers, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await workers.start({ nodes: [tiny] });
}

const LONGEST_MS = 15;

const phone = (person: number) => `+1415555${String(1000 + person)}`;

interface Storm {
  count: number;
  people: number;
  /** Number of the first trigger; 0 if absent. */
  from?: number;
}

/** Triggers `count` times, 64 at a time, each with its number in its payload, while batches close continuously. */
async function storm(pipeline: Pipeline, workers: Workers, size: Storm): Promise<void> {
  let isOver = false;
  const waking = until(async () => {
    for (const { wake } of workers.running()) await wake();
    return isOver;
  }, 50);
  await triggerAll(pipeline, size);
  isOver = true;
  await waking;
}

async function triggerAll(pipeline: Pipeline, { count, people, from = 0 }: Storm): Promise<void> {
  const random = createRandom(from + count);
  let n = from;
  async function one(): Promise<void> {
    while (n < from + count) {
      const person = random.below(people);
      const data = { n: n++, ms: random.between(1, LONGEST_MS) };
      const recipients = [{ distinct_id: `user-${person}`, $sms: phone(person) }];
      await pipeline.trigger({ workflow: "storm", recipients, data });
    }
  }
  await Promise.all(Array.from({ length: 64 }, one));
}

const finished = (pipeline: Pipeline, count: number) =>
  until(async () => {
    const rows = await pipeline.services.db.query<{ status: string; count: number }>(
      "select status, count(*)::int as count from run where workspace_id = $1 group by 1",
      [pipeline.workspace_id],
    );
    return rows.every(({ status }) => status !== "in_progress") &&
      rows.reduce((sum, { count }) => sum + count, 0) === count
      ? rows
      : null;
  }, 50);

interface Output {
  id: string;
  count: number;
  items: { n: number }[];
}

/** Batches that continued: of carriers, and of leading items. */
async function outputs(pipeline: Pipeline): Promise<Output[]> {
  return pipeline.services.db.query<Output>(
    `select id, (data->>'$batched_events_count')::int as count, data->'$batched_events' as items
       from run where workspace_id = $1 and data->'$batched_events' is not null order by id`,
    [pipeline.workspace_id],
  );
}

/** Expects every trigger in exactly one batch, every batch sent once, and nothing left over. */
async function expectWhole(pipeline: Pipeline, count: number): Promise<Output[]> {
  expect(await finished(pipeline, count)).toEqual([{ status: "completed", count }]);
  const batches = await outputs(pipeline);
  expect(batches.map(({ items }) => items.length)).toEqual(batches.map((batch) => batch.count));
  const numbers = batches
    .flatMap(({ items }) => items.map(({ n }) => n))
    .toSorted((one, other) => one - other);
  expect(numbers).toEqual(Array.from({ length: count }, (_, n) => n));
  const sent = await pipeline.messages();
  expect(sent.map(({ execution_id }) => execution_id).toSorted()).toEqual(
    batches.map(({ id }) => id).toSorted(),
  );
  const { db } = pipeline.services;
  const of = [pipeline.workspace_id];
  expect(await db.query("select 1 from batch_item where workspace_id = $1", of)).toHaveLength(0);
  expect(
    await db.query("select 1 from batch where workspace_id = $1 and carrier_run_id is not null", of),
  ).toHaveLength(0);
  return batches;
}

/** By batch: the roles of its runs. */
function casts(runs: RunRow[]): Map<string, string[]> {
  const parts = new Map<string, string[]>();
  for (const { steps } of runs) {
    for (const { m, p } of steps) {
      const part = /^(carries|joined|went ahead)/.exec(m)?.[0];
      const batch_id = p?.batch_id;
      if (part === undefined || typeof batch_id !== "string") continue;
      parts.set(batch_id, [...(parts.get(batch_id) ?? []), part]);
    }
  }
  return parts;
}

describe("several workers", () => {
  it("put each of 3,000 triggers into exactly one batch while batches close all the time", async ({
    pipeline,
    workers,
  }) => {
    await pipeline.commit("storm", [accumulating, sms("send")]);
    await work(workers, 3);
    await storm(pipeline, workers, { count: 3000, people: 40 });
    const batches = await expectWhole(pipeline, 3000);
    expect(batches.length).toBeGreaterThan(60);
    for (const cast of casts(await pipeline.runs()).values())
      expect(cast.filter((part) => part === "carries")).toEqual(["carries"]);
  });

  it("let exactly one leading item of each of many windows pass", async ({ pipeline, workers }) => {
    await pipeline.commit("storm", [flushing, sms("send")]);
    await work(workers, 3);
    await storm(pipeline, workers, { count: 2000, people: 40 });
    await expectWhole(pipeline, 2000);
    const all = [...casts(await pipeline.runs()).values()];
    expect(all.length).toBeGreaterThan(60);
    for (const cast of all) {
      expect(cast.filter((part) => part === "went ahead")).toHaveLength(1);
      expect(cast.filter((part) => part === "carries")).toHaveLength(cast.length > 1 ? 1 : 0);
    }
  });

  it("carry everything through two batches in a row", async ({ pipeline, workers }) => {
    const second = node("tiny_batch", "tiny_2", { flush_leading: false });
    await pipeline.commit("storm", [accumulating, second, sms("send")]);
    await work(workers, 3);
    await storm(pipeline, workers, { count: 1500, people: 40 });
    expect(await finished(pipeline, 1500)).toEqual([{ status: "completed", count: 1500 }]);
    const runs = await pipeline.runs();
    const last = runs.filter(({ steps }) =>
      steps.some(({ n, m }) => n === "tiny_2" && m.startsWith("closed")),
    );
    // The second batch gathers triggers, not the carriers of the first.
    const batches = (await outputs(pipeline)).filter(({ id }) => last.some((run) => run.id === id));
    expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(1500);
    expect(await pipeline.messages()).toHaveLength(last.length);
  });
});

/**
 * Terminates connections that are executing a batch statement, as if their worker had been killed there; returns how
 * many.
 */
async function kill(harness: Server): Promise<number> {
  const rows = await harness.services.db.query<{ killed: boolean }>(
    `select pg_terminate_backend(pid) as killed from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
        and query ~ '(from|into|update) batch'`,
  );
  return rows.length;
}

describe("a worker that is killed", () => {
  it("at any point of batching loses nothing and repeats nothing", async ({ pipeline, workers }) => {
    await pipeline.commit("storm", [accumulating, sms("send")]);
    await work(workers, 3);
    let isOver = false;
    let killed = 0;
    const killer = until(async () => {
      killed += await kill(pipeline);
      return isOver;
    }, 50);
    let count = 0;
    for (; killed < 3 && count < 10_000; count += 1000)
      await storm(pipeline, workers, { count: 1000, people: 20, from: count });
    isOver = true;
    await killer;
    expect(killed).toBeGreaterThan(2);
    await expectWhole(pipeline, count);
  });

  /** Blocks statements on the batches of this workspace until `work` is done. */
  async function holding(pipeline: Pipeline, work: (pid: number) => Promise<void>): Promise<void> {
    await pipeline.services.db.tx(async (tx) => {
      const [held] = await tx.query<{ pid: number }>(
        "select pg_backend_pid() as pid from batch where workspace_id = $1 for update",
        [pipeline.workspace_id],
      );
      if (held === undefined) throw new Error("no batch is open");
      await work(held.pid);
    });
  }

  const blockedBy = (harness: Server, pid: number) =>
    until(async () => {
      const rows = await harness.services.db.query<{ pid: number }>(
        "select pid from pg_stat_activity where $1 = any (pg_blocking_pids(pid))",
        [pid],
      );
      return rows.length > 0 ? rows : null;
    });

  const asleep = (pipeline: Pipeline, count: number) =>
    until(async () => {
      const runs = await pipeline.runs();
      return runs.length === count && runs.some(({ wake_at }) => wake_at !== null) ? runs : null;
    });

  /** A batch with one item, which stays open for an hour, on a database with so many workers. */
  async function openBatch(pipeline: Pipeline, workers: Workers, count: number): Promise<void> {
    await pipeline.commit("storm", [accumulating, sms("send")]);
    await work(workers, count);
    await trigger(pipeline, { n: 0, ms: 3_600_000 });
    await asleep(pipeline, 1);
  }

  const wakeAll = (pipeline: Pipeline) =>
    pipeline.services.db.query(
      "update run set wake_at = now() - interval '1 second' where workspace_id = $1 and wake_at is not null",
      [pipeline.workspace_id],
    );

  const trigger = (pipeline: Pipeline, data: JsonObject) =>
    pipeline.trigger({ workflow: "storm", recipients: [{ distinct_id: "ann", $sms: phone(0) }], data });

  it("while it closes a batch leaves it to another worker, which closes it once", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await openBatch(pipeline, workers, 2);
    await trigger(pipeline, { n: 1, ms: 1 });
    await asleep(pipeline, 2);
    await holding(pipeline, async (pid) => {
      await wakeAll(pipeline);
      for (const { wake } of workers.running()) await wake();
      const [closer] = await blockedBy(harness, pid);
      await harness.services.db.query("select pg_terminate_backend($1)", [closer?.pid]);
    });
    expect(await expectWhole(pipeline, 2)).toMatchObject([{ count: 2 }]);
  });

  it("while it adds to a batch leaves the item to another worker, which adds it once", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await openBatch(pipeline, workers, 2);
    await holding(pipeline, async (pid) => {
      await trigger(pipeline, { n: 1, ms: 1 });
      const [adder] = await blockedBy(harness, pid);
      await harness.services.db.query("select pg_terminate_backend($1)", [adder?.pid]);
    });
    await until(async () => (await pipeline.runs()).length === 2);
    await wakeAll(pipeline);
    expect(await expectWhole(pipeline, 2)).toMatchObject([{ count: 2 }]);
  });

  it("for good, after claiming the woken carrier, leaves it to the next worker that starts", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await openBatch(pipeline, workers, 1);
    await trigger(pipeline, { n: 1, ms: 1 });
    await until(async () => (await pipeline.runs()).length === 2);
    await workers.stop();
    const { db } = harness.services;
    const log = createSilentLog();
    const queue = createQueue({ db, url: harness.databaseUrl, log, observe: () => {} });
    await queue.start({ worker: false });
    await wakeAll(pipeline);
    expect(await createTestWaker(harness.services, queue).tick()).toBe(1);
    await queue.stop();
    // Woken, with its job claimed by a process that no longer exists.
    const claimed = await db.query(
      `update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now()
        where name like 'execute-%' and state = 'created' returning 1`,
    );
    expect(claimed).toHaveLength(1);
    await work(workers, 2);
    expect(await expectWhole(pipeline, 2)).toMatchObject([{ count: 2 }]);
  });
});
