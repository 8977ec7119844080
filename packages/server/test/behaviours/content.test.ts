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
