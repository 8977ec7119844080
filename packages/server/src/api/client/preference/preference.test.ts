import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { ClientAnswer } from "../../../../test/client/client.ts";
import {
  CHANNELS,
  categoriesOf,
  type CategoryView,
  find,
  furnishPages,
  on,
  page,
  type PageView,
} from "../../../../test/preferences/pages.ts";

/* What the person of a token sees and sets of their own preferences, as web-sdk 2.0 and newer ask for it. */

const ANN = "/v2/subscriber/ann";

it.beforeEach(async ({ hub, desk }) => {
  await furnishPages(hub, desk);
  await desk.addRecipients(["ann"]);
});

const isKnown = async (
  hub: { call: (method: "GET", url: string) => Promise<{ status: number }> },
  id: string,
) => (await hub.call("GET", `/v1/user/${encodeURIComponent(id)}/`)).status === 200;

const pageOf = ({ json }: ClientAnswer) => json as PageView;
const shown = ({ json }: ClientAnswer) => json as CategoryView;

describe("GET", () => {
  it("200: the whole page, as servers see it", async ({ client, hub }) => {
    const answer = await client.call("GET", `${ANN}/full_preference`);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual(await page(hub));
  });

  it("200: categories, one of them, and channels, with and without a slash at the end", async ({
    client,
    hub,
  }) => {
    const all = categoriesOf(await page(hub));
    for (const slash of ["", "/"]) {
      const list = await client.call("GET", `${ANN}/category${slash}`);
      expect(list).toMatchObject({
        status: 200,
        json: { meta: { count: all.length, limit: 10, offset: 0 }, results: all },
      });
      expect(await client.call("GET", `${ANN}/category/newsletter${slash}`)).toMatchObject({
        status: 200,
        json: { category: "newsletter", description: "Once a month" },
      });
      expect(await client.call("GET", `${ANN}/channel_preference${slash}`)).toMatchObject({
        status: 200,
        json: { channel_preferences: CHANNELS.map((channel) => ({ channel, is_restricted: false })) },
      });
    }
    expect(await client.call("GET", `${ANN}/category/?&limit=2&offset=1`)).toMatchObject({
      json: { meta: { limit: 2, offset: 1 }, results: all.slice(1, 3) },
    });
  });

  it("200: no channels of what is off, unless they are asked for", async ({ client }) => {
    await client.call("PATCH", `${ANN}/category/newsletter`, { body: { preference: "opt_out" } });
    const newsletter = async (query: string) =>
      find(pageOf(await client.call("GET", `${ANN}/full_preference${query}`)), "newsletter");
    expect((await newsletter(""))?.channels).toEqual([]);
    expect((await newsletter("?show_opt_out_channels=false"))?.channels).toEqual([]);
    expect((await newsletter("?show_opt_out_channels=true"))?.channels.length).toBe(CHANNELS.length);
  });

  it("200: only categories of the tags, plain or as a query", async ({ client }) => {
    const slugs = async (tags: unknown) => {
      const text = encodeURIComponent(typeof tags === "string" ? tags : JSON.stringify(tags));
      const answer = await client.call("GET", `${ANN}/full_preference/?tags=${text}`);
      return categoriesOf(pageOf(answer)).map(({ category }) => category);
    };
    expect(await slugs("mail")).toEqual(["newsletter"]);
    expect(await slugs({ or: [{ and: ["product", { not: "mail" }] }, "none"] })).toEqual(["beta"]);
    expect(await slugs({ exists: true })).toEqual(["newsletter", "beta"]);
    expect(await client.call("GET", `${ANN}/full_preference/?tags={`)).toMatchObject({
      status: 400,
      json: { error: { type: "validation_error", message: expect.stringContaining("tags") as string } },
    });
  });

  it("200: in the person's language, else the nearest", async ({ client, management }) => {
    await management.call("POST", "preference_category/translation/content/es", {
      categories: { newsletter: { name: "Boletín" } },
    });
    const name = async (locale: string) =>
      find(pageOf(await client.call("GET", `${ANN}/full_preference?locale=${locale}`)), "newsletter")?.name;
    expect(await name("es-AR")).toBe("Boletín");
    expect(await name("es")).toBe("Boletín");
    expect(await name("fr")).toBe("Newsletter");
  });

  it("200: the defaults for somebody whom the server does not know, who stays unknown", async ({
    client,
    hub,
  }) => {
    const bob = { as: "bob" };
    const answer = await client.call("GET", "/v2/subscriber/bob/full_preference", bob);
    expect(answer).toMatchObject({ status: 200, json: await page(hub) });
    expect((await client.call("GET", "/v2/subscriber/bob/category/beta", bob)).status).toBe(200);
    expect((await client.call("GET", "/v2/subscriber/bob/channel_preference", bob)).status).toBe(200);
    expect(await isKnown(hub, "bob")).toBe(false);
  });

  it("404: of a tenant or a category that there is not", async ({ client }) => {
    const scope = { tenant_id: "none" };
    expect(
      await client.call("GET", `${ANN}/full_preference?tenant_id=none`, { claims: { scope } }),
    ).toMatchObject({
      status: 404,
      json: { error: { type: "not_found", message: "tenant 'none' not found" } },
    });
    expect(await client.call("GET", `${ANN}/category/none`)).toMatchObject({
      status: 404,
      json: { error: { type: "not_found", message: "category 'none' not found" } },
    });
  });
});

