import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";

const pathOf = (tenant_id: string) => `/v1/tenant/${encodeURIComponent(tenant_id)}/`;
const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
const NO_LINKS = {
  website: "",
  facebook: "",
  linkedin: "",
  x: "",
  instagram: "",
  medium: "",
  discord: "",
  telegram: "",
  youtube: "",
  tiktok: "",
};
const BARE = {
  tenant_id: "acme",
  tenant_name: "Acme",
  logo: null,
  timezone: null,
  blocked_channels: null,
  embedded_preference_url: null,
  hosted_preference_domain: "localhost",
  primary_color: null,
  secondary_color: null,
  tertiary_color: null,
  social_links: NO_LINKS,
  properties: {},
  updated_at: MICROS,
};

const upsert = (hub: Hub, body: unknown, tenant_id = "acme") => hub.call("POST", pathOf(tenant_id), body);
const notFound = (tenant_id: string) => {
  const message = `No tenant found for tenant_id ${tenant_id}`;
  return {
    status: 404,
    json: { code: 404, error_code: "not_found", type: "NotFound", message, detail: message },
  };
};

describe("POST /v1/tenant/{tenant_id}/", () => {
  it("201: creates a tenant from a name alone", async ({ hub }) => {
    const answer = await upsert(hub, { tenant_name: " Acme " });
    expect(answer).toMatchObject({ status: 201 });
    expect(answer.json).toEqual(BARE);
    expect((await hub.call("GET", pathOf("acme"))).json).toEqual(answer.json);
  });

  it("400: properties that would be too large with what is there", async ({ hub }) => {
    const half = (key: string) => ({ properties: { [key]: "x".repeat(150_000) } });
    await upsert(hub, { tenant_name: "Acme", ...half("one") });
    const text = "would have 293 KB: at most 256 KB (MAX_PROFILE_KB)";
    expect(await upsert(hub, half("two"))).toMatchObject({
      status: 400,
      json: { detail: { properties: [text] } },
    });
    const { json } = await hub.call("GET", pathOf("acme"));
    expect(json).toMatchObject({ properties: half("one").properties });
    expect(json).not.toHaveProperty("properties.two");
  });

  it("201: keeps what is sent, in its own spelling, and drops unknown keys", async ({ hub }) => {
    const answer = await upsert(hub, {
      tenant_name: "Ačme & Söhne <3",
      logo: "https://acme.com/logo.png",
      timezone: "asia/kolkata",
      blocked_channels: ["sms", "email"],
      preference_page_url: "https://acme.com/preferences",
      hosted_preference_domain: "preferences.acme.com",
      primary_color: "#FF0000",
      social_links: {
        LinkedIn: "https://linkedin.com/acme",
        twitter: "https://x.com/acme",
        website: null,
        icq: 1,
      },
      properties: { address: "Main street", deep: { a: [1] } },
      surprise: true,
    });
    expect(answer.json).toEqual({
      ...BARE,
      tenant_name: "Ačme & Söhne <3",
      logo: "https://acme.com/logo.png",
      timezone: "Asia/Kolkata",
      blocked_channels: ["sms", "email"],
      embedded_preference_url: "https://acme.com/preferences",
      hosted_preference_domain: "preferences.acme.com",
      primary_color: "#FF0000",
      social_links: { ...NO_LINKS, linkedin: "https://linkedin.com/acme", x: "https://x.com/acme" },
      properties: { address: "Main street", deep: { a: [1] } },
    });
  });

  it("201: changes what is sent, clears what is null, and writes properties and links key by key", async ({
    hub,
  }) => {
    await upsert(hub, {
      tenant_name: "Acme",
      logo: "https://acme.com/logo.png",
      timezone: "UTC",
      blocked_channels: ["sms"],
      embedded_preference_url: "https://acme.com/p",
      primary_color: "#000001",
      secondary_color: "#000002",
      social_links: { website: "https://acme.com", medium: "https://medium.com/acme" },
      properties: { a: 1, b: { x: 1, y: 2 } },
    });
    const { json } = await upsert(hub, {
      logo: null,
      timezone: null,
      blocked_channels: null,
      embedded_preference_url: null,
      primary_color: null,
      social_links: { website: "", medium: null },
      properties: { b: { x: 3 }, c: null },
    });
    expect(json).toEqual({
      ...BARE,
      secondary_color: "#000002",
      social_links: { ...NO_LINKS, medium: "https://medium.com/acme" },
      properties: { a: 1, b: { x: 3 }, c: null },
    });
  });

  it("201: a new tenant without colours has the default one's", async ({ hub }) => {
    await upsert(hub, { primary_color: "#000001", tertiary_color: "#000003" }, "default");
    expect((await upsert(hub, { tenant_name: "A" }, "a")).json).toMatchObject({
      primary_color: "#000001",
      secondary_color: null,
      tertiary_color: "#000003",
    });
    expect((await upsert(hub, { tenant_name: "B", secondary_color: "#000002" }, "b")).json).toMatchObject({
      primary_color: null,
      secondary_color: "#000002",
      tertiary_color: null,
    });
  });

  it.for(["default", "A_b-9", "__proto__", "constructor", "x".repeat(64)])(
    "201: takes the id %j",
    async (id, { hub }) => {
      expect(await upsert(hub, { tenant_name: "Acme" }, id)).toMatchObject({
        status: 201,
        json: { tenant_id: id },
      });
    },
  );

  it("201: distinguishes ids by case", async ({ hub }) => {
    await upsert(hub, { tenant_name: "small" }, "acme");
    await upsert(hub, { tenant_name: "large" }, "ACME");
    expect((await hub.call("GET", pathOf("acme"))).json).toMatchObject({ tenant_name: "small" });
  });

  const LEGAL =
    "Ensure this field contains legal characters. Only letters, numbers, underscore(_), hyphen(-) characters allowed";

  it.for<[title: string, body: unknown, field: string, reason: string]>([
    ["no name for a new one", {}, "tenant_name", "missing value"],
    ["a blank name", { tenant_name: " " }, "tenant_name", "missing value"],
    [
      "a name of HTML",
      { tenant_name: "<b>A</b>" },
      "tenant_name",
      "Ensure this field contains non-html text",
    ],
    [
      "a long name",
      { tenant_name: "x".repeat(256) },
      "tenant_name",
      "Ensure this field has no more than 255 characters.",
    ],
    ["a logo that is no address", { logo: "logo.png" }, "logo", "Enter a valid URL."],
    ["a logo that runs", { logo: "javascript:alert(1)" }, "logo", "Enter a valid URL."],
    [
      "a long logo",
      { logo: `https://a.com/${"x".repeat(2048)}` },
      "logo",
      "Ensure this field has no more than 2048 characters.",
    ],
    ["a colour by name", { primary_color: "red" }, "primary_color", "Enter a valid hex color, eg. #000000"],
    ["a short colour", { tertiary_color: "#fff" }, "tertiary_color", "Enter a valid hex color, eg. #000000"],
    ["a timezone that is none", { timezone: "UTC+5" }, "timezone", "invalid timezone: UTC+5"],
    [
      "a link that is none",
      { social_links: { website: "acme" } },
      "social_links.website",
      "Enter a valid URL.",
    ],
    ["links in a list", { social_links: [] }, "social_links", "Expected a dictionary of items."],
    ["properties in a text", { properties: "a" }, "properties", "Expected a dictionary of items."],
    [
      "a domain with a path",
      { hosted_preference_domain: "a.com/x" },
      "hosted_preference_domain",
      "Enter a valid domain.",
    ],
  ])("400: refuses %s, and makes nothing", async ([_title, body, field, reason], { hub }) => {
    const named = field === "tenant_name" ? body : { tenant_name: "Acme", ...(body as object) };
    const detail = { [field]: [reason] };
    expect(await upsert(hub, named)).toMatchObject({
      status: 400,
      json: { code: 400, type: "ValidationError", message: JSON.stringify(detail), detail },
    });
    expect(await hub.call("GET", pathOf("acme"))).toMatchObject({ status: 404 });
  });

  it.for([
    ["a b", LEGAL],
    ["a/b", LEGAL],
    ["é", LEGAL],
    ["x".repeat(65), "Ensure this field has no more than 64 characters."],
  ] as const)("400: refuses the id %j", async ([id, reason], { hub }) => {
    expect(await upsert(hub, { tenant_name: "Acme" }, id)).toMatchObject({
      status: 400,
      json: { detail: { tenant_id: [reason] } },
    });
  });

  it("400: refuses an unknown channel", async ({ hub }) => {
    expect(await upsert(hub, { tenant_name: "A", blocked_channels: ["fax"] })).toMatchObject({ status: 400 });
  });

  it("is seen at once by running workflows", async ({ hub, harness }) => {
    const { catalog } = harness.services;
    const { workspace_id } = hub.workspace;
    expect(await catalog.findTenant(workspace_id, "acme")).toBeNull();
    await upsert(hub, { tenant_name: "Acme" });
    expect(await catalog.findTenant(workspace_id, "acme")).toMatchObject({ tenant_name: "Acme" });
    await upsert(hub, { properties: { a: 1 } });
    expect(await catalog.findTenant(workspace_id, "acme")).toMatchObject({ properties: { a: 1 } });
    await hub.call("DELETE", pathOf("acme"));
    expect(await catalog.findTenant(workspace_id, "acme")).toBeNull();
  });
});

