import { z } from "zod";
import { writeMailbox } from "../../core/mailbox.ts";
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
import { jsonOf, MalformedReport, type VendorReport } from "../../delivery/vendor/webhook.ts";
import { verifyLogin, webhookLoginFields } from "../common/basic-auth.ts";
import {
  base64Of,
  isRecipient,
  MESSAGE_KEY,
  openEmailApi,
  opinion,
  unlessEmpty,
  writeMailboxes,
} from "../common/email/email-api.ts";
import { lost, progress, type Reached, timeOf } from "../common/report.ts";

const API = "https://api.postmarkapp.com";

const config = z.object({
  server_token: secret().meta({ title: "Server API token" }),
  account_token: secret(z.string()).default("").meta({
    title: "Account API token",
    description: "Kept for settings that have one. Nothing is sent with it.",
  }),
  message_stream: z
    .string()
    .trim()
    .regex(/^[\w-]{1,100}$/, "not the ID of a message stream")
    .default("outbound")
    .meta({ title: "Message stream", description: "Its ID. Promotional mail needs a broadcast stream." }),
  ...senderFields,
  ...webhookLoginFields,
});

type Config = z.output<typeof config>;

/**
 * Postmark: https://postmarkapp.com/developer/api/email-api, error codes as in
 * https://postmarkapp.com/developer/api/overview#error-codes. It has no idempotency key, and takes 50 recipients.
 */
export default defineVendor({
  slug: "postmark-email",
  vendor: "postmark",
  channel: "email",
  name: "Postmark",
  config,
  open,
  webhook: {
    shared_paths: ["webhook/postmark"],
    returns_our_id: true,
    verify: verifyLogin,
    read: (request) => readRecord(jsonOf(request)),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const headers = { accept: "application/json", "x-postmark-server-token": settings.server_token };
  return openEmailApi(deps, settings, {
    secrets: [settings.server_token, settings.account_token],
    call: (email, message) => ({ url: `${API}/email`, headers, json: bodyOf(message, email, settings) }),
    accepted,
    refused,
    probe: { url: `${API}/server`, headers },
  });
}

function bodyOf({ message_id, attachments }: OutgoingMessage, email: Email, { message_stream }: Config) {
  return {
    From: writeMailbox(email.from),
    To: writeMailboxes([email.to, ...email.extra_to]),
    ...unlessEmpty("Cc", writeMailboxes(email.cc)),
    ...unlessEmpty("Bcc", writeMailboxes(email.bcc)),
    ...unlessEmpty("ReplyTo", writeMailboxes(email.reply_to)),
    Subject: email.subject,
    ...unlessEmpty("HtmlBody", email.html ?? ""),
    ...unlessEmpty("TextBody", email.text),
    ...unlessEmpty(
      "Headers",
      Object.entries(email.headers).map(([Name, Value]) => ({ Name, Value })),
    ),
    ...unlessEmpty(
      "Attachments",
      attachments.map((file) => ({
        Name: file.filename,
        ContentType: file.content_type,
        Content: base64Of(file),
      })),
    ),
    Metadata: { [MESSAGE_KEY]: message_id },
    MessageStream: message_stream,
  };
}

/** With copies a mail goes out although its recipient is one that Postmark sends nothing to. */
function accepted({ status, json }: VendorReply, email: Email) {
  if (status !== 200 || textAt(json, "ErrorCode") !== "0") return null;
  return isInactive(json, email) ? null : { vendor_message_id: textAt(json, "MessageID") };
}

/** Only the text of a reply says so: "Message OK, but will not deliver to these inactive addresses: a@b.c, …. Inactive recipients are…" */
function isInactive(json: unknown, email: Email): boolean {
  const [, after = ""] = textAt(json, "Message").split("inactive addresses:");
  const [listed = ""] = after.split("Inactive recipients");
  const addresses = listed.split(",").map((text) => text.trim());
  return addresses.some((text) => isRecipient(text.endsWith(".") ? text.slice(0, -1) : text, email));
}

const INACTIVE = "406";

const CLASSES: Readonly<Record<string, FailureClass>> = {
  "10": "config", // the token
  "100": "transient", // maintenance
  "300": "message", // any field
  "400": "config", // no such sender signature
  "401": "config", // the sender signature is not confirmed
  "405": "config", // out of credit
  "406": "recipient",
  "412": "config", // the account is pending
  "413": "config", // the account may not send
  "429": "throttled",
  "1235": "config", // no such message stream
};

function refused({ status, json }: VendorReply, email?: Email): Refusal {
  const given = textAt(json, "ErrorCode");
  const message = textAt(json, "Message");
  const code = given === "0" && email !== undefined && isInactive(json, email) ? INACTIVE : given;
  if (code === "300" && /^(?:invalid|error parsing) 'to'/i.test(message))
    return { class: "recipient", code, message };
  // The status says more than a code does that is not listed here.
  const kind = status === 413 ? "message" : ownValue(CLASSES, code);
  return { class: kind, code, message, inactivate: kind === "recipient" };
}

/** https://postmarkapp.com/developer/webhooks/webhooks-overview: one record a request. */
function readRecord(record: unknown): VendorReport[] {
  const type = textAt(record, "RecordType");
  if (type === "") throw new MalformedReport("the body has no `RecordType`");
  const time = ["DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt"].map((name) => textAt(record, name));
  const about = {
    message_id: textAt(record, "Metadata", MESSAGE_KEY) || null,
    vendor_message_id: textAt(record, "MessageID") || null,
    address: textAt(record, "Recipient") || textAt(record, "Email") || null,
    at: timeOf(time.find((text) => text !== "") ?? ""),
  };
  const status = ownValue(STATUSES, type);
  if (status !== undefined) return [progress(about, status)];
  switch (type) {
    case "Bounce": {
      const kind = textAt(record, "Type");
      if (kind === "Unsubscribe") return [opinion(about, "opted_out")];
      if (NO_FAILURES.has(kind)) return [];
      const reason = textAt(record, "Details") || textAt(record, "Description") || kind || type;
      return [lost(about, reason, DEAD.has(kind) || textAt(record, "Inactive") === "true")];
    }
    case "SpamComplaint":
      return [opinion(about, "complained")];
    case "SubscriptionChange": {
      if (textAt(record, "SuppressSending") !== "true") return [opinion(about, "opted_in")];
      const reason = textAt(record, "SuppressionReason");
      if (reason === "HardBounce") return [lost(about, reason, true)];
      return [opinion(about, reason === "SpamComplaint" ? "complained" : "opted_out", reason)];
    }
    default:
      return [];
  }
}

const STATUSES: Readonly<Record<string, Reached>> = {
  Delivery: "delivered",
  Open: "seen",
  Click: "clicked",
};

/** Of https://postmarkapp.com/developer/api/bounce-api#bounce-types: what is tried again, and answers of programs. */
const NO_FAILURES = new Set([
  "Transient",
  "AutoResponder",
  "AddressChange",
  "Subscribe",
  "OpenRelayTest",
  "ChallengeVerification",
]);

const DEAD = new Set(["HardBounce", "BadEmailAddress", "ManuallyDeactivated", "SpamComplaint"]);
