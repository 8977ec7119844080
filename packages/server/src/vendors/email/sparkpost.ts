import { z } from "zod";
import { type Refusal, textAt, valueAt, type VendorReply, ownValue } from "../../delivery/vendor/call.ts";
import { type Email, senderFields } from "../../delivery/vendor/email.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type {
  FailureClass,
  OutgoingMessage,
  VendorConnection,
  VendorDeps,
} from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { jsonEntriesOf, type VendorReport } from "../../delivery/vendor/webhook.ts";
import { verifyLogin, webhookLoginFields } from "../common/basic-auth.ts";
import {
  base64Of,
  MESSAGE_KEY,
  openEmailApi,
  opinion,
  unlessEmpty,
  writeMailboxes,
} from "../common/email/email-api.ts";
import { lost, progress, type Reached, unixTimeOf } from "../common/report.ts";

const config = z.object({
  api_key: secret().meta({
    title: "API key",
    description: "With the permission Transmissions: Read/Write.",
  }),
  region: z.enum(["us", "eu"]).default("us").meta({ title: "Region", description: "Of the account." }),
  ...senderFields,
  ip_pool: z
    .string()
    .trim()
    .max(64)
    .default("")
    .meta({ title: "IP pool", description: "Blank: the account's default." }),
  transactional: z.boolean().default(true).meta({
    title: "Transactional",
    description: "Off for promotional mail: SparkPost keeps the two apart when people unsubscribe.",
  }),
  open_tracking: z.boolean().default(true).meta({ title: "Track opens" }),
  click_tracking: z.boolean().default(true).meta({ title: "Track clicks", description: "Rewrites links." }),
  ...webhookLoginFields,
});

type Config = z.output<typeof config>;

/**
 * SparkPost: https://developers.sparkpost.com/api/transmissions/. Its idempotency key lasts a day, so a repeated attempt sends
 * nothing twice: https://github.com/SparkPost/developers.sparkpost.com/pull/590. Everybody who gets the mail
 * is one of its recipients, and what they see of the others is written out:
 * https://support.sparkpost.com/docs/faq/cc-bcc-with-rest-api
 */
