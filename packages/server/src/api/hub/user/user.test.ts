import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";
import { seedItems } from "../../../../test/inbox/seed-items.ts";
import { inboxSubscriberId } from "../../../workspaces/workspaces.ts";

const pathOf = (distinct_id: string) => `/v1/user/${encodeURIComponent(distinct_id)}/`;
const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
const ACTIVE = { status: "active", perma_status: "active" };
const notFound = (id: string) => ({
  status: 404,
  json: { code: 404, message: `user [distinct_id: '${id}'] not found` },
});
const refused = (message: unknown) => ({ status: 400, json: { code: 400, message } });
const inboxOf = (hub: Hub, distinct_id: string) => [
  {
    value: inboxSubscriberId(hub.workspace, { object_type: "", distinct_id }),
    id_provider: "suprsend",
    ...ACTIVE,
  },
];

/** Ids that need percent-encoding, and the longest one. */
const ODD_IDS = ["a@b.com", "u 1/é", "50%", "日本?#&", "__proto__", "é".repeat(255)];

describe("POST /v1/user/{distinct_id}/", () => {
  it("201: creates a bare user, with an inbox", async ({ hub }) => {
    const answer = await hub.call("POST", pathOf("u1"), {});
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      distinct_id: "u1",
      properties: {},
      created_at: MICROS,
      updated_at: MICROS,
      $inbox: inboxOf(hub, "u1"),
    });
  });

  it("201: sets properties and appends channels, each shown in its form", async ({ hub }) => {
    const slack = { user_id: "U01ABC", access_token: "xoxb-1" };
    await hub.call("POST", pathOf("u1"), { $email: ["a@x.com"], name: "Ann", nested: { a: 1 } });
    const answer = await hub.call("POST", pathOf("u1"), {
      $email: "b@x.com",
      $sms: ["+14155552671"],
      $androidpush: ["token-1"],
      $slack: [slack],
      $locale: "en_GB",
      $timezone: "America/New_York",
      nested: { b: 2 },
      distinct_id: "ignored",
    });
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      distinct_id: "u1",
      properties: { name: "Ann", nested: { b: 2 }, $locale: "en_GB", $timezone: "America/New_York" },
      created_at: MICROS,
      updated_at: MICROS,
      $email: [
        { value: "a@x.com", ...ACTIVE },
        { value: "b@x.com", ...ACTIVE },
      ],
      $sms: [{ value: "+14155552671", ...ACTIVE }],
      $inbox: inboxOf(hub, "u1"),
      $androidpush: [{ value: "token-1", id_provider: "fcm", ...ACTIVE }],
      $slack: [{ value: slack, value_json: slack, ...ACTIVE }],
    });
  });

  it("201: takes the documented body with all nine channels", async ({ hub }) => {
    const answer = await hub.call("POST", pathOf("u1"), {
      $email: ["jsmith@example.com"],
      $sms: ["+1234567890"],
      $whatsapp: ["+1234567890"],
      $inbox: ["4nlPk4XXLcDxxxHQ70xx2Cx24"],
      $webpush: [
        {
          token: "webpush_token_abc123",
          endpoint: "https://fcm.googleapis.com/fcm/send/abc123",
          keys: { p256dh: "BNJxwH...", auth: "tBH..." },
        },
      ],
      $androidpush: ["android_push_token_xyz987"],
      $iospush: ["ios_push_token_lmn456"],
      $slack: [{ user_id: "U01ABCDE2F3", team_id: "T1234567890", access_token: "xoxb-..." }],
      $ms_teams: [
        { user_id: "teams_user_id_12345", tenant_id: "tenant_12345", conversation_id: "conversation_12345" },
      ],
      $timezone: "America/New_York",
      $locale: "en_GB",
      custom_key: "custom_value",
    });
    expect(answer).toMatchObject({
      status: 201,
      json: {
        properties: { custom_key: "custom_value", $locale: "en_GB", $timezone: "America/New_York" },
        $sms: [{ value: "+1234567890", ...ACTIVE }],
        $whatsapp: [{ value: "+1234567890", ...ACTIVE }],
        $slack: [{ value: { user_id: "U01ABCDE2F3", access_token: "xoxb-..." } }],
        $ms_teams: [{ value: { tenant_id: "tenant_12345", conversation_id: "conversation_12345" } }],
      },
    });
    expect(Object.keys(answer.json as object).filter((key) => key.startsWith("$"))).toHaveLength(9);
  });

  it.for(ODD_IDS)("201: takes the id %j", async (id, { hub }) => {
    expect(await hub.call("POST", pathOf(id), {})).toMatchObject({ status: 201, json: { distinct_id: id } });
    expect(await hub.callSigned("GET", pathOf(id))).toMatchObject({ status: 200, json: { distinct_id: id } });
  });

  it("201: trims the id, and needs no trailing slash", async ({ hub }) => {
    await hub.call("POST", "/v1/user/%20u1%20", { a: 1 });
    expect(await hub.call("GET", "/v1/user/u1")).toMatchObject({
      status: 200,
      json: { properties: { a: 1 } },
    });
  });

  it.for([
    ["nothing", "", "Request body must not be empty"],
    ["null", "null", "Request body must not be empty"],
    ["no JSON", "{", "BAD REQUEST"],
    ["an array", [], "Request body must only contain a single JSON object"],
    [
      "an address that is none",
      { $email: ["x"] },
      expect.stringMatching(/^invalid value for channel 'email': x\. error: /),
    ],
    ["a zone that is none", { $timezone: "EST5" }, "invalid timezone: EST5"],
    ["a language that is none", { $locale: "xx-yy-zz" }, "invalid locale/language: 'xx-yy-zz'"],
    ["the null character", { name: "\u0000" }, "name: must not contain the null character"],
  ] as const)("400: %s, and nobody is made", async ([_title, body, message], { hub }) => {
    expect(await hub.call("POST", pathOf("u1"), body)).toMatchObject(refused(message));
    expect(await hub.call("GET", pathOf("u1"))).toMatchObject(notFound("u1"));
  });

  it.for([
    ["a blank id", "%20", "is a required field"],
    ["an id of 256 characters", "x".repeat(256), "must be at most 255 characters"],
  ] as const)("400: %s", async ([_title, id, reason], { hub }) => {
    expect(await hub.call("POST", `/v1/user/${id}/`, {})).toMatchObject({
      status: 400,
      json: { code: 400, message: JSON.stringify({ distinct_id: reason }), detail: { distinct_id: reason } },
    });
  });

  it("401 without a credential", async ({ hub }) => {
    expect(await hub.call("POST", pathOf("u1"), {}, { authorization: "" })).toMatchObject({
      status: 401,
      json: { code: 401 },
    });
  });
});

