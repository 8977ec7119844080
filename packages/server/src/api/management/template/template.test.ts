import { describe, expect } from "vitest";
import { is } from "../../../../test/conditions.ts";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Hub } from "../../../../test/hub.ts";
import { CHANNELS } from "../../../core/channel.ts";

type Method = "GET" | "POST" | "PATCH" | "DELETE";

async function call(hub: Hub, method: Method, path: string, payload?: unknown) {
  const [route = "", query] = path.split("?");
  const answer = await hub.app.inject({
    method,
    url: `/v2/${hub.workspace.slug}/template/${route}${route === "" ? "" : "/"}${query === undefined ? "" : `?${query}`}`,
    headers: { authorization: `ServiceToken ${hub.serviceToken}` },
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  });
  return { status: answer.statusCode, body: answer.body === "" ? null : answer.json() };
}

const findLive = (hub: Hub, slug: string) =>
  hub.services.catalog.findTemplate(hub.workspace.workspace_id, slug);

const sms = (body: string) => ({ locale: "en", content: { body } });
const EMAIL = { locale: "en", content: { subject: "Hi", body: { type: "raw", raw: { html: "<p>Hi</p>" } } } };
const IS_PRO = is("plan", "pro", "$recipient");

/** A committed template with an SMS variant. */
async function commitWelcome(hub: Hub): Promise<void> {
  await call(hub, "POST", "welcome", { name: "Welcome", enabled_channels: ["sms"] });
  await call(hub, "POST", "welcome/channel/sms/variant/default", sms("one"));
  expect((await call(hub, "PATCH", "welcome/commit?commit_message=first", {})).status).toBe(200);
}

const idsOf = (page: { results: { channel: string; id: string }[] }) =>
  page.results.map(({ channel, id }) => `${channel}/${id}`);

describe("200, templates", () => {
  it("creates one in the published shape, with a default variant on each enabled channel", async ({
    hub,
  }) => {
    const { status, body } = await call(hub, "POST", "order.Confirmed-1", {
      name: "Order Confirmed",
      description: "Sent when an order is placed",
      tags: ["orders"],
      enabled_channels: ["email", "slack", "email"],
      slug: "ignored",
      hash: "ignored",
    });
    expect(status).toBe(200);
    expect(body).toStrictEqual({
      $schema: "https://schema.suprsend.com/template/v2/schema.json",
      slug: "order.Confirmed-1",
      name: "Order Confirmed",
      description: "Sent when an order is placed",
      tags: ["orders"],
      enabled_channels: ["email", "slack"],
      status: "draft",
      version_no: null,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      commit_message: null,
      created_at: expect.stringMatching(/\.\d{6}Z$/),
      updated_at: expect.stringMatching(/\.\d{6}Z$/),
      active_at: null,
      last_triggered_at: null,
      updated_by: { name: "API Service", email: "" },
      channels: [
        { channel: "email", is_active: false, variants_count: 1 },
        { channel: "slack", is_active: false, variants_count: 1 },
      ],
    });
    expect(idsOf((await call(hub, "GET", "order.Confirmed-1/variant")).body)).toStrictEqual([
      "email/default",
      "slack/default",
    ]);
    expect((await call(hub, "GET", "order.Confirmed-1")).body).toStrictEqual(body);
  });

  it("stores the content of all nine channels", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: [...CHANNELS] });
    const { body } = await call(hub, "GET", "welcome/variant?include_content=true");
    expect(body.results.map((one: { channel: string }) => one.channel)).toStrictEqual([...CHANNELS]);
    for (const { channel, content, has_error } of body.results) {
      expect([channel, has_error, typeof content.templating_language]).toStrictEqual([
        channel,
        true,
        "string",
      ]);
      const written = await call(hub, "POST", `welcome/channel/${channel}/variant/default`, {
        locale: "en",
        content,
      });
      expect(written).toMatchObject({ status: 200, body: { content } });
    }
  });

  it("is named after its slug when no name is given, and keeps what an update does not mention", async ({
    hub,
  }) => {
    expect((await call(hub, "POST", "welcome", { enabled_channels: ["sms"] })).body.name).toBe("welcome");
    await call(hub, "POST", "welcome", { name: "Welcome", tags: ["a"], description: "d" });
    expect((await call(hub, "POST", "welcome", { enabled_channels: ["sms"] })).body).toMatchObject({
      name: "Welcome",
      tags: ["a"],
      description: "d",
    });
    expect((await call(hub, "POST", "welcome", { tags: null, description: null })).body).toMatchObject({
      tags: [],
      description: null,
      enabled_channels: ["sms"],
    });
  });

  it("keeps the content of a channel that is disabled and enabled again", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["sms", "inbox"] });
    await call(hub, "POST", "welcome/channel/sms/variant/default", sms("kept"));
    await call(hub, "POST", "welcome", { enabled_channels: ["inbox"] });
    await call(hub, "POST", "welcome", { enabled_channels: ["inbox", "sms"] });
    expect((await call(hub, "GET", "welcome/channel/sms/variant/default")).body.content.body).toBe("kept");
  });

  it("lists in pages and finds by name or slug", async ({ hub }) => {
    await call(hub, "POST", "a", { name: "100% off" });
    await call(hub, "POST", "b", { name: "Other" });
    await call(hub, "POST", "c", { name: "Other" });
    await call(hub, "POST", "a", { name: "100% OFF" });
    const found = async (query: string) => {
      const { body } = await call(hub, "GET", `?${query}`);
      return [body.meta, body.results.map((one: { slug: string }) => one.slug)];
    };
    expect(await found("")).toStrictEqual([{ count: 3, limit: 20, offset: 0 }, ["a", "c", "b"]]);
    expect(await found("limit=1&offset=2")).toStrictEqual([{ count: 3, limit: 1, offset: 2 }, ["b"]]);
    expect(await found("q=0%25%20of")).toStrictEqual([{ count: 1, limit: 20, offset: 0 }, ["a"]]);
    expect(await found("q=B")).toStrictEqual([{ count: 1, limit: 20, offset: 0 }, ["b"]]);
    expect(await found("q=%25")).toStrictEqual([{ count: 1, limit: 20, offset: 0 }, ["a"]]);
    expect(await found("mode=live")).toStrictEqual([{ count: 0, limit: 20, offset: 0 }, []]);
  });

  it("changes nothing when what was read is written back", async ({ hub }) => {
    await commitWelcome(hub);
    const read = (await call(hub, "GET", "welcome")).body;
    expect((await call(hub, "POST", "welcome", read)).body).toStrictEqual(read);
    const variant = (await call(hub, "GET", "welcome/channel/sms/variant/default")).body;
    expect((await call(hub, "POST", "welcome/channel/sms/variant/default", variant)).body).toStrictEqual(
      variant,
    );
    expect((await call(hub, "GET", "welcome")).body).toStrictEqual(read);
    expect((await call(hub, "PATCH", "welcome/commit?commit_message=again", {})).body).toStrictEqual(read);
  });
});

