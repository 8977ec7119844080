import { z } from "zod";
import { writeMailbox } from "../../core/mailbox.ts";
import {
  basicAuth,
  type Refusal,
  textAt,
  type VendorCall,
  type VendorReply,
  ownValue,
} from "../../delivery/vendor/call.ts";
import { type Email, senderFields } from "../../delivery/vendor/email.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { OutgoingMessage, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  isHmac,
  isRecent,
  jsonOf,
  MalformedReport,
  type Proof,
  type VendorReport,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import { MESSAGE_KEY, openEmailApi, opinion, writeMailboxes } from "../common/email/email-api.ts";
import { lost, progress, type Reached, unixTimeOf } from "../common/report.ts";

const config = z
  .object({
    api_key: secret().meta({ title: "API key" }),
    region: z
      .enum(["us", "eu"])
      .default("us")
      .meta({ title: "Region", description: "Where the domain was added." }),
    is_sandbox: z.boolean().default(false).meta({ title: "Sandbox domain" }),
    domain: z
      .string()
      .trim()
      .toLowerCase()
      .regex(/^(?:[a-z\d-]+(?:\.[a-z\d-]+)*)?$/, "not a domain, or the first part of one")
      .default("")
      .meta({
        title: "Domain prefix, or sandbox domain",
        description:
          "mg sends for hello@acme.com by mg.acme.com; blank: by acme.com. With a sandbox domain: the whole domain.",
      }),
    ...senderFields,
    webhook_signing_key: secret(z.string()).default("").meta({
      title: "Webhook signing key",
      description: "Blank: reports are accepted unsigned.",
    }),
  })
  .refine(({ is_sandbox, domain }) => !is_sandbox || domain.includes("."), {
    path: ["domain"],
    message: "is needed whole for a sandbox domain",
  });

type Config = z.output<typeof config>;

/**
 * Mailgun: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages/post-v3--domain-name--messages,
 * statuses as in https://documentation.mailgun.com/docs/mailgun/quickstart-guide/responses. It has no idempotency key.
 */
