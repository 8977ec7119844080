import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Hub } from "../../../../test/hub.ts";

async function manage(hub: Hub, path: string, payload: unknown): Promise<void> {
  const answer = await hub.app.inject({
    method: "POST",
    url: `/v1/${hub.workspace.slug}/${path}`,
    headers: { authorization: `ServiceToken ${hub.serviceToken}` },
    payload: JSON.stringify(payload),
  });
  expect(answer.statusCode, answer.body).toBeLessThan(300);
}

const ORDER = {
  type: "object",
  required: ["order_id"],
  properties: { order_id: { type: "string", minLength: 4 } },
  additionalProperties: false,
};
const saveSchema = (hub: Hub, json_schema: unknown, commit = true) =>
  manage(hub, `schema/order/?commit=${commit}`, { name: "Order", json_schema });

/** Written to the tables: committing it would need a live template. */
async function addWorkflow(hub: Hub, payload_schema: unknown, trigger_type = "api"): Promise<void> {
  await hub.addWorkflow("ship");
  await hub.services.db.query(
    `update workflow_version set definition = (definition::jsonb || $2::jsonb)::json
      where workspace_id = $1 and slug = 'ship'`,
    [hub.workspace.workspace_id, JSON.stringify({ payload_schema, trigger_type })],
  );
}

const trigger = (data?: unknown) => ({
  workflow: "ship",
  recipients: ["u1"],
  ...(data !== undefined && { data }),
});
const MISSING = "(root): missing required property 'order_id'";

describe("POST /trigger/ for a workflow with a payload schema", () => {
  it("accepts what fits it, ignoring keys of the wire", async ({ hub }) => {
    await saveSchema(hub, ORDER);
    await addWorkflow(hub, { schema: "order" });
    const data = { order_id: "1234", $attachments: [{ url: "https://x" }], $ss_sdk_version: "1" };
    expect(await hub.call("POST", "/trigger/", trigger(data))).toMatchObject({ status: 202 });
    expect(await hub.requests()).toHaveLength(1);
  });

  it("answers 400 with every mismatch, together and as a list, and stores nothing", async ({ hub }) => {
    await saveSchema(hub, ORDER);
    await addWorkflow(hub, { schema: "order" });
    const detail = [
      "order_id: String is too short (1 < 4).",
      "(root): property 'x' is not allowed by the schema.",
    ];
    const answer = await hub.call("POST", "/trigger/", trigger({ order_id: "1", x: 1 }));
    expect(answer).toMatchObject({
      status: 400,
      json: {
        status: "fail",
        status_code: 400,
        message: detail.join("; "),
        error: { type: "schema_validation_error", message: detail.join("; ") },
        detail,
      },
    });
    expect(await hub.requests()).toStrictEqual([]);
  });

  it("checks a trigger without data too", async ({ hub }) => {
    await saveSchema(hub, ORDER);
    await addWorkflow(hub, { schema: "order" });
    expect(await hub.call("POST", "/trigger/", trigger())).toMatchObject({
      status: 400,
      json: { message: MISSING },
    });
  });

  it("handles every record of an array independently", async ({ hub }) => {
    await saveSchema(hub, ORDER);
    await addWorkflow(hub, { schema: "order" });
    const bodies = [trigger({ order_id: "1234" }), trigger({}), trigger({ order_id: "5678" })];
    expect(await hub.call("POST", "/trigger/", bodies)).toMatchObject({
      status: 207,
      json: {
        status: "success",
        records: [
          { status: "success", status_code: 202 },
          { status: "error", status_code: 400, error: { type: "schema_validation_error", message: MISSING } },
          { status: "success", status_code: 202 },
        ],
      },
    });
    expect(await hub.requests()).toHaveLength(2);
  });

  it("does not use up a key for a payload that was refused", async ({ hub }) => {
    await saveSchema(hub, ORDER);
    await addWorkflow(hub, { schema: "order" });
    const keyed = (data: unknown) => ({ ...trigger(data), $idempotency_key: "again" });
    expect(await hub.call("POST", "/trigger/", keyed({}))).toMatchObject({ status: 400 });
    expect(await hub.call("POST", "/trigger/", keyed({ order_id: "1234" }))).toMatchObject({ status: 202 });
    expect(await hub.requests()).toMatchObject([{ status: "accepted" }]);
  });

  it("follows the live version at once, or stays on the one that the workflow names", async ({ hub }) => {
    await saveSchema(hub, ORDER);
    await addWorkflow(hub, { schema: "order" });
    expect(await hub.call("POST", "/trigger/", trigger({}))).toMatchObject({ status: 400 });
    await saveSchema(hub, { type: "object" }, false);
    expect(await hub.call("POST", "/trigger/", trigger({}))).toMatchObject({ status: 400 });
    await saveSchema(hub, { type: "object" });
    expect(await hub.call("POST", "/trigger/", trigger({}))).toMatchObject({ status: 202 });
  });

  it("stays on the version that the workflow names", async ({ hub }) => {
    await saveSchema(hub, ORDER);
    await saveSchema(hub, { type: "object" });
    await addWorkflow(hub, { schema: "order", version_no: 1 });
    expect(await hub.call("POST", "/trigger/", trigger({}))).toMatchObject({ status: 400 });
  });

  it("checks nothing if the link has no committed version", async ({ hub }) => {
    await saveSchema(hub, ORDER, false);
    await addWorkflow(hub, { schema: "order" });
    expect(await hub.call("POST", "/trigger/", trigger({}))).toMatchObject({ status: 202 });
  });

  it("checks nothing for workflows triggered by events: they have schemas of their own", async ({ hub }) => {
    await saveSchema(hub, ORDER);
    await addWorkflow(hub, { schema: "order" }, "event");
    expect(await hub.call("POST", "/trigger/", trigger({}))).toMatchObject({ status: 202 });
  });

  it("answers in time when a pattern would backtrack for years", async ({ hub }) => {
    await saveSchema(hub, { type: "object", properties: { a: { pattern: "^(a+)+$" } } });
    await addWorkflow(hub, { schema: "order" });
    const bodies = Array.from({ length: 20 }, () => trigger({ a: `${"a".repeat(60)}!` }));
    const answer = await hub.call("POST", "/trigger/", bodies);
    const { records } = answer.json as { records: { status_code: number }[] };
    expect(records.map(({ status_code }) => status_code)).toStrictEqual(bodies.map(() => 400));
  });
});
