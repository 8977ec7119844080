import { z } from "zod";
import type { Mailbox } from "../../core/mailbox.ts";
import { parseReply } from "../../delivery/vendor/reply-reader.ts";
import { type Refusal, textAt, type VendorReply, ownValue } from "../../delivery/vendor/call.ts";
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
  formOf,
  isHmac,
  MalformedReport,
  type Proof,
  type VendorReport,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import {
  base64Of,
  contactOf,
  greetHead,
  isRecipient,
  MESSAGE_KEY,
  openEmailApi,
  opinion,
  unlessEmpty,
  writeMailboxes,
} from "../common/email/email-api.ts";
import { lost, progress, type Reached, unixTimeOf } from "../common/report.ts";

const API = "https://mandrillapp.com/api/1.0";

const config = z.object({
  api_key: secret().meta({ title: "API key" }),
  ...senderFields,
  subaccount: z
    .string()
    .trim()
    .max(255)
    .default("")
    .meta({ title: "Subaccount", description: "Its ID, if mail is counted for one." }),
  webhook_key: secret(z.string()).default("").meta({
    title: "Webhook key",
    description: "Shown beside the webhook. Blank: reports are accepted unsigned.",
  }),
});

type Config = z.output<typeof config>;

/**
 * Mandrill (Mailchimp Transactional): https://mailchimp.com/developer/transactional/api/messages/send-new-message/. It has
 * no idempotency key, and answers and reports for each recipient under an id of its own.
 */
export default defineVendor({
  slug: "mandrill-email",
  vendor: "mandrill",
  channel: "email",
  name: "Mandrill",
  config,
  open,
  webhook: {
    verify: (request, { webhook_key }) => verifySignature(request, webhook_key),
    greet: greetHead,
    read: readEvents,
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const { api_key: key } = settings;
  return openEmailApi(deps, settings, {
    secrets: [key],
    call: (email, message) => ({
      url: `${API}/messages/send.json`,
      json: { key, message: bodyOf(message, email, settings), async: false },
    }),
    accepted,
    refused,
    probe: { method: "POST", url: `${API}/users/ping.json`, json: { key } },
  });
}

function bodyOf({ message_id, attachments }: OutgoingMessage, email: Email, { subaccount }: Config) {
  const typed = (type: "to" | "cc" | "bcc", mailboxes: Mailbox[]) =>
    mailboxes.map((mailbox) => ({ ...contactOf(mailbox), type }));
  return {
    from_email: email.from.address,
    ...unlessEmpty("from_name", email.from.name),
    to: [...typed("to", [email.to, ...email.extra_to]), ...typed("cc", email.cc), ...typed("bcc", email.bcc)],
    subject: email.subject,
    ...unlessEmpty("html", email.html ?? ""),
    ...unlessEmpty("text", email.text),
    ...unlessEmpty("headers", {
      ...unlessEmpty("Reply-To", writeMailboxes(email.reply_to)),
      ...email.headers,
    }),
    ...unlessEmpty(
      "attachments",
      attachments.map((file) => ({ type: file.content_type, name: file.filename, content: base64Of(file) })),
    ),
    metadata: { [MESSAGE_KEY]: message_id },
    ...unlessEmpty("subaccount", subaccount),
    // Otherwise each recipient sees themselves alone.
    preserve_recipients: true,
    // A rendered mail has no merge tags; what looks like one is text.
    merge: false,
  };
}

/** The entry of the message's own recipient; undefined for a reply without. */
function ownEntry({ json }: VendorReply, email: Email): unknown {
  return Array.isArray(json) ? json.find((entry) => isRecipient(textAt(entry, "email"), email)) : undefined;
}

const ACCEPTED = new Set(["sent", "queued", "scheduled"]);

function accepted(reply: VendorReply, email: Email) {
  const own = ownEntry(reply, email);
  return ACCEPTED.has(textAt(own, "status")) ? { vendor_message_id: textAt(own, "_id") } : null;
}

/** By name, since most errors come with status 500. */
const ERRORS: Readonly<Record<string, FailureClass>> = {
  Invalid_Key: "config",
  PaymentRequired: "config",
  PoorReputation: "config",
  Unknown_Subaccount: "config",
  ValidationError: "message",
  GeneralError: "transient",
  ServiceUnavailable: "transient",
};

const REJECTIONS: Readonly<Record<string, FailureClass>> = {
  "hard-bounce": "recipient",
  "soft-bounce": "message",
  spam: "recipient",
  unsub: "recipient",
  invalid: "recipient",
  custom: "recipient",
  "invalid-sender": "config",
  unsigned: "config",
  "test-mode-limit": "config",
  rule: "message",
};

/** Mandrill sends no more to these. */
const DEAD = new Set(["hard-bounce", "spam", "unsub", "invalid"]);

function refused(reply: VendorReply, email?: Email): Refusal {
  const own = email === undefined ? undefined : ownEntry(reply, email);
  if (own === undefined) {
    const code = textAt(reply.json, "name");
    return { class: ownValue(ERRORS, code), code, message: textAt(reply.json, "message") };
  }
  const status = textAt(own, "status");
  const reason = textAt(own, "reject_reason") || status;
  const kind = ownValue(REJECTIONS, reason) ?? "message";
  return { class: kind, code: reason, message: `${status}: ${reason}`, inactivate: DEAD.has(reason) };
}

/** https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/#authenticating-webhook-requests */
function verifySignature(request: WebhookRequest, key: string): Proof {
  if (key === "") return "unsigned";
  const fields = [...formOf(request)].sort(([one], [other]) => (one < other ? -1 : 1)).flat();
  const signature = request.headers["x-mandrill-signature"] ?? "";
  const parts = [request.url, ...fields];
  return isHmac(signature, { algorithm: "sha1", key, parts, encoding: "base64" }) ? "verified" : "forged";
}

/** https://mailchimp.com/developer/transactional/docs/webhooks/: a form with one field, an array of events. */
function readEvents(request: WebhookRequest): VendorReport[] {
  const events = parseReply(formOf(request).get("mandrill_events") ?? "");
  if (!Array.isArray(events)) throw new MalformedReport("the form has no array `mandrill_events`");
  return events.flatMap(readEvent);
}

function readEvent(event: unknown): VendorReport[] {
  const type = textAt(event, "event");
  const about = {
    message_id: textAt(event, "msg", "metadata", MESSAGE_KEY) || null,
    vendor_message_id: textAt(event, "_id") || null,
    address: textAt(event, "msg", "email") || null,
    at: unixTimeOf(textAt(event, "ts")),
  };
  const status = ownValue(STATUSES, type);
  if (status !== undefined) return [progress(about, status)];
  const reason = textAt(event, "msg", "diag") || textAt(event, "msg", "bounce_description") || type;
  switch (type) {
    case "hard_bounce":
      return [lost(about, reason, true)];
    case "soft_bounce":
      return [lost(about, reason)];
    case "reject": {
      const why = textAt(event, "msg", "reject", "reason") || textAt(event, "msg", "reject_reason");
      return [lost(about, why || reason, DEAD.has(why))];
    }
    case "spam":
      return [opinion(about, "complained")];
    case "unsub":
      return [opinion(about, "opted_out")];
    default:
      return [];
  }
}

const STATUSES: Readonly<Record<string, Reached>> = {
  send: "sent_by_vendor",
  delivered: "delivered",
  open: "seen",
  click: "clicked",
};
