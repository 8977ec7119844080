import { z } from "zod";
import { parseReply } from "../../delivery/vendor/reply-reader.ts";
import {
  judgeReply,
  listAt,
  type Reading,
  type Refusal,
  textAt,
  type VendorReply,
  ownValue,
} from "../../delivery/vendor/call.ts";
import { type Email, readEmail, senderFields } from "../../delivery/vendor/email.ts";
import { failure } from "../../delivery/vendor/failure.ts";
import type {
  Failed,
  FailureClass,
  Outcome,
  OutgoingMessage,
  VendorConnection,
  VendorDeps,
} from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import type { ReportedMessage, VendorReport } from "../../delivery/vendor/webhook.ts";
import { awsClass, type AwsCall, awsFields, awsUrl, openAws } from "../common/aws.ts";
import { MESSAGE_KEY, opinion, unlessEmpty, wireEmail } from "../common/email/email-api.ts";
import { composeMime } from "../common/email/mime.ts";
import { lost, progress, timeOf } from "../common/report.ts";
import { greetSns, readSnsNotification, verifySns } from "../common/email/sns.ts";

const config = z.object({
  ...awsFields,
  ...senderFields,
  configuration_set: z
    .string()
    .trim()
    .regex(/^[\w-]{0,64}$/, "not the name of a configuration set")
    .default("")
    .meta({
      title: "Configuration set",
      description: "Its event destination sends the reports. Blank: there are none.",
    }),
  sns_topic_arn: z
    .string()
    .trim()
    .regex(/^(?:arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]{1,256})?$/, "not the ARN of an SNS topic")
    .default("")
    .meta({
      title: "SNS topic ARN",
      description:
        "The topic of the event destination. Blank: the signature of a report does not prove whose it is.",
    }),
});

type Config = z.output<typeof config>;

/**
 * Amazon SES, version 2 of its API:
 * https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html. It has no idempotency key.
 *
 * A mail is sent raw: the other form of the API allows 15 headers and decides the encoding. Sender and Reply-To stand in
 * the mail alone, since fields of the request replace them and lose names outside ASCII
 * (https://github.com/anymail/django-anymail/blob/main/anymail/backends/amazon_ses.py); who gets it stands in the
 * request, since blind copies have no header. SES writes its own Message-ID.
 */