describe("an edit's reply", () => {
  const fields = {
    $email: ["b@example.com", "a@example.com", "c@example.com"],
    $sms: "+14155550100",
    plan: "pro",
  };

  it("is what the next read shows, of a new user and of one that there was", async ({ hub }) => {
    for (const body of [fields, fields, { $email: ["e@example.com", "d@example.com"] }, {}]) {
      const { json } = await hub.call("POST", "/v1/user/ann/", body);
      expect(json).toEqual((await hub.call("GET", "/v1/user/ann/")).json);
    }
    const operations = [{ $remove: { $email: "a@example.com" } }, { $append: { $email: "a@example.com" } }];
    const { json } = await hub.call("PATCH", "/v1/user/ann/", { operations });
    expect(json).toEqual((await hub.call("GET", "/v1/user/ann/")).json);
  });
});

describe("GET /v1/user/{distinct_id}/", () => {
  it("404: an unknown id, or one of another workspace", async ({ hub, harness }) => {
    const other = await createHub(harness);
    await other.call("POST", pathOf("u1"), {});
    expect(await hub.call("GET", pathOf("u1"))).toMatchObject(notFound("u1"));
  });

  it("200: shows inactive addresses, with their state", async ({ hub, harness }) => {
    await hub.call("POST", pathOf("u1"), { $email: ["a@x.com"], $sms: ["+14155552671"] });
    await harness.services.db.query(
      `update identity set status = case channel when 'sms' then 'inactive' else status end,
                           perma_status = case channel when 'email' then 'disabled' else perma_status end
        where workspace_id = $1`,
      [hub.workspace.workspace_id],
    );
    expect((await hub.call("GET", pathOf("u1"))).json).toMatchObject({
      $email: [{ value: "a@x.com", status: "active", perma_status: "disabled" }],
      $sms: [{ value: "+14155552671", status: "inactive", perma_status: "active" }],
    });
  });
});

