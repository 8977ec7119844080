import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Answer, Hub } from "../../../../test/hub.ts";
import { MAX_BODY_UNITS } from "../records.ts";

const EVENT = { event: "ORDER PLACED", distinct_id: "u1", properties: { amount: 1 } };
const EDIT = { $schema: "2", distinct_id: "u1", $user_operations: [{ $set: { name: "Ann" } }] };
const OK = { status: 202, type: "text/plain; charset=utf-8", text: "OK" };
const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/);
const ACCEPTED = { status: 202, json: { status: "success", message_id: UUID } };
const refusal = (message: string) => ({
  status: 400,
  json: { status: "error", status_code: 400, message, error: { type: "validation_error", message } },
});

async function findUser(hub: Hub, distinct_id: string): Promise<Record<string, unknown> | null> {
  const answer = await hub.call("GET", `/v1/user/${encodeURIComponent(distinct_id)}/`);
  return answer.status === 404 ? null : (answer.json as Record<string, unknown>);
}

const recordsOf = (answer: Answer) => (answer.json as { records: unknown[] }).records;
const idOf = (answer: Answer) => (answer.json as { message_id: string }).message_id;

describe("POST /event/ 202", () => {
  it("keeps an event as it was sent", async ({ hub }) => {
    const body = { ...EVENT, $insert_id: "i1", $time: 1_725_814_228_000, env: hub.wsKey, tenant_id: "acme" };
    expect(await hub.callSigned("POST", "/event/", body)).toMatchObject(OK);
    expect(await hub.requests()).toMatchObject([
      {
        lane: 2,
        api_type: "event",
        name: "ORDER PLACED",
        tenant_id: "acme",
        idempotency_key: "i1",
        body,
        status: "accepted",
      },
    ]);
  });

  it("puts an event into the most urgent lane of the workflows it starts, whatever its case", async ({
    hub,
  }) => {
    await hub.addWorkflow("news", { category: "promotional", events: ["Order Placed"] });
    await hub.addWorkflow("receipt", { category: "transactional", events: ["Order Placed"] });
    await hub.addWorkflow("code", { category: "system", events: ["Order Placed"], is_enabled: false });
    await hub.call("POST", "/event/", EVENT);
    expect(await hub.requests()).toMatchObject([{ lane: 1 }]);
  });

  it("recognises a batch that browsers resend", async ({ hub }) => {
    const batch = [
      { ...EVENT, $insert_id: "i1" },
      { distinct_id: "u1", $insert_id: "i2", $add: { visits: 1 } },
    ];
    expect(await hub.call("POST", "/event/", batch)).toMatchObject(OK);
    expect(await hub.call("POST", "/event/", batch)).toMatchObject(OK);
    expect((await hub.requests()).map(({ status }) => status)).toEqual(["accepted", "skipped"]);
    expect(await findUser(hub, "u1")).toMatchObject({ properties: { visits: 1 } });
  });

  it("applies edits before it answers, in order, and creates missing users", async ({ hub }) => {
    const batch = [
      { distinct_id: "u1", $set: { name: "Ann", visits: 1 } },
      { distinct_id: "u2", $append: { $email: "b@x.com" } },
      { $schema: "2", distinct_id: "u1", $user_operations: [{ $add: { visits: 2 } }, { $unset: ["name"] }] },
    ];
    expect(await hub.call("POST", "/event/", batch)).toMatchObject(OK);
    expect(await findUser(hub, "u1")).toMatchObject({ properties: { visits: 3 } });
    expect(await findUser(hub, "u2")).toMatchObject({ $email: [{ value: "b@x.com" }] });
  });

  it("skips what is wrong in an edit and applies the rest", async ({ hub }) => {
    const edit = {
      distinct_id: "u1",
      $append: { $email: "not an address", $sms: "+14155552671" },
      $set: { a: 1 },
    };
    expect(await hub.call("POST", "/event/", edit)).toMatchObject(OK);
    const user = await findUser(hub, "u1");
    expect(user).toMatchObject({ properties: { a: 1 }, $sms: [{ value: "+14155552671" }] });
    expect(user).not.toHaveProperty("$email");
  });

  it("creates the user that $identify names", async ({ hub }) => {
    const body = { event: "$identify", $insert_id: "i", properties: { $identified_id: "u9", $anon_id: "a" } };
    expect(await hub.call("POST", "/event/", body)).toMatchObject(OK);
    expect(await findUser(hub, "u9")).not.toBeNull();
    expect(await findUser(hub, "a")).toBeNull();
    expect(await hub.requests()).toEqual([]);
  });

  it("accepts the valid records of an array, and names the others after the OK", async ({ hub }) => {
    const body = [EDIT, { event: "X" }, EVENT, { ...EDIT, tenant_id: "acme" }];
    expect(await hub.call("POST", "/event/", body)).toMatchObject({
      status: 202,
      text: "OK\n[1]: event: must be at least 2 characters\n[3]: tenant 'acme' not found",
    });
    expect(await findUser(hub, "u1")).toMatchObject({ properties: { name: "Ann" } });
    expect(await hub.requests()).toMatchObject([{ body: EVENT, status: "accepted" }]);
  });

  it("accepts four hundred edits at once", async ({ hub }) => {
    const batch = Array.from({ length: 400 }, (_, n) => ({ distinct_id: `u${n % 50}`, $add: { n: 1 } }));
    expect(await hub.call("POST", "/event/", batch)).toMatchObject(OK);
    expect(await findUser(hub, "u49")).toMatchObject({ properties: { n: 8 } });
  });
});

