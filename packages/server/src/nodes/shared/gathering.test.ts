import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createHarness, type Harness, until } from "../../../test/harness.ts";
import { createTestWaker } from "../../../test/waker.ts";
import { createPipeline, node, type Pipeline, type RunRow, sms } from "../../../test/pipeline.ts";
import { createRandom } from "../../../test/random.ts";
import { startWorker, type Worker } from "../../../test/worker.ts";
import type { JsonObject } from "../../core/json.ts";
import { createSilentLog } from "../../log.ts";
import { createQueue } from "../../queue/queue.ts";
import { closeGathered, gatherInto } from "./gathering.ts";
import { defineNode, type NodeDefinition } from "../../engine/node.ts";

/*
 * Many triggers, windows of milliseconds and several workers on one database. Whatever races or dies: each trigger is
 * in exactly one batch, and each batch continues once.
 */
let harness: Harness;
let pipeline: Pipeline;
let workers: Worker[] = [];

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
});
afterAll(() => harness.close());
beforeEach(async () => {
  pipeline = await createPipeline(harness);
  await pipeline.addTemplate("text");
});
afterEach(async () => {
  for (const worker of workers) await worker.stop();
  workers = [];
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

async function work(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) workers.push(await startWorker(harness, { nodes: [tiny] }));
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
async function storm(size: Storm): Promise<void> {
  let isOver = false;
  const waking = until(async () => {
    for (const { wake } of workers) await wake();
    return isOver;
  }, 50);
  await triggerAll(size);
  isOver = true;
  await waking;
}

async function triggerAll({ count, people, from = 0 }: Storm): Promise<void> {
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

const finished = (count: number) =>
  until(async () => {
    const rows = await harness.services.db.query<{ status: string; count: number }>(
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
async function outputs(): Promise<Output[]> {
  return harness.services.db.query<Output>(
    `select id, (data->>'$batched_events_count')::int as count, data->'$batched_events' as items
       from run where workspace_id = $1 and data->'$batched_events' is not null order by id`,
    [pipeline.workspace_id],
  );
}

/** Expects every trigger in exactly one batch, every batch sent once, and nothing left over. */
async function expectWhole(count: number): Promise<Output[]> {
  expect(await finished(count)).toEqual([{ status: "completed", count }]);
  const batches = await outputs();
  expect(batches.map(({ items }) => items.length)).toEqual(batches.map((batch) => batch.count));
  const numbers = batches
    .flatMap(({ items }) => items.map(({ n }) => n))
    .toSorted((one, other) => one - other);
  expect(numbers).toEqual(Array.from({ length: count }, (_, n) => n));
  const sent = await pipeline.messages();
  expect(sent.map(({ execution_id }) => execution_id).toSorted()).toEqual(
    batches.map(({ id }) => id).toSorted(),
  );
  const { db } = harness.services;
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
  it("put each of 3,000 triggers into exactly one batch while batches close all the time", async () => {
    await pipeline.commit("storm", [accumulating, sms("send")]);
    await work(3);
    await storm({ count: 3000, people: 40 });
    const batches = await expectWhole(3000);
    expect(batches.length).toBeGreaterThan(60);
    for (const cast of casts(await pipeline.runs()).values())
      expect(cast.filter((part) => part === "carries")).toEqual(["carries"]);
  });

  it("let exactly one leading item of each of many windows pass", async () => {
    await pipeline.commit("storm", [flushing, sms("send")]);
    await work(3);
    await storm({ count: 2000, people: 40 });
    await expectWhole(2000);
    const all = [...casts(await pipeline.runs()).values()];
    expect(all.length).toBeGreaterThan(60);
    for (const cast of all) {
      expect(cast.filter((part) => part === "went ahead")).toHaveLength(1);
      expect(cast.filter((part) => part === "carries")).toHaveLength(cast.length > 1 ? 1 : 0);
    }
  });

  it("carry everything through two batches in a row", async () => {
    const second = node("tiny_batch", "tiny_2", { flush_leading: false });
    await pipeline.commit("storm", [accumulating, second, sms("send")]);
    await work(3);
    await storm({ count: 1500, people: 40 });
    expect(await finished(1500)).toEqual([{ status: "completed", count: 1500 }]);
    const runs = await pipeline.runs();
    const last = runs.filter(({ steps }) =>
      steps.some(({ n, m }) => n === "tiny_2" && m.startsWith("closed")),
    );
    // The second batch gathers triggers, not the carriers of the first.
    const batches = (await outputs()).filter(({ id }) => last.some((run) => run.id === id));
    expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(1500);
    expect(await pipeline.messages()).toHaveLength(last.length);
  });
});

/**
 * Terminates connections that are executing a batch statement, as if their worker had been killed there; returns how
 * many.
 */
async function kill(): Promise<number> {
  const rows = await harness.services.db.query<{ killed: boolean }>(
    `select pg_terminate_backend(pid) as killed from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
        and query ~ '(from|into|update) batch'`,
  );
  return rows.length;
}

describe("a worker that is killed", () => {
  it("at any point of batching loses nothing and repeats nothing", async () => {
    await pipeline.commit("storm", [accumulating, sms("send")]);
    await work(3);
    let isOver = false;
    let killed = 0;
    const killer = until(async () => {
      killed += await kill();
      return isOver;
    }, 50);
    let count = 0;
    for (; killed < 3 && count < 10_000; count += 1000) await storm({ count: 1000, people: 20, from: count });
    isOver = true;
    await killer;
    expect(killed).toBeGreaterThan(2);
    await expectWhole(count);
  });

  /** Blocks statements on the batches of this workspace until `work` is done. */
  async function holding(work: (pid: number) => Promise<void>): Promise<void> {
    await harness.services.db.tx(async (tx) => {
      const [held] = await tx.query<{ pid: number }>(
        "select pg_backend_pid() as pid from batch where workspace_id = $1 for update",
        [pipeline.workspace_id],
      );
      if (held === undefined) throw new Error("no batch is open");
      await work(held.pid);
    });
  }

  const blockedBy = (pid: number) =>
    until(async () => {
      const rows = await harness.services.db.query<{ pid: number }>(
        "select pid from pg_stat_activity where $1 = any (pg_blocking_pids(pid))",
        [pid],
      );
      return rows.length > 0 ? rows : null;
    });

  const asleep = (count: number) =>
    until(async () => {
      const runs = await pipeline.runs();
      return runs.length === count && runs.some(({ wake_at }) => wake_at !== null) ? runs : null;
    });

  const wakeAll = () =>
    harness.services.db.query(
      "update run set wake_at = now() - interval '1 second' where workspace_id = $1 and wake_at is not null",
      [pipeline.workspace_id],
    );

  const trigger = (data: JsonObject) =>
    pipeline.trigger({ workflow: "storm", recipients: [{ distinct_id: "ann", $sms: phone(0) }], data });

  it("while it closes a batch leaves it to another worker, which closes it once", async () => {
    await pipeline.commit("storm", [accumulating, sms("send")]);
    await work(2);
    await trigger({ n: 0, ms: 3_600_000 });
    await asleep(1);
    await trigger({ n: 1, ms: 1 });
    await asleep(2);
    await holding(async (pid) => {
      await wakeAll();
      for (const { wake } of workers) await wake();
      const [closer] = await blockedBy(pid);
      await harness.services.db.query("select pg_terminate_backend($1)", [closer?.pid]);
    });
    expect(await expectWhole(2)).toMatchObject([{ count: 2 }]);
  });

  it("while it adds to a batch leaves the item to another worker, which adds it once", async () => {
    await pipeline.commit("storm", [accumulating, sms("send")]);
    await work(2);
    await trigger({ n: 0, ms: 3_600_000 });
    await asleep(1);
    await holding(async (pid) => {
      await trigger({ n: 1, ms: 1 });
      const [adder] = await blockedBy(pid);
      await harness.services.db.query("select pg_terminate_backend($1)", [adder?.pid]);
    });
    await until(async () => (await pipeline.runs()).length === 2);
    await wakeAll();
    expect(await expectWhole(2)).toMatchObject([{ count: 2 }]);
  });

  it("for good, after claiming the woken carrier, leaves it to the next worker that starts", async () => {
    await pipeline.commit("storm", [accumulating, sms("send")]);
    await work(1);
    await trigger({ n: 0, ms: 3_600_000 });
    await asleep(1);
    await trigger({ n: 1, ms: 1 });
    await until(async () => (await pipeline.runs()).length === 2);
    await workers.pop()?.stop();
    const { db } = harness.services;
    const log = createSilentLog();
    const queue = createQueue({ db, url: harness.databaseUrl, log, observe: () => {} });
    await queue.start({ worker: false });
    await wakeAll();
    expect(await createTestWaker(db, queue).tick()).toBe(1);
    await queue.stop();
    // Woken, with its job claimed by a process that no longer exists.
    const claimed = await db.query(
      `update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now()
        where name like 'execute-%' and state = 'created' returning 1`,
    );
    expect(claimed).toHaveLength(1);
    await work(2);
    expect(await expectWhole(2)).toMatchObject([{ count: 2 }]);
  });
});
