import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { inboxSubscriberId } from "../../../workspaces/workspaces.ts";
import type { Hub } from "../../../../test/hub.ts";

const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/) as string;
const ACTIVE = { status: "active", perma_status: "active" };

const pathOf = (object_type: string, id: string) =>
  `/v1/object/${encodeURIComponent(object_type)}/${encodeURIComponent(id)}/`;

const inboxOf = (hub: Hub, object_type: string, id: string) => [
  {
    value: inboxSubscriberId(hub.workspace, { object_type, distinct_id: id }),
    id_provider: "suprsend",
    ...ACTIVE,
  },
];

/** Types and ids that need percent-encoding, and the longest ones. */
const ODD = [
  ["teams", "a/b c"],
  ["Équipes & co", "50%"],
  ["a/b", "日本?#&"],
  ["__proto__", "constructor"],
  ["t".repeat(64), "é".repeat(255)],
] as const;

describe("POST /v1/object/{object_type}/{id}/", () => {
  it("201: creates a bare object, with an inbox of its own", async ({ hub }) => {
    const answer = await hub.call("POST", pathOf("departments", "engineering"), {});
    expect(answer).toMatchObject({ status: 201 });
    expect(answer.json).toEqual({
      object_type: "departments",
      id: "engineering",
      subscriptions_count: 0,
      properties: {},
      created_at: MICROS,
      updated_at: MICROS,
      $inbox: inboxOf(hub, "departments", "engineering"),
    });
    await hub.call("POST", "/v1/user/engineering/", {});
    const user = (await hub.call("GET", "/v1/user/engineering/")).json as { $inbox: { value: string }[] };
    expect(user.$inbox[0]?.value).not.toBe(inboxOf(hub, "departments", "engineering")[0]?.value);
  });

  it("201: sets properties and appends channels; the keys that name it are no properties", async ({
    hub,
  }) => {
    await hub.call("POST", pathOf("teams", "devs"), { $email: "a@x.com", department: "Engineering" });
    const answer = await hub.call("POST", pathOf("teams", "devs"), {
      $email: ["b@x.com"],
      $slack: [{ channel: "C0123456", access_token: "xoxb-1" }],
      $timezone: "Europe/Berlin",
      object_type: "other",
      id: "other",
      distinct_id: "other",
    });
    expect(answer.json).toMatchObject({
      object_type: "teams",
      id: "devs",
      $email: [{ value: "a@x.com" }, { value: "b@x.com" }],
      $slack: [{ value: { channel_id: "C0123456", access_token: "xoxb-1" } }],
    });
    expect((answer.json as { properties: object }).properties).toEqual({
      department: "Engineering",
      $timezone: "Europe/Berlin",
    });
  });

  it.for(ODD)("201: takes the type %j and the id %j", async ([object_type, id], { hub }) => {
    const path = pathOf(object_type, id);
    expect(await hub.call("POST", path, {})).toMatchObject({ status: 201, json: { object_type, id } });
    expect(await hub.callSigned("GET", path)).toMatchObject({ status: 200, json: { object_type, id } });
  });

  it.for([
    ["nothing", "", "Request body must not be empty"],
    ["an array", [], "Request body must only contain a single JSON object"],
    [
      "an address that is none",
      { $email: ["x"] },
      "invalid value for channel 'email': x. error: invalid email address. must be 6 <= len(email) <= 320",
    ],
    ["a time zone that is none", { $timezone: "Mars/Base" }, "invalid timezone: Mars/Base"],
    [
      "a profile in a tenant",
      { $context: { tenant_id: "acme" }, name: "A" },
      "$context.tenant_id: objects have no profiles in tenants",
    ],
  ] as const)("400: %s", async ([, body, message], { hub }) => {
    const path = pathOf("teams", "devs");
    expect(await hub.call("POST", path, body)).toMatchObject({ status: 400, json: { code: 400, message } });
    expect((await hub.call("GET", path)).status).toBe(404);
  });

  it.for([
    [`/v1/object/${"t".repeat(65)}/devs/`, { object_type: "must be at most 64 characters" }],
    [`/v1/object/teams/${"d".repeat(256)}/`, { id: "must be at most 255 characters" }],
    ["/v1/object/%20/devs/", { object_type: "is a required field" }],
  ] as const)("400: the path %s", async ([path, detail], { hub }) => {
    for (const method of ["POST", "PATCH", "GET", "DELETE"] as const) {
      const body = method === "GET" || method === "DELETE" ? undefined : {};
      const answer = await hub.call(method, path, body);
      expect(answer).toMatchObject({ status: 400, json: { code: 400, detail } });
    }
  });

  it("400: triggers, subscriptions and paths agree on the longest type", async ({ hub }) => {
    await hub.addWorkflow("greet");
    const longest = { object_type: "t".repeat(64), id: "a" };
    const longer = { object_type: "t".repeat(65), id: "a" };
    const send = (one: object) => hub.call("POST", "/trigger/", { workflow: "greet", recipients: [one] });
    expect((await send(longest)).status).toBe(202);
    expect((await send(longer)).text).toContain("object_type: must be at most 64 characters");
    await hub.call("POST", pathOf("teams", "devs"), {});
    const subscribe = (one: object) =>
      hub.call("POST", `${pathOf("teams", "devs")}subscription/`, { recipients: [one] });
    expect((await subscribe(longest)).status).toBe(200);
    expect((await subscribe(longer)).json).toMatchObject({
      code: 400,
      message: "object_type: must be at most 64 characters",
    });
  });
});

