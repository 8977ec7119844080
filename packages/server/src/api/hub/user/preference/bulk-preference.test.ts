import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import { find, furnishPages, notFound, on, page, refused } from "../../../../../test/preferences/pages.ts";

const BULK = "/v1/bulk/user/preference/";
const RESET = `${BULK}reset/`;
const DONE = { status: 202, json: { success: true } };
const pathOf = (distinct_id: string) => `/v1/user/${encodeURIComponent(distinct_id)}/preference/`;

it.beforeEach(async ({ hub, desk }) => {
  await furnishPages(hub, desk);
  await desk.addRecipients(["ann", "bob", "cyd"]);
});

describe("PATCH /v1/bulk/user/preference/", () => {
  it("202: is the same for every user that there is", async ({ hub }) => {
    const body = {
      distinct_ids: ["ann", " bob ", "nobody", "ann"],
      channel_preferences: [{ channel: "email", is_restricted: true }],
      categories: [
        { category: "newsletter", preference: "opt_out" },
        { category: "summary", preference: "opt_in", opt_in_channels: ["sms"] },
        { category: "newsletter", preference: "opt_in", opt_out_channels: ["sms"] },
      ],
    };
    expect(await hub.call("PATCH", BULK, body)).toMatchObject(DONE);
    for (const id of ["ann", "bob"]) {
      const view = await page(hub, "", pathOf(id));
      // Of two words about one category the last one holds.
      expect(find(view, "newsletter")).toMatchObject({ original_preference: "opt_in" });
      expect(on(find(view, "newsletter"))).not.toContain("sms");
      expect(on(find(view, "summary"))).toEqual(["sms"]);
      expect(view.channel_preferences).toContainEqual({ channel: "email", is_restricted: true });
    }
    expect(find(await page(hub, "", pathOf("cyd")), "newsletter")).toMatchObject({
      original_preference: null,
    });
    expect(await hub.call("GET", pathOf("nobody"))).toMatchObject({ status: 404 });
  });

  it("202: takes either part, and neither", async ({ hub }) => {
    const distinct_ids = ["ann"];
    expect(await hub.call("PATCH", BULK, { distinct_ids })).toMatchObject(DONE);
    expect(await hub.call("PATCH", BULK, { distinct_ids, categories: null })).toMatchObject(DONE);
    const channel_preferences = [{ channel: "sms", is_restricted: true }];
    expect(await hub.call("PATCH", BULK, { distinct_ids, channel_preferences })).toMatchObject(DONE);
    const { channel_preferences: shown } = await page(hub, "", pathOf("ann"));
    expect(shown).toContainEqual({ channel: "sms", is_restricted: true });
  });

  it("202: holds in the tenant that the query names", async ({ hub, desk }) => {
    await desk.addTenant("acme");
    const body = { distinct_ids: ["ann"], categories: [{ category: "newsletter", preference: "opt_out" }] };
    await hub.call("PATCH", `${BULK}?tenant_id=acme`, body);
    const shown = async (query: string) => find(await page(hub, query, pathOf("ann")), "newsletter");
    expect(await shown("?tenant_id=acme")).toMatchObject({ preference: "opt_out" });
    expect(await shown("")).toMatchObject({ preference: "opt_in" });
  });

  it("404: stores nothing where the tenant or a category does not exist", async ({ hub }) => {
    const good = { category: "newsletter", preference: "opt_out" };
    const distinct_ids = ["ann"];
    expect(
      await hub.call("PATCH", `${BULK}?tenant_id=nobody`, { distinct_ids, categories: [good] }),
    ).toMatchObject(notFound("tenant 'nobody' not found"));
    const gone = { category: "gone", preference: "opt_out" };
    expect(await hub.call("PATCH", BULK, { distinct_ids, categories: [good, gone] })).toMatchObject(
      notFound("category 'gone' not found"),
    );
    expect(find(await page(hub, "", pathOf("ann")), "newsletter")).toMatchObject({
      original_preference: null,
    });
  });

  it.for<[unknown, Record<string, string>]>([
    [{}, { distinct_ids: "is a required field" }],
    [{ distinct_ids: null }, { distinct_ids: "is a required field" }],
    [{ distinct_ids: "ann" }, { distinct_ids: "must be an array" }],
    [{ distinct_ids: [] }, { distinct_ids: "must contain at least 1 item" }],
    [
      { distinct_ids: Array.from({ length: 101 }, String) },
      { distinct_ids: "must contain at maximum 100 items" },
    ],
    [{ distinct_ids: [""] }, { "distinct_ids[0]": "is a required field" }],
    [{ distinct_ids: [7] }, { "distinct_ids[0]": "must be a string" }],
    [{ distinct_ids: ["ann"], categories: {} }, { categories: "must be an array" }],
    [
      { distinct_ids: ["ann"], categories: [{ preference: "opt_in" }] },
      { "categories[0].category": "is a required field" },
    ],
    [
      { distinct_ids: ["ann"], categories: [{ category: "newsletter" }] },
      { "categories[0].preference": "is a required field" },
    ],
    [
      {
        distinct_ids: ["ann"],
        categories: [
          { category: "summary", preference: "opt_in", properties: [{ key: "region", value: "us" }] },
        ],
      },
      { "categories[0].properties[0].value": "not editable" },
    ],
  ])("400: refuses %j", async ([body, detail], { hub }) => {
    expect(await hub.call("PATCH", BULK, body)).toMatchObject(refused(detail));
  });

  it("202: for a hundred users and all categories at once", async ({ hub, desk }) => {
    const distinct_ids = Array.from({ length: 100 }, (_unused, index) => `user-${index}`);
    await desk.addRecipients(distinct_ids);
    const categories = ["alerts", "summary", "newsletter", "beta", "loose"].map((category) => ({
      category,
      preference: "opt_out",
    }));
    expect(await hub.call("PATCH", BULK, { distinct_ids, categories })).toMatchObject(DONE);
    const [{ count } = { count: 0 }] = await desk.db.query<{ count: number }>(
      "select count(*)::int as count from pref_category where workspace_id = $1 and preference = 'opt_out'",
      [hub.workspace_id],
    );
    expect(count).toBe(500);
  });

  it("does not wait forever for another of its kind that has the same users the other way round", async ({
    hub,
  }) => {
    const categories = [{ category: "newsletter", preference: "opt_out" }];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_unused, index) => {
        const distinct_ids = index % 2 === 0 ? ["ann", "bob", "cyd"] : ["cyd", "bob", "ann"];
        return hub.call("PATCH", index % 3 === 0 ? RESET : BULK, { distinct_ids, categories });
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
  });
});