describe("POST /event/ 400, 401, 413", () => {
  it.for([
    ["nothing", "", "Request body must not be empty"],
    ["no JSON", "nope", "BAD REQUEST"],
    ["an empty array", [], "Request body must not be empty"],
    [
      "too many records",
      Array.from({ length: 401 }, () => EVENT),
      "Request body must contain at maximum 400 records",
    ],
    ["an empty record", {}, "error: must pass value for either event or distinct_id/anonymous_id"],
    [
      "a user of whom it says nothing",
      { distinct_id: "u1", properties: { amount: 1 } },
      "event: is a required field of a record without $user_operations or an operator such as $set",
    ],
    ["an event of nobody", { event: "SEEN" }, "error: must pass value for distinct_id"],
    ["an $identify of nobody", { event: "$identify" }, "error: must pass value for $identified_id"],
    ["a reserved name", { ...EVENT, event: "ss_x" }, "event: names that start with $ or ss_ are reserved"],
    [
      "another workspace's key",
      { ...EVENT, env: "somebody-elses-key-0000" },
      "env: must be the key of the workspace that the request authenticates for",
    ],
    [
      "an env that is no text",
      { ...EVENT, env: 1 },
      "env: must be the key of the workspace that the request authenticates for",
    ],
  ] as const)("for %s", async ([_title, body, text], { hub }) => {
    expect(await hub.call("POST", "/event/", body)).toMatchObject({
      status: 400,
      type: "text/plain; charset=utf-8",
      text,
    });
    expect(await hub.requests()).toEqual([]);
  });

  it("for an edit in a tenant that does not exist, of which nothing is stored", async ({ hub }) => {
    const answer = await hub.call("POST", "/event/", { ...EDIT, tenant_id: "acme" });
    expect(answer).toMatchObject({ status: 404, text: "tenant 'acme' not found" });
    expect(await findUser(hub, "u1")).toBeNull();
  });

  it("for an array without a valid record, with the first reason", async ({ hub }) => {
    const answer = await hub.call("POST", "/event/", [{ event: "X" }, { ...EDIT, tenant_id: "acme" }]);
    expect(answer).toMatchObject({ status: 400, text: "[0]: event: must be at least 2 characters" });
    expect(await hub.requests()).toEqual([]);
  });

  it("401 as a text", async ({ hub }) => {
    const answer = await hub.call("POST", "/event/", EVENT, { authorization: "nobody" });
    expect(answer).toMatchObject({
      status: 401,
      text: "Not Authenticated - could not find Workspace details",
    });
  });

  it("413 beyond 800 KB", async ({ hub }) => {
    const answer = await hub.call("POST", "/event/", {
      ...EVENT,
      properties: { text: "x".repeat(MAX_BODY_UNITS) },
    });
    expect(answer).toMatchObject({ status: 413, type: "text/plain; charset=utf-8" });
  });
});

