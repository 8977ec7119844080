import { afterAll, describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { delay, node, type Pipeline, type RunRow, sms } from "../../../test/pipeline.ts";
import { startWorker, type Worker } from "../../../test/worker.ts";
import type { StageDeps } from "../deps.ts";
import { createExecuteHandler } from "../walk/execute.ts";
import { severitiesOf, type Step } from "../run.ts";

/* What a run is after it was put back. How it is asked for, and what is refused: api/management/redrive. */

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

describe("a run that was put back", () => {
  it("counts what went wrong without stopping it, and not what stopped it", async ({ pipeline }) => {
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
    // The template has nothing for e-mail: that is an error of its own.
    expect(again?.status).toBe("failed");
    expect(again?.steps.at(-1)?.s).not.toBe("node_failed");
    expect((await pipeline.messages()).map(({ node_ref }) => node_ref)).toEqual(["s"]);
  });

  it("after its worker had given it up goes on from where it stood", async ({ pipeline, harness }) => {
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

  it("is not failed by a worker that gives it up behind a cancel", async ({ pipeline, harness }) => {
    await pipeline.commit("later", [delay("d", "1h"), sms("s")]);
    await pipeline.trigger({ workflow: "later", recipients: [ann] });
    const run = await until(async () => (await pipeline.runs()).find(({ wake_at }) => wake_at !== null));
    const nobody = { recipients: null, idempotency_key: null, cancellation_key: null, workflow_slug: null };
    await harness.services.engine.cancel(pipeline.workspace_id, { ...nobody, execution_id: run.id });
    const { giveUp } = createExecuteHandler({} as StageDeps);
    const ref = { workspace_id: pipeline.workspace_id, id: run.id };
    await harness.services.db.tx((tx) => giveUp(tx, ref, new Error("too late")));
    expect(await pipeline.runs()).toMatchObject([{ status: "cancelled" }]);
  });
});

describe("the severities of a log", () => {
  const step = (s: string, l?: "warning" | "error"): Step => ({
    t: 0,
    s,
    m: "",
    ...(l === undefined ? {} : { l }),
  });

  it.each<[string, Step[], string[]]>([
    ["count each step", [step("a"), step("b", "warning"), step("c", "error")], ["info", "warning", "error"]],
    [
      "forget the step before a redrive",
      [step("a", "error"), step("redriven"), step("c")],
      ["info", "info", "info"],
    ],
    [
      "forget only that one",
      [step("a", "error"), step("b", "error"), step("redriven"), step("c", "error")],
      ["error", "info", "info", "error"],
    ],
    ["are none of an empty log", [], []],
  ])("%s", (_name, steps, expected) => {
    expect(severitiesOf(steps)).toEqual(expected);
  });
});
