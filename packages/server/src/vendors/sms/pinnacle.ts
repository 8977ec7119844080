import { z } from "zod";
import { textAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { codeClasses } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import { dltFields } from "../../delivery/vendor/sms.ts";
import type { VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { MalformedReport, type VendorReport, type WebhookRequest } from "../../delivery/vendor/webhook.ts";
import { fieldsOf, firstOf } from "../common/phone/callback.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { lost, progress } from "../common/report.ts";
import { smppStatus } from "../common/phone/smpp.ts";

const SLUG = "pinnacle-sms";

const config = z.object({
  api_key: secret().meta({ title: "API key" }),
  ...dltFields,
});

type Config = z.output<typeof config>;

/**
 * SMS by Pinnacle. Its documentation is given to customers only; request, reply and codes are as in open clients, such as
 * https://www.npmjs.com/search?q=pinnacle%20sms. The names of a report's fields are not published, so those that the
 * request and its reply use are tried in turn.
 */
export default defineVendor({
  slug: SLUG,
  vendor: "pinnacle",
  channel: "sms",
  name: "Pinnacle",
  config,
  open,
  webhook: { shared_paths: ["webhook/pinnacle/sms"], read: readReports },
});

function open({ api_key, sender, entity_id }: Config, deps: VendorDeps): VendorConnection {
  return openSmsApi(deps, {
    slug: SLUG,
    sender,
    secrets: [api_key],
    accepted,
    refused,
    call: (sms, { message_id }) => ({
      url: "https://api.pinnacle.in/index.php/sms/json",
      headers: { apikey: api_key },
      json: {
        sender: sms.sender,
        message: [{ number: sms.digits, text: sms.text, clientuid: message_id }],
        messagetype: sms.unicode ? "UNI" : "TXT",
        dltentityid: entity_id || undefined,
        dlttempid: sms.template_id || undefined,
      },
    }),
  });
}

function accepted({ status, json }: VendorReply) {
  const isAccepted = status === 200 && textAt(json, "code") === "200";
  return isAccepted ? { vendor_message_id: textAt(json, "data", 0, "uniqueid") } : null;
}

/** Balance, sender; template; a busy server. */
const CLASSES = codeClasses({ config: "EC1003 EC1004", message: "EC1013", transient: "EC1009 EC1010" });

function refused({ json }: VendorReply) {
  const code = textAt(json, "code");
  const message = textAt(json, "msg") || textAt(json, "message") || textAt(json, "status");
  return { class: CLASSES.get(code), code, message };
}

function readReports(request: WebhookRequest): VendorReport[] {
  const fields = fieldsOf(request);
  const about = {
    message_id: firstOf(fields, "clientuid", "clientUid") || null,
    vendor_message_id: firstOf(fields, "uniqueid", "uniqueId", "msgid") || null,
    address: firstOf(fields, "mobile", "number", "mobileno") || null,
  };
  if (about.message_id === null && about.vendor_message_id === null) {
    throw new MalformedReport("neither `clientuid` nor `uniqueid` is there");
  }
  const word = firstOf(fields, "status", "dlr_status");
  const status = smppStatus(word);
  if (status === undefined) return [];
  if (status !== "delivery_failure") return [progress(about, status)];
  return [lost(about, firstOf(fields, "reason", "description", "error") || word)];
}
