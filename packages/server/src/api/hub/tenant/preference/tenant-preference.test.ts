import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import { createHub, type Hub } from "../../../../../test/hub.ts";
import { furnishPages, notFound, refused } from "../../../../../test/preferences/pages.ts";

const ACME = "/v1/tenant/acme/preference/";
const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);

interface TenantPage {
  root_categories: {
    root_category: string;
    sections: { name: string | null; slug: string | null; categories: Record<string, unknown>[] }[];
  }[];
}

it.beforeEach(async ({ hub, desk }) => {
  await furnishPages(hub, desk);
  await desk.addTenant("acme");
});

const set = (hub: Hub, slug: string, body: unknown, path = ACME) =>
  hub.call("PATCH", `${path}category/${slug}/`, body);
const get = async (hub: Hub, slug: string) => (await hub.call("GET", `${ACME}category/${slug}/`)).json;

/** As the document has it, without any setting of the tenant. */
const NEWSLETTER = {
  name: "Newsletter",
  category: "newsletter",
  description: "Once a month",
  tags: ["mail"],
  effective_tags: ["mail", "product"],
  root_category: "promotional",
  default_preference: "opt_in",
  default_mandatory_channels: null,
  default_opt_in_channels: null,
  enabled_for_tenant: true,
  visible_to_subscriber: true,
  preference: null,
  mandatory_channels: null,
  opt_in_channels: null,
  blocked_channels: null,
  updated_at: null,
  digest_schedule: null,
  properties: null,
};

describe("GET /v1/tenant/{tenant_id}/preference/", () => {
  it("200: shows all roots with their sections and categories", async ({ hub }) => {
    const { status, json } = await hub.call("GET", ACME);
    expect(status).toBe(200);
    const { root_categories } = json as TenantPage;
    expect(
      root_categories.map(({ root_category, sections }) => [
        root_category,
        sections.map(({ slug, categories }) => [slug, categories.map(({ category }) => category)]),
      ]),
    ).toEqual([
      ["system", [["security", ["alerts"]]]],
      ["transactional", [["reports", ["summary"]]]],
      [
        "promotional",
        [
          ["product-updates", ["newsletter", "beta"]],
          [null, ["loose"]],
        ],
      ],
    ]);
    expect(root_categories[2]?.sections[0]).toEqual({
      name: "Product Updates",
      slug: "product-updates",
      description: "What is new",
      tags: ["product"],
      categories: [NEWSLETTER, expect.objectContaining({ category: "beta" })],
    });
  });

  it("200: filters by tags, keeping all roots", async ({ hub }) => {
    const { json } = await hub.call("GET", `${ACME}?tags=mail`);
    const { root_categories } = json as TenantPage;
    expect(root_categories.map(({ sections }) => sections.length)).toEqual([0, 0, 1]);
  });

  it("404: of a tenant that there is not, whatever is asked", async ({ hub, harness }) => {
    const nobody = "/v1/tenant/nobody/";
    const expected = notFound("tenant 'nobody' not found");
    for (const answer of [
      hub.call("GET", `${nobody}preference/`),
      hub.call("GET", `${nobody}preference/category/`),
      hub.call("GET", `${nobody}preference/category/newsletter/`),
      hub.call("PATCH", `${nobody}preference/category/newsletter/`, {}),
      hub.call("GET", `${nobody}category/`),
      hub.call("PATCH", `${nobody}category/newsletter/`, {}),
    ]) {
      expect(await answer).toMatchObject(expected);
    }
    const other = await createHub(harness);
    expect(await other.call("GET", ACME)).toMatchObject(notFound("tenant 'acme' not found"));
  });
});

