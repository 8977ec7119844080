import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../../packages/server/test/client/client.ts";
import { createHarness, type Harness, until } from "../../packages/server/test/harness.ts";
import { createHub, type Hub } from "../../packages/server/test/hub.ts";
import { createManagement, type Management } from "../../packages/server/test/management.ts";
import { furnishPreferences } from "../../packages/server/test/preferences/desk.ts";
import {
  type CategoryView,
  find,
  furnishPages,
  on,
  page as pageOf,
  type PageView,
} from "../../packages/server/test/preferences/pages.ts";
import { createWebClients, type WebClient, type WebClients } from "../support/web-client.ts";

/* The unmodified web SDK of three major versions in a real browser, from another origin than the server's. */

let harness: Harness;
let web: WebClients;
let hub: Hub;
let management: Management;
let app: Client;

beforeAll(async () => {
  harness = await createHarness();
  web = await createWebClients();
  hub = await createHub(harness);
  management = createManagement(harness, hub.workspace);
  app = await createClient(harness, hub.workspace);
  await furnishPages(hub, await furnishPreferences(hub));
});
afterAll(async () => {
  await web?.close();
  await harness?.close();
});

const user = async (id: string) => (await hub.call("GET", `/v1/user/${id}/`)).json as Record<string, unknown>;
const expired = (id: string) => app.sign(id, { exp: Math.floor(Date.now() / 1000) - 3600 });

describe.each([4, 3, 2] as const)("web-sdk %i", (version) => {
  /** Each version has a person of its own. */
  const ann = `ann-${version}`;
  const open = (options: { publicKey?: string; refreshToken?: (old: string) => Promise<string> } = {}) =>
    web.open({ version, publicKey: app.publicKey, host: harness.url, ...options });

  async function loggedIn(): Promise<WebClient> {
    const client = await open();
    expect(await client.identify(ann, await app.sign(ann))).toMatchObject({ status: "success" });
    return client;
  }

  it("logs in, edits the person, and tracks events", async () => {
    const client = await loggedIn();
    for (const [method, ...args] of [
      ["user.set", { plan: "pro", seats: 1, old: true }],
      ["user.setOnce", "plan", "free"],
      ["user.increment", { seats: 2 }],
      ["user.append", "tags", "a"],
      ["user.append", "tags", "b"],
      ["user.remove", "tags", "a"],
      ["user.unset", ["old"]],
      ["user.addEmail", `${ann}@example.com`],
      ["user.addSms", `+1415555267${version}`],
      ["user.addWhatsapp", `+1415555267${version}`],
      ["user.removeWhatsapp", `+1415555267${version}`],
      ["user.addSlack", { email: `${ann}@example.com`, access_token: "xoxb-1" }],
      ["user.addMSTeams", { incoming_webhook: { url: `https://teams.example.com/${version}` } }],
      ["user.setPreferredLanguage", "fr"],
      ["user.setTimezone", "Asia/Kolkata"],
      ["track", "PAGE_SEEN", { page: "/" }],
    ] as const) {
      expect([method, await client.call(method, ...args)]).toMatchObject([
        method,
        { status: "success", statusCode: 202 },
      ]);
    }
    // A subscription as the browser gives it, which is an object with a `toJSON`.
    const subscription = `{ endpoint: "https://push.example.com/${version}", expirationTime: null, keys: { p256dh: "p", auth: "a" } }`;
    expect(await client.read(`client.user.addWebPush(${subscription})`)).toMatchObject({ status: "success" });
    expect(await user(ann)).toMatchObject({
      properties: {
        plan: "pro",
        seats: 3,
        tags: ["b"],
        $preferred_language: "fr",
        $timezone: "Asia/Kolkata",
      },
      $email: [{ value: `${ann}@example.com` }],
      $sms: [{ value: `+1415555267${version}` }],
      $slack: [{}],
      $ms_teams: [{}],
      $webpush: [{ value: { endpoint: `https://push.example.com/${version}` } }],
    });
    expect(await user(ann)).not.toHaveProperty("$whatsapp");
    expect(await client.read(`client.user.removeWebPush(${subscription})`)).toMatchObject({
      status: "success",
    });
    expect(await user(ann)).not.toHaveProperty("$webpush");
    const seen = (await hub.requests()).filter(
      ({ body }) => (body as { distinct_id?: string }).distinct_id === ann,
    );
    expect(seen).toMatchObject([{ name: "PAGE_SEEN", body: { properties: { page: "/" } } }]);
    expect(client.errors).toEqual([]);
  });

  it("shows and changes preferences", async () => {
    const client = await loggedIn();
    const { body, status } = await client.call<PageView>("user.preferences.getPreferences", {
      tags: "mail",
      locale: "fr",
    });
    expect(status).toBe("success");
    expect(
      body?.sections.flatMap(({ subcategories }) => subcategories).map(({ category }) => category),
    ).toEqual(
      // Version 3 and older do not know tags.
      version === 4 ? ["newsletter"] : expect.arrayContaining(["newsletter", "summary"]),
    );
    const stored = async (slug: string) =>
      find(await pageOf(hub, "?show_opt_out_channels=true", `/v1/user/${ann}/preference/`), slug);
    const all = await client.call<PageView>("user.preferences.getPreferences");
    expect(all.body).toEqual(await pageOf(hub, "?show_opt_out_channels=true", `/v1/user/${ann}/preference/`));
    await client.read(
      `globalThis.updates = 0; client.emitter.on("preferences_updated", () => void updates++); 0`,
    );
    let updates = 0;
    /** An update waits a second for further ones; the SDK says when it has the server's answer. */
    const update = async (method: string, ...args: string[]) => {
      expect(await client.call(`user.preferences.${method}`, ...args)).toMatchObject({ status: "success" });
      updates += 1;
      await until(async () => (await client.read<number>("updates")) === updates);
    };
    await update("updateCategoryPreference", "newsletter", "opt_out");
    expect(await stored("newsletter")).toMatchObject({ preference: "opt_out" });
    await update("updateChannelPreferenceInCategory", "sms", "opt_in", "newsletter");
    expect(on(await stored("newsletter"))).toEqual(["sms"]);
    await update("updateOverallChannelPreference", "email", "required");
    expect((await pageOf(hub, "", `/v1/user/${ann}/preference/`)).channel_preferences).toContainEqual({
      channel: "email",
      is_restricted: true,
    });
    // What the client has after all that is what the server has.
    expect(find(await client.read<PageView>("client.user.preferences.data"), "newsletter")).toEqual(
      await stored("newsletter"),
    );
    const one = await client.call<CategoryView>("user.preferences.getCategory", "summary");
    expect(one.body).toMatchObject({ category: "summary", preference: "opt_in" });
    expect((await client.call("user.preferences.getCategories", { limit: 2 })).body).toMatchObject({
      meta: { limit: 2, offset: 0 },
    });
    expect((await client.call("user.preferences.getOverallChannelPreferences")).body).toMatchObject({
      channel_preferences: [{}, {}, {}, {}, {}, {}, {}, {}, {}],
    });
    expect(client.errors).toEqual([]);
  });

  it("tells a wrong token from a broken network, and logs nobody in", async () => {
    const client = await open();
    expect(await client.identify(ann, await app.sign("bob"))).toMatchObject({
      status: "error",
      statusCode: 403,
      error: { type: "permission_denied", message: `the token is for another user than '${ann}'` },
    });
    const other = await open();
    expect(await other.identify(`new-${ann}`)).toMatchObject({
      status: "error",
      statusCode: 401,
      error: { type: "token_invalid" },
    });
    const third = await open({ publicKey: "SS.PUBK.none" });
    expect(await third.identify(ann, await app.sign(ann))).toMatchObject({
      status: "error",
      statusCode: 401,
    });
    expect((await user(`new-${ann}`)).distinct_id).toBeUndefined();
  });

  it("gets a new token when its own has expired", async () => {
    const refreshed: string[] = [];
    const client = await open({
      async refreshToken(old) {
        refreshed.push(old);
        return app.sign(ann);
      },
    });
    const old = await expired(ann);
    expect(await client.identify(ann, old)).toMatchObject({ status: "success" });
    expect(await client.call("user.set", "refreshed", version)).toMatchObject({ status: "success" });
    expect(refreshed).toContain(old);
    expect(await user(ann)).toMatchObject({ properties: { refreshed: version } });
    expect(client.calls.filter((line) => line.endsWith(" 401"))).toEqual([]);
  });
});

