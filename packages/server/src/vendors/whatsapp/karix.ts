import { z } from "zod";
import { textAt, valueAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { numberField } from "../../delivery/vendor/phone.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { OutgoingMessage, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { jsonOf, MalformedReport, type VendorReport } from "../../delivery/vendor/webhook.ts";
import { accountField, fixedHeader, unnamedTemplate, type WhatsApp } from "../../delivery/vendor/whatsapp.ts";
import { coded } from "../common/phone/callback.ts";
import { inbound } from "../common/phone/inbound.ts";
import { karixClass } from "../common/phone/karix.ts";
import { openWhatsAppApi } from "../common/phone/phone-api.ts";
import { lost, progress, type Reached, unixTimeOf } from "../common/report.ts";

const SLUG = "karix-whatsapp";

const config = z.object({
  account_key: secret().meta({ title: "Account key" }),
  number: numberField.meta({ title: "WhatsApp number" }),
  sender_name: z.string().trim().max(100).default("").meta({ title: "Sender name" }),
  webhook_id: z.string().trim().max(50).default("").meta({
    title: "Webhook ID",
    description: "The delivery rule at Karix that calls the webhook: webHookDNId.",
  }),
  ...accountField,
});

type Config = z.output<typeof config>;

/**
 * WhatsApp by Karix: its "RCM API for WhatsApp", a guide that it gives to customers
 * (https://www.scribd.com/document/553120778/Karix-RCM-API-for-WhatsApp-User-guide-1). Requests and reports are also as in
 * an open client, the communication engine of Nurture AgTech.
 */
export default defineVendor({
  slug: SLUG,
  vendor: "karix",
  channel: "whatsapp",
  name: "Karix WhatsApp",
  config,
  open,
  webhook: {
    shared_paths: ["webhook/karix/whatsapp"],
    read: (request) => readReport(jsonOf(request)),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const { account_key, waba_id } = settings;
  return openWhatsAppApi(deps, {
    slug: SLUG,
    uid: waba_id,
    secrets: [account_key],
    accepted,
    refused,
    call(whatsapp, message) {
      if (whatsapp.template.name === "") return unnamedTemplate();
      return (
        fixedHeader(whatsapp, "Karix") ?? {
          url: "https://rcmapi.instaalerts.zone/services/rcm/sendMessage",
          // The header's name is Karix's own.
          headers: { authentication: `Bearer ${account_key}` },
          json: bodyOf(whatsapp, message, settings),
        }
      );
    },
  });
}

function bodyOf(whatsapp: WhatsApp, { message_id }: OutgoingMessage, settings: Config) {
  const { digits, header, body, buttons, template } = whatsapp;
  const values = Object.fromEntries(body.parameters.map((value, index) => [String(index), value]));
  const actions = buttons.flatMap(({ parameter, index }) =>
    parameter === null ? [] : [{ type: "url", index: String(index), payload: parameter }],
  );
  const media =
    header === null || header.kind === "text"
      ? undefined
      : {
          type: header.kind,
          url: header.link,
          fileName: header.kind === "document" ? header.filename || undefined : undefined,
        };
  const content =
    media === undefined && actions.length === 0
      ? { type: "TEMPLATE", template: { templateId: template.name, parameterValues: values } }
      : {
          type: "MEDIA_TEMPLATE",
          mediaTemplate: {
            templateId: template.name,
            media,
            bodyParameterValues: values,
            buttons: actions.length === 0 ? undefined : { actions },
          },
        };
  return {
    message: {
      channel: "WABA",
      content: { preview_url: false, shorten_url: false, ...content },
      recipient: { to: digits, recipient_type: "individual", reference: { cust_ref: message_id } },
      sender: { name: settings.sender_name || undefined, from: settings.number.replace(/^\+/, "") },
      preferences: settings.webhook_id === "" ? undefined : { webHookDNId: settings.webhook_id },
    },
    metaData: { version: "v1.0.9" },
  };
}

function accepted({ status, json }: VendorReply) {
  const isAccepted = status === 200 && textAt(json, "statusCode") === "200";
  return isAccepted ? { vendor_message_id: textAt(json, "mid") } : null;
}

function refused({ json }: VendorReply) {
  const message = textAt(json, "statusDesc");
  return { class: karixClass(message), code: textAt(json, "statusCode"), message };
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([
  ["sent", "sent_by_vendor"],
  ["delivered", "delivered"],
  ["read", "seen"],
]);

/** What Karix says of a number without WhatsApp. */
const DEAD = /not (?:a |an |on |in )?(?:valid )?whatsapp|unknown (?:contact|subscriber)|incapable/i;

function readReport(event: unknown): VendorReport[] {
  if (textAt(event, "channel") === "") throw new MalformedReport("the body has no `channel`");
  const at = unixTimeOf(textAt(event, "events", "timestamp"));
  const message = valueAt(event, "eventContent", "message");
  if (message !== undefined) return inboundIn(message, at);
  const about = {
    message_id: textAt(event, "recipient", "reference", "cust_ref") || null,
    vendor_message_id: textAt(event, "events", "mid") || null,
    address: textAt(event, "recipient", "to") || null,
    at,
  };
  const status = textAt(event, "notificationAttributes", "status").toLowerCase();
  const reached = STATUSES.get(status);
  if (reached !== undefined) return [progress(about, reached)];
  if (status !== "failed") return [];
  const words = textAt(event, "notificationAttributes", "reason");
  const code = textAt(event, "notificationAttributes", "code");
  const reason = coded(code, words);
  return [lost(about, reason || status, DEAD.test(words))];
}

function inboundIn(message: unknown, at: number | null): VendorReport[] {
  return inbound({
    id: textAt(message, "id"),
    from: textAt(message, "from"),
    to: textAt(message, "to"),
    text: textAt(message, "text", "body") || textAt(message, "button", "text"),
    in_reply_to: textAt(message, "context", "id"),
    at,
  });
}
