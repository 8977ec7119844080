import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { z } from "zod";
import type { Mailbox } from "../../core/mailbox.ts";
import { type Refusal, textAt, type VendorReply, ownValue } from "../../delivery/vendor/call.ts";
import { type Email, senderFields } from "../../delivery/vendor/email.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { OutgoingMessage, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  isRecent,
  jsonEntriesOf,
  type Proof,
  type VendorReport,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import {
  base64Of,
  contactOf,
  mediaTypeOf,
  MESSAGE_KEY,
  openEmailApi,
  opinion,
  unlessEmpty,
} from "../common/email/email-api.ts";
import { lost, progress, type Reached, unixTimeOf } from "../common/report.ts";

const pool = z.string().trim().max(64);

const config = z.object({
  api_key: secret().meta({ title: "API key", description: "With the permission Mail Send." }),
  region: z.enum(["global", "eu"]).default("global").meta({
    title: "Region",
    description: "eu: for subusers of the European region, whose keys work nowhere else.",
  }),
  ...senderFields,
  ip_pool: pool.default("").meta({ title: "IP pool", description: "Blank: SendGrid chooses." }),
  ip_pools: z
    .record(z.string(), pool)
    .default({})
    .meta({ title: "IP pools by category", description: "By the slug of the notification category." }),
  webhook_public_key: z
    .string()
    .trim()
    .refine((text) => text === "" || readKey(text) !== null, "not a public key as SendGrid shows it")
    .default("")
    .meta({
      title: "Webhook verification key",
      description: "Of the signed event webhook. Blank: reports are accepted unsigned.",
    }),
});

type Config = z.output<typeof config>;

/**
 * SendGrid: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send, errors as in
 * https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors. It has no idempotency key. Parameters of a file's
 * media type are refused, so an invitation comes without its method.
 */
