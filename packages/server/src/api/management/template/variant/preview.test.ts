import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import type { Management } from "../../../../../test/management.ts";

const preview = (m: Management, channel: string, payload: unknown = {}, query = "") =>
  m.template("POST", `welcome/channel/${channel}/variant/default/preview${query}`, payload);

const mock = (m: Management, payload: object, more: object = {}) =>
  m.template("PATCH", "welcome/mock_data", { payload, ...more });

const EMAIL = {
  subject: "Order {{order.id}}",
  body: {
    type: "raw",
    raw: { html: "<p>Dear {{$recipient.name}}, it costs {{order.price}}.</p>", text: "" },
  },
};

describe("200", () => {
  it("shows the draft with the mock data, as a vendor would get it", async ({ hub, management: m }) => {
    await hub.call("POST", "/v1/user/ann/", { name: "D'Arcy" });
    await m.commitTemplate("welcome", { email: EMAIL });
    await mock(m, { order: { id: "A-1", price: "5 €" } }, { recipient_distinct_id: "ann" });
    const { status, body } = await preview(m, "email");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      channel: "email",
      id: "default",
      locale: "en",
      errors: {},
      content: { subject: "Order A-1" },
    });
    expect(body.content.html).toContain("Dear D&#x27;Arcy, it costs 5 €.");
    expect(body.content.text).toContain("Dear D'Arcy, it costs 5 €.");
  });

  it("shows the live version where that is asked for", async ({ management: m }) => {
    await m.commitTemplate("welcome", { sms: { body: "one" } });
    await m.template("POST", "welcome/channel/sms/variant/default", {
      locale: "en",
      content: { body: "two" },
    });
    expect((await preview(m, "sms")).body.content.body).toBe("two");
    expect((await preview(m, "sms", {}, "?mode=live")).body.content.body).toBe("one");
  });

  it("takes other data and a content that is not saved, and stores neither", async ({ management: m }) => {
    await m.commitTemplate("welcome", { sms: { body: "saved {{n}}" } });
    await mock(m, { n: 1 });
    const given = { mock_data: { payload: { n: 2 } }, content: { body: "typed {{n}}" } };
    expect((await preview(m, "sms", given)).body.content.body).toBe("typed 2");
    expect((await preview(m, "sms", undefined)).body.content.body).toBe("saved 1");
  });

  it("has what a batch gathers", async ({ management: m }) => {
    await m.commitTemplate("welcome", {
      sms: { body: "{{#each $batched_events}}{{n}},{{/each}} of {{$batched_events_count}}" },
    });
    await mock(m, { n: 7 }, { is_batch: true, batch_count: 3 });
    expect((await preview(m, "sms")).body.content.body).toBe("7,7,7, of 3");
  });

  it("names every field that cannot be rendered, with the variable", async ({ management: m }) => {
    await m.commitTemplate("welcome", {
      email: { ...EMAIL, cc: "{{boss.mail}}", reply_to: "fine@example.com" },
    });
    await mock(m, { order: { id: "A-1" } });
    const { status, body } = await preview(m, "email");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      content: null,
      errors: {
        cc: ['"mail" not defined in undefined - 1:2'],
        "body.raw.html": ['"name" not defined in [object Object] - 1:10'],
      },
    });
    expect(Object.keys(body.errors)).toHaveLength(2);
  });

  it("names a field whose value cannot be sent", async ({ management: m }) => {
    const expiry = { format: "absolute", expiry_type: "dynamic", value: "{{until}}" };
    await m.commitTemplate("welcome", { inbox: { body: "x", is_expiry_enabled: true, expiry } });
    await mock(m, { until: "whenever" });
    expect((await preview(m, "inbox")).body).toMatchObject({
      content: null,
      errors: { "expiry.value": [expect.stringContaining("expiry.value")] },
    });
  });

  it("shows what cannot be committed yet, as far as it renders", async ({ management: m }) => {
    await m.template("POST", "welcome", { enabled_channels: ["email", "sms"] });
    await m.template("POST", "welcome/channel/sms/variant/default", {
      locale: "en",
      content: { body: "{{#if a}}x" },
    });
    expect((await preview(m, "email")).body).toMatchObject({ errors: {}, content: { subject: "" } });
    expect((await preview(m, "sms")).body).toMatchObject({
      content: null,
      errors: { body: [expect.stringContaining("Parse error")] },
    });
  });

  it("ends what would take for ever", async ({ management: m }) => {
    const nested = (depth: number): string =>
      depth === 0 ? "x" : `{{#each @root.list}}${nested(depth - 1)}{{/each}}`;
    await m.commitTemplate("welcome", { sms: { body: nested(6) } });
    await mock(m, { list: Array.from({ length: 100 }, (_unused, index) => index) });
    const { status, body } = await preview(m, "sms");
    expect(status).toBe(200);
    expect(body).toMatchObject({ content: null, errors: { body: [expect.any(String)] } });
  });
});

describe("400", () => {
  it.for<[unknown, string]>([
    [{ content: { body: 5 } }, "content.body"],
    [{ content: "text" }, "content"],
    [{ mock_data: { payload: 5 } }, "mock_data.payload"],
    [{ mock_data: { batch_count: 1000 } }, "mock_data.batch_count"],
  ])("%j names %s", async ([payload, field], { management: m }) => {
    await m.commitTemplate("welcome", { sms: { body: "x" } });
    const { status, body } = await preview(m, "sms", payload);
    expect([status, Object.keys(body.detail)]).toEqual([400, [field]]);
  });
});

it("404: of what does not exist", async ({ management: m }) => {
  expect((await preview(m, "sms")).status).toBe(404);
  await m.template("POST", "welcome", { enabled_channels: ["sms"] });
  expect((await preview(m, "email")).status).toBe(404);
  expect((await preview(m, "sms", {}, "?mode=live")).status).toBe(404);
});
