import { describe, expect } from "vitest";
import { is } from "../../../../../test/conditions.ts";
import { onServer as it } from "../../../../../test/fixture.ts";
import { until } from "../../../../../test/harness.ts";
import type { Management } from "../../../../../test/management.ts";
import type { Pipeline } from "../../../../../test/pipeline.ts";

const send = (m: Management, payload: unknown, query = "", channel = "sms", id = "default") =>
  m.template("POST", `welcome/channel/${channel}/variant/${id}/mock_test${query}`, payload);

/** The messages of the workspace once none is under way. */
const settled = ({ messages }: Pipeline, count = 1) =>
  until(async () => {
    const all = await messages();
    return all.length >= count && all.every(({ status }) => status !== "triggered") ? all : null;
  });

const PHONE = { identity_type: "sms", value: "+14155550100" };

it.beforeEach(async ({ pipeline, management: m }) => {
  await pipeline.call("POST", "/v1/user/ann/", { name: "Ann", $sms: "+14155550123" });
  await m.commitTemplate("welcome", { sms: { body: "Hi {{default $recipient.name 'you'}}, {{n}}" } });
  await m.template("PATCH", "welcome/mock_data", { payload: { n: 1 }, recipient_distinct_id: "ann" });
});

describe("202", () => {
  it("sends to the addresses given, through the vendor, and shows in the logs", async ({
    pipeline,
    management: m,
  }) => {
    const { status, body } = await send(m, { distinct_id: "ann", identities: [PHONE] });
    expect(status).toBe(202);
    expect(body).toStrictEqual({
      execution_id: expect.any(String),
      messages: [
        {
          message_id: expect.any(String),
          channel: "sms",
          variant: "default",
          status: "triggered",
          failure_reason: null,
          vendor: "simulator-sms",
        },
      ],
    });
    expect(await settled(pipeline)).toMatchObject([
      {
        id: body.messages[0].message_id,
        execution_id: body.execution_id,
        status: "sent_by_vendor",
        channel_value: "+14155550100",
        content: { body: "Hi Ann, 1" },
        distinct_id: "ann",
        template_slug: "welcome",
        template_version_no: 1,
        variant_id: "default",
      },
    ]);
    const execution = (await m.call("GET", `log/execution/${body.execution_id}`)).body;
    expect(JSON.stringify(execution)).toContain("test of sms variant 'default' of version 1");
    const [run] = await pipeline.runs();
    expect(run).toMatchObject({ status: "completed", position: null });
    expect(await pipeline.request(run?.request_id ?? "")).toMatchObject({ status: "accepted", errors: null });
  });

  it("goes to the profile's addresses of the user named, or of the mock data", async ({
    pipeline,
    management: m,
  }) => {
    await pipeline.call("POST", "/v1/user/bob/", { $sms: "+14155550177" });
    await send(m, { distinct_id: "bob" });
    await send(m, {});
    const sent = (await settled(pipeline, 2)).map(({ distinct_id, channel_value, content }) => [
      distinct_id,
      channel_value,
      content?.body,
    ]);
    expect(sent).toEqual([
      ["bob", "+14155550177", "Hi you, 1"],
      ["ann", "+14155550123", "Hi Ann, 1"],
    ]);
  });

  it("reaches somebody who is nobody", async ({ pipeline, management: m }) => {
    await send(m, { identities: [{ ...PHONE, identity_type: "$sms" }] });
    expect(await settled(pipeline)).toMatchObject([
      { channel_value: "+14155550100", content: { body: "Hi you, 1" }, recipient_id: null },
    ]);
    expect((await pipeline.call("GET", "/v1/user/")).json).toMatchObject({
      results: [{ distinct_id: "ann" }],
    });
  });

  it("sends what is live, unless the draft is asked for", async ({ pipeline, management: m }) => {
    const content = { body: "draft" };
    await m.template("POST", "welcome/channel/sms/variant/default", { locale: "en", content });
    await send(m, {});
    await send(m, {}, "?mode=draft");
    const sent = await settled(pipeline, 2);
    expect(sent.map(({ content }) => content?.body)).toEqual(["Hi Ann, 1", "draft"]);
    expect(sent).toMatchObject([{ template_version_no: 1 }, { template_version_no: 0 }]);
  });

  it("asks neither conditions nor preferences", async ({ pipeline, management: m }) => {
    const draft = { locale: "de", content: { body: "Hallo" }, conditions: [is("plan", "pro", "$recipient")] };
    await m.template("POST", "welcome/channel/sms/variant/de", { ...draft, tenant_id: "acme" });
    await m.template("PATCH", "welcome/commit", {});
    await pipeline.call("POST", "/v1/user/ann/preference/channel_preference/", {
      channel_preferences: [{ channel: "sms", is_restricted: true }],
    });
    const { status } = await send(m, { category: "promotional" }, "", "sms", "de");
    expect(status).toBe(202);
    expect(await settled(pipeline)).toMatchObject([{ content: { body: "Hallo" }, category: "promotional" }]);
  });

  it("fails as any message does where it cannot be rendered", async ({ pipeline, management: m }) => {
    await m.template("PATCH", "welcome/mock_data", { payload: {} });
    const { status, body } = await send(m, {});
    expect(status).toBe(202);
    expect(body.messages).toMatchObject([
      {
        status: "trigger_failed",
        failure_reason: 'sms: template rendering failed error: "n" not defined in [object Object] - 1:40',
      },
    ]);
    expect(await pipeline.runs()).toMatchObject([{ status: "failed" }]);
  });

  it("is held back by the workspace's test mode", async ({ pipeline, management: m }) => {
    const { services, workspace_id } = pipeline;
    const config = { test_mode: { enabled_at: "2026-01-01T00:00:00Z", test_values: ["+14155550100"] } };
    await services.db.query("update workspace set config = $2 where workspace_id = $1", [
      workspace_id,
      JSON.stringify(config),
    ]);
    services.workspaces.forget();
    expect((await send(m, {})).body.messages).toMatchObject([
      {
        status: "trigger_blocked",
        failure_reason: "test mode: '+14155550123' is no test value of sms, which has no catch-all",
      },
    ]);
    expect((await send(m, { identities: [PHONE] })).body.messages).toMatchObject([{ status: "triggered" }]);
  });

  it("sends WhatsApp only once it is approved", async ({ pipeline, management: m }) => {
    await m.commitTemplate("welcome", { whatsapp: { body: { text: "Hi" } } });
    const identities = [{ identity_type: "whatsapp", value: "+14155550100" }];
    const variant = "welcome/channel/whatsapp/variant/default";
    expect(await send(m, { identities }, "", "whatsapp")).toMatchObject({ status: 404 });
    expect(await send(m, { identities }, "?mode=draft", "whatsapp")).toMatchObject({
      status: 409,
      body: {
        message:
          "variant (channel: 'whatsapp', id: 'default') waits for a vendor's approval and cannot be sent before",
      },
    });
    const approval = {
      vendor_slug: "whatsapp_cloud_api-whatsapp",
      vendor_uid: "waba-1",
      vendor_template_id: "t-1",
    };
    await m.template("PATCH", `${variant}/vendor_approval`, { ...approval, approval_status: "approved" });
    expect((await send(m, { identities }, "", "whatsapp")).status).toBe(202);
    expect(await settled(pipeline)).toMatchObject([{ channel: "whatsapp", status: "sent_by_vendor" }]);
  });
});

