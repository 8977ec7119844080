import { afterAll, describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { z } from "zod";
import { until } from "../../../test/harness.ts";
import { delay, node, type Pipeline, sms } from "../../../test/pipeline.ts";
import { createRandom } from "../../../test/random.ts";
import { leaf } from "../../../test/conditions.ts";
import { event, wait, waitingRows } from "../../../test/waiting.ts";
import type { StoredNode } from "../../catalog/workflow.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Tx } from "../../db/db.ts";
import { createSilentLog } from "../../log.ts";
import { createQueue, type Queue } from "../../queue/queue.ts";
import { defineNode, type NodeDefinition } from "../node.ts";
import type { Run } from "../run.ts";
import { takeSignals } from "./signals.ts";
import { abandonWaits, stopListening, signalWaiters } from "./waiters.ts";

/* How events find the runs that wait for them, whatever races. How a wait behaves: nodes/branch-waituntil.test.ts. */

let queue: Queue;

it.beforeAll(async ({ harness }) => {
  const { db } = harness.services;
  queue = createQueue({ db, url: harness.databaseUrl, log: createSilentLog(), observe: () => {} });
  await queue.start({ worker: false });
});
afterAll(async () => {
  await queue.stop();
});
it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

const query = <Row extends object>(pipeline: Pipeline, text: string, ...values: unknown[]): Promise<Row[]> =>
  pipeline.services.db.query<Row>(text, [pipeline.workspace_id, ...values]);

/** Accepts as the API does, many at once. */
function acceptAll(
  pipeline: Pipeline,
  api_type: "workflow" | "event",
  bodies: { name: string; body: JsonObject }[],
): Promise<unknown> {
  const { workspace_id } = pipeline;
  return Promise.all(
    bodies.map(({ name, body }) =>
      pipeline.services.engine.accept({
        workspace_id,
        lane: 1,
        api_type,
        name,
        tenant_id: null,
        idempotency_key: null,
        cancellation_key: null,
        body: JSON.stringify(body),
        metadata: null,
      }),
    ),
  );
}

const eventOf = (name: string, distinct_id: string, properties: JsonObject = {}) => ({
  name,
  body: { event: name, distinct_id, properties },
});

const people = (count: number) => Array.from({ length: count }, (_none, index) => `user_${index}`);

/** Starts one run for each, and waits until all of them wait. */
async function beginRuns(pipeline: Pipeline, nodes: StoredNode[], distinct_ids: string[]): Promise<void> {
  await pipeline.commit("waits", nodes);
  for (let start = 0; start < distinct_ids.length; start += 100) {
    const recipients = distinct_ids.slice(start, start + 100).map((distinct_id, index) => ({
      distinct_id,
      $sms: `+1415555${String(index).padStart(4, "0").replace(/^00/, "02")}`,
    }));
    await pipeline.trigger({ workflow: "waits", recipients });
  }
  await allWait(pipeline, distinct_ids.length);
}

const allWait = (pipeline: Pipeline, count: number) =>
  until(async () => {
    const [row] = await query<{ count: number }>(
      pipeline,
      "select count(*)::int from run where workspace_id = $1 and wake_at is not null",
    );
    return row?.count === count;
  }, 60);

const allEnded = (pipeline: Pipeline) =>
  until(async () => {
    const [row] = await query<{ some: boolean }>(
      pipeline,
      "select exists (select from run where workspace_id = $1 and status = 'in_progress') as some",
    );
    return row?.some === false;
  }, 60);

/** Number of runs by the branch they took; runs that took several are listed with all of them. */
async function taken(pipeline: Pipeline): Promise<Map<string, number>> {
  const rows = await query<{ branches: string; count: number }>(
    pipeline,
    `select branches, count(*)::int as count from (
       select (select string_agg(step->'p'->>'branch', '+') from json_array_elements(r.steps) step
                where step->>'s' = 'expression_evaluated') as branches
         from run r where r.workspace_id = $1) taken group by branches`,
  );
  return new Map(rows.map(({ branches, count }) => [branches, count]));
}

const NOTHING = { waiters: 0, signals: 0 };
const rowsLeft = (pipeline: Pipeline) => waitingRows(pipeline, pipeline);

describe("an event and a timeout at the same moment", () => {
  it("are decided once for every run with two workers, and leave no rows", async ({ pipeline, workers }) => {
    const everybody = people(3000);
    const [first, second] = [await workers.start(), await workers.start()];
    await beginRuns(pipeline, [wait("w", { on: [event("Go")] })], everybody);
    const random = createRandom(7);

    for (let start = 0; start < everybody.length; start += 250) {
      const slice = everybody.slice(start, start + 250);
      const timers = async () => {
        await query(
          pipeline,
          `update run set wake_at = now() where workspace_id = $1 and wake_at is not null and distinct_id = any($2)`,
          slice,
        );
        await Promise.all([first.wake(), second.wake()]);
      };
      const events = () =>
        acceptAll(
          pipeline,
          "event",
          slice.map((who) => eventOf("Go", who)),
        );
      // Concurrently, or the events while the runs woken by timers are still queued.
      if (random.chance(0.5)) await Promise.all([timers(), events()]);
      else await timers().then(events);
    }
    await allEnded(pipeline);
    await until(async () => (await isIdle(pipeline)) || null);

    const branches = await taken(pipeline);
    expect([...branches.keys()].toSorted()).toEqual(["w-come", "w-timeout"]);
    expect((branches.get("w-come") ?? 0) + (branches.get("w-timeout") ?? 0)).toBe(everybody.length);
    expect(await rowsLeft(pipeline)).toEqual(NOTHING);
  });

  it("an event that was received before the deadline wins, although it is signalled after it", async ({
    pipeline,
    workers,
  }) => {
    const worker = await workers.start();
    await beginRuns(pipeline, [wait("w", { on: [event("Go")] })], ["ann"]);
    // The deadline passes between the two.
    const request = await insertEvent(pipeline, "Go", "ann", {}, "now() - interval '1 minute'");
    await query(
      pipeline,
      `update run set state = jsonb_set(state::jsonb, '{wait,until}', to_jsonb(now() - interval '30 seconds'))::json
        where workspace_id = $1`,
    );
    await query(pipeline, "update waiter set created_at = now() - interval '1 hour' where workspace_id = $1");
    await signal(pipeline, [request]);
    await worker.wake();
    await allEnded(pipeline);
    expect(await taken(pipeline)).toEqual(new Map([["w-come", 1]]));
  });

  it("an event that was received after the deadline loses, although it is signalled before the timer", async ({
    pipeline,
    workers,
  }) => {
    await workers.start();
    await beginRuns(pipeline, [wait("w", { on: [event("Go")] })], ["ann"]);
    await query(
      pipeline,
      `update run set state = jsonb_set(state::jsonb, '{wait,until}', to_jsonb(now() - interval '30 seconds'))::json
        where workspace_id = $1`,
    );
    await signal(pipeline, [await insertEvent(pipeline, "Go", "ann")]);
    await allEnded(pipeline);
    expect(await taken(pipeline)).toEqual(new Map([["w-timeout", 1]]));
    expect(await rowsLeft(pipeline)).toEqual(NOTHING);
  });
});

const isIdle = async (pipeline: Pipeline): Promise<boolean> => {
  const [row] = await query<{ busy: boolean }>(
    pipeline,
    `select exists (select from pgboss.job where state <= 'active' and name ~ '^(expand|execute)'
                       and $1::int is not null) as busy`,
  );
  return row?.busy === false;
};

/** Stores an event's request without the job that would signal it. */
async function insertEvent(
  pipeline: Pipeline,
  name: string,
  distinct_id: string,
  properties: JsonObject = {},
  created_at = "now()",
): Promise<{ id: string; created_at: Date; name: string; distinct_id: string }> {
  const [row] = await query<{ id: string; created_at: Date }>(
    pipeline,
    `insert into request (workspace_id, id, lane, api_type, name, idempotency_key, body, created_at)
     values ($1, $2::uuid, 1, 'event', $3, $2::uuid::text, $4, ${created_at}) returning id, created_at`,
    pipeline.services.ids.uuid(),
    name,
    JSON.stringify({ event: name, distinct_id, properties }),
  );
  if (row === undefined) throw new Error("not inserted");
  return { ...row, name, distinct_id };
}

type Inserted = Awaited<ReturnType<typeof insertEvent>>;

/** Signals all in one transaction, before any run can act on one of them. */
async function signal(
  pipeline: Pipeline,
  events: Inserted[],
  wrap: (tx: Tx) => Tx = (tx) => tx,
): Promise<void> {
  const { workspace_id } = pipeline;
  await pipeline.services.db.tx((tx) =>
    signalWaiters(
      wrap(tx),
      events.map(({ id: request_id, name: topic, distinct_id: key, created_at: received_at }) => {
        return { workspace_id, topic, key, at: new Date(), received_at, request_id };
      }),
      queue,
    ),
  );
}

describe("events for one run", () => {
  it("that come while it is being walked are not missed", async ({ pipeline, workers }) => {
    const everybody = people(400);
    await workers.start();
    await workers.start();
    await beginRuns(pipeline, [wait("w", { on: [event("Go", leaf("n", "==", "7"))] })], everybody);
    const random = createRandom(11);

    // The event that passes comes at any place among those that do not: each of them causes a walk.
    const rounds = Array.from({ length: 8 }, (_none, round) => round);
    const lucky = new Map(everybody.map((who) => [who, random.below(rounds.length)]));
    for (const round of rounds) {
      const bodies = everybody.map((who) =>
        eventOf("Go", who, { n: lucky.get(who) === round ? 7 : round + 100 }),
      );
      void (await acceptAll(pipeline, "event", bodies));
    }
    await allEnded(pipeline);

    expect(await taken(pipeline)).toEqual(new Map([["w-come", everybody.length]]));
    await until(async () => (await isIdle(pipeline)) || null);
    expect(await rowsLeft(pipeline)).toEqual(NOTHING);
  });

  /** The run is being walked and cannot be signalled meanwhile; `written` is what the walk then writes. */
  it.for([
    [
      "sleeps on in the same wait is woken again",
      "wake_at = now() + interval '1 day'",
      { signals: 1, woken: true },
    ],
    ["has ended is not signalled", "status = 'completed', position = null", { signals: 0, woken: true }],
    [
      "is in another wait by then is not signalled",
      `wake_at = now() + interval '1 day', state = '{"wait":{"id":"other","until":null}}'`,
      { signals: 0, woken: false },
    ],
  ] as const)(
    "that come while it is walked: a run that %s",
    async ([_name, written, { signals, woken }], { pipeline, workers, harness }) => {
      await workers.start();
      await beginRuns(pipeline, [wait("w", { on: [event("Go")] })], ["ann"]);
      await workers.stop();
      await query(pipeline, "update run set wake_at = null where workspace_id = $1");
      const inserted = await insertEvent(pipeline, "Go", "ann");
      const walked = Promise.withResolvers<void>();
      const locked = Promise.withResolvers<void>();
      const walk = harness.services.db.tx(async (tx) => {
        await tx.query("select from run where workspace_id = $1 for no key update", [pipeline.workspace_id]);
        locked.resolve();
        await walked.promise;
        await tx.query(`update run set ${written} where workspace_id = $1`, [pipeline.workspace_id]);
      });
      await locked.promise;
      const signalling = signal(pipeline, [inserted]);
      await until(async () => {
        const [row] = await harness.services.db.query<{ waits: boolean }>(
          "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') as waits",
        );
        return row?.waits;
      });
      walked.resolve();
      await Promise.all([walk, signalling]);

      expect((await rowsLeft(pipeline)).signals).toBe(signals);
      const [run] = await pipeline.runs();
      expect(run?.wake_at === null).toBe(woken);
    },
  );

  it("may be two hundred at once: one walk, the first that passes counts", async ({ pipeline, workers }) => {
    await workers.start();
    await beginRuns(
      pipeline,
      [wait("w", { on: [event("Go", leaf("n", ">=", "150"))], come: [delay("d", "1d")] })],
      ["ann"],
    );
    await acceptAll(
      pipeline,
      "event",
      people(200).map((_who, n) => eventOf("Go", "ann", { n })),
    );
    await until(async () => (await pipeline.runs())[0]?.position === "0.0.0");

    const [run] = await query<{ state: { future_event: { n: number } } }>(
      pipeline,
      "select state from run where workspace_id = $1",
    );
    expect(run?.state.future_event.n).toBe(150);
    await until(async () => (await isIdle(pipeline)) || null);
    expect(await rowsLeft(pipeline)).toEqual(NOTHING);
  });

  it("are read in portions when a thousand of them came before it woke", async ({ pipeline, workers }) => {
    await workers.start();
    await beginRuns(pipeline, [wait("w", { on: [event("Go", leaf("n", "==", "940"))] })], ["ann"]);
    await workers.stop();
    const events: Inserted[] = [];
    for (let n = 0; n < 1000; n++) events.push(await insertEvent(pipeline, "Go", "ann", { n }));
    await signal(pipeline, events);
    expect(await rowsLeft(pipeline)).toEqual({ waiters: 1, signals: 1000 });
    await workers.start();
    await allEnded(pipeline);

    expect(await taken(pipeline)).toEqual(new Map([["w-come", 1]]));
    expect(await rowsLeft(pipeline)).toEqual(NOTHING);
  });

  it("are dropped when none of a thousand passes, and it sleeps on until its time", async ({
    pipeline,
    workers,
  }) => {
    await workers.start();
    await beginRuns(pipeline, [wait("w", { on: [event("Go", leaf("n", "==", "-1"))] })], ["ann"]);
    const [before] = await pipeline.runs();
    await workers.stop();
    const events: Inserted[] = [];
    for (let n = 0; n < 300; n++) events.push(await insertEvent(pipeline, "Go", "ann", { n }));
    await signal(pipeline, events);
    await workers.start();
    await until(async () => (await rowsLeft(pipeline)).signals === 0);
    await allWait(pipeline, 1);

    expect(await pipeline.runs()).toMatchObject([{ wake_at: before?.wake_at, steps: before?.steps }]);
    expect(await rowsLeft(pipeline)).toEqual({ waiters: 1, signals: 0 });
  });
});

describe("one event for ten thousand runs of one person", () => {
  it("is not copied for each of them, and ends them all", async ({ pipeline, workers }) => {
    const COUNT = 10_000;
    await workers.start();
    await pipeline.commit("waits", [wait("w", { on: [event("Go", leaf("ok", "==", "true"))] })]);
    await pipeline.call("POST", "/v1/user/ann/", {});
    await acceptAll(
      pipeline,
      "workflow",
      Array.from({ length: COUNT }, () => ({
        name: "waits",
        body: { workflow: "waits", recipients: ["ann"] },
      })),
    );
    await allWait(pipeline, COUNT);
    await workers.stop();
    await signal(pipeline, [
      await insertEvent(pipeline, "Go", "ann", { ok: true, note: "x".repeat(20_000) }),
    ]);
    const [stored] = await query<{ count: number; bytes: number }>(
      pipeline,
      "select count(*)::int, sum(length(body::text))::int as bytes from signal where workspace_id = $1",
    );
    expect(stored?.count).toBe(COUNT);
    expect((stored?.bytes ?? 0) / COUNT).toBeLessThan(100);
    await workers.start();
    await allEnded(pipeline);

    expect(await taken(pipeline)).toEqual(new Map([["w-come", COUNT]]));
    expect(await rowsLeft(pipeline)).toEqual(NOTHING);
  }, 120_000);
});

describe("a wait that ends another way", () => {
  it("by an error of the engine leaves no waiter, and the error is in the run's log", async ({
    pipeline,
    workers,
  }) => {
    const bomb = defineNode({
      type: "bomb",
      short: "bomb",
      name: "Bomb",
      config: z.looseObject({}),
      run: () => {
        throw new Error("boom");
      },
    });
    await workers.start({ nodes: [bomb as NodeDefinition] });
    await beginRuns(pipeline, [wait("w", { on: [event("Go")] }), node("bomb", "b")], ["ann", "bob"]);
    await acceptAll(pipeline, "event", [eventOf("Go", "ann")]);
    const failed = await until(async () => (await pipeline.runs()).find(({ status }) => status === "failed"));

    expect(failed).toMatchObject({ distinct_id: "ann", position: null, wake_at: null });
    expect(failed.steps.at(-1)?.m).toBe("500: boom");
    expect(await rowsLeft(pipeline)).toEqual({ waiters: 1, signals: 0 });
  });

  it("by its recipient's deletion leaves no waiter", async ({ pipeline, workers }) => {
    await workers.start();
    await beginRuns(pipeline, [wait("w", { on: [event("Go")] }), sms("after")], ["ann"]);
    expect((await pipeline.call("DELETE", "/v1/user/ann/")).status).toBe(204);
    await signal(pipeline, [await insertEvent(pipeline, "Go", "ann")]);
    const [run] = await pipeline.finished(1);

    expect(run).toMatchObject({ status: "failed" });
    expect(await rowsLeft(pipeline)).toEqual(NOTHING);
  });

  it("by being cancelled leaves neither waiter nor signal, and receives none", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await workers.start();
    await beginRuns(pipeline, [wait("w", { on: [event("Go")] })], ["ann", "bob"]);
    await workers.stop();
    const inserted = await insertEvent(pipeline, "Go", "ann");
    await signal(pipeline, [inserted]);
    const [ref] = (await pipeline.runs()).map(({ id }) => ({ workspace_id: pipeline.workspace_id, id }));
    if (ref === undefined) throw new Error("no run");
    await harness.services.db.tx(async (tx) => {
      await tx.query(
        "update run set status = 'cancelled', position = null, wake_at = null where workspace_id = $1 and id = $2",
        [ref.workspace_id, ref.id],
      );
      await abandonWaits(tx, [ref]);
    });
    expect(await rowsLeft(pipeline)).toEqual({ waiters: 1, signals: 0 });
    await signal(pipeline, [inserted]);
    expect(await rowsLeft(pipeline)).toEqual({ waiters: 1, signals: 0 });
  });
});

