import { z } from "zod";
import { readMailbox, writeMailbox } from "../../core/mailbox.ts";
import { listAt, textAt, type VendorReply, ownValue } from "../../delivery/vendor/call.ts";
import { type Email, senderFields } from "../../delivery/vendor/email.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type {
  FailureClass,
  OutgoingMessage,
  VendorConnection,
  VendorDeps,
} from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { jsonOf, MalformedReport, type VendorReport } from "../../delivery/vendor/webhook.ts";
import { base64Of, MESSAGE_KEY, openEmailApi, opinion, unlessEmpty } from "../common/email/email-api.ts";
import { lost, progress, type Reached, timeOf } from "../common/report.ts";
import { verifySvix } from "../common/email/svix.ts";

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

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const headers = { authorization: `Bearer ${settings.api_key}` };
  return openEmailApi(deps, settings, {
    secrets: [settings.api_key],
    call: (email, message) => ({
      url: `${API}/emails`,
      headers: { ...headers, "idempotency-key": message.message_id },
      json: bodyOf(message, email),
    }),
    accepted,
    refused,
    probe: { url: `${API}/domains`, headers },
  });
}

function bodyOf({ message_id, attachments }: OutgoingMessage, email: Email) {
  const { extra_to, cc, bcc } = email;
  const hasCopies = extra_to.length + cc.length + bcc.length > 0;
  return {
    from: writeMailbox(email.from),
    to: [email.to, ...extra_to].map(writeMailbox),
    ...unlessEmpty("cc", cc.map(writeMailbox)),
    ...unlessEmpty("bcc", bcc.map(writeMailbox)),
    ...unlessEmpty("reply_to", email.reply_to.map(writeMailbox)),
    subject: email.subject,
    ...(email.html === null ? {} : { html: email.html }),
    text: email.text,
    ...unlessEmpty("headers", email.headers),
    ...unlessEmpty(
      "attachments",
      attachments.map((file) => ({
        filename: file.filename,
        content_type: file.content_type,
        content: base64Of(file),
      })),
    ),
    tags: [
      { name: MESSAGE_KEY, value: message_id },
      ...(hasCopies ? [{ name: COPIES_TAG, value: "yes" }] : []),
    ],
  };
}

/** Comes back with every report of a mail that has copies: reports do not say which recipient they are about. */
const COPIES_TAG = "copies";

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
  const message = textAt(json, "message");
  // Says so with other statuses than 401, too.
  const kind = /api key is invalid/i.test(message) ? "config" : undefined;
  return { class: kind ?? ownValue(CLASSES, `${code}_${status}`) ?? ownValue(CLASSES, code), code, message };
}

/**
 * https://resend.com/docs/webhooks/event-types. Events about domains and contacts are left out. Every recipient of a
 * mail has events of its own, which name all in `to` and not their own
 * (https://github.com/anymail/django-anymail/blob/main/anymail/webhooks/resend.py): with copies, an event is about no
 * address, and ends none.
 */
function readReport(event: unknown): VendorReport[] {
  const type = textAt(event, "type");
  if (type === "") throw new MalformedReport("the body has no `type`");
  const hasCopies = tagOf(event, COPIES_TAG) !== "" || listAt(event, "data", "to").length > 1;
  const about = {
    message_id: tagOf(event, MESSAGE_KEY) || null,
    vendor_message_id: textAt(event, "data", "email_id") || null,
    address: (hasCopies ? "" : addressOf(textAt(event, "data", "to", 0))) || null,
    at: timeOf(textAt(event, "created_at")),
  };
  const status = ownValue(STATUSES, type);
  if (status !== undefined) return [progress(about, status)];
  if (type === "email.complained") return hasCopies ? [] : [opinion(about, "complained")];
  const inactivate = inactivating(type, event);
  if (inactivate === null) return [];
  const reason =
    textAt(event, "data", "bounce", "message") || textAt(event, "data", "failed", "reason") || type;
  return [lost(about, reason, inactivate && !hasCopies)];
}

/** `Ann <ann@example.com>`, or the address alone. */
function addressOf(mailbox: string): string {
  return readMailbox(mailbox)?.address ?? "";
}

const STATUSES: Readonly<Record<string, Reached>> = {
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
function tagOf(event: unknown, name: string): string {
  const named = listAt(event, "data", "tags").find((tag) => textAt(tag, "name") === name);
  return textAt(named, "value") || textAt(event, "data", "tags", name);
}