describe("200, variants", () => {
  it("reads one in the published shape", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["email"] });
    const { status, body } = await call(hub, "POST", "welcome/channel/email/variant/default", EMAIL);
    expect(status).toBe(200);
    const { content, ...rest } = body;
    expect(content).toMatchObject({
      $schema: "https://schema.suprsend.com/template/v2/channel/email_schema.json",
      templating_language: "handlebars",
      subject: "Hi",
      cc: "",
      body: { type: "raw", raw: { html: "<p>Hi</p>", text: "" }, designer: null, plain_text: null },
    });
    expect(rest).toStrictEqual({
      $schema: "https://schema.suprsend.com/template/v2/variant_schema.json",
      channel: "email",
      id: "default",
      tenant_id: null,
      locale: "en",
      conditions: [],
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      needs_vendor_approval: false,
      sysgen_template_name: null,
      approval_status: "auto_approved",
      discard_comment: null,
      approval_at: expect.stringMatching(/Z$/),
      errors: {},
      vendor_approvals: [],
      has_error: false,
      seq_no: 1,
      action: null,
      created_at: expect.stringMatching(/Z$/),
    });
    expect((await call(hub, "GET", "welcome/channel/email/variant/default")).body).toStrictEqual(body);
    const { errors: _errors, vendor_approvals: _approvals, ...listed } = rest;
    expect((await call(hub, "GET", "welcome/channel/email/variant")).body.results).toStrictEqual([listed]);
  });

  it("stores an unfinished draft with its errors", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["email"] });
    const { status, body } = await call(hub, "POST", "welcome/channel/email/variant/default", {
      locale: "en",
      content: { body: { type: "raw" } },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      has_error: true,
      errors: { subject: ["missing"], "body.raw.html": ["missing"] },
    });
  });

  it("replaces content as a whole and keeps unknown keys", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["sms"] });
    await call(hub, "POST", "welcome/channel/sms/variant/default", {
      locale: "en",
      content: { body: "a", mine: { b: 1 } },
    });
    const { body } = await call(hub, "POST", "welcome/channel/sms/variant/default", sms("b"));
    expect(body.content).toMatchObject({ body: "b" });
    expect(body.content).not.toHaveProperty("mine");
  });

  it("lists them channel by channel, in their order, within the channel asked for, and in pages", async ({
    hub,
  }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["inbox", "sms"] });
    for (const id of ["pro", "es"]) {
      await call(hub, "POST", `welcome/channel/sms/variant/${id}`, { ...sms(id), conditions: [IS_PRO] });
    }
    await call(hub, "POST", "welcome/channel/sms/variant/acme", { ...sms("acme"), tenant_id: "acme" });
    const { body } = await call(hub, "GET", "welcome/variant");
    expect(body.meta).toStrictEqual({ count: 5, limit: 20, offset: 0 });
    expect(idsOf(body)).toStrictEqual(["sms/acme", "sms/default", "sms/pro", "sms/es", "inbox/default"]);
    expect(body.results.map((one: { seq_no: number }) => one.seq_no)).toStrictEqual([1, 1, 2, 3, 1]);
    await call(hub, "POST", "welcome/channel/sms/variant/es", { ...sms("es"), seq_no: 1 });
    const inSms = await call(hub, "GET", "welcome/channel/sms/variant?limit=2&offset=1");
    expect(inSms.body.meta).toStrictEqual({ count: 4, limit: 2, offset: 1 });
    expect(idsOf(inSms.body)).toStrictEqual(["sms/default", "sms/es"]);
    expect((await call(hub, "GET", "welcome")).body.channels).toMatchObject([
      { channel: "inbox", variants_count: 1 },
      { channel: "sms", variants_count: 4 },
    ]);
  });

  it("keeps on an update what the body does not mention, and treats null as none", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["sms"] });
    const path = "welcome/channel/sms/variant/pro";
    await call(hub, "POST", path, { ...sms("a"), tenant_id: "acme", conditions: [IS_PRO], seq_no: 7 });
    expect((await call(hub, "POST", path, sms("b"))).body).toMatchObject({
      tenant_id: "acme",
      conditions: [IS_PRO],
      seq_no: 7,
    });
    expect((await call(hub, "POST", path, { ...sms("b"), conditions: null })).body.conditions).toStrictEqual(
      [],
    );
  });

  it("shows what a commit would do with each", async ({ hub }) => {
    await commitWelcome(hub);
    const actionOf = async (id: string) =>
      (await call(hub, "GET", `welcome/channel/sms/variant/${id}`)).body.action;
    expect(await actionOf("default")).toBe("Unchanged");
    await call(hub, "POST", "welcome/channel/sms/variant/default", sms("two"));
    await call(hub, "POST", "welcome/channel/sms/variant/es", { ...sms("dos"), locale: "es" });
    expect([await actionOf("default"), await actionOf("es")]).toStrictEqual(["Updated", "Added"]);
  });

  it("shows what the latest commit did with each that is live", async ({ hub }) => {
    await commitWelcome(hub);
    const actions = async () => {
      const { results } = (await call(hub, "GET", "welcome/variant?mode=live")).body;
      return results.map(({ id, action }: { id: string; action: string }) => [id, action]);
    };
    expect(await actions()).toStrictEqual([["default", "Added"]]);
    await call(hub, "POST", "welcome/channel/sms/variant/es", { ...sms("dos"), locale: "es" });
    await call(hub, "PATCH", "welcome/commit", {});
    expect(await actions()).toStrictEqual([
      ["default", "Unchanged"],
      ["es", "Added"],
    ]);
    await call(hub, "POST", "welcome/channel/sms/variant/es", { ...sms("tres"), locale: "es" });
    await call(hub, "PATCH", "welcome/commit", {});
    expect(await actions()).toStrictEqual([
      ["default", "Unchanged"],
      ["es", "Updated"],
    ]);
  });
});

