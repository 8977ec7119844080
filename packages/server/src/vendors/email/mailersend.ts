import { z } from "zod";
import type { Mailbox } from "../../core/mailbox.ts";
import {
  listAt,
  type Refusal,
  textAt,
  valueAt,
  type VendorReply,
  ownValue,
} from "../../delivery/vendor/call.ts";
import { type Email, senderFields } from "../../delivery/vendor/email.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type {
  FailureClass,
  OutgoingMessage,
  VendorConnection,
  VendorDeps,
} from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  isHmac,
  jsonOf,
  MalformedReport,
  type Proof,
  type VendorReport,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import {
  base64Of,
  contactOf,
  isRecipient,
  openEmailApi,
  opinion,
  unlessEmpty,
} from "../common/email/email-api.ts";
import { lost, progress, type Reached, timeOf } from "../common/report.ts";

const API = "https://api.mailersend.com/v1";

const config = z.object({
  api_key: secret().meta({
    title: "API token",
    description: "Of the sender's domain, with the scope Email.",
  }),
  ...senderFields,
  custom_headers: z.boolean().default(false).meta({
    title: "Send headers",
    description:
      "Such as List-Unsubscribe. MailerSend takes them with some plans only and refuses the mail with the others.",
  }),
  webhook_secret: secret(z.string()).default("").meta({
    title: "Webhook signing secret",
    description: "Blank: reports are accepted unsigned.",
  }),
});

type Config = z.output<typeof config>;

/**
 * MailerSend: https://developers.mailersend.com/api/v1/email.html. It has no idempotency key and nothing that comes back
 * with reports, which name a mail by MailerSend's own id. It takes one Reply-To address, ten cc and ten bcc, and finds out
 * a file's type by its name.
 */
export default defineVendor({
  slug: "mailersend-email",
  vendor: "mailersend",
  channel: "email",
  name: "MailerSend",
  config,
  open,
  webhook: {
    verify: (request, { webhook_secret }) => verifySignature(request, webhook_secret),
    read: (request) => readEvent(jsonOf(request)),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const headers = { authorization: `Bearer ${settings.api_key}`, accept: "application/json" };
  return openEmailApi(deps, settings, {
    secrets: [settings.api_key],
    call: (email, message) => ({ url: `${API}/email`, headers, json: bodyOf(message, email, settings) }),
    accepted,
    refused,
    probe: { url: `${API}/api-quota`, headers },
  });
}

function bodyOf({ attachments }: OutgoingMessage, email: Email, { custom_headers }: Config) {
  const [reply_to] = email.reply_to;
  const headers = custom_headers ? Object.entries(email.headers) : [];
  return {
    from: contactOf(email.from),
    to: [email.to, ...email.extra_to].map(recipientOf),
    ...unlessEmpty("cc", email.cc.map(recipientOf)),
    ...unlessEmpty("bcc", email.bcc.map(recipientOf)),
    ...(reply_to === undefined ? {} : { reply_to: contactOf(reply_to) }),
    subject: email.subject,
    ...unlessEmpty("text", email.text),
    ...unlessEmpty("html", email.html ?? ""),
    ...unlessEmpty(
      "headers",
      headers.map(([name, value]) => ({ name, value })),
    ),
    ...unlessEmpty(
      "attachments",
      attachments.map((file) => ({
        filename: file.filename,
        content: base64Of(file),
        disposition: "attachment",
      })),
    ),
  };
}

/** A recipient's name with one of these is refused. */
function recipientOf(mailbox: Mailbox) {
  return contactOf({ ...mailbox, name: mailbox.name.replaceAll(/[;,\s]+/g, " ").trim() });
}

/** Warnings name those who get nothing: with copies, a mail is accepted without its recipient. */
function suppression(json: unknown, email: Email): string[] | null {
  const suppressed = listAt(json, "warnings")
    .flatMap((warning) => listAt(warning, "recipients"))
    .find((recipient) => isRecipient(textAt(recipient, "email"), email));
  return suppressed === undefined ? null : listAt(suppressed, "reason").map((reason) => textAt(reason));
}

function accepted({ status, headers, json }: VendorReply, email: Email) {
  if (status < 200 || status >= 300 || suppression(json, email) !== null) return null;
  return { vendor_message_id: headers["x-message-id"] ?? null };
}

/** Codes at the end of a message: https://developers.mailersend.com/general.html#validation-errors */
const CLASSES: Readonly<Record<string, FailureClass>> = {
  MS42207: "config", // the sender's domain is not verified
  MS42225: "config", // what a trial may send to
  MS42901: "throttled", // the daily quota of requests
};

const DEAD = new Set(["hard_bounced", "spam_complaint", "spam_complaints", "unsubscribed"]);

function refused({ status, json }: VendorReply, email?: Email): Refusal {
  const suppressed = email === undefined ? null : suppression(json, email);
  if (suppressed !== null) {
    return {
      class: "recipient",
      code: suppressed[0],
      message: `the recipient is suppressed: ${suppressed.join(", ")}`,
      inactivate: suppressed.some((reason) => DEAD.has(reason)),
    };
  }
  const message = textAt(json, "message");
  const code = /#(MS\d{5})/.exec(message)?.[1];
  // Under maintenance.
  if (status === 421) return { class: "transient", code, message };
  if (code === undefined && listAt(json, "errors", "to.0.email").length > 0)
    return { class: "recipient", message };
  return { class: ownValue(CLASSES, code ?? ""), code, message };
}

/** https://developers.mailersend.com/webhooks.html#security: over the raw body, without a time. */
function verifySignature({ headers, body }: WebhookRequest, key: string): Proof {
  if (key === "") return "unsigned";
  const signature = headers.signature ?? "";
  return isHmac(signature, { algorithm: "sha256", key, parts: [body], encoding: "hex" })
    ? "verified"
    : "forged";
}

/**
 * https://developers.mailersend.com/webhooks.html, in both versions of its form: the older one has the message inside
 * `email` and the reason inside `morph`
 * (https://github.com/anymail/django-anymail/blob/main/anymail/webhooks/mailersend.py).
 */
function readEvent(event: unknown): VendorReport[] {
  const type = textAt(event, "type");
  if (type === "") throw new MalformedReport("the body has no `type`");
  const data = valueAt(event, "data");
  const about = {
    vendor_message_id: textAt(data, "message_id") || textAt(data, "email", "message", "id") || null,
    address: textAt(data, "recipient") || textAt(data, "email", "recipient", "email") || null,
    at: timeOf(textAt(event, "created_at") || textAt(data, "created_at")),
  };
  const activity = type.replace(/^activity\./, "");
  const status = ownValue(STATUSES, activity);
  if (status !== undefined) return [progress(about, status)];
  const reason =
    ["bounce_reason", "reject_reason", "suppression_reason"]
      .map((name) => textAt(data, "meta", name))
      .find((text) => text !== "") ||
    textAt(data, "morph", "readable_reason") ||
    textAt(data, "morph", "reason") ||
    activity;
  switch (activity) {
    case "soft_bounced":
      return [lost(about, reason)];
    case "hard_bounced":
    case "suppressed":
      return [lost(about, reason, true)];
    case "spam_complaint":
    case "spam_complaints":
      return [opinion(about, "complained")];
    case "unsubscribed":
      return [opinion(about, "opted_out", textAt(data, "meta", "unsubscribe_reason"))];
    default:
      return [];
  }
}

const STATUSES: Readonly<Record<string, Reached>> = {
  sent: "sent_by_vendor",
  delivered: "delivered",
  opened: "seen",
  opened_unique: "seen",
  clicked: "clicked",
  clicked_unique: "clicked",
};