describe("GET /v1/tenant/{tenant_id}/preference/category/", () => {
  it("200: pages through the enabled categories, or all", async ({ hub }) => {
    await set(hub, "beta", { enabled_for_tenant: false });
    const slugs = async (query: string) => {
      const { json } = await hub.call("GET", `${ACME}category/${query}`);
      const { meta, results } = json as { meta: unknown; results: { category: string }[] };
      return [meta, results.map(({ category }) => category)];
    };
    expect(await slugs("")).toEqual([
      { count: 4, limit: 10, offset: 0 },
      ["alerts", "summary", "newsletter", "loose"],
    ]);
    expect(await slugs("?include_disabled=true&limit=2&offset=2")).toEqual([
      { count: 5, limit: 2, offset: 2 },
      ["newsletter", "beta"],
    ]);
    expect(await slugs("?tags=product&include_disabled=True")).toEqual([
      { count: 2, limit: 10, offset: 0 },
      ["newsletter", "beta"],
    ]);
    expect(await hub.call("GET", `${ACME}category/?include_disabled=some`)).toMatchObject(
      refused({ include_disabled: "must be true or false" }),
    );
  });
});

describe("GET /v1/tenant/{tenant_id}/preference/category/{category}/", () => {
  it("200: shows a category, disabled or not", async ({ hub }) => {
    expect(await get(hub, "newsletter")).toEqual(NEWSLETTER);
    await set(hub, "newsletter", { enabled_for_tenant: false });
    expect(await get(hub, "newsletter")).toEqual({
      ...NEWSLETTER,
      enabled_for_tenant: false,
      updated_at: MICROS,
    });
  });

  it.for(["gone", "system"])("404: for the category %s", async (slug, { hub }) => {
    const expected = notFound(`category '${slug}' not found`);
    expect(await hub.call("GET", `${ACME}category/${slug}/`)).toMatchObject(expected);
    expect(await set(hub, slug, {})).toMatchObject(expected);
    expect(await set(hub, slug, {}, "/v1/tenant/acme/")).toMatchObject(expected);
  });
});

