import * as fc from "fast-check";
import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import type { Management } from "../../../../../test/management.ts";

/* How editors and the command line tool write drafts: parts of contents, and the order of variants. */

const path = "welcome/channel/email/variant/default";
const RAW = { type: "raw", raw: { html: "<p>one</p>", text: "one" } };
const merge = (m: Management, content: unknown) => m.template("PATCH", `${path}/content`, { content });

describe("a part of a content", () => {
  it("is merged at every depth, and what it does not name stays", async ({ management: m }) => {
    await m.template("POST", "welcome", { enabled_channels: ["email"] });
    const mine = { rows: [1, 2], deep: { a: 1, b: { c: 2 } } };
    await m.template("POST", path, { locale: "en", content: { subject: "Hi", body: RAW, mine } });
    const { status, body } = await merge(m, {
      subject: "Hello",
      body: { raw: { html: "<p>two</p>" } },
      mine: { rows: [3], deep: { b: { d: null }, a: { e: 1 } } },
    });
    expect(status).toBe(200);
    expect(body.content).toMatchObject({
      subject: "Hello",
      body: { type: "raw", raw: { html: "<p>two</p>", text: "one" } },
      mine: { rows: [3], deep: { a: { e: 1 }, b: { c: 2, d: null } } },
    });
    expect((await m.template("GET", path)).body).toStrictEqual(body);
  });

  it("that changes nothing writes nothing", async ({ management: m }) => {
    await m.commitTemplate("welcome", { email: { subject: "Hi", body: RAW } });
    const before = (await m.template("GET", "welcome")).body;
    expect((await merge(m, { subject: "Hi" })).body.action).toBe("Unchanged");
    await merge(m, {});
    expect((await m.template("GET", "welcome")).body).toStrictEqual(before);
    expect((await merge(m, { subject: "Ho" })).body.action).toBe("Updated");
    expect((await m.template("GET", `${path}?mode=live`)).body.content.subject).toBe("Hi");
  });

  it("may leave the draft unfinished, with its errors", async ({ management: m }) => {
    await m.commitTemplate("welcome", { email: { subject: "Hi", body: RAW } });
    expect((await merge(m, { subject: "", body: { raw: { html: "{{#if}}" } } })).body).toMatchObject({
      has_error: true,
      errors: { subject: ["missing"], "body.raw.html": [expect.stringMatching(/^is not valid Handlebars/)] },
    });
  });

  it.for<[unknown, string]>([
    [{ content: { subject: 5 } }, "content.subject"],
    [{ content: { body: null } }, "content.body"],
    [{ content: [] }, "content"],
    [{}, "content"],
  ])("400: %j names %s", async ([payload, field], { management: m }) => {
    await m.commitTemplate("welcome", { email: { subject: "Hi", body: RAW } });
    const { status, body } = await m.template("PATCH", `${path}/content`, payload);
    expect([status, Object.keys(body.detail)]).toEqual([400, [field]]);
    expect((await m.template("GET", path)).body.content.subject).toBe("Hi");
  });

  it("404: of a variant that does not exist", async ({ management: m }) => {
    expect((await merge(m, {})).status).toBe(404);
    await m.template("POST", "welcome", {});
    expect((await merge(m, {})).body.message).toBe("variant (channel: 'email', id: 'default') not found");
  });
});

const order = async (m: Management, mode = "draft") =>
  (await m.template("GET", `welcome/variant/order?mode=${mode}`)).body;
const list = (tenant_id: string | null, ...variants: string[]) => ({ tenant_id, variants });

describe("the order of variants", () => {
  it.beforeEach(async ({ management: m }) => {
    await m.commitTemplate("welcome", { sms: { body: "one" }, inbox: { body: "one" } });
    for (const [id, tenant_id] of [
      ["pro", null],
      ["es", null],
      ["en", "acme"],
      ["acme-es", "acme"],
    ] as const) {
      const draft = { locale: "en", content: { body: id }, tenant_id };
      await m.template("POST", `welcome/channel/sms/variant/${id}`, draft);
    }
  });

  it("is read by channel and tenant, and written back without a change", async ({ management: m }) => {
    const read = await order(m);
    expect(read).toStrictEqual({
      channels: [
        { channel: "sms", tenants: [list(null, "default", "pro", "es"), list("acme", "en", "acme-es")] },
        { channel: "inbox", tenants: [list(null, "default")] },
      ],
    });
    const before = (await m.template("GET", "welcome")).body;
    const written = await m.template("POST", "welcome/variant/order?mode=draft", read);
    expect(written).toStrictEqual({ status: 200, body: read });
    expect((await m.template("GET", "welcome")).body).toStrictEqual(before);
    expect(await order(m, "live")).toStrictEqual({
      channels: ["sms", "inbox"].map((channel) => ({ channel, tenants: [list(null, "default")] })),
    });
  });

  it("is set for the lists that are given; what they leave out follows", async ({ management: m }) => {
    const given = {
      channels: [{ channel: "sms", tenants: [list(null, "es"), list("acme", "acme-es", "en")] }],
    };
    const { body } = await m.template("POST", "welcome/variant/order", given);
    expect(body.channels[0]).toStrictEqual({
      channel: "sms",
      tenants: [list(null, "es", "default", "pro"), list("acme", "acme-es", "en")],
    });
    expect(await order(m)).toStrictEqual(body);
    expect((await m.template("GET", "welcome/channel/sms/variant/es")).body.seq_no).toBe(1);
    await m.template("PATCH", "welcome/commit", {});
    expect((await order(m, "live")).channels[0]).toStrictEqual(body.channels[0]);
  });

  it("whatever it is, comes back as it was written", async ({ management: m }) => {
    const own = fc.shuffledSubarray(["default", "pro", "es"], { minLength: 3 });
    const theirs = fc.shuffledSubarray(["en", "acme-es"], { minLength: 2 });
    await fc.assert(
      fc.asyncProperty(own, theirs, async (first, second) => {
        const tenants = [list(null, ...first), list("acme", ...second)];
        const { body } = await m.template("POST", "welcome/variant/order", {
          channels: [{ channel: "sms", tenants }],
        });
        expect(body.channels[0].tenants).toStrictEqual(tenants);
      }),
      { numRuns: 20 },
    );
  });

  it("400: names a variant that is not in the list's place, and changes nothing", async ({
    management: m,
  }) => {
    const before = await order(m);
    const tenants = [list(null, "es", "default"), list("acme", "pro"), list("globex", "en")];
    const { status, body } = await m.template("POST", "welcome/variant/order", {
      channels: [{ channel: "sms", tenants }],
    });
    expect(status).toBe(400);
    expect(body.detail).toStrictEqual({
      "channels[0].tenants[1].variants": ["there is no variant 'pro' of tenant 'acme' on sms"],
      "channels[0].tenants[2].variants": ["there is no variant 'en' of tenant 'globex' on sms"],
    });
    expect(await order(m)).toStrictEqual(before);
    const live = await m.template("POST", "welcome/variant/order?mode=live", before);
    expect(live.body.detail).toHaveProperty("mode");
  });

  it("404: of an unknown template", async ({ management: m }) => {
    expect((await m.template("GET", "nope/variant/order")).status).toBe(404);
    expect((await m.template("POST", "nope/variant/order", { channels: [] })).status).toBe(404);
  });
});
