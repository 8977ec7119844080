import { describe, expect, it } from "vitest";
import {
  FULL_TEMPLATE,
  jsonReply,
  TEXT_HEADER,
  whatsappMessage,
} from "../../../test/outside/phone-messages.ts";
import { sendThrough, vendorContract, webhookRequest } from "../../../test/outside/vendor-contract.ts";
import karix from "./karix.ts";

const config = {
  account_key: "account-key-of-karix",
  number: "+919150066662",
  sender_name: "Acme",
  webhook_id: "1001",
};
const slug = "karix-whatsapp";

vendorContract(karix, {
  config,
  message: whatsappMessage(slug),
  refused: [{}, { ...config, number: "Acme" }],
});

const success = jsonReply(200, { statusCode: "200", statusDesc: "Successfully Accepted", mid: "2012" });
const sending = async (message = whatsappMessage(slug), settings: object = {}) => {
  const { outcome, requests } = await sendThrough(karix, { ...config, ...settings }, message, () => success);
  const [request] = requests;
  return { outcome, request, json: JSON.parse(String(request?.body ?? "null")) as unknown };
};

describe("a WhatsApp message", () => {
  it("names its template, with the body's values by number", async () => {
    const message = whatsappMessage(slug);
    const { outcome, request, json } = await sending(message);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "2012" });
    expect(request).toMatchObject({
      method: "POST",
      url: "https://rcmapi.instaalerts.zone/services/rcm/sendMessage",
      headers: { authentication: "Bearer account-key-of-karix" },
    });
    expect(json).toEqual({
      message: {
        channel: "WABA",
        content: {
          preview_url: false,
          shorten_url: false,
          type: "TEMPLATE",
          template: { templateId: "order_shipped_en_v1", parameterValues: { "0": "Ann", "1": "42" } },
        },
        recipient: {
          to: "4915112345678",
          recipient_type: "individual",
          reference: { cust_ref: message.message_id },
        },
        sender: { name: "Acme", from: "919150066662" },
        preferences: { webHookDNId: "1001" },
      },
      metaData: { version: "v1.0.9" },
    });
  });

  it("carries its header's document and the variable end of a button's address", async () => {
    const { json } = await sending(whatsappMessage(slug, FULL_TEMPLATE));
    expect(json).toMatchObject({
      message: {
        content: {
          type: "MEDIA_TEMPLATE",
          mediaTemplate: {
            templateId: "order_shipped_en_v1",
            media: { type: "document", url: "https://files.acme.test/42.pdf", fileName: "invoice.pdf" },
            bodyParameterValues: { "0": "Ann", "1": "4 2 ✓" },
            buttons: { actions: [{ type: "url", index: "1", payload: "abc" }] },
          },
        },
      },
    });
  });

  it("leaves out what the settings do not have", async () => {
    const { json } = await sending(whatsappMessage(slug), { sender_name: "", webhook_id: "" });
    expect(json).toMatchObject({ message: { sender: { from: "919150066662" } } });
    expect(json).not.toHaveProperty("message.preferences");
    expect(json).not.toHaveProperty("message.sender.name");
  });

  it("is not sent without its template's name, or with a variable in its header's text", async () => {
    const unnamed = [{ vendor_slug: slug, vendor_template_id: "1" }];
    const one = await sending(whatsappMessage(slug, { vendor_approvals: unnamed }));
    expect(one.outcome).toMatchObject({ class: "message", code: "template_without_name" });
    const other = await sending(whatsappMessage(slug, TEXT_HEADER));
    expect(other.outcome).toMatchObject({ class: "message", code: "variable_header" });
    expect(other.request).toBeUndefined();
  });

  it.each([
    [401, "401", "Authentication failed", "config"],
    [200, "503", "IP not whitelisted", "config"],
    [400, "400", "Invalid mobile", "recipient"],
    [400, "400", "templateId missing", "message"],
    [500, "500", "later", "transient"],
  ])("that is refused with %i %s (%s) fails as %s", async (status, statusCode, statusDesc, kind) => {
    const { outcome } = await sendThrough(karix, config, whatsappMessage(slug), () =>
      jsonReply(status, { statusCode, statusDesc }),
    );
    expect(outcome).toEqual({ kind: "failed", class: kind, code: statusCode, message: statusDesc });
  });
});

const read = (json: object) => karix.webhook?.read(webhookRequest({ json }));

describe("a report", () => {
  const event = (status: string, more: object = {}) =>
    read({
      channel: "WABA",
      appDetails: { type: "LIVE" },
      recipient: { to: "4915112345678", recipient_type: "individual", reference: { cust_ref: "01JD" } },
      sender: { from: "919150066662" },
      events: { eventType: "DELIVERY EVENTS", timestamp: "1767323045000", date: "2026-1-2", mid: "2012" },
      notificationAttributes: { status, reason: "", code: "", ...more },
    });
  const about = {
    message_id: "01JD",
    vendor_message_id: "2012",
    address: "4915112345678",
    at: Date.UTC(2026, 0, 2, 3, 4, 5),
  };

  it.each([
    ["sent", "sent_by_vendor"],
    ["delivered", "delivered"],
    ["read", "seen"],
  ])("%s means %s", (status, reached) => {
    expect(event(status)).toEqual([{ kind: "status", ...about, status: reached, reason: null }]);
  });

  it("of a failure says why, and ends a number without WhatsApp", () => {
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    expect(event("failed", { code: "470", reason: "window closed" })).toEqual([
      { ...lost, reason: "470: window closed" },
    ]);
    expect(event("failed", { code: "1013", reason: "User is not a valid WhatsApp user" })).toEqual([
      { ...lost, reason: "1013: User is not a valid WhatsApp user", inactivate: true },
    ]);
    expect(event("failed")).toEqual([{ ...lost, reason: "failed" }]);
    expect(event("deleted")).toEqual([]);
  });
});

it("a message from a person comes with its text", () => {
  const message = { from: "4915112345678", id: "ABE", text: { body: "STOP" }, to: "919150066662" };
  const json = { channel: "WABA", eventContent: { message }, events: { timestamp: "1767323045000" } };
  expect(read(json)).toEqual([
    {
      kind: "inbound",
      id: "ABE",
      from: "+4915112345678",
      to: "+919150066662",
      text: "STOP",
      in_reply_to: null,
      at: Date.UTC(2026, 0, 2, 3, 4, 5),
    },
  ]);
});