export default defineVendor({
  slug: "ses-email",
  vendor: "ses",
  channel: "email",
  name: "Amazon SES",
  config,
  open,
  webhook: {
    verify: (request, { sns_topic_arn }, deps) => verifySns(request, sns_topic_arn, deps),
    greet: (request, { sns_topic_arn }, deps) => greetSns(request, sns_topic_arn, deps),
    read: (request) => readEvent(parseReply(readSnsNotification(request) ?? "")),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const aws = openAws(settings, deps);
  const api = `${awsUrl("email", settings.region)}/v2/email`;
  const reading = (): Reading => ({ accepted, refused, secrets: aws.secrets() });
  const call = async (request: AwsCall, signal: AbortSignal): Promise<Outcome> => {
    const reply = await aws.call(request, signal);
    return "kind" in reply ? reply : judgeReply(reply, reading());
  };
  return {
    async send(message, signal) {
      const read = readEmail(message, settings);
      if (!read.ok) return read.failure;
      const body = await bodyOf(message, wireEmail(read.email), settings);
      if (typeof body !== "string") return body;
      const headers = { "content-type": "application/json" };
      return call({ service: "ses", url: `${api}/outbound-emails`, headers, body }, signal);
    },
    async verify(signal) {
      const outcome = await call({ service: "ses", method: "GET", url: `${api}/account`, body: "" }, signal);
      return outcome.kind === "sent" ? { ok: true } : { ok: false, message: outcome.message };
    },
  };
}

async function bodyOf(
  { message_id, attachments }: OutgoingMessage,
  email: Email,
  { configuration_set }: Config,
): Promise<string | Failed> {
  const addresses = (mailboxes: Email["cc"]) => mailboxes.map(({ address }) => address);
  let raw: Buffer;
  try {
    raw = await composeMime(message_id, email, attachments);
  } catch (error) {
    return failure(
      "message",
      "invalid_mail",
      error instanceof Error ? error.message : "the mail has no valid form",
    );
  }
  return JSON.stringify({
    Destination: {
      ToAddresses: addresses([email.to, ...email.extra_to]),
      ...unlessEmpty("CcAddresses", addresses(email.cc)),
      ...unlessEmpty("BccAddresses", addresses(email.bcc)),
    },
    Content: { Raw: { Data: raw.toString("base64") } },
    ...unlessEmpty("ConfigurationSetName", configuration_set),
    EmailTags: [{ Name: MESSAGE_KEY, Value: message_id }],
  });
}

function accepted({ status, json }: VendorReply) {
  return status >= 200 && status < 300 ? { vendor_message_id: textAt(json, "MessageId") } : null;
}

const CLASSES: Readonly<Record<string, FailureClass>> = {
  AccountSuspendedException: "config",
  SendingPausedException: "config",
  MailFromDomainNotVerifiedException: "config",
  // The configuration set.
  NotFoundException: "config",
  LimitExceededException: "throttled",
  BadRequestException: "message",
  MessageRejected: "message",
};

/** The longest that SES advises to wait: https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html */
const QUOTA_SECONDS = 600;

/** The error's name stands in a header, as `MessageRejected:http://…`, or in the body. */
function refused({ status, headers, json }: VendorReply): Refusal {
  const name = headers["x-amzn-errortype"] || textAt(json, "__type") || textAt(json, "code");
  const code = (name.split("#").at(-1) ?? "").split(":", 1)[0] ?? "";
  const message = textAt(json, "message") || textAt(json, "Message");
  if (/daily message quota exceeded/i.test(message)) {
    return { class: "throttled", code, message, retry_after: QUOTA_SECONDS };
  }
  if (/maximum sending rate exceeded/i.test(message)) return { class: "throttled", code, message };
  // "Email address is not verified. The following identities failed the check in region …"
  if (code === "MessageRejected" && /not verified/i.test(message)) return { class: "config", code, message };
  return { class: ownValue(CLASSES, code) ?? awsClass(code, status), code, message };
}

/**
 * One event of https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html, or a feedback
 * notification of an identity, which differs in the name of its type. What is neither, such as the text that SES
 * publishes once to a new destination, is left out.
 */
function readEvent(event: unknown): VendorReport[] {
  const type = textAt(event, "eventType") || textAt(event, "notificationType");
  const destination = listAt(event, "mail", "destination");
  const about = (address: string, at: string): Partial<ReportedMessage> => ({
    message_id: textAt(event, "mail", "tags", MESSAGE_KEY, 0) || null,
    vendor_message_id: textAt(event, "mail", "messageId") || null,
    address: address || null,
    at: timeOf(at),
  });
  // Which one of several recipients opened a mail, SES does not know.
  const only = destination.length === 1 ? textAt(destination, 0) : "";
  const whole = (part: string) => about(only, textAt(event, part, "timestamp"));
  const each = (part: string, list: string) =>
    listAt(event, part, list).map((entry) => ({
      entry,
      of: about(textAt(entry, "emailAddress") || textAt(entry), textAt(event, part, "timestamp")),
    }));
  switch (type) {
    case "Send":
      return [progress(whole("mail"), "sent_by_vendor")];
    case "Delivery":
      return each("delivery", "recipients").map(({ of }) => progress(of, "delivered"));
    case "Open":
      return [progress(whole("open"), "seen")];
    case "Click":
      return [progress(whole("click"), "clicked")];
    case "Bounce": {
      const kind = textAt(event, "bounce", "bounceType");
      const reason = `${kind}: ${textAt(event, "bounce", "bounceSubType")}`;
      return each("bounce", "bouncedRecipients").map(({ entry, of }) =>
        lost(of, textAt(entry, "diagnosticCode") || reason, kind === "Permanent"),
      );
    }
    case "Complaint": {
      const reason = textAt(event, "complaint", "complaintFeedbackType");
      return each("complaint", "complainedRecipients").map(({ of }) => opinion(of, "complained", reason));
    }
    case "Reject":
      return [lost(about(only, ""), textAt(event, "reject", "reason") || type)];
    case "Rendering Failure":
      return [lost(about(only, ""), textAt(event, "failure", "errorMessage") || type)];
    default:
      return [];
  }
}
