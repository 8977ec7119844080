import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  FULL_TEMPLATE,
  jsonReply,
  TEXT_HEADER,
  whatsappMessage,
} from "../../../test/outside/phone-messages.ts";
import {
  proving,
  sendThrough,
  vendorContract,
  verifyThrough,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import cloudApi from "./cloud-api.ts";

const config = {
  phone_number_id: "106540352242922",
  access_token: "EAAJB-access-token",
  waba_id: "102290129340398",
  app_id: "67890123",
  app_secret: "app-secret-of-meta",
  verify_token: "a-word-of-our-own",
};
const slug = "whatsapp_cloud_api-whatsapp";

vendorContract(cloudApi, {
  config,
  message: whatsappMessage(slug),
  refused: [{}, { ...config, phone_number_id: "+49" }, { ...config, access_token: "" }],
});

const answer = {
  messaging_product: "whatsapp",
  contacts: [{ input: "4915112345678", wa_id: "4915112345678" }],
  messages: [{ id: "wamid.HBgN", message_status: "accepted" }],
};
const sending = async (message = whatsappMessage(slug)) => {
  const { outcome, requests } = await sendThrough(cloudApi, config, message, () => jsonReply(200, answer));
  const [request] = requests;
  return { outcome, request, json: JSON.parse(String(request?.body ?? "null")) as unknown };
};
const text = (value: string) => ({ type: "text", text: value });

describe("a WhatsApp message", () => {
  it("names its template, with the body's values by position", async () => {
    const message = whatsappMessage(slug);
    const { outcome, request, json } = await sending(message);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "wamid.HBgN" });
    expect(request).toMatchObject({
      method: "POST",
      url: "https://graph.facebook.com/v23.0/106540352242922/messages",
      headers: { authorization: "Bearer EAAJB-access-token", "content-type": "application/json" },
    });
    expect(json).toEqual({
      messaging_product: "whatsapp",
      recipient_type: "individual",
      to: "4915112345678",
      type: "template",
      template: {
        name: "order_shipped_en_v1",
        language: { code: "en_US", policy: "deterministic" },
        components: [{ type: "body", parameters: [text("Ann"), text("42")] }],
      },
      biz_opaque_callback_data: message.message_id,
    });
  });

  it("carries its header's document and the variable end of a button's address", async () => {
    const { json } = await sending(whatsappMessage(slug, FULL_TEMPLATE));
    const document = { link: "https://files.acme.test/42.pdf", filename: "invoice.pdf" };
    expect(json).toMatchObject({
      template: {
        components: [
          { type: "header", parameters: [{ type: "document", document }] },
          { type: "body", parameters: [text("Ann"), text("4 2 ✓")] },
          { type: "button", sub_type: "url", index: "1", parameters: [text("abc")] },
        ],
      },
    });
  });

  it.each([
    [
      { format: "IMAGE", media_url: "https://a.test/1.png", filename: "x" },
      [{ type: "header", parameters: [{ type: "image", image: { link: "https://a.test/1.png" } }] }],
    ],
    [{ format: "TEXT", text: "Hi" }, undefined],
  ])("has the header %j", async (header, components) => {
    const { json } = await sending(whatsappMessage(slug, { header, body: { text: "x" }, parameters: null }));
    expect(json).toHaveProperty("template", {
      name: "order_shipped_en_v1",
      language: { code: "en_US", policy: "deterministic" },
      ...(components === undefined ? {} : { components }),
    });
  });

  it("has the value of its header's variable", async () => {
    const { json } = await sending(whatsappMessage(slug, TEXT_HEADER));
    expect(json).toHaveProperty("template.components.0", { type: "header", parameters: [text("Ann")] });
  });

  it("is not sent without an approval of this account", async () => {
    const approval = { vendor_slug: slug, vendor_uid: config.waba_id, vendor_template_name: "x" };
    const other = whatsappMessage(slug, { vendor_approvals: [{ ...approval, vendor_uid: "1" }] });
    const pending = whatsappMessage(slug, {
      vendor_approvals: [{ ...approval, approval_status: "pending" }],
    });
    for (const message of [other, pending, whatsappMessage("twilio-whatsapp")]) {
      const { outcome, request } = await sending(message);
      expect(outcome).toMatchObject({ class: "message", code: "template_not_approved" });
      expect(request).toBeUndefined();
    }
    const unnamed = { ...approval, vendor_template_name: "", vendor_template_id: "1" };
    const { outcome } = await sending(whatsappMessage(slug, { vendor_approvals: [unnamed] }));
    expect(outcome).toMatchObject({ class: "message", code: "template_without_name" });
  });

  it.each([
    ["0 190 3 10 200 299 131005 131031 131042 131045 133010 368", "config"],
    ["4 80007 130429 131048 131056 429", "throttled"],
    ["1 2 131000 131016 131057 133004", "transient"],
    ["131021 131030", "recipient"],
    ["131049 130472 131047 131008 131009 100 131051 131052 131053", "message"],
    ["132000 132001 132005 132007 132012 132015 132016 132018", "message"],
  ])("that is refused with one of %s fails as %s", async (codes, kind) => {
    for (const code of codes.split(" ").map(Number)) {
      const error = { message: "(#x) no", code, error_data: { details: "because" }, fbtrace_id: "A" };
      const { outcome } = await sendThrough(cloudApi, config, whatsappMessage(slug), () =>
        jsonReply(400, { error }),
      );
      expect(outcome).toEqual({
        kind: "failed",
        class: kind,
        code: String(code),
        message: "(#x) no: because",
      });
    }
  });

  it.each([
    [131026, true],
    [131050, undefined],
  ])("that is refused with %i ends the number: %s", async (code, inactivate) => {
    const { outcome } = await sendThrough(cloudApi, config, whatsappMessage(slug), () =>
      jsonReply(400, { error: { message: "no", code } }),
    );
    expect(outcome).toEqual({
      kind: "failed",
      class: "recipient",
      code: String(code),
      message: "no",
      ...(inactivate === true ? { inactivate } : {}),
    });
  });

  it("that fails without a code is judged by its status", async () => {
    const { outcome } = await sendThrough(cloudApi, config, whatsappMessage(slug), () => jsonReply(503, {}));
    expect(outcome).toMatchObject({ class: "transient", code: "http_503" });
  });
});

