import { describe, expect } from "vitest";
import { z } from "zod";
import { is } from "../../../../test/conditions.ts";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Hub } from "../../../../test/hub.ts";
import type { Management } from "../../../../test/management.ts";

const MICROS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const API_SERVICE = { name: "API Service", email: "" };
const at = expect.stringMatching(MICROS);

async function read({ call }: Hub, path = "") {
  const { status, json } = await call("GET", `/v1/template/${path}`);
  return { status, body: json as z.output<typeof anything> };
}

/** What the tests take apart of a group, a channel, a page or a refusal. */
const anything = z.object({
  code: z.number(),
  message: z.string(),
  meta: z.object({ count: z.number() }),
  results: z.array(z.object({ slug: z.string() })),
  is_active: z.boolean(),
  tags: z.array(z.object({ id: z.string(), name: z.string() })),
  channel: z.object({ is_template_approval_needed: z.boolean() }),
  channels: z.array(
    z.object({ channel: z.object({ slug: z.string() }), is_enabled: z.boolean(), is_active: z.boolean() }),
  ),
  versions: z.array(
    z.object({
      id: z.number(),
      status: z.string(),
      templates: z.array(z.object({ id: z.number(), approval_status: z.string() })),
    }),
  ),
});

const slugs = async (hub: Hub, query: string) =>
  (await read(hub, `?${query}`)).body.results.map(({ slug }) => slug);

async function addTask(m: Management): Promise<void> {
  await m.template("POST", "task", {
    name: "Task Reminder",
    description: "Of pending tasks",
    tags: ["ops"],
    enabled_channels: ["email", "inbox"],
  });
  const email = { subject: "Hi", body: { type: "raw", raw: { html: "<p>Hi</p>" } } };
  await m.template("POST", "task/channel/email/variant/default", { locale: "en", content: email });
  await m.template("POST", "task/channel/email/variant/fr", { locale: "fr", content: email });
  const pro = { locale: "de", content: email, conditions: [is("plan", "pro", "$recipient")] };
  await m.template("POST", "task/channel/email/variant/pro", pro);
  const acme = { locale: "it", content: email, tenant_id: "acme" };
  await m.template("POST", "task/channel/email/variant/acme", acme);
  await m.template("POST", "task/channel/inbox/variant/default", { locale: "en", content: { body: "Hi" } });
  expect((await m.template("PATCH", "task/commit", {})).status).toBe(200);
}