describe("PATCH /v1/user/{distinct_id}/", () => {
  const edit = (hub: Hub, operations: unknown, id = "u1") => hub.call("PATCH", pathOf(id), { operations });

  it("202: applies operations in order and answers with the user after them", async ({ hub }) => {
    await hub.call("POST", pathOf("u1"), { $email: ["a@x.com", "b@x.com"], visits: 1, nick: "A" });
    const answer = await edit(hub, [
      { $set: { name: "Ann" }, $increment: { visits: 2 } },
      { $add: { visits: 3 }, $append: { games: "g1" } },
      { $remove: { $email: "a@x.com" } },
      { $unset: ["nick"] },
    ]);
    expect(answer).toMatchObject({ status: 202 });
    expect(answer.json).toEqual({
      distinct_id: "u1",
      properties: { visits: 6, name: "Ann", games: ["g1"] },
      created_at: MICROS,
      updated_at: MICROS,
      $email: [{ value: "b@x.com", ...ACTIVE }],
      $inbox: inboxOf(hub, "u1"),
    });
  });

  it("202: creates a missing user", async ({ hub }) => {
    expect(await edit(hub, [{ $set: { a: 1 } }], "new")).toMatchObject({
      status: 202,
      json: { distinct_id: "new" },
    });
    expect(await edit(hub, [], "bare")).toMatchObject({
      status: 202,
      json: { distinct_id: "bare", properties: {} },
    });
  });

  it("202: moves updated_at, and only when something changed", async ({ hub }) => {
    const made = (await hub.call("POST", pathOf("u1"), { a: 1 })).json as { updated_at: string };
    const same = (await edit(hub, [{ $set: { a: 1 } }])).json as { updated_at: string };
    expect(same.updated_at).toBe(made.updated_at);
    const changed = (await edit(hub, [{ $set: { a: 2 } }])).json as { updated_at: string };
    expect(changed.updated_at > made.updated_at).toBe(true);
  });

  it.for([
    ["nothing", "", "Request body must not be empty"],
    ["an empty object", {}, "Request body must not be empty"],
    ["no operations", { a: 1 }, '{"operations":"is a required field"}'],
    [
      "operations that are a map",
      { operations: {} },
      'Request body contains an invalid value for the "Subscriber_EditOperationSet.operations" field',
    ],
    [
      "an operation that is a text",
      { operations: ["$set"] },
      'Request body contains an invalid value for the "Subscriber_EditOperationSet.operations" field',
    ],
    [
      "an operator with a list of texts",
      { operations: [{ $append: ["x"] }] },
      "decoding failed: '$append[0]' expected type 'map[string]interface {}', got unconvertible type 'string'",
    ],
    [
      "a number that is none",
      { operations: [{ $append: { $sms: "12" } }] },
      "invalid value for channel 'sms': 12. error: error while parsing number to E164 format",
    ],
  ] as const)("400: %s, and nothing is applied", async ([_title, body, message], { hub }) => {
    await hub.call("POST", pathOf("u1"), { name: "Ann" });
    expect(await hub.call("PATCH", pathOf("u1"), body)).toMatchObject(refused(message));
    expect(await hub.call("GET", pathOf("u1"))).toMatchObject({ json: { properties: { name: "Ann" } } });
  });

  it("400: the first wrong operation undoes those before it", async ({ hub }) => {
    await hub.call("POST", pathOf("u1"), { name: "Ann" });
    expect(await edit(hub, [{ $set: { name: "Bob" } }, { $append: { $email: "x" } }])).toMatchObject({
      status: 400,
    });
    expect(await hub.call("GET", pathOf("u1"))).toMatchObject({ json: { properties: { name: "Ann" } } });
    expect(await edit(hub, [{ $set: { $timezone: "Nowhere" } }], "new")).toMatchObject({ status: 400 });
    expect(await hub.call("GET", pathOf("new"))).toMatchObject(notFound("new"));
  });
});

