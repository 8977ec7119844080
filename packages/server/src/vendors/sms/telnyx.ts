import { createPublicKey, verify } from "node:crypto";
import { z } from "zod";
import { textAt, valueAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { codeClasses } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  isRecent,
  jsonOf,
  MalformedReport,
  type Proof,
  type VendorReport,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import { coded, callbackFor, calledBackId } from "../common/phone/callback.ts";
import { inbound } from "../common/phone/inbound.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { lost, progress, type Reached, timeOf } from "../common/report.ts";

const SLUG = "telnyx-sms";
const API = "https://api.telnyx.com/v2";

const config = z
  .object({
    api_key: secret().meta({ title: "API key" }),
    from: z
      .string()
      .trim()
      .max(20)
      .default("")
      .meta({ title: "From", description: "The sender: a number or a name." }),
    messaging_profile_id: z
      .string()
      .trim()
      .regex(/^(?:[0-9a-fA-F-]{36})?$/, "must be an id such as 4000017e-2b3a-4f2b-8d5a-7a9b1c2d3e4f")
      .default("")
      .meta({ title: "Messaging profile ID", description: "Needed for a name as the sender." }),
    public_key: z
      .string()
      .trim()
      .regex(/^(?:[A-Za-z0-9+/]{43}=)?$/, "must be the public key as Telnyx shows it, in base64")
      .default("")
      .meta({
        title: "Public key",
        description: "Proves Telnyx's reports. Blank: they are accepted unsigned.",
      }),
  })
  .refine(({ from, messaging_profile_id }) => from !== "" || messaging_profile_id !== "", {
    message: "a From number or a messaging profile is needed",
    path: ["from"],
  });

type Config = z.output<typeof config>;

/**
 * SMS by Telnyx: https://developers.telnyx.com/api-reference/messages/send-a-message, codes:
 * https://developers.telnyx.com/docs/messaging/messages/error-codes and
 * https://developers.telnyx.com/development/api-fundamentals/api-errors
 */
export default defineVendor({
  slug: SLUG,
  vendor: "telnyx",
  channel: "sms",
  name: "Telnyx",
  config,
  open,
  webhook: {
    verify: (request, { public_key }) => verifySignature(request, public_key),
    read: readReports,
  },
});

function open({ api_key, from, messaging_profile_id }: Config, deps: VendorDeps): VendorConnection {
  const headers = { authorization: `Bearer ${api_key}` };
  return openSmsApi(deps, {
    slug: SLUG,
    sender: from,
    secrets: [api_key],
    accepted,
    refused,
    probe: { url: `${API}/balance`, headers },
    call: ({ to, text, sender }, message) => ({
      url: `${API}/messages`,
      headers,
      json: {
        from: sender || undefined,
        to,
        text,
        messaging_profile_id: messaging_profile_id || undefined,
        webhook_url: callbackFor(message),
      },
    }),
  });
}

function accepted({ status, json }: VendorReply) {
  return status >= 200 && status < 300 ? { vendor_message_id: textAt(json, "data", "id") } : null;
}

const CLASSES = codeClasses({
  // 10001: the number of the sender is inactive.
  config: "10001 10009 10010 40305 40306",
  recipient: "40300 40310",
  throttled: "10011",
  transient: "10007 10008",
});

/** The person has opted out. */
const OPTED_OUT = "40300";

function refused({ json }: VendorReply) {
  const code = textAt(json, "errors", 0, "code");
  return {
    class: CLASSES.get(code),
    code,
    message: wordsOf(valueAt(json, "errors", 0)),
    inactivate: code === OPTED_OUT,
  };
}

function wordsOf(error: unknown): string {
  return coded(textAt(error, "title"), textAt(error, "detail"));
}

/** What comes before the 32 bytes of an Ed25519 key in its standard form: https://www.rfc-editor.org/rfc/rfc8410 */
const KEY_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks */
function verifySignature(request: WebhookRequest, public_key: string): Proof {
  if (public_key === "") return "unsigned";
  const { headers, body } = request;
  const signature = Buffer.from(headers["telnyx-signature-ed25519"] ?? "", "base64");
  const timestamp = headers["telnyx-timestamp"] ?? "";
  if (!/^\d{1,12}$/.test(timestamp) || !isRecent(Number(timestamp), request)) return "forged";
  const der = Buffer.concat([KEY_PREFIX, Buffer.from(public_key, "base64")]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  const signed = Buffer.concat([Buffer.from(`${timestamp}|`), body]);
  return verify(null, signed, key, signature) ? "verified" : "forged";
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([
  ["sent", "sent_by_vendor"],
  ["delivered", "delivered"],
]);

/** The id of the event is not that of the message. */
function readReports(request: WebhookRequest): VendorReport[] {
  const event = valueAt(jsonOf(request), "data");
  const type = textAt(event, "event_type");
  if (type === "") throw new MalformedReport("the body has no `data.event_type`");
  const message = valueAt(event, "payload");
  if (type === "message.received") return inboundIn(message);
  if (type !== "message.sent" && type !== "message.finalized") return [];
  const about = {
    message_id: calledBackId(request),
    vendor_message_id: textAt(message, "id") || null,
    address: textAt(message, "to", 0, "phone_number") || null,
    at: timeOf(textAt(event, "occurred_at")),
  };
  const status = textAt(message, "to", 0, "status");
  const reached = STATUSES.get(status);
  if (reached !== undefined) return [progress(about, reached)];
  if (status !== "sending_failed" && status !== "delivery_failed") return [];
  const error = valueAt(message, "errors", 0);
  const code = textAt(error, "code");
  const reason = coded(code, wordsOf(error));
  return [lost(about, reason || status, code === OPTED_OUT)];
}

function inboundIn(message: unknown): VendorReport[] {
  return inbound({
    id: textAt(message, "id"),
    from: textAt(message, "from", "phone_number"),
    to: textAt(message, "to", 0, "phone_number"),
    text: textAt(message, "text"),

    at: timeOf(textAt(message, "received_at")),
  });
}