describe("POST /v2/event/", () => {
  it("answers an event with the request's id", async ({ hub }) => {
    const answer = await hub.call("POST", "/v2/event", EVENT);
    expect(answer).toMatchObject(ACCEPTED);
    expect(await hub.requests()).toMatchObject([{ id: idOf(answer) }]);
  });

  it("answers an edit once it is applied, and again with the same id", async ({ hub }) => {
    const edit = { ...EDIT, $insert_id: "i1" };
    const first = await hub.call("POST", "/v2/event/", edit);
    expect(first).toMatchObject(ACCEPTED);
    expect(await findUser(hub, "u1")).toMatchObject({ properties: { name: "Ann" } });
    const later = { ...edit, $user_operations: [{ $set: { name: "Bob" } }] };
    expect(idOf(await hub.call("POST", "/v2/event/", later))).toBe(idOf(first));
    expect(await findUser(hub, "u1")).toMatchObject({ properties: { name: "Ann" } });
  });

  it("applies an edit for a tenant only to the user's profile in that tenant", async ({ hub }) => {
    await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    const record = { ...EDIT, $user_operations: [{ $set: { role: "admin" } }], brand_id: "acme" };
    expect(await hub.call("POST", "/v2/event/", record)).toMatchObject(ACCEPTED);
    expect(await findUser(hub, "u1")).toMatchObject({ properties: {} });
    const { json } = await hub.call("GET", "/v1/user/u1/tenant/acme/");
    expect(json).toMatchObject({ tenant: { tenant_id: "acme", properties: { role: "admin" } } });
  });

  it("refuses an edit for a second tenant of an exclusive workspace, each time that it is sent", async ({
    hub,
  }) => {
    await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    await hub.call("POST", "/v1/tenant/bell/", { tenant_name: "Bell" });
    await hub.call("POST", "/v2/event/", { ...EDIT, tenant_id: "acme" });
    const message = "user is already associated with a different tenant; workspace is in exclusive mode";
    const edit = { ...EDIT, $insert_id: "i1", tenant_id: "bell" };
    expect(await hub.call("POST", "/v2/event/", edit)).toMatchObject(refusal(message));
    expect(await hub.call("POST", "/v2/event/", edit)).toMatchObject(refusal(message));
    const both = await hub.call("POST", "/v2/event/", [edit, edit]);
    expect(recordsOf(both)).toMatchObject([{ status_code: 400 }, { status_code: 400 }]);
    const { json } = await hub.call("GET", "/v1/user/u1/tenant/");
    expect(json).toMatchObject({ meta: { count: 1 }, results: [{ tenant: { tenant_id: "acme" } }] });
  });

  it("refuses an event in a tenant to which its user does not belong", async ({ hub }) => {
    await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    await hub.call("POST", "/v1/user/u1/tenant/acme/", {});
    expect(await hub.call("POST", "/v2/event/", { ...EVENT, tenant_id: "acme" })).toMatchObject(ACCEPTED);
    expect(await hub.call("POST", "/v2/event/", { ...EVENT, tenant_id: "bell" })).toMatchObject(
      refusal(
        "user [distinct_id: 'u1'] is not associated with tenant 'bell'; workspace is in exclusive mode",
      ),
    );
    const stranger = { ...EVENT, distinct_id: "u2", tenant_id: "bell" };
    expect(await hub.call("POST", "/v2/event/", stranger)).toMatchObject(ACCEPTED);
  });

  it("accepts a number as a user", async ({ hub }) => {
    expect(await hub.call("POST", "/v2/event/", { distinct_id: 42, $set: { a: 1 } })).toMatchObject(ACCEPTED);
    expect(await findUser(hub, "42")).not.toBeNull();
  });

  it.for([
    ["nothing", "", "Request body must not be empty"],
    ["no JSON", "{", "BAD REQUEST"],
    ["a text", '"x"', "Request body must only contain a single JSON object"],
    ["an empty array", "[]", "Request body must not be empty"],
    ["a name of one letter", { ...EVENT, event: "x" }, "event: must be at least 2 characters"],
    [
      "a misspelt event",
      { Event: "SEEN", distinct_id: "u1" },
      "event: is a required field of a record without $user_operations or an operator such as $set",
    ],
    [
      "text that no database holds",
      { ...EVENT, properties: { a: "\u0000" } },
      "properties.a: must not contain the null character",
    ],
  ] as const)("refuses %s in JSON", async ([_title, body, message], { hub }) => {
    expect(await hub.call("POST", "/v2/event/", body)).toMatchObject(refusal(message));
  });

  it("handles the records of an array independently", async ({ hub }) => {
    const answer = await hub.call("POST", "/v2/event/", [EDIT, {}, EVENT]);
    expect(answer.status).toBe(207);
    expect(recordsOf(answer)).toMatchObject([
      { status_code: 202 },
      { status_code: 400 },
      { status_code: 202 },
    ]);
  });
});

