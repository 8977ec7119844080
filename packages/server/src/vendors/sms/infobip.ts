import { z } from "zod";
import { listAt, textAt, valueAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { codeClasses } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import { dltFields, type Sms } from "../../delivery/vendor/sms.ts";
import type { OutgoingMessage, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  jsonOf,
  MalformedReport,
  type VendorReport,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import { coded, callbackFor } from "../common/phone/callback.ts";
import { inbound } from "../common/phone/inbound.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { lost, progress, type Reached, timeOf } from "../common/report.ts";

const SLUG = "infobip-sms";

const config = z.object({
  base_url: z
    .string()
    .trim()
    .transform((text) => text.replace(/^https:\/\//i, "").replace(/\/+$/, ""))
    .pipe(z.string().regex(/^[\w-]+(?:\.[\w-]+)+$/, "must be a host such as xyz123.api.infobip.com"))
    .meta({ title: "Base URL", description: "The account's own host, shown on Infobip's home page." }),
  api_key: secret().meta({ title: "API key", description: "With the scope sms:message:send." }),
  from: z
    .string()
    .trim()
    .max(30)
    .default("")
    .meta({ title: "From", description: "The sender: a number or a name." }),
  entity_id: dltFields.entity_id,
});

type Config = z.output<typeof config>;

/**
 * SMS by Infobip: https://www.infobip.com/docs/api/channels/sms/outbound-sms/send-sms-message, statuses:
 * https://www.infobip.com/docs/essentials/api-essentials/response-status-and-error-codes. The message's id there is ours.
 */
export default defineVendor({
  slug: SLUG,
  vendor: "infobip",
  channel: "sms",
  name: "Infobip",
  config,
  open,
  webhook: { returns_our_id: true, read: readReports },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const headers = { authorization: `App ${settings.api_key}`, accept: "application/json" };
  const api = `https://${settings.base_url}`;
  return openSmsApi(deps, {
    slug: SLUG,
    sender: settings.from,
    secrets: [settings.api_key],
    accepted,
    refused,
    probe: { url: `${api}/account/1/balance`, headers },
    call: (sms, message) => ({
      url: `${api}/sms/2/text/advanced`,
      headers,
      json: { messages: [messageOf(sms, message, settings)] },
    }),
  });
}

function messageOf(
  { digits, text, sender, template_id }: Sms,
  message: OutgoingMessage,
  { entity_id }: Config,
) {
  const callback = callbackFor(message);
  const indiaDlt = { contentTemplateId: template_id, principalEntityId: entity_id };
  return {
    from: sender || undefined,
    destinations: [{ to: digits, messageId: message.message_id }],
    text,
    ...(callback === undefined ? {} : { notifyUrl: callback, notifyContentType: "application/json" }),
    callbackData: message.message_id,
    ...(template_id === "" || entity_id === "" ? {} : { regional: { indiaDlt } }),
  };
}

/** Groups of statuses in which a message is still on its way, or there. */
const ACCEPTED = new Set(["PENDING", "ACCEPTED", "DELIVERED"]);

function accepted({ status, json }: VendorReply) {
  const message = valueAt(json, "messages", 0);
  const isAccepted = status === 200 && ACCEPTED.has(textAt(message, "status", "groupName"));
  return isAccepted ? { vendor_message_id: textAt(message, "messageId") } : null;
}

const CLASSES = codeClasses({
  config:
    "UNAUTHORIZED FORBIDDEN REJECTED_NOT_ENOUGH_CREDITS REJECTED_SENDER REJECTED_NETWORK REJECTED_ROUTE_NOT_AVAILABLE",
  recipient:
    "REJECTED_DESTINATION REJECTED_DESTINATION_NOT_REGISTERED REJECTED_PREFIX_MISSING REJECTED_INVALID_DESTINATION",
  throttled: "TOO_MANY_REQUESTS REJECTED_FLOODING_FILTER",
  transient: "REJECTED_SYSTEM_ERROR",
});

function refused({ json }: VendorReply) {
  const exception = valueAt(json, "requestError", "serviceException");
  const status = valueAt(json, "messages", 0, "status");
  const code = textAt(exception, "messageId") || textAt(status, "name");
  const message = textAt(exception, "text") || textAt(status, "description");
  return { class: CLASSES.get(code), code, message };
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([["DELIVERED", "delivered"]]);
const FAILURES = new Set(["UNDELIVERABLE", "EXPIRED", "REJECTED"]);

function readReports(request: WebhookRequest): VendorReport[] {
  const body = jsonOf(request);
  if (!Array.isArray(valueAt(body, "results")))
    throw new MalformedReport("the body has no list of `results`");
  return listAt(body, "results").flatMap((result) =>
    valueAt(result, "status") === undefined ? inboundIn(result) : reportIn(result),
  );
}

function reportIn(result: unknown): VendorReport[] {
  const about = {
    message_id: textAt(result, "callbackData") || textAt(result, "messageId") || null,
    vendor_message_id: textAt(result, "messageId") || null,
    address: textAt(result, "to") || null,
    at: timeOf(textAt(result, "doneAt")),
  };
  const group = textAt(result, "status", "groupName");
  const name = textAt(result, "status", "name");
  const reached = STATUSES.get(group);
  if (reached !== undefined) return [progress(about, reached)];
  if (group === "PENDING" && name === "PENDING_ENROUTE") return [progress(about, "sent_by_vendor")];
  if (!FAILURES.has(group)) return [];
  const error = valueAt(result, "error");
  const words = textAt(error, "description") || textAt(result, "status", "description");
  const code = [textAt(error, "name"), name].find((text) => text !== "" && text !== "NO_ERROR") ?? group;
  return [lost(about, coded(code, words))];
}

function inboundIn(result: unknown): VendorReport[] {
  return inbound({
    id: textAt(result, "messageId"),
    from: textAt(result, "from"),
    to: textAt(result, "to"),
    text: textAt(result, "text"),

    at: timeOf(textAt(result, "receivedAt")),
  });
}