describe("GET /v1/tenant/{tenant_id}/", () => {
  it.for(["nobody", "a b", "x".repeat(100)])("404: for %j", async (id, { hub }) => {
    expect(await hub.call("GET", pathOf(id))).toMatchObject(notFound(id));
  });

  it("404: for another workspace's", async ({ hub, harness }) => {
    await upsert(hub, { tenant_name: "Acme" });
    const other = await createHub(harness);
    expect(await other.call("GET", pathOf("acme"))).toMatchObject(notFound("acme"));
  });
});

describe("GET /v1/tenant/", () => {
  it("200: is offset pages, most recently changed first", async ({ hub }) => {
    for (const id of ["a", "b", "c"]) await upsert(hub, { tenant_name: id }, id);
    await upsert(hub, { properties: {} }, "b");
    const list = async (query: string) => {
      const { json } = await hub.call("GET", `/v1/tenant/${query}`);
      const { meta, results } = json as { meta: unknown; results: { tenant_id: string }[] };
      return { meta, ids: results.map(({ tenant_id }) => tenant_id) };
    };
    expect(await list("")).toEqual({
      meta: { count: 4, limit: 20, offset: 0 },
      ids: ["b", "c", "a", "default"],
    });
    expect(await list("?limit=2&offset=1")).toEqual({
      meta: { count: 4, limit: 2, offset: 1 },
      ids: ["c", "a"],
    });
    expect(await list("?limit=0&offset=-5")).toMatchObject({ meta: { limit: 20, offset: 0 } });
    expect(await list("?limit=5000&offset=9")).toEqual({
      meta: { count: 4, limit: 1000, offset: 9 },
      ids: [],
    });
    expect(await hub.call("GET", "/v1/tenant/?limit=x")).toMatchObject({
      status: 400,
      json: { detail: { limit: ["must be a whole number"] } },
    });
  });
});