describe("200, commits", () => {
  it("make the draft live, once", async ({ hub }) => {
    await commitWelcome(hub);
    expect((await call(hub, "GET", "welcome")).body).toMatchObject({
      status: "active",
      version_no: 1,
      commit_message: "first",
      active_at: expect.stringMatching(/Z$/),
      channels: [{ channel: "sms", is_active: true, variants_count: 1 }],
    });
    expect(await findLive(hub, "welcome")).toMatchObject({ version_no: 1, name: "Welcome" });
    expect((await findLive(hub, "welcome"))?.channels.get("sms")?.variants).toMatchObject([
      { id: "default", content: { body: "one" } },
    ]);
    expect((await call(hub, "PATCH", "welcome/commit", {})).body.version_no).toBe(1);
  });

  it("keep what is live until the next one", async ({ hub }) => {
    await commitWelcome(hub);
    await call(hub, "POST", "welcome", { name: "Later", enabled_channels: ["sms", "inbox"] });
    await call(hub, "POST", "welcome/channel/sms/variant/default", sms("two"));
    const draft = (await call(hub, "GET", "welcome")).body;
    const live = (await call(hub, "GET", "welcome?mode=live")).body;
    expect(draft).toMatchObject({ name: "Later", enabled_channels: ["sms", "inbox"], version_no: 1 });
    expect(draft.channels).toMatchObject([{ is_active: true }, { is_active: false }]);
    expect(live).toMatchObject({ name: "Welcome", enabled_channels: ["sms"], version_no: 1 });
    expect(live.hash).not.toBe(draft.hash);
    expect((await findLive(hub, "welcome"))?.channels.get("sms")?.variants[0]?.content.body).toBe("one");
    expect((await call(hub, "GET", "welcome/channel/sms/variant/default?mode=live")).body.content.body).toBe(
      "one",
    );
    expect((await call(hub, "GET", "?mode=live")).body.results).toMatchObject([{ name: "Welcome" }]);

    await call(hub, "POST", "welcome/channel/inbox/variant/default", sms("inbox"));
    expect((await call(hub, "PATCH", "welcome/commit", {})).body.version_no).toBe(2);
    expect((await findLive(hub, "welcome"))?.channels.get("sms")?.variants[0]?.content.body).toBe("two");
    expect((await call(hub, "GET", "welcome?mode=live")).body.hash).toBe(
      (await call(hub, "GET", "welcome")).body.hash,
    );
  });

  it("of some variants keep the live state of the others", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["sms", "inbox"] });
    await call(hub, "POST", "welcome/channel/sms/variant/default", sms("one"));
    const one = await call(hub, "PATCH", "welcome/commit", { variants: [{ channel: "sms", id: "default" }] });
    expect(one).toMatchObject({
      status: 200,
      body: { version_no: 1, channels: [{ is_active: true }, { channel: "inbox", is_active: false }] },
    });
    await call(hub, "POST", "welcome/channel/sms/variant/default", sms("two"));
    await call(hub, "POST", "welcome/channel/inbox/variant/default", sms("inbox"));
    await call(hub, "PATCH", "welcome/commit", { variants: [{ channel: "inbox", id: "default" }] });
    const live = await findLive(hub, "welcome");
    expect(live?.channels.get("sms")?.variants[0]?.content.body).toBe("one");
    expect(live?.channels.get("inbox")?.variants[0]?.content.body).toBe("inbox");
    expect((await call(hub, "GET", "welcome/channel/sms/variant/default")).body.action).toBe("Updated");
  });

  it("stop a channel that was disabled", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["sms", "inbox"] });
    await call(hub, "POST", "welcome/channel/sms/variant/default", sms("one"));
    await call(hub, "POST", "welcome/channel/inbox/variant/default", sms("one"));
    await call(hub, "PATCH", "welcome/commit", {});
    await call(hub, "POST", "welcome", { enabled_channels: ["inbox"] });
    await call(hub, "PATCH", "welcome/commit", {});
    expect([...((await findLive(hub, "welcome"))?.channels.keys() ?? [])]).toStrictEqual(["inbox"]);
  });

  it("of one template at the same time are serialised", async ({ hub, harness }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["sms"] });
    const bodies = ["a", "b", "c", "d"];
    await Promise.all(
      bodies.map(async (body) => {
        await call(hub, "POST", "welcome/channel/sms/variant/default", sms(body));
        expect((await call(hub, "PATCH", "welcome/commit", {})).status).toBe(200);
      }),
    );
    const versions = await harness.services.db.query<{ version_no: number }>(
      "select version_no from template_version where workspace_id = $1 order by version_no",
      [hub.workspace.workspace_id],
    );
    expect(versions.map(({ version_no }) => version_no)).toStrictEqual(
      versions.map((_row, index) => index + 1),
    );
    expect((await call(hub, "GET", "welcome")).body.version_no).toBe(versions.length);
    const drafted = (await call(hub, "GET", "welcome/channel/sms/variant/default")).body;
    expect(drafted.action).toBe("Unchanged");
  });
});

