import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import type { Hub } from "../../../../../test/hub.ts";
import { inboxSubscriberId } from "../../../../workspaces/workspaces.ts";

it.beforeEach(async ({ hub, harness }) => {
  await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
  await hub.call("POST", "/v1/tenant/bell/", { tenant_name: "Bell" });
  await harness.services.db.query("update workspace set config = $2 where workspace_id = $1", [
    hub.workspace.workspace_id,
    JSON.stringify({ user_tenancy_mode: "shared" }),
  ]);
});

const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
const ACTIVE = { status: "active", perma_status: "active" };
const address = (value: string) => [{ value, ...ACTIVE }];
const inboxOf = (hub: Hub, distinct_id: string) => [
  {
    value: inboxSubscriberId(hub.workspace, { object_type: "", distinct_id }),
    id_provider: "suprsend",
    ...ACTIVE,
  },
];
const inTenant = (tenant_id: string, distinct_id = "ann") =>
  `/v1/user/${encodeURIComponent(distinct_id)}/tenant/${tenant_id}/`;
const refused = (status: number, message: string) => ({ status, json: { code: status, message } });
const EXCLUSIVE = "user is already associated with a different tenant; workspace is in exclusive mode";

describe("POST /v1/user/{distinct_id}/tenant/{tenant_id}/", () => {
  it("201: shows the tenant's values over the global ones, and separately", async ({ hub }) => {
    await hub.call("POST", "/v1/user/ann/", {
      name: "Ann",
      plan: { tier: 1, seats: 2 },
      $email: "ann@example.com",
      $sms: "+14155552671",
    });
    const answer = await hub.call("POST", inTenant("acme"), { plan: { tier: 9 }, $email: ["ann@acme.com"] });
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      distinct_id: "ann",
      properties: { name: "Ann", plan: { tier: 9 } },
      created_at: MICROS,
      updated_at: MICROS,
      $email: address("ann@acme.com"),
      $sms: address("+14155552671"),
      $inbox: inboxOf(hub, "ann"),
      tenant: { tenant_id: "acme", properties: { plan: { tier: 9 } }, $email: address("ann@acme.com") },
    });
    expect((await hub.call("GET", inTenant("acme"))).json).toEqual(answer.json);
    expect((await hub.call("GET", "/v1/user/ann/")).json).toMatchObject({
      properties: { plan: { tier: 1, seats: 2 } },
      $email: address("ann@example.com"),
    });
  });

  it("201: creates the user, and an empty profile", async ({ hub }) => {
    expect(await hub.call("POST", inTenant("acme", "a b/é"), {})).toMatchObject({
      status: 201,
      json: { distinct_id: "a b/é", properties: {}, tenant: { tenant_id: "acme", properties: {} } },
    });
  });

  it("400: for an invalid address, and stores nothing", async ({ hub }) => {
    const answer = await hub.call("POST", inTenant("acme"), { $email: "nowhere" });
    expect(answer).toMatchObject({ status: 400, json: { message: expect.stringContaining("'email'") } });
    expect((await hub.call("GET", "/v1/user/ann/")).status).toBe(404);
  });

  it("400: for a second tenant of an exclusive workspace", async ({ hub, harness }) => {
    await harness.services.db.query("update workspace set config = '{}' where workspace_id = $1", [
      hub.workspace.workspace_id,
    ]);
    expect((await hub.call("POST", inTenant("acme"), { a: 1 })).status).toBe(201);
    expect((await hub.call("POST", inTenant("acme"), { a: 2 })).status).toBe(201);
    expect(await hub.call("POST", inTenant("bell"), { a: 1 })).toMatchObject(refused(400, EXCLUSIVE));
    expect((await hub.call("DELETE", inTenant("acme"))).status).toBe(204);
    expect((await hub.call("POST", inTenant("bell"), { a: 1 })).status).toBe(201);
  });

  it("404: for an unknown tenant, and creates nobody", async ({ hub }) => {
    expect(await hub.call("POST", inTenant("nobody"), {})).toMatchObject(
      refused(404, "tenant 'nobody' not found"),
    );
    expect((await hub.call("GET", "/v1/user/ann/")).status).toBe(404);
  });
});

describe("PATCH /v1/user/{distinct_id}/tenant/{tenant_id}/", () => {
  it("202: applies operations to the tenant's profile only", async ({ hub }) => {
    await hub.call("POST", "/v1/user/ann/", { visits: 5, $email: "ann@example.com" });
    await hub.call("POST", inTenant("acme"), { visits: 1, $email: ["a@acme.com", "b@acme.com"] });
    const answer = await hub.call("PATCH", inTenant("acme"), {
      operations: [{ $add: { visits: 2 }, $remove: { $email: "a@acme.com" } }, { $set: { last: true } }],
    });
    expect(answer).toMatchObject({
      status: 202,
      json: {
        properties: { visits: 3, last: true },
        $email: address("b@acme.com"),
        tenant: { properties: { visits: 3, last: true } },
      },
    });
    expect(
      (await hub.call("PATCH", inTenant("acme"), { operations: [{ $unset: ["$email", "visits"] }] })).json,
    ).toMatchObject({ properties: { visits: 5, last: true }, $email: address("ann@example.com") });
  });

  it("400: for a body without operations", async ({ hub }) => {
    expect(await hub.call("PATCH", inTenant("acme"), {})).toMatchObject(
      refused(400, "Request body must not be empty"),
    );
  });
});