describe("PATCH /v1/bulk/user/preference/reset/", () => {
  it.beforeEach(async ({ hub, desk }) => {
    await desk.addTenant("acme");
    const body = {
      distinct_ids: ["ann", "bob", "cyd"],
      channel_preferences: [{ channel: "email", is_restricted: true }],
      categories: [{ category: "newsletter", preference: "opt_out" }],
    };
    for (const query of ["", "?tenant_id=acme"]) await hub.call("PATCH", `${BULK}${query}`, body);
  });

  it.for<[Record<string, unknown>, string[]]>([
    [{}, []],
    [{ reset_channel_preferences: true, reset_categories: true }, []],
    [{ reset_channel_preferences: null }, []],
    [{ reset_channel_preferences: false }, ["channels"]],
    [{ reset_categories: false }, ["categories"]],
    [{ reset_channel_preferences: false, reset_categories: false }, ["categories", "channels"]],
  ])("202: with %j keeps %j, and everything of others", async ([flags, kept], { hub }) => {
    const answer = await hub.call("PATCH", RESET, { distinct_ids: ["ann", "bob", "nobody"], ...flags });
    expect(answer).toMatchObject(DONE);
    const left = async (id: string, query = "") => {
      const view = await page(hub, query, pathOf(id));
      return [
        ...(find(view, "newsletter")?.original_preference === "opt_out" ? ["categories"] : []),
        ...(view.channel_preferences.some(({ is_restricted }) => is_restricted) ? ["channels"] : []),
      ];
    };
    expect(await left("ann")).toEqual(kept);
    expect(await left("bob")).toEqual(kept);
    expect(await left("cyd")).toEqual(["categories", "channels"]);
    expect(await left("ann", "?tenant_id=acme")).toEqual(["categories", "channels"]);
  });

  it("404: in a tenant that there is not", async ({ hub }) => {
    const answer = await hub.call("PATCH", `${RESET}?tenant_id=nobody`, { distinct_ids: ["ann"] });
    expect(answer).toMatchObject(notFound("tenant 'nobody' not found"));
  });

  it.for<[unknown, Record<string, string>]>([
    [{ reset_categories: true }, { distinct_ids: "is a required field" }],
    [{ distinct_ids: ["ann"], reset_categories: "no" }, { reset_categories: "must be true or false" }],
  ])("400: refuses %j", async ([body, detail], { hub }) => {
    expect(await hub.call("PATCH", RESET, body)).toMatchObject(refused(detail));
  });
});
