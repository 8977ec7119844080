import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Hub } from "../../../../test/hub.ts";

const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string;
const LISTS = "/v1/subscriber_list/";
const BETA = `${LISTS}beta/`;

const BARE = {
  list_id: "beta",
  list_name: "beta",
  list_description: null,
  list_type: "static_list",
  subscribers_count: 0,
  source: null,
  is_readonly: false,
  status: "active",
  track_user_entry: false,
  track_user_exit: false,
  requested_for_delete: false,
  created_at: MICROS,
  updated_at: MICROS,
  drafts: null,
  version_id: null,
};

const notFound = (message: string) => ({
  status: 404,
  json: { code: 404, error_code: "not_found", type: "NotFound", message, detail: message },
});

const create = (hub: Hub, more: object = {}) => hub.call("POST", LISTS, { list_id: "beta", ...more });
const move = (hub: Hub, way: "add" | "remove", distinct_ids: unknown, path = BETA) =>
  hub.call("POST", `${path}subscriber/${way}/`, { distinct_ids });

async function addUsers(hub: Hub, ...names: string[]): Promise<void> {
  for (const name of names) await hub.call("POST", `/v1/user/${encodeURIComponent(name)}/`, {});
}

interface Page {
  meta: { count: number; after: string; before: string };
  results: { id: string; distinct_id: string }[];
}

const page = async (hub: Hub, query = "", path = BETA) =>
  (await hub.call("GET", `${path}subscriber/${query}`)).json as Page;
const names = ({ results }: Page) => results.map(({ distinct_id }) => distinct_id);

const events = async (hub: Hub) =>
  (await hub.requests()).map(({ name, body }) => `${name} ${(body as { distinct_id: string }).distinct_id}`);

describe("POST /v1/subscriber_list/", () => {
  it("201: makes a list from an id alone, in lower case", async ({ hub }) => {
    const answer = await hub.call("POST", LISTS, { list_id: " BETA " });
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual(BARE);
    expect(await hub.call("GET", `${LISTS}Beta/`)).toMatchObject({ status: 200, json: answer.json });
  });

  it("201: changes what is sent, and keeps the rest", async ({ hub }) => {
    await create(hub, { list_name: "Beta", list_description: "Try it", track_user_entry: true });
    const answer = await create(hub, { list_description: null, track_user_exit: true });
    expect(answer).toMatchObject({
      status: 201,
      json: { ...BARE, list_name: "Beta", track_user_entry: true, track_user_exit: true },
    });
  });

  it.for([
    [{}, { list_id: ["This field is required."] }],
    [{ list_id: "" }, { list_id: ["This field may not be blank."] }],
    [{ list_id: 7 }, { list_id: ["Not a valid string."] }],
    [{ list_id: "a".repeat(65) }, { list_id: ["Ensure this field has no more than 64 characters."] }],
    [
      { list_id: "a/b" },
      {
        list_id: [
          "Ensure this field contains legal characters. Only letters, numbers, underscore(_), hyphen(-) characters allowed",
        ],
      },
    ],
    [{ list_id: "all_users" }, { list_id: ["all_users is kept by the product and cannot be changed"] }],
    [{ list_id: "a", list_type: "sync_list" }, { list_type: ["Must be static_list or dynamic_list."] }],
    [{ list_id: "a", track_user_entry: "yes" }, { track_user_entry: ["Must be a valid boolean."] }],
  ] as const)("400: %j", async ([body, detail], { hub }) => {
    const message = JSON.stringify(detail);
    expect((await hub.call("POST", LISTS, body)).json).toEqual({
      code: 400,
      error_code: "error",
      type: "ValidationError",
      message,
      detail,
    });
  });
});

describe("GET /v1/subscriber_list/", () => {
  it("200: newest first by limit and offset, with the list of all users last", async ({ hub }) => {
    await addUsers(hub, "ann", "bob");
    for (const list_id of ["a", "b", "c"]) await hub.call("POST", LISTS, { list_id });
    interface Lists {
      meta: object;
      results: { list_id: string; subscribers_count: number; is_readonly: boolean }[];
    }
    const read = async (query: string) =>
      (await hub.call("GET", `/v1/subscriber_list${query}`)).json as Lists;
    const all = await read("?limit=20&offset=0");
    expect(all.meta).toEqual({ count: 4, limit: 20, offset: 0 });
    expect(all.results.map(({ list_id }) => list_id)).toEqual(["c", "b", "a", "all_users"]);
    expect(all.results[3]).toMatchObject({ subscribers_count: 2, is_readonly: true });
    const ids = async (query: string) => (await read(query)).results.map(({ list_id }) => list_id);
    expect(await ids("?limit=3")).toEqual(["c", "b", "a"]);
    expect(await ids("/?limit=3&offset=3")).toEqual(["all_users"]);
    expect(await ids("/?limit=2&offset=2")).toEqual(["a", "all_users"]);
    expect(await ids("/?limit=2&offset=4")).toEqual([]);
  });
});

