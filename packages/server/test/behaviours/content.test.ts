import { describe, expect } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import { onServer as it } from "../fixture.ts";
import { node, type World } from "./world.ts";

/* What goes out: texts in the recipient's language, and one channel's mistake that is nobody else's. */

async function translate(world: World, files: Record<string, JsonObject>): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    await world.manage("POST", `v1/translation/content/${file}/`, { content });
  }
  const { status } = await world.manage("PATCH", "v1/translation/commit/");
  expect(status).toBe(202);
}

const everybody = (slug: string) => node("send_multi_channel", "s", { template: slug });
const reader = (distinct_id: string, more: JsonObject = {}) => ({
  distinct_id,
  $channels: ["sms", "inbox"],
  $sms: "+14155550100",
  name: distinct_id,
  ...more,
});

async function contents(world: World): Promise<Record<string, unknown>> {
  const sent = await world.messages();
  return Object.fromEntries(
    sent.map(({ channel, recipient, content, failure_reason }) => {
      const { body, text } = (content ?? {}) as { body?: string; text?: string };
      return [`${recipient.distinct_id} ${channel}`, body ?? text ?? failure_reason];
    }),
  );
}

describe("a translated message", () => {
  it.beforeEach(async ({ world }) => {
    await world.template("cart", {
      sms: { type: "basic", body: '{{{t "hello" name=$recipient.name}}}: {{t "items" count=n}}' },
      inbox: { body: '{{t "shop:open"}}' },
    });
    await world.workflow("cart", [everybody("cart")]);
  });

  it("is in the language of each recipient, key by key", async ({ world }) => {
    await translate(world, {
      "en.json": { hello: "Hello {{name}}", items: { one: "one thing", other: "{{count}} things" } },
      "es.json": { hello: "Hola {{name}}" },
      "shop.en.json": { open: "Open" },
      "shop.es-MX.json": { open: "Abierto" },
    });
    await world.trigger(
      "cart",
      [reader("Ana", { $locale: "es_MX" }), reader("D'Arcy"), reader("Jo", { $preferred_language: "es" })],
      { data: { n: 2 } },
    );
    expect(await contents(world)).toEqual({
      "Ana sms": "Hola Ana: 2 things",
      "Ana inbox": "Abierto",
      "D'Arcy sms": "Hello D'Arcy: 2 things",
      "D'Arcy inbox": "Open",
      "Jo sms": "Hola Jo: 2 things",
      "Jo inbox": "Open",
    });
  });

  it("uses what is committed, from the commit on", async ({ world }) => {
    await translate(world, {
      "en.json": { hello: "1 {{name}}", items: { other: "n" } },
      "shop.en.json": { open: "o" },
    });
    await world.trigger("cart", [reader("a")], { data: { n: 2 } });
    await world.manage("POST", "v1/translation/content/en.json/", {
      content: { hello: "2 {{name}}", items: { other: "n" } },
    });
    await world.trigger("cart", [reader("b")], { data: { n: 2 } });
    await translate(world, {});
    await world.trigger("cart", [reader("c")], { data: { n: 2 } });
    await world.manage("POST", "v1/translation/version/1/rollback/");
    await world.trigger("cart", [reader("d")], { data: { n: 2 } });
    expect(await contents(world)).toMatchObject({
      "a sms": "1 a: n",
      "b sms": "1 b: n",
      "c sms": "2 c: n",
      "d sms": "1 d: n",
    });
  });

  it("fails alone where a key is missing, and names it", async ({ world }) => {
    await translate(world, { "shop.en.json": { open: "Open" } });
    await world.trigger("cart", [reader("Ana", { $locale: "es-MX" })], { data: { n: 2 } });
    expect(await contents(world)).toEqual({
      "Ana sms":
        'sms: template rendering failed error: t: translation key "hello" not found in translation file for locales- es-MX and es, nor for en - 1:0',
      "Ana inbox": "Open",
    });
  });

  it("fails in a workspace without translations", async ({ world }) => {
    await world.trigger("cart", [reader("Ana")], { data: { n: 2 } });
    expect((await contents(world))["Ana inbox"]).toMatch(/translation is disabled or empty/);
  });
});

