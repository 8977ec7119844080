import { z } from "zod";
import { listAt, textAt, valueAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { codeClasses } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { OutgoingMessage, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  jsonOf,
  MalformedReport,
  type VendorReport,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import { accountField, fixedHeader, unnamedTemplate, type WhatsApp } from "../../delivery/vendor/whatsapp.ts";
import { inbound } from "../common/phone/inbound.ts";
import { openWhatsAppApi } from "../common/phone/phone-api.ts";
import { lost, progress, type Reached, unixTimeOf } from "../common/report.ts";

const SLUG = "netcore-whatsapp";

const config = z.object({
  api_key: secret().meta({ title: "API key" }),
  source: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .meta({ title: "Source", description: "The sender's id at Netcore, an id and not the number." }),
  ...accountField,
  base_url: z
    .string()
    .trim()
    .regex(/^https:\/\/[\w.-]+(?:\/[\w./-]*)?$/, "must be an https address")
    .default("https://waapi.pepipost.com/api/v2/message/")
    .meta({ title: "Message URL", description: "Accounts in the EU, and newer ones, are given another." }),
});

type Config = z.output<typeof config>;

/**
 * WhatsApp by Netcore: https://wadocs.pepipost.com. The form of its reports (`delivery_status`, `incoming_message`) is
 * that documentation's, and was seen in open clients.
 */
export default defineVendor({
  slug: SLUG,
  vendor: "netcore",
  channel: "whatsapp",
  name: "Netcore WhatsApp",
  config,
  open,
  webhook: { read: readReports },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  return openWhatsAppApi(deps, {
    slug: SLUG,
    uid: settings.waba_id,
    secrets: [settings.api_key],
    accepted,
    refused,
    call(whatsapp, message) {
      if (whatsapp.template.name === "") return unnamedTemplate();
      return (
        fixedHeader(whatsapp, "Netcore") ?? {
          url: settings.base_url,
          headers: { authorization: `Bearer ${settings.api_key}` },
          json: { message: [messageOf(whatsapp, message, settings)] },
        }
      );
    },
  });
}

function messageOf(whatsapp: WhatsApp, { message_id }: OutgoingMessage, { source }: Config) {
  const { digits, template, header, body, buttons } = whatsapp;
  const button = buttons.flatMap(({ parameter, index }) =>
    parameter === null ? [] : [{ index: String(index), payload: parameter }],
  );
  const media =
    header === null || header.kind === "text"
      ? {}
      : {
          type: header.kind,
          url: header.link,
          ...(header.kind === "document" && header.filename !== "" ? { filename: header.filename } : {}),
        };
  const extra = { ...media, ...(button.length === 0 ? {} : { button }) };
  const isMedia = Object.keys(extra).length > 0;
  return {
    recipient_whatsapp: digits,
    recipient_type: "individual",
    message_type: isMedia ? "media_template" : "template",
    source,
    "x-apiheader": message_id,
    type_template: [
      {
        name: template.name,
        attributes: body.parameters,
        language: { locale: template.language, policy: "deterministic" },
      },
    ],
    ...(isMedia ? { type_media_template: extra } : {}),
  };
}

function accepted({ status, json }: VendorReply) {
  const isAccepted = status >= 200 && status < 300 && textAt(json, "status").toLowerCase() === "success";
  return isAccepted ? { vendor_message_id: textAt(json, "data", "id") } : null;
}

/** 8002: not opted in; 8007: outside the window in which a text of one's own is allowed. */
const CLASSES = codeClasses({ recipient: "8002", message: "8007" });
const NOT_OPTED_IN = "8002";

function refused({ json }: VendorReply) {
  const code = textAt(json, "error", "code");
  return {
    class: CLASSES.get(code),
    code,
    message: textAt(json, "error", "message") || textAt(json, "message"),
    inactivate: code === NOT_OPTED_IN,
  };
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([
  ["sent", "sent_by_vendor"],
  ["delivered", "delivered"],
  ["read", "seen"],
]);

/** What Netcore says of a number without WhatsApp, or without its opt-in. */
const DEAD =
  /not (?:a |on |in )?(?:valid )?whatsapp|unknown (?:contact|subscriber)|opt(?:ed)?[ -]?(?:in|out)/i;

function readReports(request: WebhookRequest): VendorReport[] {
  const body = jsonOf(request);
  const [statuses, messages] = [listAt(body, "delivery_status"), listAt(body, "incoming_message")];
  if (statuses.length === 0 && messages.length === 0) {
    throw new MalformedReport("neither `delivery_status` nor `incoming_message` is there");
  }
  return [...statuses.flatMap(statusIn), ...messages.flatMap(inboundIn)];
}

function statusIn(report: unknown): VendorReport[] {
  const about = {
    message_id: textAt(report, "x-apiheader") || textAt(report, "x_apiheader") || null,
    vendor_message_id: textAt(report, "ncmessage_id") || textAt(report, "ntmessage_id") || null,
    address: textAt(report, "recipient") || null,
    at: unixTimeOf(textAt(report, "received_at")),
  };
  if (about.message_id === null && about.vendor_message_id === null) return [];
  const status = textAt(report, "status").toLowerCase();
  const reached = STATUSES.get(status);
  if (reached !== undefined) return [progress(about, reached)];
  if (status !== "failed" && status !== "undelivered") return [];
  const words = textAt(report, "status_remark");
  return [lost(about, words || status, DEAD.test(words))];
}

function inboundIn(message: unknown): VendorReport[] {
  const context = valueAt(message, "context");
  return inbound({
    id: textAt(message, "message_id"),
    from: textAt(message, "from"),
    to: textAt(message, "to"),
    text: textAt(message, "text_type", "text") || textAt(message, "button_type", "text"),
    in_reply_to: textAt(context, "ncmessage_id") || textAt(context, "message_id"),
    at: unixTimeOf(textAt(message, "received_at")),
  });
}