describe("GET /v1/subscriber_list/{list_id}/", () => {
  it.for(["beta", "a b", "%00b", "é"])("404: %s", async (list_id, { hub }) => {
    const answer = await hub.call("GET", `${LISTS}${encodeURIComponent(list_id)}/`);
    expect(answer).toMatchObject(notFound(`list_id: ${list_id} not found`));
  });
});

describe("moving users", () => {
  it("201: counts who really entered or left; unknown ids and objects are left out", async ({ hub }) => {
    await create(hub);
    await addUsers(hub, "ann", "bob é");
    await hub.call("POST", "/v1/object/team/ann/", {});
    expect(await move(hub, "add", ["ann", "bob é", "nobody", " ann "])).toMatchObject({
      status: 201,
      json: { success: true, affected_count: 2 },
    });
    expect((await move(hub, "add", ["ann"])).json).toEqual({ success: true, affected_count: 0 });
    expect((await move(hub, "remove", ["ann", "nobody"])).json).toEqual({ success: true, affected_count: 1 });
    expect((await move(hub, "add", [])).json).toEqual({ success: true, affected_count: 0 });
    expect((await hub.call("GET", BETA)).json).toMatchObject({ subscribers_count: 1 });
  });

  it("201: causes events where the list is tracked, or a workflow uses them", async ({ hub }) => {
    await addUsers(hub, "ann", "bob");
    await create(hub);
    await move(hub, "add", ["ann"]);
    await move(hub, "remove", ["ann"]);
    expect(await events(hub)).toEqual([]);
    await create(hub, { track_user_entry: true, track_user_exit: true });
    await move(hub, "add", ["ann", "bob"]);
    await move(hub, "add", ["ann"]);
    await move(hub, "remove", ["ann"]);
    const caused = await events(hub);
    expect(new Set(caused)).toEqual(
      new Set([
        "$USER_ENTERED_LIST - beta ann",
        "$USER_ENTERED_LIST - beta bob",
        "$USER_EXITED_LIST - beta ann",
      ]),
    );
    expect(caused).toHaveLength(3);
    const [request] = await hub.requests();
    expect(request).toMatchObject({
      api_type: "event",
      body: { properties: { list_id: "beta", list_name: "beta" }, tenant_id: "default" },
    });
  });

  it.for([
    [{}, { distinct_ids: ["This field is required."] }],
    [{ distinct_ids: [7] }, { "distinct_ids[0]": ["must be a string"] }],
    [
      { distinct_ids: Array.from({ length: 10_001 }, String) },
      { distinct_ids: ["must contain at maximum 10000 items"] },
    ],
  ] as const)("400: a wrong body, case %#", async ([body, detail], { hub }) => {
    await create(hub);
    const answer = await hub.call("POST", `${BETA}subscriber/add/`, body);
    expect(answer).toMatchObject({ status: 400, json: { error_code: "error", detail } });
  });

  it("400, 404: the list of all users, a list by a query, and a missing one", async ({ hub }) => {
    await addUsers(hub, "ann");
    for (const way of ["add", "remove"] as const) {
      expect(await move(hub, way, ["ann"])).toMatchObject(notFound("list_id: beta not found"));
      expect(await move(hub, way, ["ann"], `${LISTS}all_users/`)).toMatchObject({
        status: 400,
        json: { detail: "list_id: all_users is kept by the product and cannot be changed" },
      });
    }
  });

  it("201: takes ten thousand users at once, in and out", async ({ hub, harness }) => {
    await create(hub);
    const ids = Array.from({ length: 10_000 }, (_unused, index) => `user-${index}`);
    await harness.services.db.query(
      `insert into recipient (workspace_id, id, distinct_id)
       select $1, 'r-' || n, 'user-' || n from generate_series(0, 9999) as n`,
      [hub.workspace_id],
    );
    expect((await move(hub, "add", ids)).json).toEqual({ success: true, affected_count: 10_000 });
    expect((await move(hub, "remove", ids.slice(0, 4000))).json).toMatchObject({ affected_count: 4000 });
    expect((await hub.call("GET", BETA)).json).toMatchObject({ subscribers_count: 6000 });
  });
});

