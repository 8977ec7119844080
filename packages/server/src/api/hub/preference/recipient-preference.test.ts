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
  restrict,
  USER,
  type CategoryView,
  type PageView,
} from "../../../../test/preferences/pages.ts";

/* Preferences of users and objects, which have the same endpoints under two paths. */

it.beforeEach(async ({ hub, desk }) => {
  await furnishPages(hub, desk);
  await desk.addRecipients(["ann", "a/b é"]);
  await desk.addRecipients(["core"], "teams");
});

const OBJECT = "/v1/object/teams/core/preference/";

describe.for([
  ["a user", USER, "/v1/user/eve/preference/", "user [distinct_id: 'eve'] not found"],
  ["an object", OBJECT, "/v1/object/teams/eve/preference/", "object 'teams/eve' not found"],
] as const)("preferences of %s", ([, path, unknown, missing]) => {
  it("GET 200: sections by root and document, what is chosen and what can be", async ({ hub }) => {
    const view = await page(hub, "", path);
    expect(view.sections.map(({ name, slug }) => [name, slug])).toEqual([
      ["Security", "security"],
      ["Reports", "reports"],
      ["Product Updates", "product-updates"],
      [null, null],
    ]);
    expect(view.sections[2]).toEqual({
      name: "Product Updates",
      slug: "product-updates",
      description: "What is new",
      tags: ["product"],
      subcategories: [expect.anything(), expect.anything()],
    });
    expect(find(view, "newsletter")).toEqual({
      name: "Newsletter",
      category: "newsletter",
      description: "Once a month",
      tags: ["mail"],
      effective_tags: ["mail", "product"],
      original_preference: null,
      preference: "opt_in",
      is_editable: true,
      channels: CHANNELS.map((channel) => ({ channel, preference: "opt_in", is_editable: true })),
      digest_schedule_options: null,
      digest_schedule: null,
      properties: null,
    });
    expect(view.channel_preferences).toEqual(CHANNELS.map((channel) => ({ channel, is_restricted: false })));
  });

  it("GET 200: what cannot be unsubscribed from is on, and its mandatory channels are not editable", async ({
    hub,
  }) => {
    const alerts = find(await page(hub, "", path), "alerts");
    expect(alerts).toMatchObject({ preference: "opt_in", is_editable: false, original_preference: null });
    expect(on(alerts)).toEqual(["email", "inbox"]);
    expect(alerts?.channels.filter(({ is_editable }) => !is_editable)).toEqual([
      { channel: "email", preference: "opt_in", is_editable: false },
    ]);
  });

  it("PATCH 200: changes channels and categories together, and answers with all of it", async ({ hub }) => {
    const answer = await hub.call("PATCH", path, {
      channel_preferences: [{ channel: "sms", is_restricted: true }],
      categories: [
        { category: "newsletter", preference: "opt_in", opt_out_channels: ["slack", "sms"] },
        { category: "beta", preference: "opt_in" },
      ],
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual(await page(hub, "", path));
    const view = answer.json as PageView;
    expect(view.channel_preferences.filter(({ is_restricted }) => is_restricted)).toEqual([
      { channel: "sms", is_restricted: true },
    ]);
    expect(on(find(view, "newsletter"))).toEqual(CHANNELS.filter((one) => !["slack", "sms"].includes(one)));
    expect(find(view, "newsletter")?.channels.find(({ channel }) => channel === "sms")).toEqual({
      channel: "sms",
      preference: "opt_out",
      is_editable: false,
    });
    expect(find(view, "beta")).toMatchObject({ preference: "opt_in", original_preference: "opt_in" });
    // The list was read after the restriction of the same body: text messages come back when it is lifted.
    await restrict(hub, { sms: false }, "", path);
    expect(on(find(await page(hub, "", path), "newsletter"))).toContain("sms");
  });

  it("PATCH 400, 404: nothing of a body with a mistake is stored", async ({ hub }) => {
    const before = await page(hub, "", path);
    const channel_preferences = [{ channel: "sms", is_restricted: true }];
    const good = { category: "newsletter", preference: "opt_out" };
    const bad = { category: "summary", preference: "opt_in", digest_schedule: { id: "hourly" } };
    expect(await hub.call("PATCH", path, { channel_preferences, categories: [good, bad] })).toMatchObject(
      refused({ "categories[1].digest_schedule.id": "must be one of ['daily' 'weekly']" }),
    );
    const gone = { category: "gone", preference: "opt_in" };
    expect(await hub.call("PATCH", path, { channel_preferences, categories: [good, gone] })).toMatchObject(
      notFound("category 'gone' not found"),
    );
    expect(await page(hub, "", path)).toEqual(before);
  });

  it("GET 200, PATCH 202: channel preferences are merged by channel", async ({ hub }) => {
    expect((await restrict(hub, { email: true, sms: true }, "", path)).status).toBe(202);
    const answer = await restrict(hub, { sms: false, slack: true }, "", path);
    expect(answer).toMatchObject({
      status: 202,
      json: {
        channel_preferences: CHANNELS.map((channel) => ({
          channel,
          is_restricted: ["email", "slack"].includes(channel),
        })),
      },
    });
    expect(await hub.call("GET", `${path}channel_preference/`)).toMatchObject({
      status: 200,
      json: answer.json,
    });
  });

  it("GET 200: categories page by page", async ({ hub }) => {
    const list = (query: string) => hub.call("GET", `${path}category/${query}`);
    const { json, status } = await list("");
    expect(status).toBe(200);
    const { meta, results } = json as { meta: unknown; results: CategoryView[] };
    expect(meta).toEqual({ count: 5, limit: 10, offset: 0 });
    expect(results).toEqual(categoriesOf(await page(hub, "", path)));
    const second = (await list("?limit=2&offset=2")).json as { results: CategoryView[] };
    expect(second).toMatchObject({ meta: { count: 5, limit: 2, offset: 2 } });
    expect(second.results.map(({ category }) => category)).toEqual(["newsletter", "beta"]);
    expect((await list("?tags=product&limit=1")).json).toMatchObject({
      meta: { count: 2, limit: 1, offset: 0 },
    });
  });

  it("GET 200, PATCH 202: a single category, whole", async ({ hub }) => {
    const answer = await choose(
      hub,
      "newsletter",
      { preference: "opt_in", opt_out_channels: ["email"] },
      "",
      path,
    );
    expect(answer.status).toBe(202);
    expect(answer.json).toEqual((await hub.call("GET", `${path}category/newsletter/`)).json);
    expect(answer.json).toEqual(find(await page(hub, "", path), "newsletter"));
    expect(on(answer.json as CategoryView)).toEqual(CHANNELS.filter((channel) => channel !== "email"));
  });

  it("404: of whom there is not, whatever is asked", async ({ hub }) => {
    const optOut = { preference: "opt_out" };
    const channels = { channel_preferences: [] };
    for (const answer of [
      hub.call("GET", unknown),
      hub.call("PATCH", unknown, {}),
      hub.call("GET", `${unknown}channel_preference/`),
      hub.call("PATCH", `${unknown}channel_preference/`, channels),
      hub.call("GET", `${unknown}category/`),
      hub.call("GET", `${unknown}category/newsletter/`),
      hub.call("PATCH", `${unknown}category/newsletter/`, optOut),
    ]) {
      expect(await answer).toMatchObject(notFound(missing));
    }
  });

  it("404: in a tenant that there is not, whatever is asked", async ({ hub }) => {
    const query = "?tenant_id=nobody";
    for (const answer of [
      hub.call("GET", `${path}${query}`),
      hub.call("PATCH", `${path}${query}`, {}),
      hub.call("GET", `${path}channel_preference/${query}`),
      restrict(hub, {}, query, path),
      hub.call("GET", `${path}category/${query}`),
      hub.call("GET", `${path}category/newsletter/${query}`),
      choose(hub, "newsletter", { preference: "opt_out" }, query, path),
    ]) {
      expect(await answer).toMatchObject(notFound("tenant 'nobody' not found"));
    }
  });

  it.for(["gone", "system", "constructor", "a%2Fb"])("404: for the category %s", async (slug, { hub }) => {
    const expected = notFound(`category '${decodeURIComponent(slug)}' not found`);
    expect(await hub.call("GET", `${path}category/${slug}/`)).toMatchObject(expected);
    expect(await choose(hub, slug, { preference: "opt_out" }, "", path)).toMatchObject(expected);
  });

  it("are nobody else's", async ({ hub, harness }) => {
    const other = await createHub(harness);
    expect(await other.call("GET", path)).toMatchObject({ status: 404 });
    expect(await choose(other, "newsletter", { preference: "opt_out" }, "", path)).toMatchObject({
      status: 404,
    });
    expect(find(await page(hub, "", path), "newsletter")).toMatchObject({ original_preference: null });
  });
});

describe("a choice for a category", () => {
  it("replaces what was chosen of the channels, and leaves digests and properties that it does not name", async ({
    hub,
  }) => {
    await choose(hub, "summary", {
      preference: "opt_in",
      opt_out_channels: ["email"],
      digest_schedule: { id: "weekly", weekdays: ["sa"] },
      properties: [{ key: "threshold", value: 500 }],
    });
    const { json } = await choose(hub, "summary", { preference: "opt_in", opt_in_channels: ["slack"] });
    expect(on(json as CategoryView)).toEqual(["email", "slack"]);
    expect(json).toMatchObject({
      digest_schedule: {
        id: "weekly",
        label: "Weekly",
        frequency: "weekly",
        interval: 1,
        time: "10:00",
        weekdays: ["sa"],
        is_default: false,
        is_user_selected: true,
      },
      digest_schedule_options: {
        options: [
          { id: "daily", time: { edit_policy: "editable", default_value: "09:00", value: "" } },
          {
            id: "weekly",
            time: { edit_policy: "locked", default_value: "10:00", value: "" },
            weekdays: { edit_policy: "editable", default_value: ["mo"], value: ["sa"] },
            is_user_selected: true,
          },
        ],
      },
      properties: [
        { key: "threshold", default_value: 10, is_overridden: true, value: 500 },
        { key: "region", default_value: "eu", is_overridden: false, value: "eu", edit_policy: "locked" },
      ],
    });
    const { json: cleared } = await choose(hub, "summary", {
      preference: "opt_in",
      digest_schedule: null,
      properties: null,
    });
    expect(on(cleared as CategoryView)).toEqual(["email"]);
    expect(cleared).toMatchObject({
      digest_schedule: { id: "daily", is_user_selected: false },
      properties: [{ value: 10, is_overridden: false }, { value: "eu" }],
    });
  });

  it("shows no channels while it is off, unless they are asked for", async ({ hub }) => {
    const { json } = await choose(hub, "newsletter", { preference: "opt_out", opt_out_channels: ["sms"] });
    expect(json).toMatchObject({ preference: "opt_out", original_preference: "opt_out", channels: [] });
    const shown = await hub.call("GET", `${USER}category/newsletter?show_opt_out_channels=true`);
    expect(shown.json).toMatchObject({
      preference: "opt_out",
      channels: CHANNELS.map((channel) => ({ channel, preference: "opt_out", is_editable: true })),
    });
    // What was off stays known.
    const again = await choose(hub, "newsletter", { preference: "opt_in", opt_out_channels: ["sms"] });
    expect(on(again.json as CategoryView)).not.toContain("sms");
  });

  it("may be an opt-out where nobody can unsubscribe: it stops all but the mandatory channels", async ({
    hub,
  }) => {
    const { status, json } = await choose(hub, "alerts", {
      preference: "opt_out",
      opt_out_channels: ["email"],
    });
    expect(status).toBe(202);
    expect(json).toMatchObject({ preference: "opt_in", original_preference: "opt_out", is_editable: false });
    expect(on(json as CategoryView)).toEqual(["email"]);
  });

  it.for<[string, unknown, Record<string, string>]>([
    ["newsletter", {}, { preference: "is a required field" }],
    ["newsletter", { preference: "off" }, { preference: "must be one of ['opt_in' 'opt_out']" }],
    ["newsletter", { preference: "cant_unsubscribe" }, { preference: "must be one of ['opt_in' 'opt_out']" }],
    [
      "newsletter",
      { preference: "opt_in", opt_out_channels: ["email", "fax"] },
      {
        "opt_out_channels[1]":
          "must be one of ['email' 'sms' 'whatsapp' 'inbox' 'androidpush' 'iospush' 'webpush' 'slack' 'ms_teams']",
      },
    ],
    [
      "newsletter",
      { preference: "opt_in", opt_in_channels: "email" },
      { opt_in_channels: "must be an array of channels" },
    ],
    [
      "newsletter",
      { preference: "opt_in", digest_schedule: { id: "daily" } },
      { "digest_schedule.id": "must be one of []" },
    ],
    [
      "summary",
      { preference: "opt_in", digest_schedule: { id: "weekly", time: "12:00" } },
      { "digest_schedule.time": "not editable" },
    ],
    [
      "summary",
      { preference: "opt_in", digest_schedule: { id: "daily", time: "24:00" } },
      { "digest_schedule.time": "must be a time like 09:30" },
    ],
    [
      "summary",
      { preference: "opt_in", properties: [{ key: "region", value: "us" }] },
      { "properties[0].value": "not editable" },
    ],
    [
      "summary",
      { preference: "opt_in", properties: [{ key: "threshold", value: "many" }] },
      { "properties[0].value": "must be an integer" },
    ],
    [
      "summary",
      { preference: "opt_in", properties: [{ key: "other", value: 1 }] },
      { "properties[0].key": "must be one of ['threshold' 'region']" },
    ],
  ])("400: for %s refuses %j", async ([slug, body, detail], { hub }) => {
    expect(await choose(hub, slug, body)).toMatchObject(refused(detail));
  });

  it.for<[unknown, string]>([
    [[], "Request body must only contain a single JSON object"],
    ["opt_out", "BAD REQUEST"],
    ["", "Request body must not be empty"],
  ])("400: refuses the body %j", async ([body, message], { hub }) => {
    expect(await choose(hub, "newsletter", body)).toMatchObject({
      status: 400,
      json: { code: 400, message },
    });
  });

  it("holds in one tenant", async ({ hub, desk }) => {
    await desk.addTenant("acme");
    await choose(hub, "newsletter", { preference: "opt_out" }, "?tenant_id=acme");
    await restrict(hub, { sms: true }, "?tenant_id=acme");
    expect(find(await page(hub), "newsletter")).toMatchObject({ preference: "opt_in" });
    const there = await page(hub, "?tenant_id=acme");
    expect(find(there, "newsletter")).toMatchObject({ preference: "opt_out" });
    expect(there.channel_preferences.filter(({ is_restricted }) => is_restricted)).toHaveLength(1);
    expect(await page(hub, "?tenant_id=")).toEqual(await page(hub));
  });

  it("made in two places at once is one of the two, and the other field is kept", async ({ hub }) => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_unused, index) =>
        choose(
          hub,
          "summary",
          index % 2 === 0
            ? { preference: "opt_in", properties: [{ key: "threshold", value: 7 }] }
            : { preference: "opt_in", digest_schedule: { id: "weekly" } },
        ),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(find(await page(hub), "summary")).toMatchObject({
      digest_schedule: { id: "weekly" },
      properties: [{ value: 7 }, {}],
    });
  });
});