describe("200", () => {
  it("reads a template with its channels, as a group", async ({ hub, management: m }) => {
    await addTask(m);
    const { status, body } = await read(hub, "task/");
    expect(status).toBe(200);
    const channel = (name: string, slug: string) => ({
      id: expect.any(Number),
      channel: { name, slug, is_template_approval_needed: false },
      is_active: true,
      is_enabled: true,
      created_at: at,
      updated_at: at,
      disabled_languages: [],
      versions: [],
    });
    expect(body).toStrictEqual({
      id: expect.any(Number),
      name: "Task Reminder",
      slug: "task",
      description: "Of pending tasks",
      is_active: true,
      default_language: { name: "English", slug: "en" },
      created_at: at,
      updated_at: at,
      updated_by: API_SERVICE,
      last_triggered_at: null,
      is_auto_translate_enabled: false,
      enabled_languages: ["en", "fr"],
      channels: [channel("Email", "email"), channel("Inbox", "inbox")],
      tags: [{ id: expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/), name: "ops" }],
    });
    expect((await read(hub)).body).toStrictEqual({
      meta: { count: 1, limit: 10, offset: 0 },
      results: [body],
    });
  });

  it("reads a channel with its versions, one content for each language", async ({ hub, management: m }) => {
    await addTask(m);
    await m.template("PATCH", "task/channel/email/variant/fr/content", { content: { subject: "Salut" } });
    await m.template("PATCH", "task/commit", {});
    const { body } = await read(hub, "task/channel/email/");
    expect(body).toMatchObject({ channel: { slug: "email" }, is_active: true, is_enabled: true });
    const template = (name: string, slug: string, subject: string, is_cloned: boolean) => ({
      id: expect.any(Number),
      language: { name, slug },
      is_enabled: true,
      approval_status: "auto_approved",
      content: expect.objectContaining({ subject }),
      created_at: at,
      updated_at: at,
      updated_by: API_SERVICE,
      approval_cycle: null,
      is_approval_needed: false,
      is_cloned_from_last_version: is_cloned,
    });
    const version = (no: number, status: string, templates: unknown[]) => ({
      id: expect.any(Number),
      status,
      version_tag: String(no),
      version_tag_user: `v${no}`,
      created_at: at,
      updated_at: at,
      updated_by: API_SERVICE,
      published_languages: ["en", "fr"],
      apparent_published_languages: ["en", "fr"],
      system_approval_info: {},
      templates,
    });
    expect(body.versions).toStrictEqual([
      version(2, "active", [template("English", "en", "Hi", true), template("French", "fr", "Salut", false)]),
      version(1, "archived", [template("English", "en", "Hi", false), template("French", "fr", "Hi", false)]),
    ]);
    const ids = body.versions.flatMap(({ templates }) => templates.map(({ id }) => id));
    expect(new Set(ids).size).toBe(4);
    expect(new Set(body.versions.map(({ id }) => id)).size).toBe(2);
    await m.template("POST", "task/version/1/rollback");
    const again = (await read(hub, "task/channel/email/")).body.versions;
    expect(again.map(({ status: state }) => state)).toEqual(["archived", "active"]);
  });

  it("shows what waits for a vendor's approval", async ({ hub, management: m }) => {
    await m.commitTemplate("chat", { whatsapp: { body: { text: "Hi" } } });
    const states = async () => {
      const { body } = await read(hub, "chat/channel/whatsapp/");
      const [template] = body.versions[0]?.templates ?? [];
      return [body.is_active, body.channel.is_template_approval_needed, template?.approval_status];
    };
    expect(await states()).toEqual([false, true, "pending"]);
    const meta = {
      vendor_slug: "whatsapp_cloud_api-whatsapp",
      vendor_uid: "waba-1",
      vendor_template_id: "t-1",
    };
    const approval = "chat/channel/whatsapp/variant/default/vendor_approval";
    await m.template("PATCH", approval, { ...meta, approval_status: "approved" });
    expect(await states()).toEqual([true, true, "approved"]);
  });

  it("shows a draft, and a channel whose content is kept", async ({ hub, management: m }) => {
    await m.template("POST", "draft", { enabled_channels: ["sms", "slack"] });
    await m.template("POST", "draft", { enabled_channels: ["sms"] });
    const { body } = await read(hub, "draft/");
    expect(body).toMatchObject({ is_active: false, description: null, tags: [] });
    const channels = body.channels.map((one) => [one.channel.slug, one.is_enabled, one.is_active]);
    expect(channels).toEqual([
      ["sms", true, false],
      ["slack", false, false],
    ]);
    expect((await read(hub, "draft/channel/sms/")).body.versions).toEqual([]);
  });

  it("finds by tags, channels and state, in pages", async ({ hub, management: m }) => {
    await m.template("POST", "a", { tags: ["x"], enabled_channels: ["sms"] });
    await m.template("POST", "b", { tags: ["x", "y"], enabled_channels: ["email"] });
    await m.commitTemplate("c", { inbox: { body: "x" } });
    await m.commitTemplate("d", { sms: { body: "x" } });
    await m.template("POST", "d/archive");
    const tagOf = async (slug: string, name: string) =>
      (await read(hub, `${slug}/`)).body.tags.find((tag) => tag.name === name)?.id;
    const [x, y] = [await tagOf("a", "x"), await tagOf("b", "y")];
    expect(await slugs(hub, "")).toEqual(["c", "b", "a"]);
    expect(await slugs(hub, "limit=1&offset=1")).toEqual(["b"]);
    expect(await slugs(hub, `has_tag_ids_any=${x}`)).toEqual(["b", "a"]);
    expect(await slugs(hub, `has_tag_ids_any=${y},nonsense`)).toEqual(["b"]);
    expect(await slugs(hub, "has_tag_ids_any=nonsense")).toEqual([]);
    expect(await slugs(hub, "has_channels_any=sms,email")).toEqual(["b", "a"]);
    expect(await slugs(hub, "has_channels_any=sms&has_channels_any=inbox")).toEqual(["c", "a"]);
    expect(await slugs(hub, "is_active=true")).toEqual(["c"]);
    expect(await slugs(hub, "is_active=false")).toEqual(["b", "a"]);
    expect(await slugs(hub, "is_archived=true")).toEqual(["d"]);
    expect(await slugs(hub, "is_archived=false&has_channels_any=")).toEqual(["c", "b", "a"]);
    expect((await read(hub, "?limit=2")).body.meta).toEqual({ count: 3, limit: 2, offset: 0 });
  });
});

it.for([
  ["is_active=perhaps", "is_active"],
  ["has_channels_any=fax", "has_channels_any"],
  ["limit=many", "limit"],
] as const)("400: %s", async ([query, field], { hub }) => {
  const { status, body } = await read(hub, `?${query}`);
  expect([status, body.code]).toEqual([400, 400]);
  expect(body.message).toContain(field);
});

it("404: in the words that clients know", async ({ hub, management: m }) => {
  const refusal = (model: string) => ({
    status: 404,
    body: { code: 404, type: "DoesNotExist", message: `${model} matching query does not exist.` },
  });
  expect(await read(hub, "nope/")).toStrictEqual(refusal("TemplateGroup"));
  expect(await read(hub, "nope/channel/email/")).toStrictEqual(refusal("TemplateGroup"));
  await m.commitTemplate("welcome", { sms: { body: "x" } });
  for (const channel of ["email", "fax"]) {
    expect(await read(hub, `welcome/channel/${channel}/`)).toStrictEqual(refusal("TemplateChannel"));
  }
});

it("401: without a key", async ({ hub }) => {
  const answer = await hub.app.inject({ method: "GET", url: "/v1/template/" });
  expect(answer.statusCode).toBe(401);
});
