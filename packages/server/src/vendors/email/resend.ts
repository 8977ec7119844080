import { z } from "zod";
import { writeMailbox } from "../../core/mailbox.ts";
import {
  callVendor,
  listAt,
  probe,
  type Reading,
  textAt,
  type VendorReply,
} from "../../delivery/vendor/call.ts";
import { type Email, readEmail, senderFields } from "../../delivery/vendor/email.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type {
  FailureClass,
  OutgoingMessage,
  VendorConnection,
  VendorDeps,
} from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  jsonOf,
  MalformedReport,
  type ReceiptStatus,
  reported,
  type VendorReport,
} from "../../delivery/vendor/webhook.ts";
import { verifySvix } from "../shared/svix.ts";

const API = "https://api.resend.com";

const config = z.object({
  api_key: secret().meta({ title: "API key" }),
  ...senderFields,
  webhook_secret: secret(z.string().regex(/^(?:whsec_[A-Za-z0-9+/=]+)?$/, "must start with whsec_"))
    .default("")
    .meta({ title: "Webhook signing secret", description: "Blank: reports are accepted unsigned." }),
});

type Config = z.output<typeof config>;

/**
 * Resend: https://resend.com/docs/api-reference/emails/send-email, errors as in
 * https://resend.com/docs/api-reference/errors. Its idempotency key lasts a day, so a repeated attempt sends nothing twice.
 */
export default defineVendor({
  slug: "resend-email",
  vendor: "resend",
  channel: "email",
  name: "Resend",
  config,
  open,
  webhook: {
    shared_paths: ["webhook/resend"],
    verify: (request, { webhook_secret }) => verifySvix(request, webhook_secret),
    read: (request) => readReport(jsonOf(request)),
  },
});

function open(settings: Config, { http }: VendorDeps): VendorConnection {
  const headers = { authorization: `Bearer ${settings.api_key}` };
  const reading: Reading = { accepted, refused, secrets: [settings.api_key] };
  return {
    async send(message, signal) {
      const mail = readEmail(message, settings);
      if (!mail.ok) return mail.failure;
      const call = {
        url: `${API}/emails`,
        headers: { ...headers, "idempotency-key": message.message_id },
        json: bodyOf(message, mail.email),
      };
      return callVendor(http, call, reading, signal);
    },
    verify: (signal) => probe(http, { url: `${API}/domains`, headers }, reading, signal),
  };
}

function bodyOf({ message_id, attachments }: OutgoingMessage, email: Email) {
  return {
    from: writeMailbox(email.from),
    to: [email.to, ...email.extra_to].map(writeMailbox),
    cc: email.cc.map(writeMailbox),
    bcc: email.bcc.map(writeMailbox),
    reply_to: email.reply_to.map(writeMailbox),
    subject: email.subject,
    ...(email.html === null ? {} : { html: email.html }),
    text: email.text,
    ...(Object.keys(email.headers).length === 0 ? {} : { headers: email.headers }),
    attachments: attachments.map(({ filename, content_type, bytes }) => ({
      filename,
      content_type,
      content: bytes.toString("base64"),
    })),
    tags: [{ name: MESSAGE_TAG, value: message_id }],
  };
}

/** Comes back with every report. */
const MESSAGE_TAG = "supr_nid";

function accepted({ status, json }: VendorReply) {
  return status >= 200 && status < 300 ? { vendor_message_id: textAt(json, "id") } : null;
}

/** What the status alone would judge otherwise. */
const CLASSES: Readonly<Record<string, FailureClass>> = {
  invalid_api_key: "config",
  missing_api_key: "config",
  restricted_api_key: "config",
  // The domain of the sender is not verified.
  validation_error_403: "config",
  daily_quota_exceeded: "throttled",
  monthly_quota_exceeded: "config",
  // The same key with another content, or at the same moment: the first one decides.
  invalid_idempotent_request: "message",
  concurrent_idempotent_requests: "transient",
};

function refused({ status, json }: VendorReply) {
  const code = textAt(json, "name");
  return {
    class: CLASSES[`${code}_${status}`] ?? CLASSES[code],
    code,
    message: textAt(json, "message"),
  };
}

/** https://resend.com/docs/dashboard/webhooks/event-types. Events about domains and contacts are left out. */
function readReport(event: unknown): VendorReport[] {
  const type = textAt(event, "type");
  if (type === "") throw new MalformedReport("the body has no `type`");
  const about = reported({
    message_id: tagOf(event) || null,
    vendor_message_id: textAt(event, "data", "email_id") || null,
    address: textAt(event, "data", "to", 0) || null,
    at: Date.parse(textAt(event, "created_at")) || null,
  });
  const status = STATUSES[type];
  if (status !== undefined) return [{ kind: "status", ...about, status, reason: null }];
  if (type === "email.complained") return [{ kind: "address", ...about, change: "complained", reason: null }];
  const inactivate = inactivating(type, event);
  if (inactivate === null) return [];
  const reason =
    textAt(event, "data", "bounce", "message") || textAt(event, "data", "failed", "reason") || type;
  return [{ kind: "status", ...about, status: "delivery_failure", reason, inactivate }];
}

const STATUSES: Readonly<Record<string, "sent_by_vendor" | ReceiptStatus>> = {
  "email.sent": "sent_by_vendor",
  "email.delivered": "delivered",
  "email.opened": "seen",
  "email.clicked": "clicked",
};

/** Whether a failure is one of the address; null: the event is no failure. */
function inactivating(type: string, event: unknown): boolean | null {
  if (type === "email.bounced") return textAt(event, "data", "bounce", "type") === "Permanent";
  if (type === "email.suppressed") return true;
  return type === "email.failed" ? false : null;
}

/** Tags are sent as a list and reported as an object; older webhooks report the list. */
function tagOf(event: unknown): string {
  const named = listAt(event, "data", "tags").find((tag) => textAt(tag, "name") === MESSAGE_TAG);
  return textAt(named, "value") || textAt(event, "data", "tags", MESSAGE_TAG);
}