describe("PATCH /v1/tenant/{tenant_id}/preference/category/{category}/", () => {
  it("200: changes what is sent, and null is the category's own again", async ({ hub }) => {
    const { status, json } = await set(hub, "newsletter", {
      preference: "cant_unsubscribe",
      mandatory_channels: ["email"],
      opt_in_channels: ["inbox", "inbox"],
      blocked_channels: ["sms"],
      visible_to_subscriber: false,
    });
    expect(status).toBe(200);
    const changed = {
      ...NEWSLETTER,
      visible_to_subscriber: false,
      preference: "cant_unsubscribe",
      mandatory_channels: ["email"],
      opt_in_channels: ["inbox"],
      blocked_channels: ["sms"],
      updated_at: MICROS,
    };
    expect(json).toEqual(changed);
    expect((await set(hub, "newsletter", {})).json).toEqual(changed);
    // As a client does that sends every list, set or not.
    const cleared = {
      preference: null,
      visible_to_subscriber: null,
      mandatory_channels: null,
      opt_in_channels: null,
      blocked_channels: null,
    };
    expect((await set(hub, "newsletter", cleared)).json).toEqual({ ...NEWSLETTER, updated_at: MICROS });
    expect(await get(hub, "newsletter")).toEqual({ ...NEWSLETTER, updated_at: MICROS });
  });

  it("200: overrides digests by option and properties by key, locked or not", async ({ hub }) => {
    const { json } = await set(hub, "summary", {
      digest_schedule: {
        options: [{ id: "weekly", time: { default_value: "11:00" }, is_default: true }],
      },
      properties: [
        { key: "threshold", value: "100" },
        { key: "region", value: "us" },
      ],
    });
    expect(json).toMatchObject({
      digest_schedule: {
        options: [
          { id: "daily", time: { default_value: "09:00" }, is_default: false },
          { id: "weekly", time: { edit_policy: "locked", default_value: "11:00" }, is_default: true },
        ],
        original_options: [
          { id: "daily", is_default: true },
          { id: "weekly", time: { default_value: "10:00" }, is_default: false },
        ],
      },
      properties: [
        { key: "threshold", default_value: 10, is_overridden: true, value: 100 },
        { key: "region", default_value: "eu", is_overridden: true, value: "us" },
      ],
    });
    await hub.call("POST", "/v1/user/ann/", {});
    const user = await hub.call("GET", "/v1/user/ann/preference/category/summary/?tenant_id=acme");
    expect(user.json).toMatchObject({
      digest_schedule: { id: "weekly", time: "11:00", is_default: true, is_user_selected: false },
      properties: [
        { default_value: 100, value: 100, is_overridden: false },
        { default_value: "us", value: "us", is_overridden: false },
      ],
    });
  });

  it("400: refuses what a tenant decides of a category that it does not have", async ({ hub }) => {
    await set(hub, "newsletter", { enabled_for_tenant: false });
    const message = "Category 'newsletter' not applicable to tenant 'acme'";
    for (const body of [
      { preference: "opt_in" },
      { visible_to_subscriber: true },
      { opt_in_channels: [] },
      { enabled_for_tenant: null, preference: "opt_in" },
    ]) {
      expect(await set(hub, "newsletter", body)).toMatchObject({ status: 400, json: { code: 400, message } });
    }
    // What the platform's administrators decide, and what is sent as null, is no decision of the tenant.
    const platform = { blocked_channels: ["sms"], mandatory_channels: null, opt_in_channels: null };
    expect(await set(hub, "newsletter", platform)).toMatchObject({
      status: 200,
      json: { enabled_for_tenant: false, blocked_channels: ["sms"] },
    });
    expect(await set(hub, "newsletter", { enabled_for_tenant: true, preference: "opt_out" })).toMatchObject({
      status: 200,
      json: { enabled_for_tenant: true, preference: "opt_out" },
    });
  });

  it.for<[string, unknown, Record<string, string>]>([
    ["newsletter", { enabled_for_tenant: "no" }, { enabled_for_tenant: "must be true or false" }],
    ["newsletter", { visible_to_subscriber: 1 }, { visible_to_subscriber: "must be true or false" }],
    [
      "newsletter",
      { preference: "on" },
      { preference: "must be one of ['opt_in' 'opt_out' 'cant_unsubscribe']" },
    ],
    ["newsletter", { mandatory_channels: "email" }, { mandatory_channels: "must be an array of channels" }],
    [
      "newsletter",
      { blocked_channels: ["fax"] },
      {
        "blocked_channels[0]":
          "must be one of ['email' 'sms' 'whatsapp' 'inbox' 'androidpush' 'iospush' 'webpush' 'slack' 'ms_teams']",
      },
    ],
    [
      "summary",
      { digest_schedule: { options: [{ id: "hourly" }] } },
      { "digest_schedule.options[0].id": "must be one of ['daily' 'weekly']" },
    ],
    [
      "summary",
      { properties: [{ key: "threshold", value: "many" }] },
      { "properties[0].value": "must be an integer" },
    ],
  ])("400: for %s refuses %j", async ([slug, body, detail], { hub }) => {
    expect(await set(hub, slug, body)).toMatchObject(refused(detail));
  });

  it("200: changes nothing for other tenants", async ({ hub }) => {
    await set(hub, "newsletter", { preference: "opt_out" });
    const { json } = await hub.call("GET", "/v1/tenant/default/preference/category/newsletter/");
    expect(json).toEqual(NEWSLETTER);
  });
});

describe("the older endpoints", () => {
  const {
    enabled_for_tenant: _enabled,
    digest_schedule: _digest,
    properties: _properties,
    ...older
  } = NEWSLETTER;

  it("GET /v1/tenant/{tenant_id}/category/ 200: lists in the older form", async ({ hub }) => {
    await set(hub, "beta", { enabled_for_tenant: false });
    const { status, json } = await hub.call("GET", "/v1/tenant/acme/category/?limit=1&offset=2");
    expect(status).toBe(200);
    expect(json).toEqual({ meta: { count: 4, limit: 1, offset: 2 }, results: [older] });
  });

  it("PATCH /v1/tenant/{tenant_id}/category/{category_slug}/ 202: changes what it knows", async ({ hub }) => {
    const body = { preference: "opt_out", blocked_channels: ["sms"], enabled_for_tenant: false };
    const { status, json } = await set(hub, "newsletter", body, "/v1/tenant/acme/");
    expect(status).toBe(202);
    expect(json).toEqual({ ...older, preference: "opt_out", blocked_channels: ["sms"], updated_at: MICROS });
    expect(await get(hub, "newsletter")).toMatchObject({ enabled_for_tenant: true, preference: "opt_out" });
    expect(await get(hub, "beta")).toMatchObject({ blocked_channels: null });
  });
});
