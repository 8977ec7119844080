import { z } from "zod";
import { listAt, textAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { failure } from "../../delivery/vendor/failure.ts";
import { parseReply } from "../../delivery/vendor/reply-reader.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { FailureClass, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { MalformedReport, type VendorReport, type WebhookRequest } from "../../delivery/vendor/webhook.ts";
import { localTimeOf } from "../common/phone/callback.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { lost, progress } from "../common/report.ts";

const SLUG = "msg91-sms";
const API = "https://control.msg91.com/api/v5";

const config = z.object({
  auth_key: secret().meta({ title: "Auth key" }),
  variable_prefix: z
    .string()
    .trim()
    .regex(/^[A-Za-z_]\w{0,29}$/, "must be letters, digits and _")
    .default("VAR")
    .meta({
      title: "Variable prefix",
      description: "The flow's variables are named by this and their number: ##VAR1##, ##VAR2##.",
    }),
});

type Config = z.output<typeof config>;

/**
 * SMS by MSG91: the text is a flow that MSG91 keeps, named by the approval's `provider_template_id`; the values of its
 * variables go along. https://docs.msg91.com/sms/send-sms, reports (versions 2 and 3):
 * https://msg91.com/help/how-can-i-get-the-delivery-reports-on-my-webhook-url
 */
export default defineVendor({
  slug: SLUG,
  vendor: "msg91",
  channel: "sms",
  name: "MSG91",
  config,
  open,
  webhook: { read: readReports },
});

function open({ auth_key, variable_prefix }: Config, deps: VendorDeps): VendorConnection {
  return openSmsApi(deps, {
    slug: SLUG,
    sender: "",
    secrets: [auth_key],
    accepted,
    refused,
    call({ digits, provider_template_id, parameters }) {
      if (provider_template_id === "") {
        const text = `no approval by ${SLUG} with a provider_template_id, the flow's id, is recorded for this variant`;
        return failure("message", "template_not_approved", text);
      }
      const values = parameters.map((value, index) => [`${variable_prefix}${index + 1}`, value]);
      const json = {
        template_id: provider_template_id,
        short_url: "0",
        recipients: [{ mobiles: digits, ...Object.fromEntries(values) }],
      };
      return { url: `${API}/flow/`, headers: { authkey: auth_key }, json };
    },
  });
}

function accepted({ status, json }: VendorReply) {
  const isSuccess = status === 200 && textAt(json, "type") === "success";
  return isSuccess ? { vendor_message_id: textAt(json, "message") } : null;
}

function refused({ json }: VendorReply) {
  const message = textAt(json, "message");
  return { class: classOf(message), code: textAt(json, "code") || textAt(json, "apiError"), message };
}

/** MSG91 explains itself in words. */
function classOf(message: string): FailureClass | undefined {
  if (/auth ?key|authenticat|unauthori[sz]ed|whitelist|balance|credit|expired/i.test(message))
    return "config";
  return /mobile|number/i.test(message) ? "recipient" : undefined;
}

/** A form whose field `data` is a list of requests with their reports, or the fields of one report as JSON. */
function readReports({ body }: WebhookRequest): VendorReport[] {
  const text = body.toString("utf8");
  const json = parseReply(text);
  if (json !== undefined && !Array.isArray(json) && textAt(json, "requestId") !== "") {
    return reportIn(json, textAt(json, "requestId"));
  }
  const data = json === undefined ? new URLSearchParams(text).get("data") : textAt(json, "data");
  const requests = Array.isArray(json) ? json : parseReply(data ?? "");
  if (!Array.isArray(requests))
    throw new MalformedReport("neither `requestId` nor a list in `data` is there");
  return requests.flatMap((request) =>
    listAt(request, "report").flatMap((report) => reportIn(report, textAt(request, "requestId"))),
  );
}

const FAILURES: ReadonlyMap<string, string> = new Map([
  ["2", "failed"],
  ["9", "on the national do-not-disturb list"],
  ["16", "rejected"],
  ["17", "blocked number"],
  ["25", "rejected"],
]);

/** Times are those of India. */
function reportIn(report: unknown, vendor_message_id: string): VendorReport[] {
  if (vendor_message_id === "") return [];
  const about = {
    vendor_message_id,
    address: textAt(report, "number") || textAt(report, "telNum") || null,
    at: localTimeOf(textAt(report, "date") || textAt(report, "deliveryTime"), "+05:30"),
  };
  const status = textAt(report, "status");
  if (status === "1") return [progress(about, "delivered")];
  const meaning = FAILURES.get(status);
  if (meaning === undefined) return [];
  const words =
    textAt(report, "failedReason") || textAt(report, "failureReason") || textAt(report, "desc") || meaning;
  return [lost(about, `${status}: ${words}`)];
}