it("400: an id of 256 characters is refused with one text wherever it is named, and one of 255 is not", async ({
  hub,
}) => {
  const LIMIT = "must be at most 255 characters";
  const TRIGGER = { name: "W", template: "t", notification_category: "transactional" };
  await hub.addWorkflow("welcome");
  await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
  const answersTo = (id: string) =>
    Promise.all([
      hub.call("POST", pathOf(id), {}),
      hub.call("PATCH", pathOf(id), { operations: [] }),
      hub.call("POST", `${pathOf(id)}tenant/acme/`, {}),
      hub.call("POST", "/trigger/", { workflow: "welcome", recipients: [id] }),
      hub.call("POST", "/trigger/", { workflow: "welcome", recipients: [{ distinct_id: id }], actor: "a" }),
      hub.call("POST", "/trigger/", { workflow: "welcome", recipients: ["a"], actor: id }),
      hub.call("POST", "/trigger/", { workflow: "welcome", recipients: [{ object_type: "t", id }] }),
      hub.call("POST", `/${hub.wsKey}/trigger/`, { ...TRIGGER, users: [{ distinct_id: id }] }),
      hub.call("POST", "/event/", { event: "SEEN", distinct_id: id }),
      hub.call("POST", "/v2/event/", { distinct_id: id, $set: { a: 1 } }),
      hub.call("POST", "/v2/event/", { event: "$identify", properties: { $identified_id: id } }),
      hub.call("DELETE", "/v1/bulk/user/", { distinct_ids: [id] }),
    ]);
  for (const { status, text } of await answersTo("x".repeat(256))) {
    expect(status).toBe(400);
    expect(text).toContain(LIMIT);
  }
  for (const { status } of await answersTo("x".repeat(255))) expect(status).toBeLessThan(300);
});

describe("DELETE /v1/user/{distinct_id}/", () => {
  it("204: the user is gone with all data, and may be created again", async ({ hub, harness }) => {
    const { db } = harness.services;
    await hub.call("POST", pathOf("u1"), { $email: ["a@x.com"], name: "Ann" });
    const { workspace_id } = hub.workspace;
    const [user] = await db.query<{ id: string }>("select id from recipient where workspace_id = $1", [
      workspace_id,
    ]);
    await seedItems(db, { workspace_id, recipient_id: user?.id ?? "", tenant_id: "default" }, [{}]);
    expect(await hub.callSigned("DELETE", pathOf("u1"))).toMatchObject({ status: 204, text: "" });
    expect(await hub.call("GET", pathOf("u1"))).toMatchObject(notFound("u1"));
    for (const table of ["identity", "inbox_item", "inbox_feed", "recipient"]) {
      expect(
        await db.query(`select 1 from ${table} where workspace_id = $1`, [hub.workspace.workspace_id]),
      ).toEqual([]);
    }
    expect(await hub.call("POST", pathOf("u1"), {})).toMatchObject({ status: 201, json: { properties: {} } });
  });

  it("404: an unknown id", async ({ hub }) => {
    expect(await hub.call("DELETE", pathOf("u1"))).toMatchObject(notFound("u1"));
  });
});

describe("DELETE /v1/bulk/user/", () => {
  it("204: the named users are gone, others stay, and unknown ids are no error", async ({ hub }) => {
    for (const id of ["u1", "u2", "u3"]) await hub.call("POST", pathOf(id), {});
    const body = { distinct_ids: ["u1", " u3 ", "nobody", "u1"] };
    expect(await hub.callSigned("DELETE", "/v1/bulk/user/", body)).toMatchObject({ status: 204, text: "" });
    const list = (await hub.call("GET", "/v1/user/")).json as { results: { distinct_id: string }[] };
    expect(list.results.map(({ distinct_id }) => distinct_id)).toEqual(["u2"]);
  });

  it.for([
    ["no list", {}, { distinct_ids: "is a required field" }],
    ["an empty list", { distinct_ids: [] }, { distinct_ids: "must contain at least 1 item" }],
    ["a blank id", { distinct_ids: ["u1", " "] }, { "distinct_ids[1]": "is a required field" }],
    [
      "more than a hundred ids",
      { distinct_ids: Array.from({ length: 101 }, (_, n) => `u${n}`) },
      { distinct_ids: "must contain at maximum 100 items" },
    ],
  ] as const)("400: %s", async ([_title, body, detail], { hub }) => {
    expect(await hub.call("DELETE", "/v1/bulk/user/", body)).toMatchObject({
      status: 400,
      json: { code: 400, message: JSON.stringify(detail), detail },
    });
  });

  it("400: no body, or none that is an object", async ({ hub }) => {
    expect(await hub.call("DELETE", "/v1/bulk/user/")).toMatchObject(
      refused("Request body must not be empty"),
    );
    expect(await hub.call("DELETE", "/v1/bulk/user/", "[]")).toMatchObject({ status: 400 });
  });
});