describe("PATCH", () => {
  it("202: the whole category, in the way in which the page was read", async ({ client, hub }) => {
    const query = `?tenant_id=default&show_opt_out_channels=true&tags=${encodeURIComponent('{"or":["a"]}')}&locale=fr`;
    const answer = await client.call("PATCH", `${ANN}/category/newsletter/${query}`, {
      body: { preference: "opt_out", opt_out_channels: ["sms"] },
    });
    expect(answer).toMatchObject({
      status: 202,
      json: { preference: "opt_out", original_preference: "opt_out", name: "Newsletter" },
    });
    expect(shown(answer).channels.length).toBe(CHANNELS.length);
    expect(answer.json).toEqual(
      (await hub.call("GET", "/v1/user/ann/preference/category/newsletter/?show_opt_out_channels=true")).json,
    );
  });

  it("202: a list of channels that is absent stays, null is the defaults again, an empty one is none", async ({
    client,
  }) => {
    const set = async (body: object) => {
      const answer = await client.call("PATCH", `${ANN}/category/summary`, { body });
      expect(answer.status).toBe(202);
      return on(shown(answer));
    };
    const preference = "opt_in";
    const others = CHANNELS.filter((channel) => channel !== "sms");
    expect(await set({ preference })).toEqual(["email"]);
    expect(await set({ preference, opt_out_channels: ["sms"] })).toEqual(others);
    // A digest is set without the list (web-sdk 4.4).
    expect(await set({ preference, digest_schedule: { id: "weekly" } })).toEqual(others);
    expect(await set({ preference, opt_out_channels: [] })).toEqual(CHANNELS);
    expect(await set({ preference, opt_out_channels: null })).toEqual(["email"]);
  });

  it("202: channels, merged by channel, in one tenant alone", async ({ client, hub }) => {
    await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    const claims = { scope: { tenant_id: "acme" } };
    const set = (channel: string, is_restricted: boolean) =>
      client.call("PATCH", `${ANN}/channel_preference/?tenant_id=acme`, {
        body: { channel_preferences: [{ channel, is_restricted }] },
        claims,
      });
    await set("email", true);
    await set("sms", true);
    expect(await set("sms", false)).toMatchObject({
      status: 202,
      json: {
        channel_preferences: CHANNELS.map((channel) => ({ channel, is_restricted: channel === "email" })),
      },
    });
    const { json } = await client.call("GET", `${ANN}/channel_preference`);
    expect(JSON.stringify(json)).not.toContain('"is_restricted":true');
  });

  it("202: makes somebody whom the server does not know, or has deleted", async ({ client, hub }) => {
    const set = (id: string) =>
      client.call("PATCH", `/v2/subscriber/${id}/category/newsletter`, {
        body: { preference: "opt_out" },
        as: id,
      });
    expect(await set("bob")).toMatchObject({ status: 202, json: { preference: "opt_out" } });
    expect(await isKnown(hub, "bob")).toBe(true);
    await hub.call("DELETE", "/v1/user/ann/");
    expect(await set("ann")).toMatchObject({ status: 202, json: { preference: "opt_out" } });
    expect(await isKnown(hub, "ann")).toBe(true);
  });

  it("400: names the field, and makes nobody", async ({ client, hub }) => {
    const body = { preference: "off" };
    expect(
      await client.call("PATCH", "/v2/subscriber/bob/category/newsletter", { body, as: "bob" }),
    ).toMatchObject({
      status: 400,
      json: {
        error: {
          type: "validation_error",
          message: "{\"preference\":\"must be one of ['opt_in' 'opt_out']\"}",
        },
      },
    });
    const wrong = { preference: "opt_in", digest_schedule: { id: "hourly" } };
    expect(
      await client.call("PATCH", "/v2/subscriber/bob/category/summary", { body: wrong, as: "bob" }),
    ).toMatchObject({ status: 400, json: { detail: { "digest_schedule.id": expect.anything() as string } } });
    expect(
      await client.call("PATCH", "/v2/subscriber/bob/category/none", {
        body: { preference: "opt_in" },
        as: "bob",
      }),
    ).toMatchObject({ status: 404 });
    expect(await isKnown(hub, "bob")).toBe(false);
  });

  it("403: of somebody else, who stays as they are", async ({ client, hub }) => {
    const before = await page(hub);
    const body = { preference: "opt_out" };
    expect(await client.call("PATCH", `${ANN}/category/newsletter`, { body, as: "bob" })).toMatchObject({
      status: 403,
    });
    const channels = { channel_preferences: [{ channel: "email", is_restricted: true }] };
    expect(
      await client.call("PATCH", `${ANN}/channel_preference`, { body: channels, as: "bob" }),
    ).toMatchObject({ status: 403 });
    expect(await page(hub)).toEqual(before);
  });
});

describe("an id that is sent as it is", () => {
  it.for([
    "a/b",
    "/a/",
    "a/category",
    "full_preference",
    "50%",
    "é ü",
    "a+b@c.de",
    "category/category",
    "#1",
  ])("%s is that person", async (id, { client, hub }) => {
    // What fetch encodes of a path that was joined; a `#` it would cut off, so clients do encode it.
    const sent = encodeURI(id).replaceAll("%25", "%").replaceAll("#", "%23");
    const call = (path: string, method: "GET" | "PATCH" = "GET", body?: object) =>
      client.call(method, `/v2/subscriber/${sent}/${path}`, {
        as: id,
        ...(body === undefined ? {} : { body }),
      });
    expect((await call("full_preference")).status).toBe(200);
    expect((await call("category/?limit=1")).status).toBe(200);
    expect((await call("channel_preference/?&")).status).toBe(200);
    expect((await call("category/newsletter/", "PATCH", { preference: "opt_out" })).status).toBe(202);
    expect((await call("category/newsletter")).json).toMatchObject({ preference: "opt_out" });
    expect(await isKnown(hub, id)).toBe(true);
  });
});
