import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub } from "../../../../test/hub.ts";
import { MAX_BODY_UNITS } from "../records.ts";

it.beforeEach(async ({ hub }) => {
  await hub.addWorkflow("welcome");
});

const TRIGGER = { workflow: "welcome", recipients: ["u1"] };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const refusal = (status: number, type: string, message: string) => ({
  status,
  json: { status: "fail", status_code: status, message, error: { type, message } },
});

describe("POST /trigger/ 202", () => {
  it("keeps the request as it was sent, with the client's user agent", async ({ hub }) => {
    const body = {
      ...TRIGGER,
      data: { uni: "é✓", nested: [{ a: 1 }] },
      tenant_id: "acme",
      $idempotency_key: " k1 ",
      cancellation_key: "c1",
      metadata: { job: 7 },
      unknown_key: true,
    };
    const answer = await hub.call("POST", "/trigger/", body, { "user-agent": "@suprsend/node-sdk/1.15.1" });
    expect(answer).toMatchObject({
      status: 202,
      json: { status: "success", message_id: expect.stringMatching(UUID) },
    });
    expect(await hub.requests()).toEqual([
      {
        id: (answer.json as { message_id: string }).message_id,
        lane: 1,
        api_type: "workflow",
        name: "welcome",
        tenant_id: "acme",
        idempotency_key: "k1",
        cancellation_key: "c1",
        body,
        metadata: { user_agent: "@suprsend/node-sdk/1.15.1", metadata: { job: 7 } },
        status: "accepted",
      },
    ]);
  });

  it("keeps keys that are traps of the language", async ({ hub }) => {
    const data = '{"__proto__":{"a":1},"constructor":"x","toString":null}';
    const body = `{"workflow":"welcome","recipients":[{"distinct_id":"__proto__","__proto__":1}],"data":${data}}`;
    expect(await hub.call("POST", "/trigger/", body)).toMatchObject({ status: 202 });
    const [request] = await hub.requests();
    expect(JSON.stringify(request?.body)).toBe(body);
  });

  it("needs no trailing slash, and accepts the signature of server SDKs", async ({ hub }) => {
    expect(await hub.callSigned("POST", "/trigger", TRIGGER)).toMatchObject({ status: 202 });
    expect(await hub.callSigned("POST", "/trigger/", TRIGGER)).toMatchObject({ status: 202 });
  });

  it.for([
    ["system", 0],
    ["transactional", 1],
    ["promotional", 2],
  ] as const)("goes to the lane of the workflow's category: %s", async ([category, lane], { hub }) => {
    await hub.addWorkflow("other", { category });
    await hub.call("POST", "/trigger/", { ...TRIGGER, workflow: "other" });
    expect(await hub.requests()).toMatchObject([{ lane }]);
  });

  it("answers the second use of a key with the first request's id", async ({ hub }) => {
    const body = { ...TRIGGER, $idempotency_key: "once" };
    const [first, second] = [
      await hub.call("POST", "/trigger/", body),
      await hub.call("POST", "/trigger/", body),
    ];
    expect(second.json).toEqual(first.json);
    expect((await hub.requests()).map(({ status }) => status)).toEqual(["accepted", "skipped"]);
  });

  it("does not use up a key for a request that was refused", async ({ hub }) => {
    const body = { ...TRIGGER, $idempotency_key: "again" };
    expect(await hub.call("POST", "/trigger/", { ...body, recipients: [] })).toMatchObject({ status: 400 });
    expect(await hub.call("POST", "/trigger/", body)).toMatchObject({ status: 202 });
    expect(await hub.requests()).toMatchObject([{ status: "accepted" }]);
  });
});

