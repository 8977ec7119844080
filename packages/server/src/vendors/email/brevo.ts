import { createHash } from "node:crypto";
import { z } from "zod";
import type { Mailbox } from "../../core/mailbox.ts";
import { type Refusal, textAt, type VendorReply, ownValue } from "../../delivery/vendor/call.ts";
import { type Email, isAscii, senderFields } from "../../delivery/vendor/email.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { OutgoingMessage, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { jsonOf, MalformedReport, type VendorReport } from "../../delivery/vendor/webhook.ts";
import { verifyLogin, webhookLoginFields } from "../common/basic-auth.ts";
import { base64Of, contactOf, openEmailApi, opinion, unlessEmpty } from "../common/email/email-api.ts";
import { lost, progress, type Reached, unixTimeOf } from "../common/report.ts";

const API = "https://api.brevo.com/v3";

const config = z.object({
  api_key: secret().meta({ title: "API key", description: "Starts with xkeysib-. An SMTP key does not do." }),
  ...senderFields,
  ...webhookLoginFields,
});

type Config = z.output<typeof config>;

/**
 * Brevo: https://developers.brevo.com/reference/sendtransacemail. A mail's idempotency key lasts half an hour:
 * https://developers.brevo.com/docs/heterogenous-versions-batch-emails. It takes one Reply-To address and finds out a
 * file's type by its name. What it does with names and headers outside ASCII:
 * https://github.com/anymail/django-anymail/blob/main/anymail/backends/brevo.py
 */
export default defineVendor({
  slug: "brevo-email",
  vendor: "brevo",
  channel: "email",
  name: "Brevo",
  config,
  open,
  webhook: {
    verify: verifyLogin,
    read: (request) => readEvent(jsonOf(request)),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const headers = { "api-key": settings.api_key, accept: "application/json" };
  return openEmailApi(deps, settings, {
    secrets: [settings.api_key],
    call: (email, message) => ({ url: `${API}/smtp/email`, headers, json: bodyOf(message, email) }),
    accepted,
    refused,
    probe: { url: `${API}/account`, headers },
  });
}

/** Comes back with every report. */
const CUSTOM_HEADER = "X-Mailin-custom";

function bodyOf({ message_id, attachments }: OutgoingMessage, email: Email) {
  const [reply_to] = email.reply_to;
  // Others arrive as raw bytes, which servers refuse.
  const headers = Object.entries(email.headers).filter(([, value]) => isAscii(value));
  return {
    sender: nameable(email.from),
    to: [email.to, ...email.extra_to].map(nameable),
    ...unlessEmpty("cc", email.cc.map(nameable)),
    ...unlessEmpty("bcc", email.bcc.map(nameable)),
    ...(reply_to === undefined
      ? {}
      : { replyTo: isAscii(reply_to.name) ? contactOf(reply_to) : { email: reply_to.address } }),
    subject: email.subject,
    ...unlessEmpty("htmlContent", email.html ?? ""),
    ...unlessEmpty("textContent", email.text),
    ...unlessEmpty(
      "attachment",
      attachments.map((file) => ({ name: file.filename, content: base64Of(file) })),
    ),
    headers: {
      ...Object.fromEntries(headers),
      [CUSTOM_HEADER]: message_id,
      idempotencyKey: uuidOf(message_id),
    },
  };
}

/** A name outside ASCII is lost if it has one of these characters too. */
function nameable(mailbox: Mailbox) {
  const { name } = mailbox;
  return contactOf(
    isAscii(name) ? mailbox : { ...mailbox, name: name.replaceAll(/[()<>[\]:;@\\,."\s]+/g, " ").trim() },
  );
}

/** The key has to be a UUID, and the same one for each attempt. */
function uuidOf(message_id: string): string {
  const hex = createHash("sha256").update(message_id).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/** Of a request under a key that is known: an earlier attempt was accepted, and its id went astray. */
const DUPLICATES = new Set(["duplicate_parameter", "duplicate_request"]);

function accepted({ status, json }: VendorReply) {
  if (DUPLICATES.has(textAt(json, "code"))) return { vendor_message_id: null };
  return status >= 200 && status < 300 ? { vendor_message_id: bare(textAt(json, "messageId")) } : null;
}

/** The status says enough but for credits and recipients: https://developers.brevo.com/docs/how-it-works */
function refused({ status, headers, json }: VendorReply): Refusal {
  const code = textAt(json, "code");
  const message = textAt(json, "message");
  if (status === 402 || code === "not_enough_credits" || code === "account_under_validation") {
    return { class: "config", code, message };
  }
  const isAddress = status === 400 && /^(?:email is not valid in to|to is not valid)/i.test(message);
  const reset = Number(headers["x-sib-ratelimit-reset"]);
  return {
    class: isAddress ? "recipient" : undefined,
    code,
    message,
    ...(status === 429 && reset > 0 ? { retry_after: Math.ceil(reset) } : {}),
  };
}

function bare(id: string): string {
  return id.replaceAll(/^<|>$/g, "");
}

/** https://developers.brevo.com/docs/transactional-webhooks: one event a request. */
function readEvent(event: unknown): VendorReport[] {
  const type = textAt(event, "event");
  if (type === "") throw new MalformedReport("the body has no `event`");
  const about = {
    message_id: textAt(event, CUSTOM_HEADER) || null,
    vendor_message_id: bare(textAt(event, "message-id")) || null,
    address: textAt(event, "email") || null,
    at: unixTimeOf(textAt(event, "ts_epoch") || textAt(event, "ts_event")),
  };
  const status = ownValue(STATUSES, type);
  if (status !== undefined) return [progress(about, status)];
  const reason = textAt(event, "reason") || type;
  switch (type) {
    case "hard_bounce":
    case "invalid_email":
      return [lost(about, reason, true)];
    case "soft_bounce":
    case "blocked":
    case "error":
      return [lost(about, reason)];
    case "spam":
    case "complaint":
      return [opinion(about, "complained")];
    case "unsubscribe":
    case "unsubscribed":
      return [opinion(about, "opted_out")];
    default:
      return [];
  }
}

const STATUSES: Readonly<Record<string, Reached>> = {
  request: "sent_by_vendor",
  sent: "sent_by_vendor",
  delivered: "delivered",
  opened: "seen",
  unique_opened: "seen",
  proxy_open: "seen",
  unique_proxy_open: "seen",
  click: "clicked",
};