describe("GET /v1/user/{distinct_id}/tenant/{tenant_id}/", () => {
  it("200: is the global profile where the tenant has none", async ({ hub }) => {
    await hub.call("POST", "/v1/user/ann/", { name: "Ann" });
    expect(await hub.call("GET", inTenant("bell"))).toMatchObject({
      status: 200,
      json: { properties: { name: "Ann" }, tenant: { tenant_id: "bell", properties: {} } },
    });
  });

  it("404: for an unknown tenant or user", async ({ hub }) => {
    expect(await hub.call("GET", inTenant("acme"))).toMatchObject(
      refused(404, "user [distinct_id: 'ann'] not found"),
    );
    expect(await hub.call("GET", inTenant("nobody"))).toMatchObject(
      refused(404, "tenant 'nobody' not found"),
    );
  });
});

describe("DELETE /v1/user/{distinct_id}/tenant/{tenant_id}/", () => {
  it("204: leaves the global profile, and those in other tenants", async ({ hub }) => {
    await hub.call("POST", "/v1/user/ann/", { name: "Ann" });
    await hub.call("POST", inTenant("acme"), { name: "A", $email: "ann@acme.com" });
    await hub.call("POST", inTenant("bell"), { name: "B" });
    expect((await hub.call("DELETE", inTenant("acme"))).status).toBe(204);
    const { json } = await hub.call("GET", inTenant("acme"));
    expect(json).toMatchObject({ properties: { name: "Ann" } });
    expect(json).not.toHaveProperty("$email");
    expect((await hub.call("GET", inTenant("bell"))).json).toMatchObject({ properties: { name: "B" } });
  });

  it("404: for an unknown profile or user", async ({ hub }) => {
    expect(await hub.call("DELETE", inTenant("acme"))).toMatchObject(
      refused(404, "user [distinct_id: 'ann'] not found"),
    );
    await hub.call("POST", "/v1/user/ann/", {});
    expect(await hub.call("DELETE", inTenant("acme"))).toMatchObject(
      refused(404, "no per-tenant profile for user in tenant 'acme'"),
    );
  });
});

describe.each(["tenant", "associated_tenant"])("GET /v1/user/{distinct_id}/%s/", (name) => {
  it("200: is pages of the tenants that have a profile, most recent first", async ({ hub }) => {
    await hub.call("POST", "/v1/user/ann/", { name: "Ann" });
    for (const tenant_id of ["acme", "bell", "default"]) {
      await hub.call("POST", inTenant(tenant_id), { at: tenant_id });
    }
    const list = async (query: string) => {
      const { json } = await hub.call("GET", `/v1/user/ann/${name}/${query}`);
      return json as { meta: Record<string, unknown>; results: { tenant: unknown; properties: unknown }[] };
    };
    const first = await list("?limit=2");
    expect(first.meta).toMatchObject({ count: 3, limit: 2, has_prev: false, has_next: true });
    expect(first.results).toMatchObject([
      {
        properties: { name: "Ann", at: "default" },
        tenant: { tenant_id: "default", properties: { at: "default" } },
      },
      { properties: { name: "Ann", at: "bell" }, tenant: { tenant_id: "bell" } },
    ]);
    const second = await list(`?limit=2&after=${String(first.meta.after)}`);
    expect(second.results).toMatchObject([{ tenant: { tenant_id: "acme" } }]);
    expect((await list("?limit=5000")).meta).toMatchObject({ limit: 100 });
  });

  it("404: for an unknown user", async ({ hub }) => {
    expect(await hub.call("GET", `/v1/user/nobody/${name}/`)).toMatchObject(
      refused(404, "User [distinct_id: 'nobody'] not found"),
    );
  });
});

describe("the other calls of a user", () => {
  it("edit the profile in the tenant that $context names", async ({ hub }) => {
    const $context = { tenant_id: "acme" };
    expect(await hub.call("POST", "/v1/user/ann/", { name: "A", $context })).toMatchObject({
      status: 201,
      json: { properties: { name: "A" }, tenant: { tenant_id: "acme", properties: { name: "A" } } },
    });
    const operations = [{ $set: { last: true } }];
    expect(await hub.call("PATCH", "/v1/user/ann/", { operations, $context })).toMatchObject({
      status: 202,
      json: { tenant: { properties: { name: "A", last: true } } },
    });
    const global = (await hub.call("GET", "/v1/user/ann/")).json;
    expect(global).toMatchObject({ properties: {} });
    expect(global).not.toHaveProperty("tenant");
  });

  it.for([
    [{ tenant_id: "nobody" }, 404],
    [{ tenant_id: "" }, 404],
    [{ tenant_id: 5 }, 400],
    [{ tenant_id: null }, 201],
    [{}, 201],
    ["acme", 201],
  ] as const)("with the context %j answer %i", async ([$context, status], { hub }) => {
    expect((await hub.call("POST", "/v1/user/ann/", { name: "A", $context })).status).toBe(status);
  });

  it("list the users of a tenant, each with the tenant's own values", async ({ hub }) => {
    await hub.call("POST", "/v1/user/ann/", { name: "Ann" });
    await hub.call("POST", inTenant("acme"), { role: "x", $email: "ann@acme.com" });
    await hub.call("POST", inTenant("bell", "bob"), {});
    const { json } = await hub.call("GET", "/v1/user/?tenant_id=acme");
    expect(json).toMatchObject({ meta: { count: 1 } });
    expect((json as { results: unknown[] }).results).toEqual([
      {
        distinct_id: "ann",
        properties: { name: "Ann" },
        created_at: MICROS,
        updated_at: MICROS,
        $inbox: inboxOf(hub, "ann"),
        tenant: { tenant_id: "acme", properties: { role: "x" }, $email: address("ann@acme.com") },
      },
    ]);
    expect(await hub.call("GET", "/v1/user/?tenant_id=nobody")).toMatchObject(
      refused(404, "tenant 'nobody' not found"),
    );
  });
});