export default defineVendor({
  slug: "sendgrid-email",
  vendor: "sendgrid",
  channel: "email",
  name: "SendGrid",
  config,
  open,
  webhook: {
    shared_paths: ["webhook/sendgrid"],
    // Late bounces name nothing at all, so that no id of theirs would help.
    returns_our_id: true,
    verify: (request, { webhook_public_key }) => verifySignature(request, webhook_public_key),
    read: (request) => jsonEntriesOf(request).flatMap(readEvent),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const api = settings.region === "eu" ? "https://api.eu.sendgrid.com/v3" : "https://api.sendgrid.com/v3";
  const headers = { authorization: `Bearer ${settings.api_key}` };
  return openEmailApi(deps, settings, {
    secrets: [settings.api_key],
    call: (email, message) => ({ url: `${api}/mail/send`, headers, json: bodyOf(message, email, settings) }),
    accepted,
    refused,
    probe: { url: `${api}/scopes`, headers },
  });
}

function bodyOf(
  { message_id, category, attachments }: OutgoingMessage,
  email: Email,
  { ip_pool, ip_pools }: Config,
) {
  return {
    personalizations: [
      {
        to: [email.to, ...email.extra_to].map(recipientOf),
        ...unlessEmpty("cc", email.cc.map(recipientOf)),
        ...unlessEmpty("bcc", email.bcc.map(recipientOf)),
      },
    ],
    from: contactOf(email.from),
    ...unlessEmpty("reply_to_list", email.reply_to.map(contactOf)),
    subject: email.subject,
    content: [
      { type: "text/plain", value: email.text },
      { type: "text/html", value: email.html ?? "" },
    ].filter(({ value }) => value !== ""),
    ...unlessEmpty("headers", email.headers),
    ...unlessEmpty(
      "attachments",
      attachments.map((file) => ({
        filename: file.filename,
        type: mediaTypeOf(file),
        content: base64Of(file),
        disposition: "attachment",
      })),
    ),
    custom_args: { [MESSAGE_KEY]: message_id },
    ...unlessEmpty("ip_pool_name", (Object.hasOwn(ip_pools, category) ? ip_pools[category] : "") || ip_pool),
  };
}

/** A recipient's name with a comma is read as a list: https://github.com/sendgrid/sendgrid-python/issues/291 */
function recipientOf(mailbox: Mailbox) {
  const { name } = mailbox;
  return contactOf(
    /[,;]/.test(name) ? { ...mailbox, name: `"${name.replaceAll(/["\\]/g, "\\$&")}"` } : mailbox,
  );
}

function accepted({ status, headers }: VendorReply) {
  return status >= 200 && status < 300 ? { vendor_message_id: headers["x-message-id"] ?? null } : null;
}

function refused({ status, headers, json }: VendorReply): Refusal {
  const field = textAt(json, "errors", 0, "field");
  const message = textAt(json, "errors", 0, "message");
  return {
    class: status === 400 && field.startsWith("personalizations.0.to.0") ? "recipient" : undefined,
    message: field === "" || message === "" ? message : `${field}: ${message}`,
    ...(status === 429 ? { retry_after: secondsToReset(headers) } : {}),
  };
}

/** `X-RateLimit-Reset` is a time by SendGrid's clock, which `Date` shows. */
function secondsToReset(headers: Readonly<Record<string, string>>): number | undefined {
  const seconds = Number(headers["x-ratelimit-reset"]) - Date.parse(headers.date ?? "") / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}

/** SendGrid tries a webhook again for a day, with the same signature as far as is known. */
const RETRIED_SECONDS = 86_400;

/** ECDSA over the timestamp and the raw body: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features */
function verifySignature(request: WebhookRequest, public_key: string): Proof {
  if (public_key === "") return "unsigned";
  const key = readKey(public_key);
  const { headers, body } = request;
  const {
    "x-twilio-email-event-webhook-signature": signature = "",
    "x-twilio-email-event-webhook-timestamp": timestamp = "",
  } = headers;
  if (key === null || !/^\d{1,12}$/.test(timestamp)) return "forged";
  if (!isRecent(Number(timestamp), request, RETRIED_SECONDS)) return "forged";
  const signed = Buffer.concat([Buffer.from(timestamp), body]);
  return verify("sha256", signed, key, Buffer.from(signature, "base64")) ? "verified" : "forged";
}

/** Null for a text that is no public key in base64. */
function readKey(text: string): KeyObject | null {
  try {
    const key = createPublicKey({ key: Buffer.from(text, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ec" ? key : null;
  } catch {
    return null;
  }
}

/** https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event. Custom arguments stand among the fields. */
function readEvent(event: unknown): VendorReport[] {
  const type = textAt(event, "event");
  const about = {
    message_id: textAt(event, MESSAGE_KEY) || null,
    // The rest names the server that processed it.
    vendor_message_id: textAt(event, "sg_message_id").split(".", 1)[0] || null,
    address: textAt(event, "email") || null,
    at: unixTimeOf(textAt(event, "timestamp")),
  };
  const reason = textAt(event, "reason");
  const status = ownValue(STATUSES, type);
  if (status !== undefined) return [progress(about, status)];
  switch (type) {
    case "bounce":
      return [lost(about, reason || type, textAt(event, "type") === "bounce")];
    case "dropped":
      return [lost(about, reason || type, DEAD.test(reason))];
    case "spamreport":
      return [opinion(about, "complained")];
    case "unsubscribe":
    case "group_unsubscribe":
      return [opinion(about, "opted_out")];
    case "group_resubscribe":
      return [opinion(about, "opted_in")];
    default:
      return [];
  }
}

const STATUSES: Readonly<Record<string, Reached>> = {
  processed: "sent_by_vendor",
  delivered: "delivered",
  open: "seen",
  click: "clicked",
};

/** Reasons for which SendGrid does not even try an address. */
const DEAD = /^(?:bounced address|unsubscribed address|spam reporting address|invalid)$/i;
