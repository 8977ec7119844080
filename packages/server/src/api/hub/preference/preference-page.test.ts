import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub } from "../../../../test/hub.ts";
import {
  CHANNELS,
  categoriesOf,
  choose,
  find,
  furnishPages,
  notFound,
  on,
  page,
  refused,
  USER,
} from "../../../../test/preferences/pages.ts";

it.beforeEach(async ({ hub, desk }) => {
  await furnishPages(hub, desk);
  await desk.addRecipients(["ann", "a/b é"]);
  await desk.addRecipients(["core"], "teams");
});

describe("a preference page", () => {
  it.for<[string, string[]]>([
    ["mail", ["newsletter"]],
    ["product", ["newsletter", "beta"]],
    [JSON.stringify({ and: ["product", { not: "mail" }] }), ["beta"]],
    [JSON.stringify({ exists: false }), ["alerts", "summary", "loose"]],
    ["nothing", []],
    ["", ["alerts", "summary", "newsletter", "beta", "loose"]],
  ])("shows the categories with the tags %s, and no empty section", async ([tags, slugs], { hub }) => {
    const view = await page(hub, `?tags=${encodeURIComponent(tags)}`);
    expect(categoriesOf(view).map(({ category }) => category)).toEqual(slugs);
    expect(view.sections.filter(({ subcategories }) => subcategories.length === 0)).toEqual([]);
  });

  it("400: refuses an expression that is none, and values that are", async ({ hub }) => {
    expect(await hub.call("GET", `${USER}?tags=${encodeURIComponent("{")}`)).toMatchObject({
      status: 400,
      json: { detail: { tags: expect.stringMatching(/^is not JSON; must be a tag, or JSON like/) } },
    });
    expect(await hub.call("GET", `${USER}?show_opt_out_channels=maybe`)).toMatchObject(
      refused({ show_opt_out_channels: "must be true or false" }),
    );
    expect(await hub.call("GET", `${USER}?tags=a&tags=b`)).toMatchObject(
      refused({ tags: "must be given only once" }),
    );
    expect(await hub.call("GET", `${USER}category/?limit=ten`)).toMatchObject(
      refused({ limit: "must be a whole number" }),
    );
  });

  it("ignores parameters that it does not know, and takes a path without its last slash", async ({ hub }) => {
    expect(await page(hub, "?surprise=1&&")).toEqual(await page(hub));
    expect((await hub.call("GET", USER.slice(0, -1))).json).toEqual(await page(hub));
    expect((await hub.call("GET", `${USER}category/newsletter`)).status).toBe(200);
    expect((await hub.call("PATCH", `${USER}category/newsletter`, { preference: "opt_in" })).status).toBe(
      202,
    );
  });

  it("is there for an id with a slash, a space and an accent", async ({ hub }) => {
    const path = `/v1/user/${encodeURIComponent("a/b é")}/preference/`;
    expect((await choose(hub, "newsletter", { preference: "opt_out" }, "", path)).status).toBe(202);
    expect(find(await page(hub, "", path), "newsletter")).toMatchObject({ preference: "opt_out" });
    expect(find(await page(hub), "newsletter")).toMatchObject({ preference: "opt_in" });
  });

  it("lacks what the tenant disabled, hid or blocked", async ({ hub }) => {
    const setTenant = (slug: string, body: unknown) =>
      hub.call("PATCH", `/v1/tenant/default/preference/category/${slug}/`, body);
    await setTenant("newsletter", { enabled_for_tenant: false });
    await setTenant("loose", { visible_to_subscriber: false });
    await setTenant("alerts", { blocked_channels: ["email"] });
    await hub.call("POST", "/v1/tenant/default/", { blocked_channels: ["slack"] });
    const view = await page(hub);
    expect(categoriesOf(view).map(({ category }) => category)).toEqual(["alerts", "summary", "beta"]);
    expect(find(view, "alerts")?.channels.map(({ channel }) => channel)).toEqual(
      CHANNELS.filter((channel) => !["email", "slack"].includes(channel)),
    );
    expect(view.channel_preferences.map(({ channel }) => channel)).not.toContain("slack");
    for (const slug of ["newsletter", "loose"]) {
      const expected = notFound(`category '${slug}' not found`);
      expect(await hub.call("GET", `${USER}category/${slug}/`)).toMatchObject(expected);
      expect(await choose(hub, slug, { preference: "opt_out" })).toMatchObject(expected);
    }
  });

  it("lacks the inbox where the workspace keeps it off", async ({ hub, desk }) => {
    await desk.db.query(
      `update workspace set config = config || '{"user_inbox_preference_enabled": false}' where workspace_id = $1`,
      [hub.workspace_id],
    );
    const view = await page(hub);
    expect(view.channel_preferences.map(({ channel }) => channel)).not.toContain("inbox");
    expect(on(find(view, "newsletter"))).not.toContain("inbox");
  });

  it("is in the language that was asked for, as far as there are words", async ({ hub, harness }) => {
    const translate = (locale: string, payload: object) =>
      harness.app.inject({
        method: "POST",
        url: `/v1/${hub.workspace.slug}/preference_category/translation/content/${locale}/`,
        headers: { authorization: `ServiceToken ${harness.serviceToken}` },
        payload: JSON.stringify(payload),
      });
    await translate("es", {
      sections: { "product-updates": { name: "Novedades", description: "Lo nuevo" } },
      categories: { newsletter: { name: "Boletín", description: null } },
    });
    await translate("es-AR", { categories: { newsletter: { description: "Una vez al mes, che" } } });
    const shown = async (locale: string) => {
      const view = await page(hub, `?locale=${locale}`);
      const newsletter = find(view, "newsletter");
      return [view.sections[2]?.name, newsletter?.name, newsletter?.description];
    };
    expect(await shown("es-AR")).toEqual(["Novedades", "Boletín", "Una vez al mes, che"]);
    expect(await shown("es_ar")).toEqual(await shown("es-AR"));
    expect(await shown("es-MX")).toEqual(["Novedades", "Boletín", "Once a month"]);
    expect(await shown("fr")).toEqual(["Product Updates", "Newsletter", "Once a month"]);
    expect(await shown("nonsense")).toEqual(await shown("fr"));
    const patched = await choose(hub, "newsletter", { preference: "opt_in" }, "?locale=es");
    expect(patched.json).toMatchObject({ name: "Boletín" });
  });

  it("is empty in a workspace without categories", async ({ harness }) => {
    const other = await createHub(harness);
    await other.call("POST", "/v1/user/ann/", {});
    expect(await other.call("GET", USER)).toMatchObject({
      status: 200,
      json: { sections: [], channel_preferences: [] },
    });
  });
});