describe("with a hundred thousand waiters and signals", () => {
  it("every statement uses keys", async ({ pipeline, workers, harness }) => {
    await workers.start();
    await beginRuns(pipeline, [wait("w", { on: [event("Go")] })], people(200));
    await workers.stop();
    const { db } = harness.services;
    await query(
      pipeline,
      `insert into waiter (workspace_id, key, topic, run_id, wait_id)
       select $1, 'other_' || n % 20000, 'topic_' || n % 7, 'run_' || n, 'wait_' || n from generate_series(1, 100000) n`,
    );
    await query(
      pipeline,
      `insert into signal (workspace_id, run_id, wait_id, kind, at, body)
       select $1, 'run_' || n, 'wait_' || n, 'event', now(), '{}' from generate_series(1, 100000) n`,
    );
    await db.query("analyze waiter, signal");
    const events: Inserted[] = [];
    for (const who of people(100)) events.push(await insertEvent(pipeline, "Go", who));
    const runs = (await pipeline.runs()).map(({ id }) => ({
      ...({ workspace_id: pipeline.workspace_id, id, memory: { wait: { id: "w", until: null } } } as Run),
    }));
    const plans: string[] = [];
    const explain = (tx: Tx): Tx => ({
      ...tx,
      query: async (text, values) => {
        const rows = await tx.query<{ "QUERY PLAN": string }>(`explain ${text}`, values);
        plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
        return [];
      },
    });

    await signal(pipeline, events, explain);
    await db.tx(async (tx) => {
      await takeSignals(explain(tx), runs, null);
      await stopListening(explain(tx), runs);
      await abandonWaits(explain(tx), runs);
    });
    expect(plans).toHaveLength(5);
    for (const plan of plans) expect(plan).not.toMatch(/Seq Scan on (waiter|signal)/);
  });
});
