import { escapeText } from "entities";
import { z } from "zod";
import { type Refusal, textAt, valueAt, type VendorReply, ownValue } from "../../delivery/vendor/call.ts";
import { type Email, senderFields } from "../../delivery/vendor/email.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { OutgoingMessage, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { jsonEntriesOf, type VendorReport } from "../../delivery/vendor/webhook.ts";
import { verifyLogin, webhookLoginFields } from "../common/basic-auth.ts";
import {
  base64Of,
  contactOf,
  greetHead,
  openEmailApi,
  opinion,
  unlessEmpty,
} from "../common/email/email-api.ts";
import { lost, progress, type Reached, unixTimeOf } from "../common/report.ts";

const config = z.object({
  api_key: secret().meta({ title: "API key" }),
  region: z
    .enum(["global", "eu"])
    .default("global")
    .meta({ title: "Region", description: "Of the account." }),
  ...senderFields,
  ...webhookLoginFields,
});

type Config = z.output<typeof config>;

/**
 * Netcore's e-mail API, version 5.1, once Pepipost:
 * https://github.com/novuhq/novu/blob/next/packages/providers/src/lib/email/netcore/netcore.provider.ts. It has no
 * idempotency key, no part of plain text and no media types of files, and takes one Reply-To address.
 */
export default defineVendor({
  slug: "netcore-email",
  vendor: "netcore",
  channel: "email",
  name: "Netcore",
  config,
  open,
  webhook: {
    returns_our_id: true,
    verify: verifyLogin,
    greet: greetHead,
    read: (request) => jsonEntriesOf(request).flatMap(readEvent),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  // https://emaildocs.netcorecloud.com/reference/send-mail-api-1
  const api =
    settings.region === "eu" ? "https://apieu.netcorecloud.net" : "https://emailapi.netcorecloud.net";
  const headers = { api_key: settings.api_key, accept: "application/json" };
  return openEmailApi(deps, settings, {
    secrets: [settings.api_key],
    call: (email, message) => ({
      url: `${api}/v5.1/mail/send`,
      headers,
      json: bodyOf(message, email),
    }),
    accepted,
    refused,
  });
}

function bodyOf({ message_id, attachments }: OutgoingMessage, email: Email) {
  const [reply_to] = email.reply_to;
  return {
    from: contactOf(email.from),
    ...(reply_to === undefined ? {} : { reply_to: reply_to.address }),
    subject: email.subject,
    content: [{ type: "html", value: email.html ?? asHtml(email.text) }],
    personalizations: [
      {
        to: [email.to, ...email.extra_to].map(contactOf),
        ...unlessEmpty(
          "cc",
          email.cc.map(({ address }) => ({ email: address })),
        ),
        ...unlessEmpty(
          "bcc",
          email.bcc.map(({ address }) => ({ email: address })),
        ),
        // Comes back as X-APIHEADER.
        token_to: message_id,
        ...unlessEmpty("headers", email.headers),
        ...unlessEmpty(
          "attachments",
          attachments.map((file) => ({ name: file.filename, content: base64Of(file) })),
        ),
      },
    ],
  };
}

function asHtml(text: string): string {
  return `<div style="white-space: pre-wrap">${escapeText(text)}</div>`;
}

function accepted({ status, json }: VendorReply) {
  const isError = textAt(json, "status").toLowerCase() === "error";
  if (status < 200 || status >= 300 || isError) return null;
  return { vendor_message_id: textAt(json, "data", "message_id") };
}

/** Errors are a list or one object; the codes that its clients tell apart are those of HTTP. */
function refused({ status, json }: VendorReply): Refusal {
  const error = valueAt(json, "error", 0) ?? valueAt(json, "error");
  const words = [
    textAt(error, "message"),
    textAt(error, "description"),
    textAt(error),
    textAt(json, "message"),
  ];
  return {
    // A method that is not allowed is a wrong address.
    class: status === 405 ? "config" : undefined,
    code: textAt(error, "code") || textAt(error, "errorcode"),
    message: words.find((text) => text !== ""),
  };
}

/** https://emaildocs.netcorecloud.com/docs/repository-outline. `sent`: the recipient's server has accepted it. */
function readEvent(event: unknown): VendorReport[] {
  const type = textAt(event, "EVENT").toLowerCase();
  const about = {
    message_id: textAt(event, "X-APIHEADER") || null,
    vendor_message_id: textAt(event, "TRANSID") || null,
    address: textAt(event, "EMAIL") || null,
    at: unixTimeOf(textAt(event, "TIMESTAMP")),
  };
  const status = ownValue(STATUSES, type);
  if (status !== undefined) return [progress(about, status)];
  const reason = textAt(event, "RESPONSE") || textAt(event, "REASON") || type;
  switch (type) {
    case "bounce":
    case "bounced":
    case "invalid":
      return [lost(about, reason, true)];
    case "drop":
    case "dropped":
      return [lost(about, reason)];
    case "spam":
    case "abuse":
      return [opinion(about, "complained")];
    case "unsub":
    case "unsubscribed":
      return [opinion(about, "opted_out")];
    default:
      return [];
  }
}

const STATUSES: Readonly<Record<string, Reached>> = {
  send: "delivered",
  sent: "delivered",
  delivered: "delivered",
  open: "seen",
  opened: "seen",
  click: "clicked",
  clicked: "clicked",
};
