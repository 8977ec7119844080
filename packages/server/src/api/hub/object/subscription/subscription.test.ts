import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import type { Hub } from "../../../../../test/hub.ts";

const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/) as string;
const DEVS = "/v1/object/teams/devs/";
const EDGES = `${DEVS}subscription/`;

interface Page {
  meta: { count: number; after: string | null; before: string | null };
  results: { user: { distinct_id: string } | null; object: { id: string } | null; properties: object }[];
}

const devs = (hub: Hub) => hub.call("POST", DEVS, {});
const page = async (hub: Hub, query = "") => (await hub.call("GET", `${EDGES}${query}`)).json as Page;
const names = ({ results }: Page) => results.map(({ user, object }) => user?.distinct_id ?? object?.id);

describe("POST /v1/object/{object_type}/{id}/subscription/", () => {
  it("200: subscribes users and objects, creating those that are missing with what is said of them", async ({
    hub,
  }) => {
    await devs(hub);
    const answer = await hub.call("POST", EDGES, {
      recipients: [
        "ann",
        { distinct_id: "bob", $email: "bob@example.com", name: "Bob" },
        { object_type: "teams", id: "tax/é" },
      ],
      properties: { role: "admin" },
    });
    expect(answer.status).toBe(200);
    const edge = { properties: { role: "admin" }, created_at: MICROS, updated_at: MICROS };
    expect(answer.json).toEqual({
      results: [
        { ...edge, user: { distinct_id: "ann", updated_at: MICROS }, object: null },
        { ...edge, user: { distinct_id: "bob", updated_at: MICROS }, object: null },
        {
          ...edge,
          user: null,
          object: { id: "tax/é", object_type: "teams", subscriptions_count: 0, updated_at: MICROS },
        },
      ],
    });
    expect((await hub.call("GET", "/v1/user/bob/")).json).toMatchObject({
      properties: { name: "Bob" },
      $email: [{ value: "bob@example.com" }],
    });
  });

  it("200: replaces the properties of a subscription that exists, and keeps them if none are sent", async ({
    hub,
  }) => {
    await devs(hub);
    await hub.call("POST", EDGES, { recipients: ["ann"], properties: { role: "admin", since: 2020 } });
    await hub.call("POST", EDGES, { recipients: ["ann"] });
    expect((await page(hub)).results[0]?.properties).toEqual({ role: "admin", since: 2020 });
    await hub.call("POST", EDGES, { recipients: ["ann"], properties: { role: "guest" } });
    expect((await page(hub)).results[0]?.properties).toEqual({ role: "guest" });
    await hub.call("POST", EDGES, { recipients: ["ann"], properties: {} });
    expect(await page(hub)).toMatchObject({ meta: { count: 1 }, results: [{ properties: {} }] });
  });

  it("200: creates the object with parent_object_properties, or adds to it", async ({ hub }) => {
    const send = (parent_object_properties: object) =>
      hub.call("POST", EDGES, { recipients: ["ann"], parent_object_properties });
    expect((await send({ name: "Devs", $email: "devs@example.com" })).status).toBe(200);
    expect((await send({})).status).toBe(200);
    expect((await hub.call("GET", DEVS)).json).toMatchObject({
      subscriptions_count: 1,
      properties: { name: "Devs" },
      $email: [{ value: "devs@example.com" }],
    });
  });

  it("200: does not create a user with $skip_create", async ({ hub }) => {
    await devs(hub);
    const answer = await hub.call("POST", EDGES, {
      recipients: ["ann", { distinct_id: "bob", $skip_create: true }],
    });
    expect(answer.json).toMatchObject({ results: [{ user: { distinct_id: "ann" } }] });
    expect((await hub.call("GET", "/v1/user/bob/")).status).toBe(404);
  });

  it("404: a missing object, and nobody is created", async ({ hub }) => {
    expect(await hub.call("POST", EDGES, { recipients: ["ann"] })).toMatchObject({
      status: 404,
      json: { code: 404, message: "object 'teams/devs' not found" },
    });
    expect((await hub.call("GET", "/v1/user/ann/")).status).toBe(404);
  });

  it.for([
    [{}, '{"recipients":"is a required field"}'],
    [{ recipients: [] }, '{"recipients":"must contain at least 1 item"}'],
    [{ recipients: "ann" }, "recipients: no valid value passed"],
    [{ recipients: [""] }, "recipients: no valid value passed"],
    [{ recipients: [7] }, "invalid value for recipients. each element must be of type string or map"],
    [
      { recipients: [{ name: "Ann" }] },
      "in case recipient is a map, one of [distinct_id, object_type/id] must be present",
    ],
    [
      { recipients: Array.from({ length: 101 }, String) },
      '{"recipients":"must contain at maximum 100 items"}',
    ],
    [
      { recipients: [{ is_transient: true, $email: "a@example.com" }] },
      "recipients: a transient user cannot subscribe",
    ],
    [{ recipients: ["ann"], properties: [] }, '{"properties":"must be a JSON object"}'],
    [
      { recipients: [{ distinct_id: "ann", $email: "x" }] },
      "invalid value for channel 'email': x. error: invalid email address. must be 6 <= len(email) <= 320",
    ],
    [
      { recipients: ["ann"], parent_object_properties: { $timezone: "Mars" } },
      "parent_object_properties: invalid timezone: Mars",
    ],
    [
      { recipients: [{ distinct_id: "ann", $context: { tenant_id: "acme" } }] },
      "recipients: $context is not read here: write the profile in the tenant by the user's own endpoint",
    ],
  ] as const)("400: %j", async ([body, message], { hub }) => {
    await devs(hub);
    expect(await hub.call("POST", EDGES, body)).toMatchObject({ status: 400, json: { code: 400, message } });
    expect((await page(hub)).meta.count).toBe(0);
    expect((await hub.call("GET", "/v1/user/")).json).toMatchObject({ meta: { count: 0 } });
  });

  it("400: an object does not contain itself, directly or through others", async ({ hub }) => {
    const subscribe = (parent: string, child: string) =>
      hub.call("POST", `/v1/object/teams/${parent}/subscription/`, {
        recipients: [{ object_type: "teams", id: child }],
        parent_object_properties: {},
      });
    await subscribe("a", "b");
    await subscribe("b", "c");
    for (const [parent, child] of [
      ["a", "a"],
      ["b", "a"],
      ["c", "a"],
    ] as const) {
      expect(await subscribe(parent, child)).toMatchObject({ status: 400, json: { code: 400 } });
    }
  });
});