export default defineVendor({
  slug: "mailgun-email",
  vendor: "mailgun",
  channel: "email",
  name: "Mailgun",
  config,
  open,
  webhook: {
    shared_paths: ["webhook/mailgun"],
    returns_our_id: true,
    verify: (request, { webhook_signing_key }) => verifySignature(request, webhook_signing_key),
    read: (request) => readEvent(jsonOf(request)),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const api = settings.region === "eu" ? "https://api.eu.mailgun.net/v3" : "https://api.mailgun.net/v3";
  const headers = { authorization: basicAuth("api", settings.api_key) };
  return openEmailApi(deps, settings, {
    secrets: [settings.api_key],
    call: async (email, message): Promise<VendorCall> => {
      const { type, body } = await multipart(formOf(message, email));
      return {
        url: `${api}/${encodeURIComponent(domainOf(email.from.address, settings))}/messages`,
        headers: { ...headers, "content-type": type },
        body,
      };
    },
    accepted,
    refused,
    probe: { url: `${api}/domains/${encodeURIComponent(domainOf(settings.from_email, settings))}`, headers },
  });
}

/** The domain that sends, which follows from the sender's. */
function domainOf(sender: string, { is_sandbox, domain }: Config): string {
  if (is_sandbox) return domain;
  const own = sender.slice(sender.lastIndexOf("@") + 1);
  return domain === "" ? own : `${domain}.${own}`;
}

function formOf({ message_id, attachments }: OutgoingMessage, email: Email): FormData {
  const form = new FormData();
  const fields: [string, string][] = [
    ["from", writeMailbox(email.from)],
    ["to", writeMailboxes([email.to, ...email.extra_to])],
    ["cc", writeMailboxes(email.cc)],
    ["bcc", writeMailboxes(email.bcc)],
    ["h:Reply-To", writeMailboxes(email.reply_to)],
    ["subject", email.subject],
    ["text", email.text],
    ["html", email.html ?? ""],
    ...Object.entries(email.headers).map(([name, value]): [string, string] => [`h:${name}`, value]),
    [`v:${MESSAGE_KEY}`, message_id],
  ];
  for (const [name, value] of fields) if (value !== "") form.append(name, value);
  for (const { filename, content_type, bytes } of attachments) {
    form.append("attachment", new Blob([new Uint8Array(bytes)], { type: content_type }), filename);
  }
  return form;
}

async function multipart(form: FormData): Promise<{ type: string; body: Uint8Array }> {
  const encoded = new Response(form);
  const type = encoded.headers.get("content-type") ?? "multipart/form-data";
  return { type, body: new Uint8Array(await encoded.arrayBuffer()) };
}

function accepted({ status, json }: VendorReply) {
  if (status < 200 || status >= 300) return null;
  return { vendor_message_id: textAt(json, "id").replaceAll(/^<|>$/g, "") };
}

function refused({ status, json }: VendorReply): Refusal {
  const message = textAt(json, "message");
  // 404 is an unknown domain, 402 an account that is not paid for.
  const isOurs = status === 402 || status === 404;
  const isAddress = status === 400 && /^'?to'? parameter is not a valid address/i.test(message);
  return { class: isOurs ? "config" : isAddress ? "recipient" : undefined, message };
}

/** Mailgun tries a webhook again for eight hours. */
const RETRIED_SECONDS = 12 * 3600;

/**
 * https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks: the signature is one of a time
 * and a token, not of the event. Events of a subaccount are also signed with the key of the account above it.
 */
function verifySignature(request: WebhookRequest, key: string): Proof {
  if (key === "") return "unsigned";
  let body: unknown;
  try {
    body = jsonOf(request);
  } catch {
    return "forged";
  }
  const timestamp = textAt(body, "signature", "timestamp");
  const token = textAt(body, "signature", "token");
  if (!/^\d{1,12}$/.test(timestamp) || token === "") return "forged";
  if (!isRecent(Number(timestamp), request, RETRIED_SECONDS)) return "forged";
  const isOurs = ["signature", "parent-signature"].some((name) =>
    isHmac(textAt(body, "signature", name), {
      algorithm: "sha256",
      key,
      parts: [timestamp, token],
      encoding: "hex",
    }),
  );
  return isOurs ? "verified" : "forged";
}

/** https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads */
function readEvent(body: unknown): VendorReport[] {
  const read = (...path: string[]) => textAt(body, "event-data", ...path);
  const event = read("event");
  if (event === "") throw new MalformedReport("the body has no `event` in its `event-data`");
  const about = {
    message_id: read("user-variables", MESSAGE_KEY) || null,
    vendor_message_id: read("message", "headers", "message-id").replaceAll(/^<|>$/g, "") || null,
    address: read("recipient") || null,
    at: unixTimeOf(read("timestamp")),
  };
  const status = ownValue(STATUSES, event);
  if (status !== undefined) return [progress(about, status)];
  const reason =
    read("delivery-status", "message") ||
    read("delivery-status", "description") ||
    read("reject", "reason") ||
    read("reason");
  switch (event) {
    case "failed":
      // One that is temporary is tried again.
      return read("severity") === "permanent" ? [lost(about, reason || event, DEAD.has(read("reason")))] : [];
    case "rejected":
      return [lost(about, reason || event)];
    case "complained":
      return [opinion(about, "complained")];
    case "unsubscribed":
      return [opinion(about, "opted_out")];
    default:
      return [];
  }
}

const STATUSES: Readonly<Record<string, Reached>> = {
  accepted: "sent_by_vendor",
  delivered: "delivered",
  opened: "seen",
  clicked: "clicked",
};

/** Reasons of a permanent failure that lie in the address, or in what its owner wants. */
const DEAD = new Set([
  "bounce",
  "suppress-bounce",
  "hardfail",
  "suppress-complaint",
  "suppress-unsubscribe",
  "no-mx",
]);