describe("204", () => {
  it("deletes a variant from the draft, and from the live version with the next commit", async ({ hub }) => {
    await commitWelcome(hub);
    await call(hub, "POST", "welcome/channel/sms/variant/es", { ...sms("dos"), locale: "es" });
    await call(hub, "PATCH", "welcome/commit", {});
    const path = "welcome/channel/sms/variant/es";
    expect(await call(hub, "DELETE", path)).toStrictEqual({ status: 204, body: null });
    expect((await call(hub, "GET", path)).status).toBe(404);
    expect((await call(hub, "GET", `${path}?mode=live`)).status).toBe(200);
    expect((await findLive(hub, "welcome"))?.channels.get("sms")?.variants).toHaveLength(2);
    await call(hub, "PATCH", "welcome/commit", {});
    expect((await findLive(hub, "welcome"))?.channels.get("sms")?.variants).toHaveLength(1);
    expect((await call(hub, "GET", `${path}?mode=live`)).status).toBe(404);
  });

  it("deletes a template with everything it had", async ({ hub }) => {
    await commitWelcome(hub);
    expect(await findLive(hub, "welcome")).not.toBeNull();
    expect(await call(hub, "DELETE", "welcome")).toStrictEqual({ status: 204, body: null });
    expect(await findLive(hub, "welcome")).toBeNull();
    expect((await call(hub, "POST", "welcome", {})).body).toMatchObject({ status: "draft", channels: [] });
  });
});

