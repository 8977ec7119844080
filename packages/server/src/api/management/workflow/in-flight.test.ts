import { describe, expect } from "vitest";
import { onServer as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import type { Management } from "../../../../test/management.ts";
import type { Pipeline, RunRow } from "../../../../test/pipeline.ts";

/* The effects of commits, switches, rollbacks and deletions on runs in progress, and on later triggers. */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
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

async function commit(management: Management, ...sends: string[]): Promise<void> {
  const { body } = await management.call(
    "POST",
    "workflow/later?commit=true&commit_message=x",
    bodyOf(...sends),
  );
  expect(body.validation_result).toStrictEqual({ is_valid: true, errors: [] });
}

const trigger = (pipeline: Pipeline, distinct_id = "ann") =>
  pipeline.call("POST", "/trigger/", {
    workflow: "later",
    recipients: [{ distinct_id, $sms: "+14155550100" }],
  });

const asleep = (pipeline: Pipeline, count: number) =>
  until(async () => {
    const sleeping = (await pipeline.runs()).filter(({ wake_at }) => wake_at !== null);
    return sleeping.length === count ? sleeping : null;
  });

async function wake(pipeline: Pipeline): Promise<RunRow[]> {
  const sleeping = await pipeline.runs();
  await pipeline.services.db.query(
    "update run set wake_at = now() - interval '1 second' where workspace_id = $1 and wake_at is not null",
    [pipeline.workspace_id],
  );
  pipeline.services.engine.wakeAt(new Date());
  return pipeline.finished(sleeping.length);
}

/** Refs of the sending nodes, by recipient. */
const sentTo = async (pipeline: Pipeline, distinct_id: string) =>
  (await pipeline.messages()).filter((one) => one.distinct_id === distinct_id).map((one) => one.node_ref);

describe("a run that is under way", () => {
  it("finishes on the version that it began with, while runs that begin after a commit use the new one", async ({
    pipeline,
    management,
  }) => {
    await commit(management, "old_sms");
    await trigger(pipeline, "ann");
    const [before] = await asleep(pipeline, 1);
    await commit(management, "new_sms", "second_sms");
    await trigger(pipeline, "bob");
    await asleep(pipeline, 2);
    const runs = await wake(pipeline);
    expect(runs.map(({ status }) => status)).toStrictEqual(["completed", "completed"]);
    expect(runs.find(({ distinct_id }) => distinct_id === "ann")?.version_id).toBe(before?.version_id);
    expect(await sentTo(pipeline, "ann")).toStrictEqual(["old_sms"]);
    expect(await sentTo(pipeline, "bob")).toStrictEqual(["new_sms", "second_sms"]);
  });

  it("is not moved by a rollback, nor by its commit", async ({ pipeline, management }) => {
    await commit(management, "old_sms");
    await commit(management, "new_sms");
    await trigger(pipeline, "ann");
    await asleep(pipeline, 1);
    await management.call("POST", "workflow/later/version/1/rollback");
    await management.call("PATCH", "workflow/later/commit");
    await trigger(pipeline, "bob");
    await asleep(pipeline, 2);
    await wake(pipeline);
    expect(await sentTo(pipeline, "ann")).toStrictEqual(["new_sms"]);
    expect(await sentTo(pipeline, "bob")).toStrictEqual(["old_sms"]);
  });

  it("continues to its end when the workflow is disabled, while new triggers are refused until it is enabled", async ({
    pipeline,
    management,
  }) => {
    await commit(management, "sms");
    await trigger(pipeline, "ann");
    await asleep(pipeline, 1);
    await management.call("PATCH", "workflow/later/enable", { is_enabled: false });
    expect(await trigger(pipeline, "bob")).toMatchObject({
      status: 400,
      json: { error: { message: "workflow with slug 'later' is disabled" } },
    });
    expect(await wake(pipeline)).toMatchObject([{ status: "completed" }]);
    expect(await sentTo(pipeline, "ann")).toStrictEqual(["sms"]);

    await management.call("PATCH", "workflow/later/enable", { is_enabled: true });
    expect(await trigger(pipeline, "bob")).toMatchObject({ status: 202 });
    await asleep(pipeline, 1);
  });

  it("continues to its end when the workflow is deleted, while new triggers find nothing", async ({
    pipeline,
    management,
  }) => {
    await commit(management, "sms");
    await trigger(pipeline, "ann");
    await asleep(pipeline, 1);
    await management.call("DELETE", "workflow/later");
    expect(await trigger(pipeline, "bob")).toMatchObject({ status: 404 });
    expect(await wake(pipeline)).toMatchObject([{ status: "completed" }]);
    expect(await sentTo(pipeline, "ann")).toStrictEqual(["sms"]);
  });

  it("is not affected by a draft that cannot be committed", async ({ pipeline, management }) => {
    await commit(management, "sms");
    await management.call("POST", "workflow/later?commit=true&commit_message=x", bodyOf());
    await trigger(pipeline, "ann");
    await asleep(pipeline, 1);
    await wake(pipeline);
    expect(await sentTo(pipeline, "ann")).toStrictEqual(["sms"]);
  });
});