it("proves its credentials by reading the number", async () => {
  const { verification, requests } = await verifyThrough(cloudApi, config, () => jsonReply(200, { id: "1" }));
  expect(verification).toEqual({ ok: true });
  expect(requests[0]?.url).toBe("https://graph.facebook.com/v23.0/106540352242922?fields=id");
});

const read = (...changes: object[]) =>
  cloudApi.webhook?.read(
    webhookRequest({ json: { object: "whatsapp_business_account", entry: [{ id: "1", changes }] } }),
  );
const messages = (value: object) => ({
  field: "messages",
  value: {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: "15550100", phone_number_id: "1" },
    ...value,
  },
});
const at = Date.UTC(2026, 0, 2, 3, 4, 5);
const stamp = { timestamp: String(at / 1000) };

describe("a report", () => {
  const status = (name: string, more: object = {}) => ({
    id: "wamid.HBgN",
    status: name,
    ...stamp,
    recipient_id: "4915112345678",
    biz_opaque_callback_data: "01JD",
    ...more,
  });
  const about = { message_id: "01JD", vendor_message_id: "wamid.HBgN", address: "4915112345678", at };

  it.each([
    ["sent", "sent_by_vendor"],
    ["delivered", "delivered"],
    ["read", "seen"],
  ])("%s means %s", (name, reached) => {
    expect(read(messages({ statuses: [status(name)] }))).toEqual([
      { kind: "status", ...about, status: reached, reason: null },
    ]);
  });

  it("of a failure says why, and ends a number without WhatsApp", () => {
    const failed = (code: number) =>
      status("failed", { errors: [{ code, title: "Undeliverable", error_data: { details: "because" } }] });
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    expect(read(messages({ statuses: [failed(131049), failed(131026)] }))).toEqual([
      { ...lost, reason: "131049: Undeliverable: because" },
      { ...lost, reason: "131026: Undeliverable: because", inactivate: true },
    ]);
    expect(read(messages({ statuses: [status("failed")] }))).toEqual([{ ...lost, reason: "failed" }]);
  });

  it("that is unknown is left out, in the middle of others", () => {
    const statuses = [status("delivered"), status("warning"), status("read")];
    expect(read({ field: "account_update", value: {} }, messages({ statuses }))).toHaveLength(2);
  });
});