describe("GET /v1/object/{object_type}/{id}/", () => {
  it("404: names the object", async ({ hub }) => {
    await hub.call("POST", "/v1/user/devs/", {});
    expect(await hub.call("GET", pathOf("teams", "devs"))).toMatchObject({
      status: 404,
      json: { code: 404, message: "object 'teams/devs' not found" },
    });
  });

  it("200: counts its subscribers", async ({ hub }) => {
    await hub.call("POST", pathOf("teams", "devs"), {});
    await hub.call("POST", `${pathOf("teams", "devs")}subscription/`, { recipients: ["a", "b", "a"] });
    expect((await hub.call("GET", pathOf("teams", "devs"))).json).toMatchObject({ subscriptions_count: 2 });
    await hub.call("DELETE", "/v1/user/a/");
    expect((await hub.call("GET", pathOf("teams", "devs"))).json).toMatchObject({ subscriptions_count: 1 });
  });
});

describe("PATCH /v1/object/{object_type}/{id}/", () => {
  it("200: applies operations in order, and creates what is missing", async ({ hub }) => {
    const answer = await hub.call("PATCH", pathOf("teams", "devs"), {
      operations: [
        { $set: { name: "Devs", seats: 1 } },
        { $increment: { seats: 4 } },
        { $append: { $email: "devs@x.com" } },
        { $unset: ["name"] },
      ],
    });
    expect(answer).toMatchObject({
      status: 200,
      json: { properties: { seats: 5 }, $email: [{ value: "devs@x.com" }] },
    });
    expect(await hub.call("GET", pathOf("teams", "devs"))).toMatchObject({ status: 200, json: answer.json });
  });

  it.for([
    ["", "Request body must not be empty"],
    [{}, "Request body must not be empty"],
    [
      { operations: {} },
      'Request body contains an invalid value for the "Subscriber_EditOperationSet.operations" field',
    ],
    [
      { operations: [{ $append: [1] }] },
      "decoding failed: '$append[0]' expected type 'map[string]interface {}', got unconvertible type 'float64'",
    ],
  ] as const)("400: %j", async ([body, message], { hub }) => {
    const answer = await hub.call("PATCH", pathOf("teams", "devs"), body);
    expect(answer).toMatchObject({ status: 400, json: { code: 400, message } });
  });
});

describe("DELETE /v1/object/{object_type}/{id}/", () => {
  it("204: takes its subscriptions of either side along, and no other object", async ({ hub }) => {
    for (const id of ["top", "mid", "other"]) await hub.call("POST", pathOf("teams", id), {});
    const mid = { object_type: "teams", id: "mid" };
    await hub.call("POST", `${pathOf("teams", "top")}subscription/`, { recipients: [mid, "ann"] });
    await hub.call("POST", `${pathOf("teams", "mid")}subscription/`, { recipients: ["ann"] });
    expect(await hub.call("DELETE", pathOf("teams", "mid"))).toMatchObject({ status: 204, text: "" });
    expect((await hub.call("GET", pathOf("teams", "top"))).json).toMatchObject({ subscriptions_count: 1 });
    expect((await hub.call("GET", "/v1/user/ann/subscribed_to/object/")).json).toMatchObject({
      meta: { count: 1 },
      results: [{ object: { object_type: "teams", id: "top" } }],
    });
    expect((await hub.call("DELETE", pathOf("teams", "mid"))).json).toEqual({
      code: 404,
      message: "object 'teams/mid' not found",
    });
    expect((await hub.call("GET", pathOf("teams", "other"))).status).toBe(200);
  });
});