describe("what a template sees", () => {
  const seen = async (world: World): Promise<JsonObject> => {
    const content = (await world.messages()).at(-1)?.content as { extra_data?: string } | undefined;
    return JSON.parse(content?.extra_data ?? "null") as JsonObject;
  };

  it.beforeEach(async ({ world }) => {
    await world.template("all", { inbox: { body: "b", extra_data: "{{jsonStringify this}}" } });
    await world.workflow("all", [everybody("all")]);
  });

  it("has every reserved key where nothing is configured, so that strict templates print it", async ({
    world,
  }) => {
    await world.trigger("all", [{ distinct_id: "ann" }], { data: { order: 1 } });
    const place = { primary_color: "", logo: "" };
    const brand = {
      brand_id: "default",
      tenant_id: "default",
      brand_name: expect.any(String),
      tenant_name: expect.any(String),
      ...place,
      secondary_color: "",
      tertiary_color: "",
      timezone: null,
      blocked_channels: null,
      social_links: {
        website: "",
        facebook: "",
        linkedin: "",
        x: "",
        twitter: "",
        instagram: "",
        medium: "",
        discord: "",
        telegram: "",
        youtube: "",
        tiktok: "",
      },
      properties: {},
      embedded_preference_url: "",
      preference_page_url: "",
      hosted_preference_domain: expect.any(String),
      $embedded_preference_url: "",
      $hosted_preference_url: "",
    };
    const category = { slug: "transactional", name: expect.any(String), properties: {} };
    const ann = { $type: "user", distinct_id: "ann" };
    expect(await seen(world)).toEqual({
      order: 1,
      $recipient: ann,
      $user: ann,
      $actor: {},
      $brand: brand,
      $tenant: brand,
      $category: category,
      $organization: { name: expect.any(String), timezone: "UTC", ...place },
      $workflow: {
        slug: "all",
        name: "all",
        category: "transactional",
        $category: category,
        execution_id: expect.any(String),
        version: 1,
      },
      $embedded_preference_url: "",
      $hosted_preference_url: "",
      $unsubscribe_url: "",
    });
  });

  it("has the tenant's branding, with what it lacks from the default tenant", async ({ world }) => {
    await world.call("POST", "/v1/tenant/default/", { primary_color: "#111111", secondary_color: "#222222" });
    await world.call("POST", "/v1/tenant/acme/", {
      tenant_name: "Acme",
      logo: "https://acme.example/logo.png",
      primary_color: "#aaaaaa",
      embedded_preference_url: "https://acme.example/prefs",
      social_links: { twitter: "https://x.example/acme" },
      properties: { address: "1 Main St" },
    });
    await world.trigger("all", [{ distinct_id: "ann" }], { tenant_id: "acme" });
    const { $brand, $tenant, $embedded_preference_url } = await seen(world);
    expect($brand).toMatchObject({
      brand_id: "acme",
      brand_name: "Acme",
      logo: "https://acme.example/logo.png",
      primary_color: "#aaaaaa",
      secondary_color: "#222222",
      embedded_preference_url: "https://acme.example/prefs",
      $embedded_preference_url: "https://acme.example/prefs",
      social_links: { x: "https://x.example/acme", twitter: "https://x.example/acme" },
      properties: { address: "1 Main St" },
      address: "1 Main St",
    });
    expect($tenant).toEqual($brand);
    expect($embedded_preference_url).toBe("https://acme.example/prefs");
  });

  it("has the addresses of the people, unless a property is called so", async ({ world }) => {
    await world.call("POST", "/v1/user/ann/", {
      $email: "ann@example.com",
      $sms: "+14155550100",
      name: "Ann",
    });
    await world.call("POST", "/v1/user/bob/", { $email: "bob@example.com", email: "bob at example" });
    await world.trigger("all", ["ann"], { actor: "bob" });
    const { $recipient, $user, $actor } = await seen(world);
    expect($recipient).toMatchObject({ name: "Ann", email: "ann@example.com", phone: "+14155550100" });
    expect($user).toEqual($recipient);
    expect($actor).toMatchObject({ $type: "user", distinct_id: "bob", email: "bob at example" });
    await world.trigger("all", [{ distinct_id: "ann", $email: "other@example.com" }]);
    expect((await seen(world)).$recipient).toMatchObject({ email: "other@example.com" });
  });

  it("names objects as objects", async ({ world }) => {
    await world.call("POST", "/v1/object/team/red/", { name: "Red" });
    await world.trigger("all", [{ object_type: "team", id: "red" }]);
    expect((await seen(world)).$recipient).toEqual({
      $type: "object",
      object_type: "team",
      id: "red",
      name: "Red",
    });
  });
});

describe("content that a vendor approves", () => {
  it("goes to the vendor with its approvals and the values by place", async ({ world }) => {
    await world.template("way", {
      whatsapp: { category: "UTILITY", body: { text: "Hi {{name}}, {{order.id}} is on its way" } },
    });
    await world.workflow("way", [everybody("way")]);
    const approval = {
      vendor_slug: "cloud_api-whatsapp",
      vendor_uid: "waba-1",
      vendor_template_name: "order_way",
      vendor_template_id: "4711",
      approval_status: "approved",
    };
    const path = "v2/template/way/channel/whatsapp/variant/default/vendor_approval/?mode=live";
    expect(await world.manage("PATCH", path, approval)).toMatchObject({ status: 200 });
    await world.trigger("way", [{ distinct_id: "ann", $whatsapp: "+14155550100" }], {
      data: { name: "O'Neil", order: { id: "A-1" } },
    });
    const [message] = await world.messages();
    expect(message?.content).toMatchObject({
      body: { text: "Hi O'Neil, A-1 is on its way" },
      parameters: { body: ["O'Neil", "A-1"] },
      vendor_approvals: expect.arrayContaining([expect.objectContaining(approval)]),
    });
  });
});
