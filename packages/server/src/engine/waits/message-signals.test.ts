import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../../test/harness.ts";
import { createPipeline, type Pipeline, sms, sentBy } from "../../../test/pipeline.ts";
import { statusIs } from "../../../test/conditions.ts";
import { wait } from "../../../test/waiting.ts";
import { startWorker, type Worker } from "../../../test/worker.ts";

/* A wait whose condition asks how far messages are ends by what becomes of them. */
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

async function work(): Promise<Worker> {
  const worker = await startWorker(harness);
  workers.push(worker);
  return worker;
}

const status = (value: string) => statusIs("first", value);

/** The simulator's fate of a message follows from the last digits of the number. */
const send = (number: string) =>
  pipeline.trigger({ workflow: "asks", recipients: [{ distinct_id: "ann", $sms: number }] });

const commit = (value: string) =>
  pipeline.commit("asks", [
    sms("first"),
    wait("w", { on: [status(value)], come: [sms("come")], timeout: [sms("late")] }),
  ]);

describe("a wait for the status of a message", () => {
  it.each([
    ["delivered, by a report", "$message.delivered", "+14155550001"],
    ["failed, by the vendor's answer", "$message.delivery_failed", "+14155550008"],
  ])("ends when it is %s", async (_what, value, number) => {
    await commit(value);
    await send(number);
    const worker = await work();
    await until(async () => {
      await worker.sweep();
      const [run] = await pipeline.runs();
      return run !== undefined && run.status !== "in_progress";
    });
    expect(await sentBy(pipeline)).toEqual(["first", "come"]);
    const [run] = await pipeline.runs();
    expect(run?.steps.map(({ m }) => m)).toContain("resumed by what became of a message");
  });

  it("goes on waiting for what has not come", async () => {
    await commit("$message.clicked");
    await send("+14155550001");
    const worker = await work();
    await until(async () => {
      await worker.sweep();
      const [message] = await pipeline.messages();
      return message?.status === "delivered";
    });
    const [run] = await pipeline.runs();
    expect(run?.status).toBe("in_progress");
    expect(await sentBy(pipeline)).toEqual(["first"]);
  });
});
