import { z } from "zod";
import type { Mailbox } from "../../core/mailbox.ts";
import {
  basicAuth,
  listAt,
  type Refusal,
  textAt,
  valueAt,
  type VendorReply,
  ownValue,
} from "../../delivery/vendor/call.ts";
import { type Email, senderFields } from "../../delivery/vendor/email.ts";
import { classOfStatus } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { OutgoingMessage, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { jsonEntriesOf, type VendorReport } from "../../delivery/vendor/webhook.ts";
import { verifyLogin, webhookLoginFields } from "../common/basic-auth.ts";
import { base64Of, isRecipient, openEmailApi, opinion, unlessEmpty } from "../common/email/email-api.ts";
import { lost, progress, type Reached, unixTimeOf } from "../common/report.ts";

const API = "https://api.mailjet.com";

const config = z.object({
  api_key: z.string().trim().min(1).meta({ title: "API key" }),
  secret_key: secret().meta({ title: "Secret key" }),
  ...senderFields,
  ...webhookLoginFields,
});

type Config = z.output<typeof config>;

/**
 * Mailjet, version 3.1 of its API: https://dev.mailjet.com/email/guides/send-api-v31/. It has no idempotency key, takes
 * one Reply-To address, and reports with the custom ID of a mail.
 */
export default defineVendor({
  slug: "mailjet-email",
  vendor: "mailjet",
  channel: "email",
  name: "Mailjet",
  config,
  open,
  webhook: {
    shared_paths: ["webhook/mailjet"],
    returns_our_id: true,
    verify: verifyLogin,
    read: (request) => jsonEntriesOf(request).flatMap(readEvent),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const headers = { authorization: basicAuth(settings.api_key, settings.secret_key) };
  return openEmailApi(deps, settings, {
    secrets: [settings.secret_key],
    call: (email, message) => ({
      url: `${API}/v3.1/send`,
      headers,
      json: { Messages: [bodyOf(message, email)] },
    }),
    accepted,
    refused,
    probe: { url: `${API}/v3/REST/apikey`, headers },
  });
}

/** Headers that Mailjet decides: a mail that has one is refused. https://dev.mailjet.com/email/guides/send-api-v31/#add-email-headers */
const ITS_OWN =
  /^(?:x-csa-complaints|domainkey-status|received-spf|authentication-results|delivered-to|x-feedback-id|list-id|user-agent|x-mailer|x-mj-.*|x-mailjet-.*)$/i;

function bodyOf({ message_id, attachments }: OutgoingMessage, email: Email) {
  const [reply_to] = email.reply_to;
  const headers = Object.entries(email.headers).filter(([name]) => !ITS_OWN.test(name));
  return {
    From: contactOf(email.from),
    To: [email.to, ...email.extra_to].map(contactOf),
    ...unlessEmpty("Cc", email.cc.map(contactOf)),
    ...unlessEmpty("Bcc", email.bcc.map(contactOf)),
    ...(reply_to === undefined ? {} : { ReplyTo: contactOf(reply_to) }),
    Subject: email.subject,
    ...unlessEmpty("TextPart", email.text),
    ...unlessEmpty("HTMLPart", email.html ?? ""),
    ...unlessEmpty("Headers", Object.fromEntries(headers)),
    ...unlessEmpty(
      "Attachments",
      attachments.map((file) => ({
        ContentType: file.content_type,
        Filename: file.filename,
        Base64Content: base64Of(file),
      })),
    ),
    CustomID: message_id,
  };
}

function contactOf({ name, address }: Mailbox) {
  return { Email: address, ...unlessEmpty("Name", name) };
}

/** An ID is a number beyond 2^53, whose digits are kept. */
function accepted({ status, json }: VendorReply, email: Email) {
  const message = valueAt(json, "Messages", 0);
  if (status < 200 || status >= 300 || textAt(message, "Status") !== "success") return null;
  const to = listAt(message, "To");
  const own = to.find((entry) => isRecipient(textAt(entry, "Email"), email)) ?? to[0];
  return { vendor_message_id: textAt(own, "MessageID") };
}

/** An error of the message, or of the whole request. Its own status says more than that of the reply. */
function refused({ status, json }: VendorReply): Refusal {
  const error = valueAt(json, "Messages", 0, "Errors", 0) ?? json;
  const code = textAt(error, "ErrorCode");
  const isAboutRecipient = code === "mj-0013" && textAt(error, "ErrorRelatedTo", 0) === "To[0].Email";
  const own = Number(textAt(error, "StatusCode")) || status;
  return {
    class: isAboutRecipient ? "recipient" : classOfStatus(own),
    code,
    message: textAt(error, "ErrorMessage"),
  };
}

/** https://dev.mailjet.com/email/guides/webhooks/: one event, or several where events are grouped. */
function readEvent(event: unknown): VendorReport[] {
  const type = textAt(event, "event");
  const about = {
    message_id: textAt(event, "CustomID") || null,
    vendor_message_id: textAt(event, "MessageID") || null,
    address: textAt(event, "email") || null,
    at: unixTimeOf(textAt(event, "time")),
  };
  const status = ownValue(STATUSES, type);
  if (status !== undefined) return [progress(about, status)];
  const error = textAt(event, "error");
  const reason = textAt(event, "comment") || error || type;
  switch (type) {
    case "bounce": {
      const isHard = textAt(event, "hard_bounce") === "true" || textAt(event, "blocked") === "true";
      // One that is tried again.
      if (error === "greylisted" && !isHard) return [];
      return [lost(about, reason, isHard)];
    }
    case "blocked":
      return [lost(about, reason, textAt(event, "error_related_to") === "recipient")];
    case "spam":
      return [opinion(about, "complained", textAt(event, "source"))];
    case "unsub":
      return [opinion(about, "opted_out")];
    default:
      return [];
  }
}

/** `sent`: the recipient's server has accepted it. */
const STATUSES: Readonly<Record<string, Reached>> = {
  sent: "delivered",
  open: "seen",
  click: "clicked",
};