describe("DELETE /v1/bulk/object/{object_type}/", () => {
  it("204: deletes those of the type; unknown ids are no error", async ({ hub }) => {
    for (const path of [pathOf("teams", "a"), pathOf("teams", "b"), pathOf("firms", "a")]) {
      await hub.call("POST", path, {});
    }
    const answer = await hub.callSigned("DELETE", "/v1/bulk/object/teams/", {
      object_ids: ["a", "b", "zzz"],
    });
    expect(answer.status).toBe(204);
    expect((await hub.call("GET", pathOf("teams", "a"))).status).toBe(404);
    expect((await hub.call("GET", pathOf("firms", "a"))).status).toBe(200);
  });

  it.for([
    [{}, { object_ids: "is a required field" }],
    [{ object_ids: [] }, { object_ids: "must contain at least 1 item" }],
    [{ object_ids: [""] }, { "object_ids[0]": "is a required field" }],
    [
      { object_ids: Array.from({ length: 101 }, String) },
      { object_ids: "must contain at maximum 100 items" },
    ],
    [{ object_ids: [7] }, { "object_ids[0]": "must be a string" }],
  ] as const)("400: %j", async ([body, detail], { hub }) => {
    const answer = await hub.call("DELETE", "/v1/bulk/object/teams/", body);
    expect(answer).toMatchObject({
      status: 400,
      json: { code: 400, message: JSON.stringify(detail), detail },
    });
  });
});

describe("GET /v1/object/{object_type}/", () => {
  it("200: newest first, in pages, of that type alone", async ({ hub }) => {
    for (const id of ["a", "b", "c"]) await hub.call("POST", pathOf("teams", id), {});
    await hub.call("POST", pathOf("firms", "a"), {});
    await hub.call("POST", `${pathOf("teams", "b")}subscription/`, { recipients: ["ann"] });
    interface Page {
      meta: Record<string, unknown>;
      results: { id: string }[];
    }
    const first = (await hub.call("GET", "/v1/object/teams?limit=2")).json as Page;
    expect(first).toMatchObject({
      meta: { count: 3, limit: 2, has_prev: false, before: null, has_next: true },
      results: [{ id: "c" }, { id: "b", subscriptions_count: 1 }],
    });
    const second = (await hub.call("GET", `/v1/object/teams/?limit=2&after=${String(first.meta.after)}`))
      .json;
    expect(second).toMatchObject({ meta: { has_prev: true, has_next: false }, results: [{ id: "a" }] });
    const back = `/v1/object/teams/?limit=2&before=${String((second as Page).meta.before)}`;
    expect((await hub.call("GET", back)).json).toMatchObject({ results: [{ id: "c" }, { id: "b" }] });
  });

  it("200: a type that nobody has used is empty", async ({ hub }) => {
    expect((await hub.call("GET", "/v1/object/none/")).json).toEqual({
      meta: { count: 0, limit: 10, has_prev: false, before: null, has_next: false, after: null },
      results: [],
    });
  });
});

describe("a user's id", () => {
  it("does not begin like the name of an object's inbox", async ({ hub }) => {
    const id = "__object:teams:devs";
    const refused = "must not begin with '__object:'";
    expect((await hub.call("POST", `/v1/user/${encodeURIComponent(id)}/`, {})).json).toMatchObject({
      code: 400,
      detail: { distinct_id: refused },
    });
    await hub.addWorkflow("greet");
    const trigger = await hub.call("POST", "/trigger/", { workflow: "greet", recipients: [id] });
    expect(trigger).toMatchObject({ status: 400, json: { message: `distinct_id: ${refused}` } });
    const event = await hub.call("POST", "/v2/event/", { event: "Seen", distinct_id: id });
    expect(event).toMatchObject({ status: 400, json: { error: { message: `distinct_id: ${refused}` } } });
  });
});