describe("GET /v1/object/{object_type}/{id}/subscription/", () => {
  it("200: newest first, in pages either way", async ({ hub }) => {
    await devs(hub);
    for (const id of ["a", "b", "c"]) await hub.call("POST", EDGES, { recipients: [id] });
    const first = await page(hub, "?limit=2");
    expect(names(first)).toEqual(["c", "b"]);
    const second = await page(hub, `?limit=2&after=${first.meta.after}`);
    expect(names(second)).toEqual(["a"]);
    expect(names(await page(hub, `?limit=2&before=${second.meta.before}`))).toEqual(["c", "b"]);
    expect(first.meta).toMatchObject({ count: 3, limit: 2, has_prev: false, has_next: true });
  });

  it("404: a missing object", async ({ hub }) => {
    expect((await hub.call("GET", EDGES)).json).toEqual({
      code: 404,
      message: "object 'teams/devs' not found",
    });
  });
});

describe("DELETE /v1/object/{object_type}/{id}/subscription/", () => {
  it("204: removes what the body names, or the query", async ({ hub }) => {
    await devs(hub);
    const team = { object_type: "teams", id: "tax" };
    await hub.call("POST", EDGES, { recipients: ["a", "b", "c", "d", team] });
    expect((await hub.callSigned("DELETE", EDGES, { recipients: ["a", team, "nobody"] })).status).toBe(204);
    expect((await hub.callSigned("DELETE", `${EDGES}?recipients=b,c`)).status).toBe(204);
    expect((await hub.callSigned("DELETE", `${EDGES}?recipients=b,c`)).status).toBe(204);
    expect(names(await page(hub))).toEqual(["d"]);
  });

  it("400, 404: what names nobody, and a missing object", async ({ hub }) => {
    expect(await hub.call("DELETE", EDGES)).toMatchObject({
      status: 400,
      json: { message: '{"recipients":"is a required field"}' },
    });
    expect(await hub.call("DELETE", EDGES, { recipients: ["a"] })).toMatchObject({
      status: 404,
      json: { code: 404, message: "object 'teams/devs' not found" },
    });
  });
});

describe("…/subscribed_to/object/", () => {
  it("200: lists the objects of a user and of an object, newest first, with their profiles", async ({
    hub,
  }) => {
    const team = { object_type: "teams", id: "tax" };
    for (const id of ["a", "b"]) {
      await hub.call("POST", `/v1/object/firms/${id}/subscription/`, {
        recipients: ["ann", team],
        properties: { at: id },
        parent_object_properties: { name: id },
      });
    }
    for (const path of ["/v1/user/ann/", "/v1/object/teams/tax/"]) {
      const first = (await hub.call("GET", `${path}subscribed_to/object/?limit=1`)).json as Page;
      expect(first).toEqual({
        meta: {
          count: 2,
          limit: 1,
          has_prev: false,
          before: null,
          has_next: true,
          after: expect.any(String),
        },
        results: [
          {
            properties: { at: "b" },
            object: {
              id: "b",
              object_type: "firms",
              properties: { name: "b" },
              subscriptions_count: 2,
              updated_at: MICROS,
            },
            created_at: MICROS,
            updated_at: MICROS,
          },
        ],
      });
      const next = await hub.call("GET", `${path}subscribed_to/object/?limit=1&after=${first.meta.after}`);
      expect(next.json).toMatchObject({ results: [{ object: { id: "a" } }] });
    }
  });

  it("404: names who is missing, a user with a capital", async ({ hub }) => {
    expect((await hub.call("GET", "/v1/user/ann/subscribed_to/object/")).json).toEqual({
      code: 404,
      message: "User [distinct_id: 'ann'] not found",
    });
    expect((await hub.call("GET", "/v1/object/teams/tax/subscribed_to/object/")).json).toEqual({
      code: 404,
      message: "object 'teams/tax' not found",
    });
  });
});

it("subscriptions race with deletions of both sides without a failure", async ({ hub }) => {
  const calls = Array.from({ length: 150 }, (_unused, index) => {
    const team = { object_type: "teams", id: `t${index % 3}` };
    switch (index % 5) {
      case 0:
        return hub.call("DELETE", `/v1/user/u${index % 3}/`);
      case 1:
        return hub.call("DELETE", index % 2 === 0 ? DEVS : `/v1/object/teams/${team.id}/`);
      case 2:
        return hub.call("DELETE", EDGES, { recipients: ["u0", "u2", team] });
      default:
        return hub.call("POST", EDGES, {
          recipients: index % 2 === 0 ? ["u0", "u1", "u2", team] : [team, "u2", "u1", "u0"],
          properties: { index },
          parent_object_properties: { index },
        });
    }
  });
  const statuses = (await Promise.all(calls)).map(({ status }) => status);
  expect(statuses.filter((status) => ![200, 204, 404].includes(status))).toEqual([]);
});