describe("400", () => {
  it.for<[object, string]>([
    [{ distinct_id: "" }, "distinct_id"],
    [{ distinct_id: "nobody" }, "distinct_id"],
    [{ identities: [{ identity_type: "fax", value: "1" }] }, "identities[0].identity_type"],
    [{ identities: [{ identity_type: "sms", value: "12" }] }, "identities[0].value"],
    [{ identities: [{ identity_type: "sms" }] }, "identities[0].value"],
    [{ identities: [{ identity_type: "email", value: "a@example.com" }] }, "identities"],
    [{ category: "unheard-of" }, "category"],
    [{ tenant_id: "nowhere" }, "tenant_id"],
  ])("%j names %s, and nothing is sent", async ([payload, field], { pipeline, management: m }) => {
    const { status, body } = await send(m, payload);
    expect([status, Object.keys(body.detail)]).toEqual([400, [field]]);
    expect(await pipeline.runs()).toEqual([]);
  });

  it("refuses a draft with errors, and a recipient without an address", async ({ management: m }) => {
    await m.template("POST", "welcome", { enabled_channels: ["sms", "email"] });
    const empty = await send(m, {}, "?mode=draft", "email");
    expect(empty.body.detail).toMatchObject({ "content.subject": ["missing"] });
    await m.template("PATCH", "welcome/mock_data", { recipient_distinct_id: null });
    expect((await send(m, {})).body.detail).toEqual({ identities: ["there is no active address on sms"] });
  });
});

it("404: of what is not live, or does not exist", async ({ management: m }) => {
  await m.template("POST", "welcome", { enabled_channels: ["sms", "slack"] });
  expect((await send(m, {}, "", "slack")).status).toBe(404);
  expect((await send(m, {}, "?mode=draft", "sms", "es")).status).toBe(404);
  expect((await m.template("POST", "nope/channel/sms/variant/default/mock_test", {})).status).toBe(404);
});

it("409: an archived template is not sent", async ({ management: m }) => {
  await m.template("POST", "welcome/archive");
  expect((await send(m, {})).status).toBe(409);
});
