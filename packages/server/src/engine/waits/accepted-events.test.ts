import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { is } from "../../../test/conditions.ts";
import { createHarness, type Harness, until } from "../../../test/harness.ts";
import { createPipeline, type Pipeline, sms, sentBy } from "../../../test/pipeline.ts";
import { event, send, wait } from "../../../test/waiting.ts";
import { startWorker, type Worker } from "../../../test/worker.ts";

/* Events that were accepted before anything could signal the wait that they end, or before it was their turn. */
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
  await pipeline.commit("pay", [
    wait("w", { on: [event("Paid")], come: [sms("come")], timeout: [sms("late")] }),
  ]);
});
afterEach(stopWorkers);

async function work(): Promise<Worker> {
  const worker = await startWorker(harness);
  workers.push(worker);
  return worker;
}

async function stopWorkers(): Promise<void> {
  for (const worker of workers) await worker.stop();
  workers = [];
}

const query = (text: string, ...values: unknown[]) =>
  harness.services.db.query(text, [pipeline.workspace_id, ...values]);

const people = Array.from({ length: 20 }, (_, index) => `user-${index}`);
const person = (distinct_id: string) => ({ distinct_id, $sms: "+14155550100" });

const waiting = (count: number) =>
  until(async () => {
    const runs = await pipeline.runs();
    return runs.length === count && runs.every(({ wake_at }) => wake_at !== null) ? runs : null;
  });

describe("a wait that its run reaches without having waited before", () => {
  it("counts an event accepted right after the trigger, whichever is handled first", async () => {
    for (const who of people) {
      await pipeline.trigger({ workflow: "pay", recipients: [person(who)] });
      await send(pipeline, "Paid", who);
    }
    await work();
    const runs = await pipeline.finished(people.length);
    expect(runs.map(({ status }) => status)).toEqual(people.map(() => "completed"));
    expect(await sentBy(pipeline)).toEqual(people.map(() => "come"));
  });

  it("counts neither an event before the trigger, nor the one that triggered it", async () => {
    await pipeline.call("POST", "/v1/user/ann/", { $sms: "+14155550100" });
    await send(pipeline, "Paid", "ann");
    await pipeline.commit("again", [wait("w", { on: [event("Paid")] }), sms("s")], { events: ["Paid"] });
    await pipeline.trigger({ workflow: "pay", recipients: ["ann"] });
    await send(pipeline, "Paid", "bob");
    await work();
    await waiting(1);
    await send(pipeline, "Other", "ann");
    expect((await waiting(1)).length).toBe(1);
  });
});

describe("a wait whose time is up", () => {
  it("counts an event accepted before that, which the worker that held it had not handled", async () => {
    const worker = await work();
    for (const who of people) await pipeline.trigger({ workflow: "pay", recipients: [person(who)] });
    await waiting(people.length);
    await stopWorkers();
    for (const who of people) await send(pipeline, "Paid", who);
    // Held by a worker that lives on, as far as the queue knows, and does nothing.
    await query(
      `update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now() + interval '1 hour'
        where state = 'created' and name like 'expand-%' and $1 > 0`,
    );
    await query(
      `update run set wake_at = now(), state = jsonb_set(state::jsonb, '{wait,until}', to_jsonb(now()))::json
        where workspace_id = $1`,
    );
    expect(worker).toBeDefined();
    const other = await startWorker(harness);
    workers.push(other);
    await other.wake();
    await pipeline.finished(people.length);
    expect(await sentBy(pipeline)).toEqual(people.map(() => "come"));
  });

  it("goes on by time where the event came after it", async () => {
    const worker = await work();
    await pipeline.trigger({ workflow: "pay", recipients: [person("ann")] });
    await waiting(1);
    await query(
      `update run set wake_at = now(), state = jsonb_set(state::jsonb, '{wait,until}', to_jsonb(now()))::json
        where workspace_id = $1`,
    );
    await send(pipeline, "Paid", "ann");
    await worker.wake();
    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["late"]);
  });
});

describe("a wait for a profile that is being written when it begins", () => {
  it("looks again once the writer has committed", async () => {
    await pipeline.call("POST", "/v1/user/ann/", { $sms: "+14155550100" });
    const isPro = is("plan", "pro", "$recipient");
    await pipeline.commit("upgrade", [
      wait("w", { on: [isPro], come: [sms("come")], timeout: [sms("late")] }),
    ]);
    await pipeline.trigger({ workflow: "upgrade", recipients: ["ann"] });
    const { db, recipients } = harness.services;
    const edit = {
      object_type: "",
      distinct_id: "ann",
      operations: [{ operator: "$set" as const, fields: { plan: "pro" } }],
      mode: "lenient" as const,
      restore: false,
      create: false,
    };
    await db.tx(async (tx) => {
      await recipients.apply(tx, pipeline.workspace_id, [edit]);
      await work();
      // It has read the old profile, found its row locked, and waits.
      await waiting(1);
    });
    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["come"]);
  });
});