describe("channel preferences", () => {
  it("show a restricted channel as off and fixed, except where it is mandatory", async ({ hub }) => {
    await restrict(hub, { email: true });
    const view = await page(hub);
    const email = (slug: string) => find(view, slug)?.channels.find(({ channel }) => channel === "email");
    expect(email("newsletter")).toEqual({ channel: "email", preference: "opt_out", is_editable: false });
    expect(email("alerts")).toEqual({ channel: "email", preference: "opt_in", is_editable: false });
  });

  it("are there for what was opted out of, though no vendor serves it", async ({ hub, desk }) => {
    await restrict(hub, { sms: true });
    await desk.db.query("delete from vendor_route where workspace_id = $1 and channel in ('sms', 'slack')", [
      hub.workspace_id,
    ]);
    const { channel_preferences } = await page(hub);
    expect(channel_preferences).toContainEqual({ channel: "sms", is_restricted: true });
    expect(channel_preferences.map(({ channel }) => channel)).not.toContain("slack");
  });

  it.for<[unknown, Record<string, string>]>([
    [{}, { channel_preferences: "is a required field" }],
    [{ channel_preferences: "email" }, { channel_preferences: "must be an array" }],
    [{ channel_preferences: ["email"] }, { "channel_preferences[0]": "must be an object" }],
    [
      { channel_preferences: [{ channel: "fax", is_restricted: true }] },
      {
        "channel_preferences[0].channel":
          "must be one of ['email' 'sms' 'whatsapp' 'inbox' 'androidpush' 'iospush' 'webpush' 'slack' 'ms_teams']",
      },
    ],
    [
      { channel_preferences: [{ is_restricted: true }] },
      { "channel_preferences[0].channel": "is a required field" },
    ],
    [
      { channel_preferences: [{ channel: "email" }] },
      { "channel_preferences[0].is_restricted": "is a required field" },
    ],
    [
      { channel_preferences: [{ channel: "email", is_restricted: "yes" }] },
      { "channel_preferences[0].is_restricted": "must be true or false" },
    ],
  ])("400: refuse %j", async ([body, detail], { hub }) => {
    expect(await hub.call("PATCH", `${USER}channel_preference/`, body)).toMatchObject(refused(detail));
  });
});
