import { describe, expect } from "vitest";
import { is } from "../../../../test/conditions.ts";
import { onApi as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import { createHub } from "../../../../test/hub.ts";
import { createCatalog } from "../../../catalog/catalog.ts";
import { createManagement, type Management } from "../../../../test/management.ts";

/* What becomes of a template besides edits and commits: checks, archive, clone. */

const variant = "welcome/channel/sms/variant";
const sms = (body: string, more: object = {}) => ({ locale: "en", content: { body }, ...more });
const check = async (m: Management, payload: unknown = {}) =>
  (await m.template("POST", "welcome/pre_commit_validate", payload)).body;

describe("pre_commit_validate", () => {
  it("of a new template has everything as a difference", async ({ management: m }) => {
    await m.template("POST", "welcome", { name: "A", enabled_channels: ["sms"] });
    expect(await check(m)).toStrictEqual({
      is_new: true,
      has_changes: true,
      properties: {
        name: { has_diff: true, draft: "A", live: null },
        description: { has_diff: true, draft: null, live: null },
        tags: { has_diff: true, draft: [], live: null },
        enabled_channels: { has_diff: true, draft: ["sms"], live: null },
      },
      variants: [
        { channel: "sms", id: "default", has_diff: true, is_deleted: false, errors: { body: ["missing"] } },
      ],
    });
  });

  it("shows what differs, what is deleted, and commits nothing", async ({ management: m }) => {
    await m.commitTemplate("welcome", { sms: { body: "one" } });
    for (const id of ["es", "fr"]) await m.template("POST", `${variant}/${id}`, sms(id, { locale: id }));
    await m.template("PATCH", "welcome/commit", {});
    expect(await check(m)).toMatchObject({ is_new: false, has_changes: false });
    await m.template("POST", "welcome", { name: "B", enabled_channels: ["sms", "slack"] });
    await m.template("POST", `${variant}/es`, sms("dos", { locale: "es" }));
    await m.template("DELETE", `${variant}/fr`);
    const checked = await check(m);
    expect(checked).toStrictEqual({
      is_new: false,
      has_changes: true,
      properties: {
        name: { has_diff: true, draft: "B", live: "welcome" },
        description: { has_diff: false, draft: null, live: null },
        tags: { has_diff: false, draft: [], live: [] },
        enabled_channels: { has_diff: true, draft: ["sms", "slack"], live: ["sms"] },
      },
      variants: [
        { channel: "sms", id: "default", has_diff: false, is_deleted: false, errors: {} },
        { channel: "sms", id: "es", has_diff: true, is_deleted: false, errors: {} },
        {
          channel: "slack",
          id: "default",
          has_diff: true,
          is_deleted: false,
          errors: { body_text: ["missing"] },
        },
        { channel: "sms", id: "fr", has_diff: true, is_deleted: true, errors: {} },
      ],
    });
    expect((await m.template("GET", "welcome?mode=live")).body).toMatchObject({
      name: "welcome",
      version_no: 2,
    });
  });

  it("helps to commit all that has no errors; the rest stays in the draft", async ({ management: m }) => {
    await m.commitTemplate("welcome", { sms: { body: "one" } });
    await m.template("POST", "welcome", { enabled_channels: ["sms", "slack"] });
    await m.template("POST", `${variant}/default`, sms("two"));
    await m.template("DELETE", `${variant}/default`);
    const { variants } = await check(m);
    const sound = variants.filter(({ errors }: { errors: object }) => Object.keys(errors).length === 0);
    const { status, body } = await m.template("PATCH", "welcome/commit", { variants: sound });
    expect(status).toBe(200);
    expect(body.channels).toMatchObject([
      { channel: "sms", is_active: true },
      { channel: "slack", is_active: false },
    ]);
    expect((await check(m)).has_changes).toBe(true);
  });

  it("of some variants is about these alone, and refuses unknown ones as a commit does", async ({
    management: m,
  }) => {
    await m.commitTemplate("welcome", { sms: { body: "one" } });
    await m.template("POST", `${variant}/es`, sms("dos", { locale: "es" }));
    const one = await check(m, { variants: [{ channel: "sms", id: "default" }] });
    expect(one).toMatchObject({ has_changes: false, variants: [{ id: "default", has_diff: false }] });
    expect(await check(m, { variants: [{ channel: "sms", id: "it" }] })).toMatchObject({
      code: 400,
      detail: ["variant (channel: 'sms', id: 'it') not found"],
    });
    expect((await m.template("POST", "nope/pre_commit_validate", {})).status).toBe(404);
  });
});

describe("an archived template", () => {
  it("is not sent, listed or edited any more, and can be read, cloned and deleted", async ({
    hub,
    management: m,
  }) => {
    await m.commitTemplate("welcome", { sms: { body: "one" } });
    const find = () => hub.services.catalog.findTemplate(hub.workspace_id, "welcome");
    expect(await find()).not.toBeNull();
    const archived = await m.template("POST", "welcome/archive");
    expect(archived).toMatchObject({ status: 200, body: { status: "archived", version_no: 1 } });
    expect(await find()).toBeNull();
    expect((await m.template("GET", "")).body.meta.count).toBe(0);
    expect((await m.template("GET", "?mode=live")).body.meta.count).toBe(0);
    expect((await m.template("GET", "welcome?mode=live")).body).toMatchObject({ status: "archived" });
    expect((await m.template("POST", "welcome/archive")).body).toStrictEqual(archived.body);
    const edits = [
      await m.template("POST", "welcome", { name: "B" }),
      await m.template("POST", `${variant}/default`, sms("two")),
      await m.template("PATCH", `${variant}/default/content`, { content: { body: "two" } }),
      await m.template("DELETE", `${variant}/es`),
      await m.template("PATCH", "welcome/commit", {}),
      await m.template("POST", "welcome/version/1/rollback"),
    ];
    for (const { status, body } of edits) {
      expect([status, body.message]).toEqual([
        409,
        "template (slug: 'welcome') is archived: clone it to use its content again",
      ]);
    }
    expect((await m.template("POST", "welcome/clone", { slug: "again" })).status).toBe(201);
    expect((await m.template("DELETE", "welcome")).status).toBe(204);
    expect((await m.template("GET", "welcome")).status).toBe(404);
  });

  it("is no template to a workflow", async ({ management: m }) => {
    await m.commitTemplate("welcome", { sms: { body: "one" } });
    await m.template("POST", "welcome/archive");
    const tree = { nodes: [{ node_type: "send_sms", ref: "text", template: "welcome" }] };
    const workflow = { name: "W", category: "transactional", trigger_type: "api", tree };
    expect((await m.call("POST", "workflow/w", workflow)).body.validation_result.errors).toEqual([
      "text: template: template 'welcome' not found",
    ]);
  });
});

describe("a clone", () => {
  it("has the draft, the variants and the mock data, and no version", async ({ management: m }) => {
    await m.commitTemplate("welcome", { sms: { body: "one" }, inbox: { body: "one" } });
    await m.template("POST", "welcome", { description: "d", tags: ["a"] });
    const IS_PRO = is("plan", "pro", "$recipient");
    const pro = { tenant_id: "acme", conditions: [IS_PRO], seq_no: 3, needs_vendor_approval: true };
    await m.template("POST", `${variant}/pro`, sms("pro", pro));
    const { status, body } = await m.template("POST", "welcome/clone", { slug: "copy" });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      slug: "copy",
      name: "welcome",
      description: "d",
      tags: ["a"],
      status: "draft",
      version_no: null,
      hash: (await m.template("GET", "welcome")).body.hash,
    });
    const comparable = async (slug: string) =>
      (await m.template("GET", `${slug}/variant?include_content=true`)).body.results.map(
        ({ channel, id, hash, seq_no }: Record<string, unknown>) => [channel, id, hash, seq_no],
      );
    expect(await comparable("copy")).toEqual(await comparable("welcome"));
    await m.template("POST", "copy/channel/sms/variant/default", sms("changed"));
    expect((await m.template("GET", `${variant}/default`)).body.content.body).toBe("one");
  });

  it("goes into another workspace, under another name", async ({ hub, management: m }) => {
    await m.commitTemplate("welcome", { sms: { body: "one" } });
    const other = await createHub(hub);
    const target = { slug: "welcome", name: "Theirs", workspace: other.workspace.slug };
    expect((await m.template("POST", "welcome/clone", target)).body).toMatchObject({ name: "Theirs" });
    const there = createManagement(hub, other.workspace);
    expect((await there.template("GET", "welcome")).body).toMatchObject({ name: "Theirs", status: "draft" });
    expect((await m.template("GET", "")).body.meta.count).toBe(1);
  });

  it.for([
    [{ slug: "welcome" }, 409, "template (slug: 'welcome') exists already: choose another slug"],
    [{}, 400, "slug"],
    [{ slug: "a b" }, 400, "slug"],
    [{ slug: "copy", name: "" }, 400, "name"],
    [{ slug: "copy", workspace: "nowhere" }, 400, "workspace"],
  ] as const)("%j is refused with %s", async ([payload, code, text], { management: m }) => {
    await m.commitTemplate("welcome", { sms: { body: "one" } });
    const { status, body } = await m.template("POST", "welcome/clone", payload);
    expect(status).toBe(code);
    expect(body.message).toContain(text);
    expect((await m.template("POST", "nope/clone", { slug: "copy" })).status).toBe(404);
  });
});

it.for<[string, unknown]>([
  ["commit", "three"],
  ["archive", null],
  ["version/1/rollback", "one"],
])("a %s is seen by every process", async ([what, text], { hub, management: m }) => {
  const { db, ids } = hub.services;
  await m.commitTemplate("welcome", { sms: { body: "one" } });
  await m.commitTemplate("welcome", { sms: { body: "two" } });
  const compile = () => {
    throw new Error("no workflow is read");
  };
  const other = createCatalog({ db, ids, compile });
  const listening = await other.start();
  const sent = async () => {
    const live = await other.findTemplate(hub.workspace_id, "welcome");
    return live === null ? null : live.channels.get("sms")?.variants[0]?.content.body;
  };
  expect(await sent()).toBe("two");
  await m.template("POST", `${variant}/default`, sms("three"));
  expect(await sent()).toBe("two");
  await m.template(what === "commit" ? "PATCH" : "POST", `welcome/${what}`, {});
  await until(async () => (await sent()) === text);
  await listening.stop();
});
