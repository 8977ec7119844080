import type { JsonObject } from "../../src/core/json.ts";
import type { OutgoingMessage } from "../../src/delivery/vendor/vendor.ts";
import type { HttpReply } from "../../src/delivery/http/http.ts";
import { outgoingMessage } from "./vendor-contract.ts";

/* Messages of the phone channels as they are handed to a vendor, for the vendors' tests. */

export const NUMBER = "+4915112345678";

/** An SMS with a text of GSM characters. */
export function smsMessage(content: JsonObject = {}, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return outgoingMessage({
    to: NUMBER,
    content: { type: "basic", header: "", body: "Your code is 123456", ...content },
    ...more,
  });
}

/** An SMS as it is registered with an Indian operator, approved for one vendor. */
export function dltMessage(vendor_slug: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const content = {
    type: "dlt",
    category: "service_implicit",
    header: "ACMECO",
    body: "Dear Ann, your code is 123456",
    parameters: ["Ann", "123456"],
    vendor_approvals: [
      {
        vendor_slug,
        vendor_uid: "110100001",
        vendor_template_name: "login_code",
        vendor_template_id: "1107161191448698079",
        provider_template_id: "65f0c0ffee",
        approval_status: "approved",
      },
    ],
  };
  return smsMessage(content, { to: "+919876543210", ...more });
}

/** A WhatsApp message of a template with two variables in its body, approved for one vendor. */
export function whatsappMessage(
  vendor_slug: string,
  content: JsonObject = {},
  more: Partial<OutgoingMessage> = {},
): OutgoingMessage {
  return outgoingMessage({
    to: NUMBER,
    content: {
      category: "UTILITY",
      header: null,
      body: { text: "Hi Ann, your order 42 has left us." },
      footer: null,
      button_type: "NONE",
      buttons: [],
      parameters: { header: [], body: ["Ann", "42"], buttons: [] },
      vendor_approvals: [
        {
          vendor_slug,
          vendor_uid: "102290129340398",
          vendor_template_name: "order_shipped_en_v1",
          vendor_template_id: "HX0123456789abcdef0123456789abcdef",
          vendor_locale_code: "en_US",
          approval_status: "approved",
        },
      ],
      ...content,
    },
    ...more,
  });
}

/** What a template can have: a document as its header, a footer, and buttons of which one has a variable. */
export const FULL_TEMPLATE: JsonObject = {
  header: { format: "DOCUMENT", media_url: "https://files.acme.test/42.pdf", filename: "invoice.pdf" },
  body: { text: "Grüße, Ann: 42 ✓" },
  footer: { text: "Acme" },
  button_type: "CALL_TO_ACTION",
  buttons: [
    { type: "PHONE_NUMBER", text: "Call", phone_number: "+4930123456" },
    {
      type: "URL",
      text: "Track",
      url_type: "dynamic",
      url_static_part: "https://acme.test/t/",
      url_dynamic_part: "abc",
    },
  ],
  parameters: { header: [], body: ["Ann", "4\n2\t✓"], buttons: [{ index: 1, text: "abc" }] },
};

/** A template whose header is a text with one variable. */
export const TEXT_HEADER: JsonObject = {
  header: { format: "TEXT", text: "Hi Ann" },
  parameters: { header: ["Ann"], body: ["Ann", "42"], buttons: [] },
};

export function jsonReply(status: number, json: unknown, headers: Record<string, string> = {}): HttpReply {
  return { status, headers, body: JSON.stringify(json) };
}

/** A form as its fields. */
export function formFields(body: string | Uint8Array | undefined): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(String(body)));
}