describe("GET /v1/subscriber_list/{list_id}/subscriber/", () => {
  it("200: who entered last first, or the other way, in pages", async ({ hub }) => {
    await create(hub);
    await addUsers(hub, "a", "b", "c");
    for (const name of ["a", "b", "c"]) await move(hub, "add", [name]);
    const first = await page(hub, "?limit=2");
    expect(first).toMatchObject({
      meta: { count: 3, limit: 2, has_next: true, has_prev: false, before: null },
    });
    expect(first.results[0]).toEqual({
      id: expect.stringMatching(/^[0-9A-Z]{26}$/),
      distinct_id: "c",
      created_at: expect.stringMatching(/\+00:00$/),
    });
    expect(names(first)).toEqual(["c", "b"]);
    const second = await page(hub, `?limit=2&after=${first.meta.after}`);
    expect(names(second)).toEqual(["a"]);
    expect(names(await page(hub, `?limit=2&before=${second.meta.before}`))).toEqual(["c", "b"]);
    const oldest = await page(hub, "?limit=2&sort=id");
    expect(names(oldest)).toEqual(["a", "b"]);
    expect(names(await page(hub, `?limit=2&sort=id&after=${oldest.meta.after}`))).toEqual(["c"]);
  });

  it("200: everybody is in the list of all users", async ({ hub }) => {
    await addUsers(hub, "a", "b");
    await hub.call("POST", "/v1/object/team/a/", {});
    const all = await page(hub, "?sort=-id", `${LISTS}all_users/`);
    expect(all).toMatchObject({ meta: { count: 2, limit: 20 } });
    expect(names(all)).toEqual(["b", "a"]);
  });

  it("400, 404: a wrong sort, and a missing list", async ({ hub }) => {
    expect((await hub.call("GET", `${BETA}subscriber/?sort=name`)).json).toMatchObject({
      code: 400,
      detail: { sort: ["must be one of ['-id' 'id']"] },
    });
    expect(await hub.call("GET", `${BETA}subscriber/`)).toMatchObject(notFound("list_id: beta not found"));
  });
});

describe("GET /v1/user/{distinct_id}/subscribed_to/list/", () => {
  it("200: the lists that a user is in, not drafts, in pages", async ({ hub }) => {
    await addUsers(hub, "ann");
    for (const list_id of ["a", "b", "c"])
      await hub.call("POST", LISTS, { list_id, list_name: list_id.toUpperCase() });
    for (const list of ["a", "b"]) await move(hub, "add", ["ann"], `${LISTS}${list}/`);
    const draft = (await hub.call("POST", `${LISTS}c/start_sync/`, {})).json as { version_id: string };
    await move(hub, "add", ["ann"], `${LISTS}c/version/${draft.version_id}/`);
    const path = "/v1/user/ann/subscribed_to/list/";
    const first = (await hub.call("GET", `${path}?limit=1`)).json as { meta: { after: string } };
    expect(first).toEqual({
      meta: { count: 2, limit: 1, has_prev: false, before: null, has_next: true, after: expect.any(String) },
      results: [
        {
          list: {
            list_id: "b",
            list_name: "B",
            list_description: null,
            list_type: "static_list",
            source: null,
            subscribers_count: 1,
            updated_at: expect.stringMatching(/\+00:00$/),
          },
          created_at: expect.stringMatching(/\+00:00$/),
        },
      ],
    });
    expect((await hub.call("GET", `${path}?limit=1&after=${first.meta.after}`)).json).toMatchObject({
      results: [{ list: { list_id: "a" } }],
    });
    expect((await hub.call("GET", "/v1/user/zoe/subscribed_to/list/")).json).toEqual({
      code: 404,
      message: "User [distinct_id: 'zoe'] not found",
    });
  });
});

describe("deleting a list", () => {
  it.for([
    ["PATCH", `${BETA}delete/`, {}],
    ["DELETE", BETA, undefined],
  ] as const)("200: %s %s, and a new one of the id begins empty", async ([method, path, body], { hub }) => {
    await addUsers(hub, "ann");
    await create(hub, { track_user_exit: true });
    await move(hub, "add", ["ann"]);
    await hub.call("POST", `${BETA}start_sync/`, {});
    expect(await hub.callSigned(method, path, body)).toMatchObject({ status: 200, json: { success: true } });
    expect(await hub.call("GET", BETA)).toMatchObject(notFound("list_id: beta not found"));
    expect(await hub.callSigned(method, path, body)).toMatchObject(notFound("list_id: beta not found"));
    expect((await hub.call("GET", "/v1/user/ann/subscribed_to/list/")).json).toMatchObject({
      meta: { count: 0 },
    });
    expect((await create(hub)).json).toEqual(BARE);
    expect(names(await page(hub))).toEqual([]);
    expect(await events(hub)).toEqual([]);
  });

  it("400: a list that a live workflow uses, with the workflow's name", async ({ hub }) => {
    await create(hub);
    await hub.addWorkflow("welcome", { events: ["$USER_EXITED_LIST - beta"] });
    expect(await hub.call("DELETE", BETA)).toMatchObject({
      status: 400,
      json: { detail: "list_id: beta is used by live workflows: welcome" },
    });
    await hub.services.db.query(
      `update workflow_version set definition = replace(definition::text, '"template"', '"list_id":"nodes","template"')::json
        where workspace_id = $1`,
      [hub.workspace_id],
    );
    await hub.call("POST", LISTS, { list_id: "nodes" });
    expect((await hub.call("PATCH", `${LISTS}nodes/delete/`, {})).status).toBe(400);
    await hub.services.db.query("update workflow set is_enabled = false where workspace_id = $1", [
      hub.workspace_id,
    ]);
    expect((await hub.call("DELETE", BETA)).status).toBe(200);
  });

  it("400: the list of all users", async ({ hub }) => {
    expect((await hub.call("DELETE", `${LISTS}all_users/`)).status).toBe(400);
  });
});