describe("DELETE /v1/tenant/{tenant_id}/", () => {
  it("204: deletes what belongs to the tenant alone, and no more", async ({ hub, harness }) => {
    await upsert(hub, { tenant_name: "Acme" });
    await hub.call("POST", "/v1/user/ann/", { name: "Ann", $email: "ann@example.com" });
    await hub.call("POST", "/v1/user/ann/tenant/acme/", { role: "x", $email: "ann@acme.com" });
    expect((await hub.call("DELETE", pathOf("acme"))).status).toBe(204);
    expect(await hub.call("GET", pathOf("acme"))).toMatchObject(notFound("acme"));
    const { db } = harness.services;
    const left = await db.query("select tenant_id, key from identity where workspace_id = $1", [
      hub.workspace.workspace_id,
    ]);
    expect(left).toEqual([{ tenant_id: "", key: "ann@example.com" }]);
    // Created again, it has no users.
    await upsert(hub, { tenant_name: "Acme" });
    expect((await hub.call("GET", "/v1/user/ann/tenant/")).json).toMatchObject({ meta: { count: 0 } });
    expect((await hub.call("GET", "/v1/user/ann/")).json).toMatchObject({ properties: { name: "Ann" } });
  });

  it("404: for an unknown one", async ({ hub }) => {
    expect(await hub.call("DELETE", pathOf("acme"))).toMatchObject(notFound("acme"));
  });

  it("400: for the default tenant", async ({ hub }) => {
    expect(await hub.call("DELETE", pathOf("default"))).toMatchObject({
      status: 400,
      json: {
        type: "ValidationError",
        message: "['default tenant cannot be deleted']",
        detail: ["default tenant cannot be deleted"],
      },
    });
  });
});