describe("GET /v1/user/", () => {
  it("200: a page ends early where its users are large, and the next one goes on", async ({ hub }) => {
    const note = "x".repeat(250 * 1024);
    const names = Array.from({ length: 40 }, (_unused, n) => `u${String(n).padStart(2, "0")}`);
    for (const name of names) await hub.call("POST", pathOf(name), { note });
    const seen: string[] = [];
    let after: string | null = "";
    while (after !== null) {
      const answer = await hub.call("GET", `/v1/user/?limit=1000&after=${after}`);
      expect(answer.text.length).toBeLessThan(5 * 1024 * 1024);
      const page = answer.json as { meta: { after: string | null }; results: { distinct_id: string }[] };
      seen.unshift(...page.results.map(({ distinct_id }) => distinct_id).reverse());
      after = page.meta.after;
    }
    expect(seen).toEqual(names);
  });

  interface List {
    meta: Record<string, unknown>;
    results: { distinct_id: string }[];
  }
  const list = async (hub: Hub, query = "") => (await hub.call("GET", `/v1/user/${query}`)).json as List;
  const idsOf = ({ results }: List) => results.map(({ distinct_id }) => distinct_id);

  it("200: pages through users, newest first, and back", async ({ hub }) => {
    for (const id of ["u1", "u2", "u3", "u4", "u5"])
      await hub.call("POST", pathOf(id), { $email: `${id}@x.com` });
    const first = await list(hub, "?limit=2");
    expect(idsOf(first)).toEqual(["u5", "u4"]);
    expect(first.meta).toEqual({
      count: 5,
      limit: 2,
      has_prev: false,
      before: null,
      has_next: true,
      after: expect.any(String),
    });
    const second = await list(hub, `?limit=2&after=${String(first.meta.after)}`);
    expect(idsOf(second)).toEqual(["u3", "u2"]);
    expect(second.meta).toMatchObject({ has_prev: true, has_next: true });
    expect(idsOf(await list(hub, `?limit=2&after=${String(second.meta.after)}`))).toEqual(["u1"]);
    expect(idsOf(await list(hub, `?limit=2&before=${String(second.meta.before)}`))).toEqual(["u5", "u4"]);
    expect(first.results[0]).toMatchObject({ $email: [{ value: "u5@x.com" }], $inbox: inboxOf(hub, "u5") });
  });

  it("200: contains no objects and nobody of another workspace", async ({ hub, harness }) => {
    const other = await createHub(harness);
    await other.call("POST", pathOf("theirs"), {});
    await hub.call("POST", pathOf("u1"), {});
    await harness.services.db.query(
      "insert into recipient (workspace_id, id, object_type, distinct_id) values ($1, 'z', 'team', 't1')",
      [hub.workspace.workspace_id],
    );
    const page = await list(hub);
    expect(idsOf(page)).toEqual(["u1"]);
    expect(page.meta).toMatchObject({ count: 1, limit: 10 });
  });

  it("200: is empty without users", async ({ hub }) => {
    expect(await list(hub, "?limit=5000")).toEqual({
      meta: { count: 0, limit: 1000, has_prev: false, before: null, has_next: false, after: null },
      results: [],
    });
  });

  it("400: for an invalid limit", async ({ hub }) => {
    expect(await hub.call("GET", "/v1/user/?limit=many")).toMatchObject(
      refused(expect.stringContaining("limit")),
    );
  });
});
