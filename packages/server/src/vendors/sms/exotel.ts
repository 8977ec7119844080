import { z } from "zod";
import { textAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { codeClasses } from "../../delivery/vendor/failure.ts";
import { dltFields } from "../../delivery/vendor/sms.ts";
import type { VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { MalformedReport, type VendorReport, type WebhookRequest } from "../../delivery/vendor/webhook.ts";
import {
  coded,
  callbackFor,
  calledBackId,
  fieldsOf,
  firstOf,
  localTimeOf,
} from "../common/phone/callback.ts";
import { exotelFields, exotelLogin, exotelProbe } from "../common/phone/exotel.ts";
import { inbound } from "../common/phone/inbound.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { lost, progress } from "../common/report.ts";

const SLUG = "exotel-sms";

const config = z.object({
  ...exotelFields,
  ...dltFields,
  sender: z.string().trim().min(1).max(20).meta({
    title: "From",
    description: "An ExoPhone or a registered header. A template's own header wins.",
  }),
});

type Config = z.output<typeof config>;

/**
 * SMS by Exotel: https://developer.exotel.com/docs/sms-api/api-reference/send-sms, statuses:
 * https://developer.exotel.com/docs/sms-api/api-reference/status-codes
 */
export default defineVendor({
  slug: SLUG,
  vendor: "exotel",
  channel: "sms",
  name: "Exotel",
  config,
  open,
  webhook: { read: readReports },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const { headers, secrets } = exotelLogin(settings);
  const account = `https://${settings.subdomain}/v1/Accounts/${settings.account_sid}`;
  return openSmsApi(deps, {
    slug: SLUG,
    sender: settings.sender,
    secrets,
    accepted,
    refused,
    probe: exotelProbe(settings),
    call: (sms, message) => ({
      url: `${account}/Sms/send.json`,
      headers,
      form: {
        From: sms.sender,
        To: sms.to,
        Body: sms.text,
        EncodingType: sms.unicode ? "unicode" : "plain",
        DltEntityId: settings.entity_id || undefined,
        DltTemplateId: sms.template_id || undefined,
        StatusCallback: callbackFor(message),
        CustomField: message.message_id,
      },
    }),
  });
}

function accepted({ status, json }: VendorReply) {
  const sid = textAt(json, "SMSMessage", "Sid");
  const isRefused = FAILURES.has(textAt(json, "SMSMessage", "Status"));
  return status === 200 && sid !== "" && !isRefused ? { vendor_message_id: sid } : null;
}

const CLASSES = codeClasses({
  recipient: "23005 23010 23020",
  message: "23015 23082 23083",
  config: "23072 23080 23081",
});

function refused({ status, json }: VendorReply) {
  const detail = textAt(json, "SMSMessage", "DetailedStatusCode");
  return {
    // 402: the plan's limit is reached.
    class: CLASSES.get(detail) ?? (status === 402 ? ("config" as const) : undefined),
    code: detail || textAt(json, "RestException", "Code"),
    message: textAt(json, "SMSMessage", "DetailedStatus") || textAt(json, "RestException", "Message"),
  };
}

const FAILURES = new Set(["failed", "failed-dnd", "failed_dnd", "expired", "undelivered"]);

/** `sent` is the operator's word for delivery, unless the details say that only the operator has the message. */
function readReports(request: WebhookRequest): VendorReport[] {
  const fields = fieldsOf(request);
  const id = firstOf(fields, "SmsSid", "Sid");
  if (id === "") throw new MalformedReport("there is no `SmsSid`");
  const about = {
    message_id: calledBackId(request) ?? (firstOf(fields, "CustomField") || null),
    vendor_message_id: id,
    address: firstOf(fields, "To") || null,
  };
  const status = firstOf(fields, "Status", "SmsStatus").toLowerCase();
  if (status === "" && fields.has("Body")) {
    return inbound({
      id,
      from: firstOf(fields, "From"),
      to: about.address ?? "",
      text: firstOf(fields, "Body"),
      at: localTimeOf(firstOf(fields, "Date"), "+05:30"),
    });
  }
  const detail = firstOf(fields, "DetailedStatus");
  if (FAILURES.has(status)) {
    const code = firstOf(fields, "DetailedStatusCode");
    const reason = coded(code, detail);
    return [lost(about, reason || status)];
  }
  if (status === "delivered") return [progress(about, "delivered")];
  if (status === "sent") {
    const isThere = detail === "" || detail === "DELIVERED_TO_HANDSET";
    return [progress(about, isThere ? "delivered" : "sent_by_vendor")];
  }
  return status === "submitted" ? [progress(about, "sent_by_vendor")] : [];
}
