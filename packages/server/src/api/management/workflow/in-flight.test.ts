import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../../../test/harness.ts";
import { createManagement, type Management } from "../../../../test/management.ts";
import { createPipeline, type Pipeline, type RunRow } from "../../../../test/pipeline.ts";

/* The effects of commits, switches, rollbacks and deletions on runs in progress, and on later triggers. */

let harness: Harness;
let pipeline: Pipeline;
let management: Management;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.close());
beforeEach(async () => {
  pipeline = await createPipeline(harness);
  await pipeline.addTemplate("text");
  management = createManagement(harness, pipeline.workspace);
});

const bodyOf = (...sends: string[]) => ({
  name: "Later",
  category: "transactional",
  trigger_type: "api",
  tree: {
    nodes: [
      { node_type: "delay", delay_type: "fixed", value: "1h" },
      ...sends.map((ref) => ({ node_type: "send_sms", ref, template: "text" })),
    ],
  },
});

async function commit(...sends: string[]): Promise<void> {
  const { body } = await management.call(
    "POST",
    "workflow/later?commit=true&commit_message=x",
    bodyOf(...sends),
  );
  expect(body.validation_result).toStrictEqual({ is_valid: true, errors: [] });
}

const trigger = (distinct_id = "ann") =>
  pipeline.call("POST", "/trigger/", {
    workflow: "later",
    recipients: [{ distinct_id, $sms: "+14155550100" }],
  });

const asleep = (count: number) =>
  until(async () => {
    const sleeping = (await pipeline.runs()).filter(({ wake_at }) => wake_at !== null);
    return sleeping.length === count ? sleeping : null;
  });

async function wake(): Promise<RunRow[]> {
  const sleeping = await pipeline.runs();
  await harness.services.db.query(
    "update run set wake_at = now() - interval '1 second' where workspace_id = $1 and wake_at is not null",
    [pipeline.workspace_id],
  );
  harness.services.engine.wakeAt(new Date());
  return pipeline.finished(sleeping.length);
}

/** Refs of the sending nodes, by recipient. */
const sentTo = async (distinct_id: string) =>
  (await pipeline.messages()).filter((one) => one.distinct_id === distinct_id).map((one) => one.node_ref);

describe("a run that is under way", () => {
  it("finishes on the version that it began with, while runs that begin after a commit use the new one", async () => {
    await commit("old_sms");
    await trigger("ann");
    const [before] = await asleep(1);
    await commit("new_sms", "second_sms");
    await trigger("bob");
    await asleep(2);
    const runs = await wake();
    expect(runs.map(({ status }) => status)).toStrictEqual(["completed", "completed"]);
    expect(runs.find(({ distinct_id }) => distinct_id === "ann")?.version_id).toBe(before?.version_id);
    expect(await sentTo("ann")).toStrictEqual(["old_sms"]);
    expect(await sentTo("bob")).toStrictEqual(["new_sms", "second_sms"]);
  });

  it("is not moved by a rollback, nor by its commit", async () => {
    await commit("old_sms");
    await commit("new_sms");
    await trigger("ann");
    await asleep(1);
    await management.call("POST", "workflow/later/version/1/rollback");
    await management.call("PATCH", "workflow/later/commit");
    await trigger("bob");
    await asleep(2);
    await wake();
    expect(await sentTo("ann")).toStrictEqual(["new_sms"]);
    expect(await sentTo("bob")).toStrictEqual(["old_sms"]);
  });

  it("continues to its end when the workflow is disabled, while new triggers are refused until it is enabled", async () => {
    await commit("sms");
    await trigger("ann");
    await asleep(1);
    await management.call("PATCH", "workflow/later/enable", { is_enabled: false });
    expect(await trigger("bob")).toMatchObject({
      status: 400,
      json: { error: { message: "workflow with slug 'later' is disabled" } },
    });
    expect(await wake()).toMatchObject([{ status: "completed" }]);
    expect(await sentTo("ann")).toStrictEqual(["sms"]);

    await management.call("PATCH", "workflow/later/enable", { is_enabled: true });
    expect(await trigger("bob")).toMatchObject({ status: 202 });
    await asleep(1);
  });

  it("continues to its end when the workflow is deleted, while new triggers find nothing", async () => {
    await commit("sms");
    await trigger("ann");
    await asleep(1);
    await management.call("DELETE", "workflow/later");
    expect(await trigger("bob")).toMatchObject({ status: 404 });
    expect(await wake()).toMatchObject([{ status: "completed" }]);
    expect(await sentTo("ann")).toStrictEqual(["sms"]);
  });

  it("is not affected by a draft that cannot be committed", async () => {
    await commit("sms");
    await management.call("POST", "workflow/later?commit=true&commit_message=x", bodyOf());
    await trigger("ann");
    await asleep(1);
    await wake();
    expect(await sentTo("ann")).toStrictEqual(["sms"]);
  });
});
