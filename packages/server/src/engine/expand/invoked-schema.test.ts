import { expect } from "vitest";
import { onServer as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { createManagement } from "../../../test/management.ts";
import { node, type Pipeline, sms } from "../../../test/pipeline.ts";

it.beforeEach(async ({ pipeline, harness }) => {
  await pipeline.addTemplate("text");
  const { call } = createManagement(harness, pipeline.workspace);
  const json_schema = {
    type: "object",
    required: ["order_id"],
    properties: { order_id: { type: "string" } },
  };
  await call("POST", "schema/order?commit=true", { name: "Order", json_schema });
  const payload_schema = { schema: "order" };
  await pipeline.commit("child", [sms("s")], { payload_schema });
  await pipeline.commit("parent", [
    node("invokeworkflow", "invoke_1", { workflow: "child", recipient_selection: "recipient" }),
  ]);
});

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const begin = (pipeline: Pipeline, data: { order_id?: string }) =>
  pipeline.trigger({ workflow: "parent", recipients: [ann], data });

it("a workflow triggered by another runs when its payload fits its schema", async ({ pipeline }) => {
  await begin(pipeline, { order_id: "1" });
  expect((await pipeline.finished(2)).map(({ status }) => status)).toEqual(["completed", "completed"]);
  expect(await pipeline.messages()).toHaveLength(1);
});

it("a workflow triggered by another does not run when its payload does not fit, and its request says why", async ({
  pipeline,
  harness,
}) => {
  await begin(pipeline, {});
  await pipeline.finished(1);
  const errors = await until(async () => {
    const [row] = await harness.services.db.query<{ errors: unknown }>(
      "select errors from request where workspace_id = $1 and name = 'child' and status = 'failure'",
      [pipeline.workspace_id],
    );
    return row?.errors ?? null;
  });
  expect(errors).toMatchObject([
    {
      error_code: "schema_validation_error",
      error_description: "(root): missing required property 'order_id'",
      workflow_slug: "child",
    },
  ]);
  expect(await pipeline.runs()).toHaveLength(1);
});