describe("POST /v2/bulk/event/", () => {
  it("handles every record independently, in order, and stores the valid ones", async ({ hub }) => {
    const answer = await hub.call("POST", "/v2/bulk/event/", [
      EVENT,
      { event: "X" },
      EDIT,
      { ...EDIT, tenant_id: "t" },
      EVENT,
    ]);
    const accepted = { status: "success", status_code: 202, message_id: UUID };
    const wrong = (message: unknown) => ({
      status: "error",
      status_code: 400,
      error: { type: "validation_error", message },
    });
    expect(answer.status).toBe(207);
    expect(answer.json).toEqual({
      status: "success",
      records: [
        accepted,
        wrong("event: must be at least 2 characters"),
        accepted,
        {
          status: "error",
          status_code: 404,
          error: { type: "not_found", message: "tenant 't' not found" },
        },
        accepted,
      ],
    });
    expect(await hub.requests()).toHaveLength(2);
    expect(await findUser(hub, "u1")).toMatchObject({ properties: { name: "Ann" } });
  });

  it.for([
    ["a single record", EVENT, "Request body must be an array of records"],
    ["an empty array", [], "Request body must not be empty"],
    [
      "too many records",
      Array.from({ length: 101 }, () => EVENT),
      "Request body must contain at maximum 100 records",
    ],
  ] as const)("refuses %s", async ([_title, body, message], { hub }) => {
    expect(await hub.call("POST", "/v2/bulk/event/", body)).toMatchObject({
      status: 400,
      json: { ...refusal(message).json, records: [] },
    });
    expect(await hub.requests()).toEqual([]);
  });

  it("refuses with an empty list of records whatever is wrong", async ({ hub }) => {
    const answers = [
      await hub.call("POST", "/v2/bulk/event/", "nope"),
      await hub.call("POST", "/v2/bulk/event/?dry_run=true", [EVENT]),
      await hub.call("POST", "/v2/bulk/event/", [EVENT], { authorization: "nobody" }),
      await hub.call("POST", "/v2/bulk/event/", [{ ...EVENT, properties: "x".repeat(MAX_BODY_UNITS) }]),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 401, 413]);
    for (const { json } of answers) expect(json).toMatchObject({ status: "error", records: [] });
  });
});