describe("a page of another origin", () => {
  const ask = (client: WebClient, path: string, init: object) =>
    client.read<{ status: number; body: { error?: { type: string } }; retry: string | null }>(
      `fetch(${JSON.stringify(harness.url + path)}, ${JSON.stringify(init)}).then(async (reply) => ({ status: reply.status, body: await reply.json(), id: reply.headers.get("x-request-id") }))`,
    );

  it("reads what it is refused, and why", async () => {
    const client = await web.open({ version: 4, publicKey: app.publicKey, host: harness.url });
    const headers = {
      authorization: app.publicKey,
      "content-type": "application/json",
      "x-ss-signature": await app.sign("ann"),
      "x-suprsend-client-user-agent": "{}",
    };
    const path = "/v2/subscriber/ann/full_preference/";
    expect(await ask(client, path, { headers })).toMatchObject({
      status: 200,
      id: expect.any(String) as string,
    });
    expect(await ask(client, path, { headers: { ...headers, authorization: "SS.PUBK.none" } })).toMatchObject(
      { status: 401 },
    );
    expect(await ask(client, "/v2/subscriber/bob/full_preference", { headers })).toMatchObject({
      status: 403,
      body: { error: { type: "permission_denied" } },
    });
    expect(await ask(client, "/v2/subscriber/ann/category/none", { headers })).toMatchObject({ status: 404 });
    const patch = { method: "PATCH", headers, body: "{" };
    expect(await ask(client, "/v2/subscriber/ann/category/newsletter", patch)).toMatchObject({ status: 400 });
  });

  it("is refused where the key does not list it, and served where it does", async () => {
    const client = await web.open({ version: 4, publicKey: app.openKey, host: harness.url });
    const { results } = (await management.call("GET", "ws_public_key")).body as {
      results: { id: string; api_key: string }[];
    };
    const id = results.find(({ api_key }) => api_key === app.openKey)?.id;
    const restrict = (allowed_domains: string[]) =>
      management.call("PATCH", `ws_public_key/${id}`, { allowed_domains });
    await restrict(["app.example.com"]);
    expect(await client.identify("eve")).toMatchObject({
      status: "error",
      statusCode: 403,
      error: { type: "permission_denied", message: expect.stringContaining(web.origin) as string },
    });
    await restrict([new URL(web.origin).host]);
    expect(await client.identify("eve")).toMatchObject({ status: "success" });
  });
});
