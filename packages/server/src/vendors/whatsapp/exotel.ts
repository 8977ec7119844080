import { z } from "zod";
import { listAt, textAt, valueAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { codeClasses } from "../../delivery/vendor/failure.ts";
import { numberField } from "../../delivery/vendor/phone.ts";
import type { FailureClass, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  jsonOf,
  MalformedReport,
  type VendorReport,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import { accountField, unnamedTemplate } from "../../delivery/vendor/whatsapp.ts";
import { coded, callbackFor, calledBackId } from "../common/phone/callback.ts";
import { exotelFields, exotelLogin, exotelProbe } from "../common/phone/exotel.ts";
import { inbound } from "../common/phone/inbound.ts";
import { metaTemplate } from "../common/phone/meta-template.ts";
import { openWhatsAppApi } from "../common/phone/phone-api.ts";
import { lost, progress, type Reached, timeOf } from "../common/report.ts";

const SLUG = "exotel-whatsapp";

const config = z.object({
  ...exotelFields,
  number: numberField.meta({ title: "WhatsApp number" }),
  ...accountField,
});

type Config = z.output<typeof config>;

/**
 * WhatsApp by Exotel, in the form of Meta's templates: https://developer.exotel.com/docs/whatsapp-api/. Its two lists of
 * codes (https://developer.exotel.com/docs/whatsapp-api/api-reference/status-codes and
 * https://developer.exotel.com/api/error-code) give the same numbers different meanings, so the name of a status counts
 * where there is one.
 */
export default defineVendor({
  slug: SLUG,
  vendor: "exotel",
  channel: "whatsapp",
  name: "Exotel WhatsApp",
  config,
  open,
  webhook: { read: readReports },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const { headers, secrets } = exotelLogin(settings);
  return openWhatsAppApi(deps, {
    slug: SLUG,
    uid: settings.waba_id,
    secrets,
    accepted,
    refused,
    probe: exotelProbe(settings),
    call(whatsapp, message) {
      if (whatsapp.template.name === "") return unnamedTemplate();
      const json = {
        custom_data: message.message_id,
        status_callback: callbackFor(message),
        whatsapp: {
          messages: [
            {
              from: settings.number,
              to: whatsapp.to,
              content: { type: "template", template: metaTemplate(whatsapp) },
            },
          ],
        },
      };
      return {
        url: `https://${settings.subdomain}/v2/accounts/${settings.account_sid}/messages`,
        headers,
        json,
      };
    },
  });
}

/** Each message of a request has its own answer, whatever the status of the whole. */
function answerOf(json: unknown): unknown {
  return valueAt(json, "response", "whatsapp", "messages", 0);
}

function accepted({ status, json }: VendorReply) {
  const answer = answerOf(json);
  const isAccepted = status >= 200 && status < 300 && textAt(answer, "status") === "success";
  return isAccepted ? { vendor_message_id: textAt(answer, "data", "sid") } : null;
}

const CODES = codeClasses({
  recipient: "30008 30013 30040",
  throttled: "30004",
  config: "30020 30030",
  message: "30007 30009 30010 30011 30012 30014 30041",
});

function classOf(status: number, code: string): FailureClass | undefined {
  if (status === 402) return "config";
  return CODES.get(code);
}

function refused({ status, json }: VendorReply) {
  const answer = answerOf(json);
  const error = valueAt(answer, "error_data") ?? valueAt(json, "error_data");
  const code = textAt(error, "code") || textAt(answer, "code");
  const said = Number(textAt(answer, "code")) || status;
  return {
    class: classOf(said, code),
    code,
    message: textAt(error, "description") || textAt(error, "message"),
  };
}

const REACHED: ReadonlyMap<string, Reached> = new Map([
  ["EX_MESSAGE_SENT", "sent_by_vendor"],
  ["EX_MESSAGE_DELIVERED", "delivered"],
  ["EX_MESSAGE_SEEN", "seen"],
  ["30001", "sent_by_vendor"],
  ["30002", "delivered"],
  ["30003", "seen"],
]);

/** There is no WhatsApp at the number: by name, or by code where there is no name. */
const DEAD = new Set(["EX_INVALID_RECIPIENT", "EX_INCAPABLE_RECIPIENT"]);
const DEAD_CODES = new Set(["30008", "30013"]);

/** Older callbacks list messages, newer ones are one message. */
function readReports(request: WebhookRequest): VendorReport[] {
  const body = jsonOf(request);
  const listed = listAt(body, "whatsapp", "messages");
  const messages = listed.length > 0 ? listed : [body];
  if (messages.every((message) => textAt(message, "sid") === "")) {
    throw new MalformedReport("no message has a `sid`");
  }
  const called = messages.length === 1 ? calledBackId(request) : null;
  return messages.flatMap((message) =>
    ["icm", "incoming_message"].includes(textAt(message, "callback_type"))
      ? inboundIn(message)
      : reportIn(message, called),
  );
}

function reportIn(message: unknown, called: string | null): VendorReport[] {
  const about = {
    message_id: called ?? (textAt(message, "custom_data") || null),
    vendor_message_id: textAt(message, "sid") || null,
    address: textAt(message, "to") || null,
    at: timeOf(textAt(message, "timestamp")),
  };
  const code = textAt(message, "exo_status_code");
  const name = textAt(message, "exo_detailed_status");
  if (code === "" && name === "") return [];
  const reached = REACHED.get(name || code);
  if (reached !== undefined) return [progress(about, reached)];
  const words = coded(name, textAt(message, "description"));
  const isDead = name === "" ? DEAD_CODES.has(code) : DEAD.has(name);
  return [lost(about, coded(code, words), isDead)];
}

function inboundIn(message: unknown): VendorReport[] {
  return inbound({
    id: textAt(message, "sid"),
    from: textAt(message, "from"),
    to: textAt(message, "to"),
    text: textAt(message, "content", "text", "body") || textAt(message, "content", "button", "text"),
    in_reply_to: textAt(message, "content", "context", "id") || textAt(message, "context", "id"),
    at: timeOf(textAt(message, "timestamp")),
  });
}