describe("a message from a person", () => {
  const base = { from: "4915112345678", id: "wamid.IN", ...stamp };
  const inbound = {
    kind: "inbound",
    id: "wamid.IN",
    from: "+4915112345678",
    to: "+15550100",
    in_reply_to: null,
    at,
  };

  it.each<[object, string | null]>([
    [{ type: "text", text: { body: "STOP" } }, "STOP"],
    [{ type: "button", button: { text: "Yes", payload: "y" } }, "Yes"],
    [{ type: "interactive", interactive: { button_reply: { id: "1", title: "No" } } }, "No"],
    [{ type: "image", image: { id: "1", caption: "Here" } }, "Here"],
    [{ type: "location", location: {} }, null],
  ])("%j reads as %j", (content, words) => {
    expect(read(messages({ messages: [{ ...base, ...content }] }))).toEqual([{ ...inbound, text: words }]);
  });

  it("names the message that it replies to", () => {
    const reply = { ...base, text: { body: "Thanks" }, context: { from: "15550100", id: "wamid.HBgN" } };
    expect(read(messages({ messages: [reply] }))).toMatchObject([{ in_reply_to: "wamid.HBgN" }]);
  });
});

it.each([
  ["APPROVED", "NONE", "approved", null],
  ["REJECTED", "INVALID_FORMAT", "rejected", "INVALID_FORMAT"],
  ["PAUSED", undefined, "rejected", null],
  ["DISABLED", undefined, "rejected", null],
  ["PENDING", undefined, "sent_for_approval", null],
])("a template's %s for %s is reported as %s", (event, reason, status, said) => {
  const value = {
    event,
    message_template_id: 594425479261596,
    message_template_name: "order_shipped_en_v1",
    message_template_language: "en_US",
    reason,
  };
  expect(read({ field: "message_template_status_update", value })).toEqual([
    {
      kind: "approval",
      vendor_template_id: "594425479261596",
      vendor_template_name: "order_shipped_en_v1",
      locale: "en_US",
      status,
      reason: said,
    },
  ]);
  expect(read({ field: "message_template_status_update", value: { ...value, event: "FLAGGED" } })).toEqual(
    [],
  );
});

describe("the address", () => {
  const greet = async (query: string, settings: object = {}) =>
    cloudApi.webhook?.greet?.(
      webhookRequest({ method: "GET", url: `https://notify.acme.test/webhook/x/?${query}` }),
      cloudApi.config.parse({ ...config, ...settings }),
      { http: { request: () => Promise.reject(new Error("no call is made")), close: async () => {} } },
    );
  const asked = (token: string) => `hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`;

  it("is confirmed to who knows its token", async () => {
    expect(await greet(asked("a-word-of-our-own"))).toEqual({ status: 200, body: "1158201444" });
    expect(await greet(asked("another"))).toMatchObject({ status: 403 });
    expect(await greet(asked(""), { verify_token: "" })).toMatchObject({ status: 403 });
    expect(await greet("")).toBeNull();
  });
});

it("proves a report by its signature", () => {
  const body = Buffer.from('{"object":"whatsapp_business_account"}');
  const sign = (key: string) => `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
  const prove = (signature: string, sent = body) =>
    proving(cloudApi, config, { body: sent, headers: { "x-hub-signature-256": signature } });
  expect(prove(sign(config.app_secret))).toBe("verified");
  expect(prove(sign("other"))).toBe("forged");
  expect(prove(sign(config.app_secret), Buffer.from("{}"))).toBe("forged");
  expect(proving(cloudApi, config, {})).toBe("forged");
  expect(proving(cloudApi, { ...config, app_secret: "" }, {})).toBe("unsigned");
});
