import { describe, expect } from "vitest";
import { is } from "../../../../test/conditions.ts";
import { onServer as it } from "../../../../test/fixture.ts";
import type { Management } from "../../../../test/management.ts";

/* A test send with selection. What it shares with that of one variant: variant/send-test.test.ts. */

const send = (m: Management, payload: unknown, query = "") =>
  m.template("POST", `welcome/mock_test${query}`, payload);

const sent = ({ body }: { body: { messages: { channel: string; variant: string }[] } }) =>
  body.messages.map(({ channel, variant }) => `${channel} ${variant}`).toSorted();

it.beforeEach(async ({ pipeline, management: m }) => {
  await pipeline.call("POST", "/v1/user/ann/", {
    name: "Ann",
    plan: "pro",
    $locale: "es-MX",
    $sms: "+14155550123",
    $email: "ann@example.com",
  });
  const mail = (text: string) => ({ subject: "Hi", body: { type: "plain_text", plain_text: { text } } });
  await m.commitTemplate("welcome", {
    sms: { body: "one" },
    inbox: { body: "one" },
    email: mail("one"),
    slack: { body_text: "one" },
  });
  await m.template("POST", "welcome/channel/sms/variant/es", { locale: "es", content: { body: "uno" } });
  await m.template("POST", "welcome/channel/email/variant/free", {
    locale: "en",
    content: mail("free"),
    conditions: [is("plan", "free", "$recipient")],
  });
  await m.template("PATCH", "welcome/commit", {});
  await m.template("PATCH", "welcome/mock_data", { recipient_distinct_id: "ann" });
});

describe("202", () => {
  it("sends on every channel with an address the variant that the recipient would get", async ({
    pipeline,
    management: m,
  }) => {
    const answer = await send(m, {});
    expect(answer.status).toBe(202);
    expect(sent(answer)).toEqual(["email default", "inbox default", "sms es"]);
    const [run] = await pipeline.runs();
    expect(run?.steps.map(({ m: text }) => text)).toEqual(
      expect.arrayContaining([
        "test of template 'welcome' of version 2",
        "sms: variant 'es', for any tenant, locale es",
        "email: variant 'default', as no other fits",
      ]),
    );
  });

  it("sends on the channels asked for, and to no others than the addresses given", async ({
    management: m,
  }) => {
    expect(sent(await send(m, { channels: ["email", "inbox"] }))).toEqual(["email default", "inbox default"]);
    const identities = [{ identity_type: "sms", value: "+14155550100" }];
    expect(sent(await send(m, { distinct_id: "ann", identities }))).toEqual(["sms es"]);
    expect(sent(await send(m, { identities }))).toEqual(["sms default"]);
  });

  it("sends the draft where that is asked for", async ({ pipeline, management: m }) => {
    await m.template("PATCH", "welcome/channel/sms/variant/es/content", { content: { body: "dos" } });
    await send(m, { channels: ["sms"] }, "?mode=draft");
    await send(m, { channels: ["sms"] });
    const bodies = (await pipeline.messages()).map(({ content }) => content?.body);
    expect(bodies).toEqual(["dos", "uno"]);
  });

  it("logs a channel that waits for a vendor's approval", async ({ pipeline, management: m }) => {
    await m.commitTemplate("welcome", { whatsapp: { body: { text: "Hi" } }, sms: { body: "one" } });
    await m.template("POST", "welcome/channel/whatsapp/variant/es", {
      locale: "es",
      content: { body: { text: "Hola" } },
    });
    await m.template("PATCH", "welcome/commit", {});
    await m.template("PATCH", "welcome/channel/whatsapp/variant/es/vendor_approval", {
      vendor_slug: "whatsapp_cloud_api-whatsapp",
      vendor_uid: "waba-1",
      vendor_template_id: "t-1",
      approval_status: "approved",
    });
    const identities = [{ identity_type: "whatsapp", value: "+14155550100" }];
    const answer = await send(m, { identities });
    expect([answer.status, answer.body.messages]).toEqual([202, []]);
    const [run] = await pipeline.runs();
    expect(run).toMatchObject({ status: "failed" });
    expect(sent(await send(m, { distinct_id: "ann", identities }))).toEqual(["whatsapp es"]);
  });
});

describe("400", () => {
  it.for<[object, string, string]>([
    [{ channels: ["fax"] }, "", "channels[0]"],
    [{ channels: ["slack"] }, "", "identities"],
    [{ identities: [{ identity_type: "webpush", value: "x" }] }, "", "identities"],
    [{ distinct_id: "nobody" }, "", "distinct_id"],
    [{}, "?mode=past", "mode"],
  ])("%j%s names %s", async ([payload, query, field], { pipeline, management: m }) => {
    const { status, body } = await send(m, payload, query);
    expect([status, Object.keys(body.detail)]).toEqual([400, [field]]);
    expect(await pipeline.runs()).toEqual([]);
  });

  it("refuses a draft with errors on the channels that are sent", async ({ management: m }) => {
    await m.template("PATCH", "welcome/channel/slack/variant/default/content", {
      content: { body_text: "" },
    });
    const { status, body } = await send(m, {}, "?mode=draft");
    expect([status, body.detail]).toEqual([400, { "slack.default.body_text": ["missing"] }]);
    expect((await send(m, { channels: ["sms"] }, "?mode=draft")).status).toBe(202);
  });
});

it("404 and 409: of what is not there, not committed, or archived", async ({ management: m }) => {
  expect((await m.template("POST", "nope/mock_test", {})).status).toBe(404);
  await m.template("POST", "draft", { enabled_channels: ["sms"] });
  expect((await m.template("POST", "draft/mock_test", {})).status).toBe(404);
  await m.template("POST", "welcome/archive");
  expect((await send(m, {})).status).toBe(409);
});