describe("400", () => {
  it("refuses a commit with errors in the words that clients know, and changes nothing", async ({ hub }) => {
    await commitWelcome(hub);
    await call(hub, "POST", "welcome", { enabled_channels: ["sms", "email", "slack"] });
    await call(hub, "POST", "welcome/channel/sms/variant/default", sms("two"));
    await call(hub, "POST", "welcome/channel/email/variant/default", {
      locale: "en",
      content: { subject: "Hi", body: { type: "raw" } },
    });
    const detail = [
      "one of more variants about to be committed have issues.\n" +
        "[1] email:default errors: {'body.raw.html': ['missing']}\n" +
        "[2] slack:default errors: {'body_text': ['missing']}",
    ];
    expect(await call(hub, "PATCH", "welcome/commit", {})).toStrictEqual({
      status: 400,
      body: {
        code: 400,
        error_code: "error",
        type: "ValidationError",
        message: JSON.stringify(detail),
        detail,
      },
    });
    expect((await call(hub, "GET", "welcome")).body.version_no).toBe(1);
    expect((await findLive(hub, "welcome"))?.channels.get("sms")?.variants[0]?.content.body).toBe("one");
    const sound = await call(hub, "PATCH", "welcome/commit", {
      variants: [{ channel: "sms", id: "default" }],
    });
    expect(sound).toMatchObject({ status: 200, body: { version_no: 2 } });
  });

  it.for([
    [{}, ["the template has no variants to commit: enable a channel"]],
    [{ variants: [{ channel: "sms", id: "nope" }] }, ["variant (channel: 'sms', id: 'nope') not found"]],
  ] as const)("refuses a commit of nothing: %j", async ([payload, detail], { hub }) => {
    await call(hub, "POST", "welcome", {});
    const { status, body } = await call(hub, "PATCH", "welcome/commit", payload);
    expect(status).toBe(400);
    expect(body.detail).toStrictEqual(detail);
    expect((await call(hub, "GET", "welcome")).body.status).toBe("draft");
  });

  const variant = "welcome/channel/sms/variant/default";
  it.for<[Method, string, unknown, string]>([
    ["POST", "wel%20come", {}, "slug"],
    ["POST", "x".repeat(129), {}, "slug"],
    ["POST", "welcome", { name: "" }, "name"],
    ["POST", "welcome", { name: "x".repeat(129) }, "name"],
    ["POST", "welcome", { tags: Array(26).fill("a") }, "tags"],
    ["POST", "welcome", { enabled_channels: ["fax"] }, "enabled_channels[0]"],
    ["POST", "welcome/channel/fax/variant/default", sms("a"), "channel"],
    ["POST", "welcome/channel/sms/variant/a%2Fb", sms("a"), "id"],
    ["POST", variant, { content: {} }, "locale"],
    ["POST", variant, { locale: "english, please", content: {} }, "locale"],
    ["POST", variant, { locale: "en" }, "content"],
    ["POST", variant, { locale: "en", content: [] }, "content"],
    ["POST", variant, { locale: "en", content: { body: 5 } }, "content.body"],
    ["POST", variant, { ...sms("a"), tenant_id: "a b" }, "tenant_id"],
    ["POST", variant, { ...sms("a"), seq_no: 0 }, "seq_no"],
    ["POST", variant, { ...sms("a"), seq_no: 2 ** 31 }, "seq_no"],
    ["POST", variant, { ...sms("a"), conditions: [{ type: "x" }] }, "conditions[0].type"],
    ["GET", "?mode=past", undefined, "mode"],
    ["GET", "welcome/variant?include_content=perhaps", undefined, "include_content"],
    ["PATCH", "welcome/commit", { variants: [{ channel: "sms" }] }, "variants[0].id"],
  ])("%s %s %j names the field", async ([method, path, payload, field], { hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["sms"] });
    const { status, body } = await call(hub, method, path, payload);
    expect(status).toBe(400);
    expect(body.message).toBe(JSON.stringify(body.detail));
    expect(Object.keys(body.detail)).toContain(field);
  });

  it("refuses to move or delete the default variant", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["sms"] });
    const attempts = [
      await call(hub, "POST", variant, { ...sms("a"), tenant_id: "acme" }),
      await call(hub, "POST", variant, { ...sms("a"), conditions: [IS_PRO] }),
      await call(hub, "DELETE", variant),
    ];
    expect(attempts.map(({ status }) => status)).toStrictEqual([400, 400, 400]);
    expect((await call(hub, "GET", variant)).body).toMatchObject({ tenant_id: null, conditions: [] });
  });

  it("refuses the id of another tenant's variant instead of overwriting it", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["sms"] });
    const path = "welcome/channel/sms/variant/en";
    await call(hub, "POST", path, { ...sms("acme's"), tenant_id: "acme" });
    const clash = await call(hub, "POST", path, { ...sms("globex's"), tenant_id: "globex" });
    expect(clash.status).toBe(400);
    expect(clash.body.message).toBe(
      "variant (channel: 'sms', id: 'en') exists for the tenant 'acme'; ids are unique in a channel",
    );
    expect((await call(hub, "GET", path)).body.content.body).toBe("acme's");
  });
});

