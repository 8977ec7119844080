import { expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { delay, node, type Pipeline, sms } from "../../../test/pipeline.ts";
import { createRandom } from "../../../test/random.ts";
import type { Worker } from "../../../test/worker.ts";

/*
 * Cancels against everything that moves runs: two workers, their wakers, expand, gather and seal. Whichever wins, a run
 * is either cancelled or finished, and what a cancel has confirmed produces no more messages.
 */

it.beforeEach(async ({ pipeline, workers }) => {
  await pipeline.addTemplate("text");
  await pipeline.commit("now", [sms("s")]);
  await pipeline.commit("later", [delay("d1", "1h"), sms("s1"), delay("d2", "1h"), sms("s2")]);
  await pipeline.commit("gather", [
    node("batch", "b", { mode: "accumulate_all", window_type: "fixed", fixed_window: "1h" }),
    sms("s"),
  ]);
  for (let count = 0; count < 2; count++) await workers.start();
});

const WORKFLOWS = ["now", "later", "gather"] as const;
const ROUNDS = 30;
const TRIGGERS = 40;
const PEOPLE = 8;

const query = <Row extends object>(pipeline: Pipeline, text: string, values: unknown[] = []) =>
  pipeline.services.db.query<Row>(text, [pipeline.workspace_id, ...values]);

async function accept(pipeline: Pipeline, key: string, workflow: string, person: number): Promise<void> {
  const distinct_id = `p${person}`;
  const recipients = [{ distinct_id, $sms: `+1415555010${person}` }];
  await pipeline.services.engine.accept({
    workspace_id: pipeline.workspace_id,
    lane: 1,
    api_type: "workflow",
    name: workflow,
    tenant_id: null,
    idempotency_key: key,
    cancellation_key: `c-${person}`,
    body: JSON.stringify({ workflow, recipients, data: { key } }),
    metadata: null,
  });
}

/** What a trigger has led to: messages of its runs, and its items in closed batches. */
async function tracesOf(pipeline: Pipeline, key: string): Promise<{ messages: number; items: number }> {
  const [row] = await query<{ messages: number; items: number }>(
    pipeline,
    `select (select count(*)::int from message m join run r on r.workspace_id = m.workspace_id and r.id = m.execution_id
              where m.workspace_id = $1 and m.idempotency_key = $2 and r.workflow_slug <> 'gather') as messages,
            (select count(*)::int from run, json_array_elements(data -> '$batched_events') item
              where workspace_id = $1 and workflow_slug = 'gather' and data -> '$batched_events' is not null
                and item ->> 'key' = $2) as items`,
    [key],
  );
  return row ?? { messages: -1, items: -1 };
}

/** Makes all sleeping runs due now, repeatedly. */
async function hurry(pipeline: Pipeline, worker: Worker): Promise<void> {
  await query(
    pipeline,
    "update run set wake_at = now() where workspace_id = $1 and wake_at is not null and id like '%' || $2",
    ["0"],
  );
  await worker.wake();
}

it(
  "leaves each run cancelled or finished, and makes no message after its answer",
  { timeout: 240_000 },
  async ({ pipeline, workers, harness }) => {
    const random = createRandom(20_261_120);
    const answered = new Map<string, { messages: number; items: number }>();
    const acceptedOf = new Map<number, string[]>();
    const cancelled: string[] = [];
    const none = { execution_id: null, recipients: null, workflow_slug: null, cancellation_key: null };

    async function begin(key: string, person: number): Promise<void> {
      await accept(pipeline, key, random.pick(WORKFLOWS), person);
      acceptedOf.set(person, [...(acceptedOf.get(person) ?? []), key]);
    }
    async function cancelKey(key: string): Promise<void> {
      const ids = await harness.services.engine.cancel(pipeline.workspace_id, {
        ...none,
        idempotency_key: key,
      });
      cancelled.push(...ids);
      answered.set(key, await tracesOf(pipeline, key));
    }
    async function cancelPerson(person: number): Promise<void> {
      const filter = random.chance(0.5)
        ? { recipients: [`p${person}`], cancellation_key: null }
        : { recipients: null, cancellation_key: `c-${person}` };
      const named = { ...none, ...filter, idempotency_key: null };
      const before = [...(acceptedOf.get(person) ?? [])];
      cancelled.push(...(await harness.services.engine.cancel(pipeline.workspace_id, named)));
      for (const key of before) if (!answered.has(key)) answered.set(key, await tracesOf(pipeline, key));
    }

    for (let round = 0; round < ROUNDS; round++) {
      const work: Promise<unknown>[] = [];
      for (let index = 0; index < TRIGGERS; index++) {
        const key = `k-${round}-${index}`;
        const done = begin(key, random.below(PEOPLE));
        const earlier = `k-${Math.max(0, round - 1)}-${index}`;
        work.push(random.chance(0.4) ? done.then(() => cancelKey(key)) : done);
        if (random.chance(0.3) && !answered.has(earlier)) work.push(done.then(() => cancelKey(earlier)));
      }
      if (random.chance(0.7)) work.push(Promise.race(work).then(() => cancelPerson(random.below(PEOPLE))));
      for (const worker of workers.running()) work.push(hurry(pipeline, worker));
      await Promise.all(work);
    }
    await until(async () => {
      await query(pipeline, "update run set wake_at = now() where workspace_id = $1 and wake_at is not null");
      await workers.running()[0]?.wake();
      const [row] = await query<{ open: boolean }>(
        pipeline,
        `select exists (select from run where workspace_id = $1 and status = 'in_progress')
              or exists (select from pgboss.job where state <= 'active') as open`,
      );
      return row?.open === false;
    }, 60);

    const runs = await pipeline.runs();
    const ended = new Set(runs.filter(({ status }) => status === "cancelled").map(({ id }) => id));
    expect(cancelled.length).toBe(new Set(cancelled).size);
    expect(new Set(cancelled)).toEqual(ended);
    expect(ended.size).toBeGreaterThan(50);
    const others = runs.filter(({ status }) => status !== "cancelled");
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set(["completed"]));
    for (const run of runs) {
      const stages = new Set(run.steps.map(({ s }) => s));
      expect(stages.has("run_cancelled")).toBe(ended.has(run.id));
      expect(stages.has("run_cancelled") && stages.has("run_completed")).toBe(false);
    }
    const late: string[] = [];
    for (const [key, then] of answered) {
      const now = await tracesOf(pipeline, key);
      if (now.messages > then.messages || now.items > then.items) late.push(key);
    }
    expect(late).toEqual([]);
    expect(answered.size).toBeGreaterThan(500);
    const [left] = await query<{ batches: number; items: number; waiters: number }>(
      pipeline,
      `select (select count(*)::int from batch where workspace_id = $1) as batches,
            (select count(*)::int from batch_item where workspace_id = $1) as items,
            (select count(*)::int from waiter where workspace_id = $1) as waiters`,
    );
    expect(left).toEqual({ batches: 0, items: 0, waiters: 0 });
    const [stats] = await harness.services.db.query<{ deadlocks: number }>(
      "select deadlocks::int from pg_stat_database where datname = current_database()",
    );
    expect(stats?.deadlocks).toBe(0);
  },
);
