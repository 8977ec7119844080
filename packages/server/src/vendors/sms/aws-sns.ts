import { z } from "zod";
import { judgeReply, type Reading, type VendorReply } from "../../delivery/vendor/call.ts";
import { dltFields, readSms, type Sms } from "../../delivery/vendor/sms.ts";
import type { Outcome, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { awsClass, awsFields, awsUrl, openAws, xmlText } from "../common/aws.ts";

const SLUG = "aws_sns-sms";

const config = z.object({
  ...awsFields,
  sender_id: z
    .string()
    .trim()
    .regex(/^(?:(?=.*[A-Za-z])[A-Za-z0-9-]{1,11})?$/, "must be 1 to 11 letters, digits and hyphens")
    .default("")
    .meta({ title: "Sender id", description: "Shown as the sender where the country allows one." }),
  origination_number: z
    .string()
    .trim()
    .regex(/^(?:\+?\d{4,15})?$/, "must be a number with its country code")
    .default("")
    .meta({ title: "Origination number", description: "Needed for the United States." }),
  message_type: z.enum(["Transactional", "Promotional"]).default("Transactional").meta({
    title: "Message type",
    description: "How AWS routes and prices them. Promotional: for settings that only serve that category.",
  }),
  entity_id: dltFields.entity_id,
});

type Config = z.output<typeof config>;

/**
 * SMS by Amazon SNS: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html, attributes as in
 * https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html. It reports no deliveries to an HTTP address, so a
 * message stays as it was when it was handed over.
 */
export default defineVendor({
  slug: SLUG,
  vendor: "aws_sns",
  channel: "sms",
  name: "Amazon SNS",
  config,
  open,
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const aws = openAws(settings, deps);
  const call = async (form: Record<string, string>, signal: AbortSignal): Promise<Outcome> => {
    const request = {
      service: "sns",
      url: `${awsUrl("sns", settings.region)}/`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ Version: VERSION, ...form }).toString(),
    };
    const reply = await aws.call(request, signal);
    const reading: Reading = { accepted, refused, secrets: aws.secrets() };
    return "kind" in reply ? reply : judgeReply(reply, reading);
  };
  return {
    async send(message, signal) {
      const read = readSms(message, { slug: SLUG, sender: settings.sender_id });
      return read.ok ? call(formOf(read.sms, settings), signal) : read.failure;
    },
    async verify(signal) {
      const outcome = await call({ Action: "GetSMSAttributes" }, signal);
      return outcome.kind === "sent" ? { ok: true } : { ok: false, message: outcome.message };
    },
  };
}

const VERSION = "2010-03-31";

function formOf(sms: Sms, settings: Config): Record<string, string> {
  const attributes = [
    ["AWS.SNS.SMS.SMSType", settings.message_type],
    ["AWS.SNS.SMS.SenderID", sms.sender],
    ["AWS.MM.SMS.OriginationNumber", settings.origination_number],
    ["AWS.MM.SMS.EntityId", sms.template_id === "" ? "" : settings.entity_id],
    ["AWS.MM.SMS.TemplateId", settings.entity_id === "" ? "" : sms.template_id],
  ].filter(([, value]) => value !== "");
  const entries = attributes.flatMap(([name = "", value = ""], index) => {
    const entry = `MessageAttributes.entry.${index + 1}`;
    return [
      [`${entry}.Name`, name],
      [`${entry}.Value.DataType`, "String"],
      [`${entry}.Value.StringValue`, value],
    ];
  });
  return Object.fromEntries([
    ["Action", "Publish"],
    ["PhoneNumber", sms.to],
    ["Message", sms.text],
    ...entries,
  ]) as Record<string, string>;
}

function accepted({ status, body }: VendorReply) {
  return status >= 200 && status < 300 ? { vendor_message_id: xmlText(body, "MessageId") } : null;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors */
function refused({ status, body }: VendorReply) {
  const code = xmlText(body, "Code");
  const message = xmlText(body, "Message");
  const isOptOut = code === "OptedOut" || /opted out/i.test(message);
  return {
    class: isOptOut ? ("recipient" as const) : (awsClass(code, status) ?? classOf(code, message)),
    code,
    message,
    inactivate: isOptOut,
  };
}

/** `InvalidParameter` is said of the number and of the text alike; the spending limit has no code of its own. */
function classOf(code: string, message: string) {
  if (code.startsWith("AuthorizationError")) return "config" as const;
  if (code === "ThrottledException") return "throttled" as const;
  if (/Invalid parameter: (?:PhoneNumber|Phone number)/i.test(message)) return "recipient" as const;
  return /spend(?:ing)? (?:limit|quota)/i.test(message) ? ("config" as const) : undefined;
}