describe("POST /trigger/ 207", () => {
  it("handles every record of an array independently, in order", async ({ hub }) => {
    await hub.addWorkflow("off", { is_enabled: false });
    const bodies = [
      TRIGGER,
      { ...TRIGGER, workflow: "nowhere" },
      "not a record",
      { ...TRIGGER, workflow: "off" },
      { ...TRIGGER, data: { a: "\u0000" } },
      { ...TRIGGER, recipients: ["u2"] },
    ];
    const answer = await hub.call("POST", "/trigger/", bodies);
    const accepted = { status: "success", status_code: 202, message_id: expect.stringMatching(UUID) };
    const wrong = (status_code: number, type: string, message: string) => ({
      status: "error",
      status_code,
      error: { type, message },
    });
    expect(answer).toMatchObject({ status: 207 });
    expect(answer.json).toEqual({
      status: "success",
      records: [
        accepted,
        wrong(404, "not_found", "workflow 'nowhere' not found"),
        wrong(400, "validation_error", "Request body must only contain a single JSON object"),
        wrong(400, "validation_error", "workflow with slug 'off' is disabled"),
        wrong(400, "validation_error", "data.a: must not contain the null character"),
        accepted,
      ],
    });
    expect((await hub.requests()).map(({ body }) => body)).toEqual([
      TRIGGER,
      { ...TRIGGER, recipients: ["u2"] },
    ]);
  });

  it("accepts a hundred records", async ({ hub }) => {
    const answer = await hub.call(
      "POST",
      "/trigger/",
      Array.from({ length: 100 }, () => TRIGGER),
    );
    expect(answer.status).toBe(207);
    expect(await hub.requests()).toHaveLength(100);
  });

  it("runs a key that two of its records share only once", async ({ hub }) => {
    const answer = await hub.call(
      "POST",
      "/trigger/",
      [0, 1].map(() => ({ ...TRIGGER, $idempotency_key: "k" })),
    );
    const [first, second] = (answer.json as { records: { message_id: string }[] }).records;
    expect(second).toEqual(first);
    expect((await hub.requests()).map(({ status }) => status).sort()).toEqual(["accepted", "skipped"]);
  });
});

describe("POST /trigger/ 400", () => {
  it.for([
    ["nothing", "", "Request body must not be empty"],
    ["no JSON", "{", "BAD REQUEST"],
    ["a text", '"x"', "Request body must only contain a single JSON object"],
    ["an empty array", "[]", "Request body must not be empty"],
    ["no workflow", { recipients: ["u1"] }, "workflow missing"],
    ["a workflow that is a number", { ...TRIGGER, workflow: 1 }, "workflow: must be a string"],
    ["no recipients", { workflow: "welcome" }, '{"recipients":"is a required field"}'],
    [
      "an empty list of recipients",
      { ...TRIGGER, recipients: [] },
      '{"recipients":"must contain at least 1 item"}',
    ],
    [
      "more than a hundred recipients",
      { ...TRIGGER, recipients: Array.from({ length: 101 }, (_, n) => `u${n}`) },
      '{"recipients":"must contain at maximum 100 items"}',
    ],
    [
      "a recipient that is a number",
      { ...TRIGGER, recipients: [1] },
      "invalid value for recipients. each element must be of type string or map",
    ],
    [
      "a transient recipient that nobody can reach",
      { ...TRIGGER, recipients: [{ is_transient: true }] },
      "channel details missing for transient user",
    ],
    [
      "an actor that is a list",
      { ...TRIGGER, actor: [] },
      "actor: value must be either of type string or map",
    ],
    [
      "a long key",
      { ...TRIGGER, $idempotency_key: "x".repeat(256) },
      "$idempotency_key: must be at most 255 characters",
    ],
    [
      "text that no database holds",
      { ...TRIGGER, data: { "\ud800": 1 } },
      "data: a key must be valid Unicode (it has half of a surrogate pair)",
    ],
  ] as const)("for %s", async ([_title, body, message], { hub }) => {
    expect(await hub.call("POST", "/trigger/", body)).toMatchObject(
      refusal(400, "validation_error", message),
    );
    expect(await hub.requests()).toEqual([]);
  });

  it("for more than a hundred records, none of which is accepted", async ({ hub }) => {
    const answer = await hub.call(
      "POST",
      "/trigger/",
      Array.from({ length: 101 }, () => TRIGGER),
    );
    expect(answer).toMatchObject(
      refusal(400, "validation_error", "Request body must contain at maximum 100 records"),
    );
    expect(await hub.requests()).toEqual([]);
  });

  it("with an empty list of records where an array was sent, whatever is wrong with it", async ({ hub }) => {
    const many = Array.from({ length: 101 }, () => TRIGGER);
    for (const body of ["[]", many, "[", " [1,", [{ data: "x".repeat(MAX_BODY_UNITS) }]]) {
      const answer = await hub.call("POST", "/trigger/", body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.json).toMatchObject({ status: "fail", records: [], message: expect.any(String) });
    }
    const wrong = await hub.call("POST", "/trigger/", [TRIGGER], { authorization: "Bearer SS.wrong" });
    expect(wrong).toMatchObject({ status: 401, json: { status: "fail", records: [] } });
    const single = await hub.call("POST", "/trigger/", { ...TRIGGER, workflow: "gone" });
    expect(single.json).not.toHaveProperty("records");
  });

  it("for a workflow that is disabled, or has only a draft", async ({ hub }) => {
    await hub.addWorkflow("off", { is_enabled: false });
    await hub.addWorkflow("draft", { is_live: false });
    expect(await hub.call("POST", "/trigger/", { ...TRIGGER, workflow: "off" })).toMatchObject(
      refusal(400, "validation_error", "workflow with slug 'off' is disabled"),
    );
    expect(await hub.call("POST", "/trigger/", { ...TRIGGER, workflow: "draft" })).toMatchObject(
      refusal(400, "validation_error", "workflow version not found"),
    );
  });

  it("for a tenant that a known recipient does not belong to, in an exclusive workspace", async ({
    harness,
    hub,
  }) => {
    for (const tenant of ["acme", "bell"]) {
      await hub.call("POST", `/v1/tenant/${tenant}/`, { tenant_name: tenant });
    }
    await hub.call("POST", "/v1/user/ann/tenant/acme/", {});
    await hub.call("POST", "/v1/user/bob/", {});
    const message =
      "user [distinct_id: 'ann'] is not associated with tenant 'bell'; workspace is in exclusive mode";
    for (const recipients of [["ann"], ["bob", "ann"], ["new", { distinct_id: "ann", name: "Ann" }]]) {
      const answer = await hub.call("POST", "/trigger/", { ...TRIGGER, recipients, tenant_id: "bell" });
      expect(answer).toMatchObject(refusal(400, "validation_error", message));
    }
    const inline = { name: "W", template: "t", notification_category: "transactional", users: ["ann"] };
    expect(await hub.call("POST", `/${hub.wsKey}/trigger/`, { ...inline, tenant_id: "bell" })).toMatchObject({
      status: 400,
      json: { status: "fail", message },
    });

    const sound = [
      { ...TRIGGER, recipients: ["ann"], tenant_id: "acme" },
      { ...TRIGGER, recipients: ["ann"], tenant_id: "default" },
      { ...TRIGGER, recipients: ["ann"] },
      { ...TRIGGER, recipients: ["bob", "new"], tenant_id: "bell" },
    ];
    for (const body of sound)
      expect(await hub.call("POST", "/trigger/", body)).toMatchObject({ status: 202 });
    const outside = { ...TRIGGER, recipients: ["ann"], tenant_id: "bell" };
    const { json } = await hub.call("POST", "/trigger/", [sound[0], outside, {}, sound[3]]);
    expect((json as { records: object[] }).records).toMatchObject([
      { status_code: 202 },
      { status_code: 400, error: { message } },
      { status_code: 400, error: { message: "workflow missing" } },
      { status_code: 202 },
    ]);
    await harness.services.db.query("update workspace set config = $2 where workspace_id = $1", [
      hub.workspace.workspace_id,
      JSON.stringify({ user_tenancy_mode: "shared" }),
    ]);
    expect(
      await hub.call("POST", "/trigger/", { ...TRIGGER, recipients: ["ann"], tenant_id: "bell" }),
    ).toMatchObject({ status: 202 });
  });

  it("for nesting that would overflow the stack", async ({ hub }) => {
    const deep = `{"workflow":"welcome","recipients":["u1"],"data":{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`;
    expect(await hub.call("POST", "/trigger/", deep)).toMatchObject({ status: 400 });
  });
});

