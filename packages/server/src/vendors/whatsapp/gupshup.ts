import { z } from "zod";
import { createLru } from "../../core/lru.ts";
import { callVendor, lookUp, listAt, type Reading, refusalOf, textAt } from "../../delivery/vendor/call.ts";
import { parseReply } from "../../delivery/vendor/reply-reader.ts";
import type { Failed, OutgoingMessage, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import type { VendorReport, WebhookRequest } from "../../delivery/vendor/webhook.ts";
import { accountField, readWhatsApp, type WhatsApp } from "../../delivery/vendor/whatsapp.ts";
import { fieldsOf, firstOf } from "../common/phone/callback.ts";
import {
  gupshupAccepted,
  gupshupCall,
  gupshupFields,
  gupshupMessageId,
  gupshupRefused,
  readGupshupReports,
} from "../common/phone/gupshup.ts";
import { inbound } from "../common/phone/inbound.ts";
import { unixTimeOf } from "../common/report.ts";

const SLUG = "gupshup-whatsapp";
const API = "https://media.smsgupshup.com/GatewayAPI/rest";

const config = z.object({
  ...gupshupFields,
  ...accountField,
  opt_in: z.boolean().default(true).meta({
    title: "Opt numbers in",
    description: "Gupshup sends only to numbers that are opted in: do so before their first message.",
  }),
});

type Config = z.output<typeof config>;

/**
 * WhatsApp by Gupshup's enterprise gateway: see `shared/gupshup.ts`. It takes the whole text and finds the approved
 * template that it is made of: https://docs.gupshup.io/docs/template-messages
 */
export default defineVendor({
  slug: SLUG,
  vendor: "gupshup",
  channel: "whatsapp",
  name: "Gupshup WhatsApp",
  config,
  open,
  webhook: { shared_paths: ["webhook/gupshup/whatsapp"], read: readReports },
});

/** How many numbers are remembered as opted in: the call is harmless when it is repeated. */
const REMEMBERED = 10_000;

function open(settings: Config, { http }: VendorDeps): VendorConnection {
  const reading: Reading = {
    accepted: gupshupAccepted,
    refused: gupshupRefused,
    secrets: [settings.password],
  };
  const optedIn = createLru<true>(REMEMBERED);

  async function optIn(digits: string, signal: AbortSignal): Promise<Failed | null> {
    if (!settings.opt_in || optedIn.get(digits) !== undefined) return null;
    const form = { method: "OPT_IN", channel: "WHATSAPP", phone_number: digits };
    const reply = await lookUp(http, gupshupCall(API, settings, form), signal);
    if ("kind" in reply) return reply;
    const [number] = listAt(reply.json, "data", "response_messages");
    if (textAt(number, "status") === "error") {
      const said = {
        class: "recipient" as const,
        code: textAt(number, "id") || "opt_in_failed",
        message: textAt(number, "details") || "the number cannot be opted in",
        inactivate: true,
      };
      return refusalOf(reply, said, reading.secrets);
    }
    if (gupshupAccepted(reply) === null) return refusalOf(reply, gupshupRefused(reply), reading.secrets);
    optedIn.set(digits, true);
    return null;
  }

  return {
    async send(message, signal) {
      const read = readWhatsApp(message, { slug: SLUG, uid: settings.waba_id });
      if (!read.ok) return read.failure;
      const refused = await optIn(read.whatsapp.digits, signal);
      if (refused !== null) return refused;
      return callVendor(http, gupshupCall(API, settings, formOf(read.whatsapp, message)), reading, signal);
    },
  };
}

function formOf({ digits, header, body, footer, buttons }: WhatsApp, message: OutgoingMessage) {
  const common = {
    send_to: digits,
    isHSM: "true",
    isTemplate: header !== null || footer !== "" || buttons.length > 0 ? "true" : undefined,
    footer: footer || undefined,
    buttonUrlParam: buttons.find(({ parameter }) => parameter !== null)?.parameter ?? undefined,
    data_encoding: "text",
    msg_id: gupshupMessageId(message),
  };
  if (header === null || header.kind === "text") {
    return { method: "SendMessage", msg_type: "HSM", msg: body.text, header: header?.text, ...common };
  }
  return {
    method: "SendMediaMessage",
    msg_type: header.kind.toUpperCase(),
    media_url: header.link,
    filename: header.kind === "document" ? header.filename || undefined : undefined,
    caption: body.text,
    ...common,
  };
}

/** What Gupshup says of a number without WhatsApp. */
const DEAD = /unknown.?subscriber|not.?(?:on|a|exist\w*.on).?whatsapp|invalid.?(?:number|destination)/i;

function readReports(request: WebhookRequest): VendorReport[] {
  return inboundOf(request) ?? readGupshupReports(request, (cause) => DEAD.test(cause));
}

/** A message from a person is one flat object: `mobile`, `waNumber`, `text`, `messageId`, `replyId`. */
function inboundOf(request: WebhookRequest): VendorReport[] | null {
  if (Array.isArray(parseReply(request.body.toString("utf8")))) return null;
  const fields = fieldsOf(request);
  if (!fields.has("mobile") || !fields.has("waNumber")) return null;
  return inbound({
    id: firstOf(fields, "messageId"),
    from: firstOf(fields, "mobile"),
    to: firstOf(fields, "waNumber"),
    text: firstOf(fields, "text"),
    in_reply_to: firstOf(fields, "replyId"),
    at: unixTimeOf(firstOf(fields, "timestamp")),
  });
}