describe("404", () => {
  it.for<[Method, string, unknown]>([
    ["GET", "nope", undefined],
    ["GET", "nope?mode=live", undefined],
    ["DELETE", "nope", undefined],
    ["PATCH", "nope/commit", {}],
    ["GET", "nope/variant", undefined],
    ["GET", "nope/channel/sms/variant", undefined],
    ["GET", "nope/channel/sms/variant/default", undefined],
    ["POST", "nope/channel/sms/variant/default", sms("a")],
    ["DELETE", "nope/channel/sms/variant/es", undefined],
  ])("%s %s", async ([method, path, payload], { hub }) => {
    expect(await call(hub, method, path, payload)).toStrictEqual({
      status: 404,
      body: {
        code: 404,
        error_code: "not_found",
        type: "NotFound",
        message: "template (slug: 'nope') not found",
        detail: "template (slug: 'nope') not found",
      },
    });
  });

  it("names a variant that does not exist", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["sms"] });
    for (const method of ["GET", "DELETE"] as const) {
      const { status, body } = await call(hub, method, "welcome/channel/sms/variant/nope");
      expect([status, body.message]).toStrictEqual([404, "variant (channel: 'sms', id: 'nope') not found"]);
    }
  });

  it("has no live version without a commit", async ({ hub }) => {
    await call(hub, "POST", "welcome", { enabled_channels: ["sms"] });
    expect((await call(hub, "GET", "welcome?mode=live")).status).toBe(404);
    expect((await call(hub, "GET", "welcome/variant?mode=live")).status).toBe(404);
  });
});

it("401: refuses a token that is not a service token", async ({ hub, harness }) => {
  const answer = await harness.app.inject({
    method: "GET",
    url: `/v2/${hub.workspace.slug}/template/`,
    headers: { authorization: `Bearer ${harness.apiKey}` },
  });
  expect(answer.statusCode).toBe(401);
});