describe("POST /trigger/ 401, 404, 413", () => {
  it("401 without a credential of the workspace", async ({ hub }) => {
    const answer = await hub.call("POST", "/trigger/", TRIGGER, { authorization: "Bearer SS.wrong" });
    const message = "Not Authenticated - could not find Workspace details";
    expect(answer).toMatchObject(refusal(401, "authentication_failed", message));
  });

  it("404 for a workflow of another workspace", async ({ harness }) => {
    const other = await createHub(harness);
    expect(await other.call("POST", "/trigger/", TRIGGER)).toMatchObject(
      refusal(404, "not_found", "workflow 'welcome' not found"),
    );
  });

  it("413 beyond 800 KB of UTF-16 units, though not of bytes", async ({ hub }) => {
    const body = (units: number) => ({ ...TRIGGER, data: { text: "é".repeat(units) } });
    expect(await hub.call("POST", "/trigger/", body(MAX_BODY_UNITS - 100))).toMatchObject({ status: 202 });
    expect(await hub.call("POST", "/trigger/", body(MAX_BODY_UNITS))).toMatchObject({
      status: 413,
      json: { status: "fail", error: { type: "payload_too_large" } },
    });
    expect(
      await hub.call("POST", "/trigger/", [body(MAX_BODY_UNITS / 2), body(MAX_BODY_UNITS / 2)]),
    ).toMatchObject({
      status: 413,
    });
  });
});
