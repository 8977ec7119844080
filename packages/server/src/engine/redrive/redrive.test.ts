import type { Stage, Step } from "../../core/log/step-log.ts";
import { afterAll, describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { delay, node, type Pipeline, type RunRow, sms } from "../../../test/pipeline.ts";
import { startWorker, type Worker } from "../../../test/worker.ts";
import type { StageDeps } from "../deps.ts";
import { createExecuteHandler } from "../walk/execute.ts";
import { severitiesOf } from "../run.ts";

/* The state of a run after a redrive. How it is requested, and what is refused: api/management/redrive. */

let worker: Worker;

it.beforeAll(async ({ harness }) => {
  worker = await startWorker(harness);
});
afterAll(async () => {
  await worker.stop();
});
it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const order = { requests: [], messages: [], include_ambiguous: false, dry_run: false };

async function redrive(pipeline: Pipeline, run: RunRow | undefined): Promise<void> {
  const executions = [run?.id ?? ""];
  const done = await pipeline.services.engine.redrive(pipeline.workspace_id, { ...order, executions });
  expect(done.executions).toEqual({ redriven: executions, refused: [] });
}

describe("a redriven run", () => {
  it("counts errors that did not stop it, and not the one that did", async ({ pipeline }) => {
    await pipeline.commit("two", [
      node("send_email", "e", { template: "text" }),
      node("delay", "d", { delay_type: "dynamic", value: '.["$recipient"].patience' }),
      sms("s"),
    ]);
    await pipeline.trigger({ workflow: "two", recipients: [ann] });
    const [run] = await pipeline.finished(1);
    expect(run?.status).toBe("failed");
    await pipeline.call("POST", "/v1/user/ann/", { patience: "0s" });
    await redrive(pipeline, run);
    const [again] = await pipeline.finished(1);
    // The template has no e-mail variant, which is a separate error.
    expect(again?.status).toBe("failed");
    expect(again?.steps.at(-1)?.s).not.toBe("node_failed");
    expect((await pipeline.messages()).map(({ node_ref }) => node_ref)).toEqual(["s"]);
  });

  it("continues from where it stood after its worker gave it up", async ({ pipeline, harness }) => {
    await pipeline.commit("later", [delay("d", "1h"), sms("s")]);
    await pipeline.trigger({ workflow: "later", recipients: [ann] });
    const run = await until(async () => (await pipeline.runs()).find(({ wake_at }) => wake_at !== null));
    const { db } = harness.services;
    const { giveUp } = createExecuteHandler({} as StageDeps);
    const ref = { workspace_id: pipeline.workspace_id, id: run.id };
    await db.tx((tx) => giveUp(tx, ref, new Error("the disk was full")));
    expect(await pipeline.runs()).toMatchObject([{ status: "failed", position: null, wake_at: null }]);
    await redrive(pipeline, run);
    const asleep = await until(async () => (await pipeline.runs()).find(({ wake_at }) => wake_at !== null));
    expect(asleep).toMatchObject({ status: "in_progress", position: "0" });
  });

  it("is not failed by a worker that gives it up after a cancel", async ({ pipeline, harness }) => {
    await pipeline.commit("later", [delay("d", "1h"), sms("s")]);
    await pipeline.trigger({ workflow: "later", recipients: [ann] });
    const run = await until(async () => (await pipeline.runs()).find(({ wake_at }) => wake_at !== null));
    const unfiltered = {
      recipients: null,
      idempotency_key: null,
      cancellation_key: null,
      workflow_slug: null,
    };
    await harness.services.engine.cancel(pipeline.workspace_id, { ...unfiltered, execution_id: run.id });
    const { giveUp } = createExecuteHandler({} as StageDeps);
    const ref = { workspace_id: pipeline.workspace_id, id: run.id };
    await harness.services.db.tx((tx) => giveUp(tx, ref, new Error("too late")));
    expect(await pipeline.runs()).toMatchObject([{ status: "cancelled" }]);
  });
});

describe("the severities of a log", () => {
  const step = (s: Stage, l?: "warning" | "error"): Step => ({
    t: 0,
    s,
    m: "",
    ...(l === undefined ? {} : { l }),
  });

  it.each<[string, Step[], string[]]>([
    [
      "count each step",
      [step("run_started"), step("node_failed", "warning"), step("run_stopped", "error")],
      ["info", "warning", "error"],
    ],
    [
      "ignore the step before a redrive",
      [step("run_started", "error"), step("redriven"), step("run_stopped")],
      ["info", "info", "info"],
    ],
    [
      "ignore only that one",
      [
        step("run_started", "error"),
        step("node_failed", "error"),
        step("redriven"),
        step("run_stopped", "error"),
      ],
      ["error", "info", "info", "error"],
    ],
    ["are empty for an empty log", [], []],
  ])("%s", (_name, steps, expected) => {
    expect(severitiesOf(steps)).toEqual(expected);
  });
});
