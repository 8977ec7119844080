import { z } from "zod";
import { textAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { codeClasses } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { MalformedReport, type VendorReport, type WebhookRequest } from "../../delivery/vendor/webhook.ts";
import { coded, callbackFor, calledBackId, fieldsOf, firstOf } from "../common/phone/callback.ts";
import { inbound } from "../common/phone/inbound.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { lost, progress, type Reached, timeOf } from "../common/report.ts";

const SLUG = "messagebird-sms";
const API = "https://rest.messagebird.com";

const config = z.object({
  access_key: secret().meta({ title: "Access key" }),
  originator: z
    .string()
    .trim()
    .regex(/^(?:\+?\d{1,17}|[A-Za-z0-9 ]{1,11})$/, "must be a number, or up to 11 letters and digits")
    .meta({ title: "Originator", description: "The sender: a number or a name." }),
});

type Config = z.output<typeof config>;

/**
 * SMS by MessageBird's older API, which Bird still serves: https://developers.messagebird.com/api/sms-messaging/, errors:
 * https://developers.messagebird.com/api/#api-errors
 */
export default defineVendor({
  slug: SLUG,
  vendor: "messagebird",
  channel: "sms",
  name: "MessageBird",
  config,
  open,
  webhook: { returns_our_id: true, read: readReports },
});

function open({ access_key, originator }: Config, deps: VendorDeps): VendorConnection {
  const headers = { authorization: `AccessKey ${access_key}` };
  return openSmsApi(deps, {
    slug: SLUG,
    sender: originator,
    secrets: [access_key],
    accepted,
    refused,
    probe: { url: `${API}/balance`, headers },
    call: ({ digits, text, sender }, message) => ({
      url: `${API}/messages`,
      headers,
      json: {
        originator: sender,
        recipients: [digits],
        body: text,
        reference: message.message_id,
        datacoding: "auto",
        reportUrl: callbackFor(message),
      },
    }),
  });
}

function accepted({ status, json }: VendorReply) {
  return status >= 200 && status < 300 ? { vendor_message_id: textAt(json, "id") } : null;
}

const CLASSES = codeClasses({ config: "2 25", message: "9 10 20 21", transient: "99" });

function refused({ json }: VendorReply) {
  const code = textAt(json, "errors", 0, "code");
  const isNumber = /^recipients?$/.test(textAt(json, "errors", 0, "parameter"));
  return {
    class: isNumber && CLASSES.get(code) === "message" ? ("recipient" as const) : CLASSES.get(code),
    code,
    message: textAt(json, "errors", 0, "description"),
  };
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([
  ["sent", "sent_by_vendor"],
  ["buffered", "sent_by_vendor"],
  ["delivered", "delivered"],
]);

/** Both reports and messages from people come as a query. */
function readReports(request: WebhookRequest): VendorReport[] {
  const fields = fieldsOf(request);
  const id = firstOf(fields, "id");
  if (id === "") throw new MalformedReport("there is no `id`");
  const status = firstOf(fields, "status");
  if (status === "") return inboundIn(id, fields);
  const about = {
    message_id: calledBackId(request) ?? (firstOf(fields, "reference") || null),
    vendor_message_id: id,
    address: firstOf(fields, "recipient") || null,
    at: timeOf(firstOf(fields, "statusDatetime")),
  };
  const reached = STATUSES.get(status);
  if (reached !== undefined) return [progress(about, reached)];
  if (status !== "expired" && status !== "delivery_failed") return [];
  const code = firstOf(fields, "statusErrorCode");
  return [lost(about, coded(code, status))];
}

function inboundIn(id: string, fields: ReadonlyMap<string, string>): VendorReport[] {
  return inbound({
    id,
    from: firstOf(fields, "originator"),
    to: firstOf(fields, "recipient"),
    text: firstOf(fields, "body", "message", "payload"),
    at: timeOf(firstOf(fields, "createdDatetime")),
  });
}
