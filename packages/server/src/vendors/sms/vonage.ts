import { z } from "zod";
import { basicAuth, listAt, textAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { codeClasses } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { MalformedReport, type VendorReport, type WebhookRequest } from "../../delivery/vendor/webhook.ts";
import {
  coded,
  callbackFor,
  calledBackId,
  fieldsOf,
  firstOf,
  localTimeOf,
} from "../common/phone/callback.ts";
import { inbound } from "../common/phone/inbound.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { lost, progress, type Reached, timeOf } from "../common/report.ts";

const SLUG = "vonage-sms";
const API = "https://rest.nexmo.com";

const config = z.object({
  api_key: z
    .string()
    .trim()
    .regex(/^\w{4,32}$/, "must be letters and digits")
    .meta({ title: "API key" }),
  api_secret: secret().meta({ title: "API secret" }),
  from: z
    .string()
    .trim()
    .min(1)
    .max(16)
    .meta({ title: "From", description: "The sender: a number or a name." }),
});

type Config = z.output<typeof config>;

/**
 * SMS by Vonage: https://developer.vonage.com/en/api/sms, what its codes mean:
 * https://developer.vonage.com/messaging/sms/guides/troubleshooting-sms
 */
export default defineVendor({
  slug: SLUG,
  vendor: "vonage",
  channel: "sms",
  name: "Vonage",
  config,
  open,
  webhook: { returns_our_id: true, read: readReports },
});

function open({ api_key, api_secret, from }: Config, deps: VendorDeps): VendorConnection {
  return openSmsApi(deps, {
    slug: SLUG,
    sender: from,
    secrets: [api_secret],
    accepted,
    refused,
    probe: {
      url: `${API}/account/get-balance`,
      headers: { authorization: basicAuth(api_key, api_secret) },
    },
    call: ({ digits, text, sender, unicode }, message) => ({
      url: `${API}/sms/json`,
      form: {
        api_key,
        api_secret,
        from: sender.replace(/^\+/, ""),
        to: digits,
        text,
        type: unicode ? "unicode" : "text",
        callback: callbackFor(message),
        "client-ref": message.message_id,
      },
    }),
  });
}

/** A long text is several messages: it is accepted if all of them are. Reports of the first one are matched. */
function accepted({ status, json }: VendorReply) {
  const parts = listAt(json, "messages");
  const isAccepted =
    status === 200 && parts.length > 0 && parts.every((part) => textAt(part, "status") === "0");
  return isAccepted ? { vendor_message_id: textAt(parts[0], "message-id") } : null;
}

const CLASSES = codeClasses({
  throttled: "1 10",
  transient: "5",
  message: "2 3 6 12",
  config: "4 8 9 14 15 23 29 32",
  recipient: "7 33",
});

function refused({ json }: VendorReply) {
  const part = listAt(json, "messages").find((one) => textAt(one, "status") !== "0");
  const code = textAt(part, "status");
  return {
    class: CLASSES.get(code),
    code,
    message: textAt(part, "error-text") || textAt(json, "title"),
  };
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([
  ["accepted", "sent_by_vendor"],
  ["buffered", "sent_by_vendor"],
  ["delivered", "delivered"],
]);

/** A query, a form or JSON, as the account says. Times are UTC, whether they say so or not. */
function readReports(request: WebhookRequest): VendorReport[] {
  const fields = fieldsOf(request);
  const id = firstOf(fields, "messageId", "message-id");
  if (id === "") throw new MalformedReport("there is no `messageId`");
  const stamp = firstOf(fields, "message-timestamp");
  const at = localTimeOf(stamp, "Z") ?? timeOf(stamp);
  const status = firstOf(fields, "status");
  if (status === "") return inboundIn(id, fields, at);
  const about = {
    message_id: calledBackId(request) ?? (firstOf(fields, "client-ref") || null),
    vendor_message_id: id,
    address: firstOf(fields, "msisdn") || null,
    at,
  };
  const reached = STATUSES.get(status);
  if (reached !== undefined) return [progress(about, reached)];
  if (!["expired", "failed", "rejected"].includes(status)) return [];
  const code = firstOf(fields, "err-code");
  return [lost(about, coded(code, status))];
}

function inboundIn(id: string, fields: ReadonlyMap<string, string>, at: number | null): VendorReport[] {
  const text = firstOf(fields, "text");
  return inbound({ id, from: firstOf(fields, "msisdn"), to: firstOf(fields, "to"), text, at });
}
