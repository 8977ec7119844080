import { z } from "zod";
import { textAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { codeClasses } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  jsonOf,
  MalformedReport,
  type VendorReport,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import { coded, callbackFor, calledBackId } from "../common/phone/callback.ts";
import { inbound } from "../common/phone/inbound.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { lost, progress, type Reached, timeOf } from "../common/report.ts";

const SLUG = "sinch-sms";

const config = z.object({
  region: z
    .enum(["us", "eu", "au", "br", "ca"])
    .default("eu")
    .meta({ title: "Region", description: "Where the service plan was made." }),
  service_plan_id: z
    .string()
    .trim()
    .regex(/^[\w-]{1,64}$/, "must be letters, digits, _ and -")
    .meta({ title: "Service plan ID" }),
  api_token: secret().meta({ title: "API token" }),
  from: z
    .string()
    .trim()
    .max(20)
    .default("")
    .meta({ title: "From", description: "A number or a name. Blank: the plan's default." }),
});

type Config = z.output<typeof config>;

/** SMS by Sinch: https://developers.sinch.com/docs/sms/api-reference/sms/batches/sendsms */
export default defineVendor({
  slug: SLUG,
  vendor: "sinch",
  channel: "sms",
  name: "Sinch",
  config,
  open,
  webhook: { returns_our_id: true, read: readReports },
});

function open({ region, service_plan_id, api_token, from }: Config, deps: VendorDeps): VendorConnection {
  const headers = { authorization: `Bearer ${api_token}` };
  const url = `https://${region}.sms.api.sinch.com/xms/v1/${service_plan_id}/batches`;
  return openSmsApi(deps, {
    slug: SLUG,
    sender: from,
    secrets: [api_token],
    accepted,
    refused,
    probe: { url: `${url}?page_size=1`, headers },
    call: ({ to, text, sender }, message) => ({
      url,
      headers,
      json: {
        from: sender || undefined,
        to: [to],
        body: text,
        delivery_report: "per_recipient",
        callback_url: callbackFor(message),
        client_reference: message.message_id,
      },
    }),
  });
}

function accepted({ status, json }: VendorReply) {
  return status === 200 || status === 201 ? { vendor_message_id: textAt(json, "id") } : null;
}

const CLASSES = codeClasses({ config: "unauthorized missing_auth_header invalid_auth_token" });

function refused({ json }: VendorReply) {
  const code = textAt(json, "code");
  return { class: CLASSES.get(code), code, message: textAt(json, "text") };
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([
  ["Dispatched", "sent_by_vendor"],
  ["Delivered", "delivered"],
]);

const FAILURES = new Set(["Failed", "Expired", "Rejected", "Aborted", "Cancelled", "Deleted"]);

/** https://developers.sinch.com/docs/sms/api-reference/sms/delivery-reports/ */
function readReports(request: WebhookRequest): VendorReport[] {
  const body = jsonOf(request);
  const type = textAt(body, "type");
  if (type === "") throw new MalformedReport("the body has no `type`");
  if (type === "mo_text") return inboundIn(body);
  if (type !== "recipient_delivery_report_sms") return [];
  const about = {
    message_id: calledBackId(request) ?? (textAt(body, "client_reference") || null),
    vendor_message_id: textAt(body, "batch_id") || null,
    address: textAt(body, "recipient") || null,
    at: timeOf(textAt(body, "at")),
  };
  const status = textAt(body, "status");
  const reached = STATUSES.get(status);
  if (reached !== undefined) return [progress(about, reached)];
  if (!FAILURES.has(status)) return [];
  const code = textAt(body, "code");
  return [lost(about, coded(code, status))];
}

function inboundIn(message: unknown): VendorReport[] {
  return inbound({
    id: textAt(message, "id"),
    from: textAt(message, "from"),
    to: textAt(message, "to"),
    text: textAt(message, "body"),

    at: timeOf(textAt(message, "received_at") || textAt(message, "sent_at")),
  });
}
