import { describe, expect, it } from "vitest";
import {
  formFields,
  FULL_TEMPLATE,
  jsonReply,
  TEXT_HEADER,
  whatsappMessage,
} from "../../../test/outside/phone-messages.ts";
import { sendThrough, vendorContract, webhookRequest } from "../../../test/outside/vendor-contract.ts";
import twilio from "./twilio.ts";

const config = {
  account_sid: `AC${"0".repeat(32)}`,
  auth_token: "auth-token-of-twilio",
  api_key_secret: "api-key-secret-of-twilio",
  messaging_service_sid: `MG${"2".repeat(32)}`,
  from: "+14155238886",
};
const slug = "twilio-whatsapp";

vendorContract(twilio, {
  config,
  message: whatsappMessage(slug),
  refused: [{}, { ...config, from: "whatsapp:+1" }, { ...config, messaging_service_sid: "", from: "" }],
});

const sending = async (message = whatsappMessage(slug), settings: object = config) => {
  const { outcome, requests } = await sendThrough(twilio, { ...config, ...settings }, message, () =>
    jsonReply(201, { sid: "SM1", status: "queued" }),
  );
  return { outcome, requests, form: formFields(requests[0]?.body) };
};

describe("a WhatsApp message", () => {
  it("is the SID of its content template, with its values by number", async () => {
    const message = whatsappMessage(slug);
    const { outcome, form } = await sending(message);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "SM1" });
    expect(form).toEqual({
      To: "whatsapp:+4915112345678",
      MessagingServiceSid: config.messaging_service_sid,
      From: "whatsapp:+14155238886",
      ContentSid: "HX0123456789abcdef0123456789abcdef",
      ContentVariables: '{"1":"Ann","2":"42"}',
      StatusCallback: `${message.callback_url}?message_id=${message.message_id}`,
    });
  });

  it("numbers the values of header, body and buttons in one row", async () => {
    const parameters = { header: ["Acme"], body: ["Ann", "4\t2"], buttons: [{ index: 1, text: "abc" }] };
    const message = whatsappMessage(
      slug,
      { ...FULL_TEMPLATE, ...TEXT_HEADER, parameters },
      { callback_url: null },
    );
    const { form } = await sending(message, { messaging_service_sid: "" });
    expect(form).toEqual({
      To: "whatsapp:+4915112345678",
      From: "whatsapp:+14155238886",
      ContentSid: "HX0123456789abcdef0123456789abcdef",
      ContentVariables: '{"1":"Acme","2":"Ann","3":"4 2","4":"abc"}',
    });
  });

  it("without values or an address has neither", async () => {
    const message = whatsappMessage(slug, { parameters: null }, { callback_url: null });
    const { form } = await sending(message, { from: "" });
    expect(Object.keys(form)).toEqual(["To", "MessagingServiceSid", "ContentSid"]);
  });

  it("is not sent without an approval by Twilio, one of this account, and its SID", async () => {
    const refused = (code: string) => ({ kind: "failed", class: "message", code });
    const other = await sending(whatsappMessage("gupshup-whatsapp"));
    expect(other.outcome).toMatchObject(refused("template_not_approved"));
    const account = await sending(whatsappMessage(slug), { waba_id: "1" });
    expect(account.outcome).toMatchObject(refused("template_not_approved"));
    const unnamed = await sending(
      whatsappMessage(slug, { vendor_approvals: [{ vendor_slug: slug, vendor_template_name: "x" }] }),
    );
    expect(unnamed.outcome).toMatchObject(refused("template_without_id"));
    expect([...other.requests, ...account.requests, ...unnamed.requests]).toEqual([]);
    const own = await sending(whatsappMessage(slug), { waba_id: "102290129340398" });
    expect(own.outcome).toMatchObject({ kind: "sent" });
  });

  it.each([
    [63003, "recipient", true],
    [63014, "recipient", true],
    [63024, "recipient", true],
    [63016, "message", undefined],
    [63018, "throttled", undefined],
    [63001, "config", undefined],
    [63007, "config", undefined],
    [63013, "message", undefined],
    [63032, "message", undefined],
    [63049, "message", undefined],
    [21655, "message", undefined],
    [21656, "message", undefined],
  ])("that is refused with %i fails as %s", async (code, kind, inactivate) => {
    const { outcome } = await sendThrough(twilio, config, whatsappMessage(slug), () =>
      jsonReply(400, { code, message: "no" }),
    );
    expect(outcome).toEqual({
      kind: "failed",
      class: kind,
      code: String(code),
      message: "no",
      ...(inactivate === true ? { inactivate } : {}),
    });
  });
});

describe("a report", () => {
  const report = (form: Record<string, string>) =>
    twilio.webhook?.read(
      webhookRequest({
        url: "https://notify.acme.test/webhook/twilio/whatsapp/uid/?message_id=01JD",
        form: { MessageSid: "SM1", To: "whatsapp:+4915112345678", ...form },
      }),
    );
  const about = { message_id: "01JD", vendor_message_id: "SM1", address: "+4915112345678", at: null };

  it.each([
    ["sent", "sent_by_vendor"],
    ["delivered", "delivered"],
    ["read", "seen"],
  ])("%s means %s", (MessageStatus, status) => {
    expect(report({ MessageStatus })).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it("that there is no WhatsApp at the number ends it", () => {
    expect(report({ MessageStatus: "undelivered", ErrorCode: "63024" })).toEqual([
      {
        kind: "status",
        ...about,
        status: "delivery_failure",
        reason: "63024: undelivered",
        inactivate: true,
      },
    ]);
  });

  it("of a person's answer names the message that it replies to", () => {
    const form = {
      From: "whatsapp:+4915112345678",
      To: "whatsapp:+14155238886",
      Body: "Thanks",
      SmsStatus: "received",
      OriginalRepliedMessageSid: "SM0",
    };
    expect(report(form)).toEqual([
      {
        kind: "inbound",
        id: "SM1",
        from: "+4915112345678",
        to: "+14155238886",
        text: "Thanks",
        in_reply_to: "SM0",
        at: null,
      },
    ]);
  });
});
