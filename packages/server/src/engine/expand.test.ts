import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../test/harness.ts";
import { createPipeline, is, node, type Pipeline, sms } from "../../test/pipeline.ts";
import { startWorker, type Worker, type WorkerOptions } from "../../test/worker.ts";

/*
 * The harness only accepts: what stands in its queues waits until a test starts a worker.
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

async function work(options: WorkerOptions = {}): Promise<Worker> {
  const worker = await startWorker(harness, options);
  workers.push(worker);
  return worker;
}

const person = (distinct_id: string) => ({ distinct_id, $sms: "+14155550100" });

/** The request's log entry, once it has something to say. */
const told = (id: string) =>
  until(async () => {
    const request = await pipeline.request(id);
    return request.errors === null ? null : request;
  });

describe("expand", () => {
  it("needs no second connection while it holds one", async () => {
    await pipeline.commit("hello", [sms("sms_1")]);
    await pipeline.trigger({ workflow: "hello", recipients: [person("ann")] });

    // One is taken by the lock that says the worker lives.
    await work({ pool: 2 });

    expect(await pipeline.finished(1)).toMatchObject([{ distinct_id: "ann", status: "completed" }]);
  });
});
