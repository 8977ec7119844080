import { expect } from "vitest";
import { onServer as it } from "../../../../test/fixture.ts";
import { type Pipeline, sms } from "../../../../test/pipeline.ts";

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
  await pipeline.commit("ship", [sms("sms_1")], { events: ["Order Placed", "Order Moved"] });
  await pipeline.call("POST", "/v1/user/u1/", { $sms: "+15005550006" });
  await manage(pipeline, "schema/order/?commit=true", {
    name: "Order",
    json_schema: {
      type: "object",
      required: ["order_id", "amount"],
      additionalProperties: false,
      properties: { order_id: {}, amount: { type: "integer" } },
    },
  });
  await manage(pipeline, "event/", { name: "Order Placed", payload_schema: { schema: "order" } });
});

async function manage(pipeline: Pipeline, path: string, payload: unknown): Promise<void> {
  const answer = await pipeline.app.inject({
    method: "POST",
    url: `/v1/${pipeline.workspace.slug}/${path}`,
    headers: { authorization: `ServiceToken ${pipeline.serviceToken}` },
    payload: JSON.stringify(payload),
  });
  expect(answer.statusCode, answer.body).toBeLessThan(300);
}

async function track(pipeline: Pipeline, event: string, properties: unknown): Promise<string> {
  const answer = await pipeline.call("POST", "/v2/event/", { event, distinct_id: "u1", properties });
  expect(answer.status, answer.text).toBe(202);
  return (answer.json as { message_id: string }).message_id;
}

it("runs for an event whose properties fit its schema, ignoring keys of the wire", async ({ pipeline }) => {
  await track(pipeline, "ORDER placed", { order_id: "1", amount: 2, $ss_sdk_version: "1" });
  expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
});

const MISMATCH =
  '(root): missing required property \'order_id\'; amount: Instance type "string" is invalid. Expected "integer".';
const bad = { event: "order placed", distinct_id: "u1", properties: { amount: "2" } };
const good = { event: "order placed", distinct_id: "u1", properties: { amount: 2, order_id: "1" } };

it("answers 400 for an event that does not fit, with every mismatch, and runs nothing", async ({
  pipeline,
}) => {
  expect(await pipeline.call("POST", "/v2/event/", bad)).toMatchObject({
    status: 400,
    json: {
      status: "error",
      status_code: 400,
      error: { type: "schema_validation_error", message: MISMATCH },
      detail: MISMATCH.split("; "),
    },
  });
  expect(await pipeline.call("POST", "/event/", bad)).toMatchObject({ status: 400, text: MISMATCH });
  expect(await pipeline.runs()).toStrictEqual([]);
});

it("refuses one of many, and the others run", async ({ pipeline }) => {
  const answer = await pipeline.call("POST", "/v2/bulk/event/", [good, bad, good]);
  expect(answer).toMatchObject({
    status: 207,
    json: {
      records: [
        { status_code: 202 },
        { status_code: 400, error: { type: "schema_validation_error", message: MISMATCH } },
        { status_code: 202 },
      ],
    },
  });
  expect(await pipeline.call("POST", "/event/", [bad, good])).toMatchObject({
    status: 202,
    text: `OK\n[0]: ${MISMATCH}`,
  });
  await pipeline.finished(3);
});

it("checks each event against its own schema: one without is not checked", async ({ pipeline }) => {
  await track(pipeline, "Order Moved", { amount: "2" });
  expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
});