export default defineVendor({
  slug: "sparkpost-email",
  vendor: "sparkpost",
  channel: "email",
  name: "SparkPost",
  config,
  open,
  webhook: {
    verify: verifyLogin,
    read: (request) => jsonEntriesOf(request).flatMap(readEntry),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const api =
    settings.region === "eu" ? "https://api.eu.sparkpost.com/api/v1" : "https://api.sparkpost.com/api/v1";
  const headers = { authorization: settings.api_key, accept: "application/json" };
  return openEmailApi(deps, settings, {
    secrets: [settings.api_key],
    call: (email, message) => ({
      url: `${api}/transmissions`,
      headers: { ...headers, "idempotency-key": message.message_id },
      json: bodyOf(message, email, settings),
    }),
    accepted,
    refused,
    probe: { url: `${api}/account`, headers },
  });
}

function bodyOf({ message_id, attachments }: OutgoingMessage, email: Email, settings: Config) {
  const { ip_pool, transactional, open_tracking, click_tracking } = settings;
  const header_to = writeMailboxes([email.to, ...email.extra_to]);
  const everybody = [email.to, ...email.extra_to, ...email.cc, ...email.bcc];
  const headers = {
    ...unlessEmpty("CC", literal(writeMailboxes(email.cc))),
    ...Object.fromEntries(Object.entries(email.headers).map(([name, value]) => [name, literal(value)])),
  };
  return {
    options: { transactional, open_tracking, click_tracking, ...unlessEmpty("ip_pool", ip_pool) },
    metadata: { [MESSAGE_KEY]: message_id },
    substitution_data: BRACES,
    recipients: everybody.map(({ address }) => ({ address: { email: address, header_to } })),
    content: {
      from: { email: email.from.address, ...unlessEmpty("name", literal(email.from.name)) },
      ...unlessEmpty("reply_to", literal(writeMailboxes(email.reply_to))),
      subject: literal(email.subject),
      ...unlessEmpty("html", literal(email.html ?? "")),
      ...unlessEmpty("text", literal(email.text)),
      ...unlessEmpty("headers", headers),
      ...unlessEmpty(
        "attachments",
        attachments.map((file) => ({ name: file.filename, type: file.content_type, data: base64Of(file) })),
      ),
    },
  };
}

const BRACES = { carillon_open: "{", carillon_close: "}" };

/**
 * SparkPost executes what stands in double braces, which the values of a rendered mail may hold by chance or by intent.
 * Values that it inserts are not executed: https://developers.sparkpost.com/api/substitutions-reference/. So each brace
 * beside another becomes such a value. Its own macros for two and three braces fail beside a third.
 */
function literal(text: string): string {
  return text.replaceAll(/[{}]{2,}/g, (run) =>
    run.replaceAll(/[{}]/g, (brace) => (brace === "{" ? "{{carillon_open}}" : "{{carillon_close}}")),
  );
}

/** Which of several recipients were refused, the reply does not say. */
function accepted({ status, json }: VendorReply) {
  if (status < 200 || status >= 300 || textAt(json, "results", "total_accepted_recipients") === "0")
    return null;
  return { vendor_message_id: textAt(json, "results", "id") };
}

/** By code and status: codes have other meanings with others. */
const CLASSES: Readonly<Record<string, FailureClass>> = {
  // The sender's domain.
  "7001_400": "config",
  // The same key at the same moment, or with another content: the first one decides.
  "1601_409": "transient",
  "1600_409": "message",
};

/** Several limits count by the day or the hour. */
const LIMIT_SECONDS = 600;

function refused({ status, json }: VendorReply): Refusal {
  const rejected = valueAt(json, "results", "rcpt_to_errors", 0);
  const error = rejected ?? valueAt(json, "errors", 0);
  const code = textAt(error, "code");
  const message = [textAt(error, "message"), textAt(error, "description")]
    .filter((text) => text !== "")
    .join(": ");
  if (status >= 200 && status < 300) return { class: "recipient", code, message };
  if (status === 420) return { class: "throttled", code, message, retry_after: LIMIT_SECONDS };
  return { class: ownValue(CLASSES, `${code}_${status}`), code, message };
}

/** https://developers.sparkpost.com/api/webhooks/: events by kind, each wrapped in `msys`. An empty one is a ping. */
function readEntry(entry: unknown): VendorReport[] {
  const kinds = ["message_event", "track_event", "gen_event", "unsubscribe_event"];
  return kinds.map((kind) => valueAt(entry, "msys", kind)).flatMap((event) => readEvent(event));
}

function readEvent(event: unknown): VendorReport[] {
  const type = textAt(event, "type");
  const about = {
    message_id: textAt(event, "rcpt_meta", MESSAGE_KEY) || null,
    vendor_message_id: textAt(event, "transmission_id") || null,
    address: textAt(event, "raw_rcpt_to") || textAt(event, "rcpt_to") || null,
    at: unixTimeOf(textAt(event, "timestamp")),
  };
  const status = ownValue(STATUSES, type);
  if (status !== undefined) return [progress(about, status)];
  const reason =
    textAt(event, "raw_reason") || textAt(event, "reason") || textAt(event, "error_code") || type;
  switch (type) {
    case "bounce":
    case "out_of_band": {
      const kind = textAt(event, "bounce_class");
      if (NO_BOUNCES.has(kind)) return [];
      return [lost(about, reason, DEAD.has(kind) || /address was suppressed/i.test(reason))];
    }
    case "policy_rejection":
    case "generation_failure":
    case "generation_rejection":
      return [lost(about, reason)];
    case "spam_complaint":
      return [opinion(about, "complained", textAt(event, "fbtype"))];
    case "list_unsubscribe":
    case "link_unsubscribe":
      return [opinion(about, "opted_out")];
    default:
      return [];
  }
}

const STATUSES: Readonly<Record<string, Reached>> = {
  injection: "sent_by_vendor",
  delivery: "delivered",
  initial_open: "seen",
  open: "seen",
  amp_initial_open: "seen",
  amp_open: "seen",
  click: "clicked",
  amp_click: "clicked",
};

/** Of https://support.sparkpost.com/docs/deliverability/bounce-classification-codes: no such recipient, and unsubscribed. */
const DEAD = new Set(["10", "30", "90"]);

/** Answers of programs: out of office, subscribed, prove that you are human. */
const NO_BOUNCES = new Set(["60", "80", "100"]);
