import { z } from "zod";
import { textAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import { dltFields } from "../../delivery/vendor/sms.ts";
import type { VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { MalformedReport, type VendorReport, type WebhookRequest } from "../../delivery/vendor/webhook.ts";
import { fieldsOf, firstOf } from "../common/phone/callback.ts";
import { karixClass } from "../common/phone/karix.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { lost, progress } from "../common/report.ts";
import { smppStatus } from "../common/phone/smpp.ts";

const SLUG = "karix-sms";

const config = z.object({
  account_key: secret().meta({ title: "Account key" }),
  ...dltFields,
});

type Config = z.output<typeof config>;

/**
 * SMS by Karix. Its documentation is given to customers only; the request is as in open clients, such as
 * https://github.com/search?q=japi.instaalerts.zone&type=code. Of a report, only `cust_ref` and `status` are sure, so
 * the names that its gateways use for the rest are tried in turn.
 */
export default defineVendor({
  slug: SLUG,
  vendor: "karix",
  channel: "sms",
  name: "Karix",
  config,
  open,
  webhook: { shared_paths: ["webhook/karix/sms"], read: readReports },
});

function open({ account_key, sender, entity_id }: Config, deps: VendorDeps): VendorConnection {
  return openSmsApi(deps, {
    slug: SLUG,
    sender,
    secrets: [account_key],
    accepted,
    refused,
    call: (sms, { message_id }) => ({
      url: "https://japi.instaalerts.zone/httpapi/JsonReceiver",
      json: {
        ver: "1.0",
        key: account_key,
        encrpt: "0",
        messages: [
          {
            dest: [sms.digits],
            text: sms.text,
            send: sms.sender,
            type: sms.unicode ? "UC" : "PM",
            dlr_req: "1",
            cust_ref: message_id,
            dlt_entity_id: entity_id || undefined,
            dlt_template_id: sms.template_id || undefined,
          },
        ],
      },
    }),
  });
}

function accepted({ status, json }: VendorReply) {
  const isAccepted = status === 200 && textAt(json, "status", "code") === "200";
  return isAccepted ? { vendor_message_id: textAt(json, "ackid") } : null;
}

function refused({ json }: VendorReply) {
  const message = textAt(json, "status", "desc");
  return { class: karixClass(message), code: textAt(json, "status", "code"), message };
}

function readReports(request: WebhookRequest): VendorReport[] {
  const fields = fieldsOf(request);
  const about = {
    message_id: firstOf(fields, "cust_ref", "custref", "cust-ref") || null,
    vendor_message_id: firstOf(fields, "ackid", "ack_id", "mid") || null,
    address: firstOf(fields, "dest", "mnumber", "mobile") || null,
  };
  if (about.message_id === null && about.vendor_message_id === null) {
    throw new MalformedReport("neither `cust_ref` nor `ackid` is there");
  }
  const word = firstOf(fields, "status", "stat");
  const status = smppStatus(word);
  if (status === undefined) return [];
  if (status !== "delivery_failure") return [progress(about, status)];
  return [lost(about, firstOf(fields, "reason", "reason_desc", "error_desc") || word)];
}
