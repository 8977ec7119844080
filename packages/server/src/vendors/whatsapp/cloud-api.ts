import { z } from "zod";
import { listAt, textAt, valueAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { codeClasses } from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { FailureClass, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  isHmac,
  isSame,
  jsonOf,
  MalformedReport,
  type Proof,
  type VendorReport,
  type WebhookReply,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import { unnamedTemplate } from "../../delivery/vendor/whatsapp.ts";
import { coded } from "../common/phone/callback.ts";
import { inbound } from "../common/phone/inbound.ts";
import { metaTemplate } from "../common/phone/meta-template.ts";
import { openWhatsAppApi } from "../common/phone/phone-api.ts";
import { lost, progress, type Reached, unixTimeOf } from "../common/report.ts";

const SLUG = "whatsapp_cloud_api-whatsapp";
const API = "https://graph.facebook.com/v23.0";

const id = z
  .string()
  .trim()
  .regex(/^\d{5,30}$/, "must be digits");

const config = z.object({
  phone_number_id: id.meta({ title: "Phone number ID", description: "The id, not the number itself." }),
  access_token: secret().meta({
    title: "Access token",
    description: "Of a system user, so that it does not expire, with whatsapp_business_messaging.",
  }),
  waba_id: id.meta({
    title: "WhatsApp Business Account ID",
    description: "Approvals of templates name it as their vendor_uid.",
  }),
  app_id: z
    .string()
    .trim()
    .regex(/^\d{0,30}$/, "must be digits")
    .default("")
    .meta({ title: "App ID" }),
  app_secret: secret(z.string())
    .default("")
    .meta({ title: "App secret", description: "Signs Meta's reports. Blank: they are accepted unsigned." }),
  verify_token: secret(z.string()).default("").meta({
    title: "Verify token",
    description: "A word of your own choice, entered here and beside the webhook's address at Meta.",
  }),
});

type Config = z.output<typeof config>;

/**
 * WhatsApp by Meta's own API: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages, codes:
 * https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
 */
export default defineVendor({
  slug: SLUG,
  vendor: "whatsapp_cloud_api",
  channel: "whatsapp",
  name: "WhatsApp Cloud API",
  config,
  open,
  webhook: {
    verify: verifySignature,
    greet: async (request, settings) => answerChallenge(request, settings),
    read: (request) => readReports(jsonOf(request)),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const headers = { authorization: `Bearer ${settings.access_token}` };
  const url = `${API}/${settings.phone_number_id}`;
  return openWhatsAppApi(deps, {
    slug: SLUG,
    uid: settings.waba_id,
    secrets: [settings.access_token, settings.app_secret],
    accepted,
    refused,
    probe: { url: `${url}?fields=id`, headers },
    call(whatsapp, message) {
      if (whatsapp.template.name === "") return unnamedTemplate();
      const json = {
        messaging_product: "whatsapp",
        recipient_type: "individual",
        to: whatsapp.digits,
        type: "template",
        template: metaTemplate(whatsapp),
        biz_opaque_callback_data: message.message_id,
      };
      return { url: `${url}/messages`, headers, json };
    },
  });
}

function accepted({ status, json }: VendorReply) {
  const message = textAt(json, "messages", 0, "id");
  return status >= 200 && status < 300 && message !== "" ? { vendor_message_id: message } : null;
}

const CLASSES = codeClasses({
  config: "0 3 10 190 368 131005 131031 131042 131045 133010",
  throttled: "4 429 80007 130429 131048 131056",
  transient: "1 2 131000 131016 131057 133004",
  recipient: "131021 131026 131030 131050",
  // Meta holds marketing back (131049, 130472): not for an hour, so that no retry is worth its while.
  message:
    "100 130472 131008 131009 131047 131049 131051 131052 131053 132000 132001 132005 132007 132012 132015 132016 132018",
});

/** There is no WhatsApp at the number. Who wants no marketing (131050) still gets everything else. */
const DEAD = "131026";

function classOf(code: string): FailureClass | undefined {
  const number = Number(code);
  return number >= 200 && number <= 299 ? "config" : CLASSES.get(code);
}

function refused({ json }: VendorReply) {
  const code = textAt(json, "error", "code");
  return {
    class: classOf(code),
    code,
    message: wordsOf(valueAt(json, "error")),
    inactivate: code === DEAD,
  };
}

function wordsOf(error: unknown): string {
  return coded(textAt(error, "message") || textAt(error, "title"), textAt(error, "error_data", "details"));
}

/** https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests */
function answerChallenge({ method, query }: WebhookRequest, { verify_token }: Config): WebhookReply | null {
  if (method !== "GET" || query.get("hub.mode") !== "subscribe") return null;
  const isOurs = verify_token !== "" && isSame(query.get("hub.verify_token") ?? "", verify_token);
  return isOurs
    ? { status: 200, body: query.get("hub.challenge") ?? "" }
    : { status: 403, body: "the verify token is not that of the settings" };
}

function verifySignature({ headers, body }: WebhookRequest, { app_secret }: Config): Proof {
  if (app_secret === "") return "unsigned";
  const signature = /^sha256=([0-9a-f]{64})$/.exec(headers["x-hub-signature-256"] ?? "")?.[1] ?? "";
  const expected = { algorithm: "sha256", key: app_secret, parts: [body], encoding: "hex" } as const;
  return isHmac(signature, expected) ? "verified" : "forged";
}

/** https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components */
function readReports(body: unknown): VendorReport[] {
  if (textAt(body, "object") !== "whatsapp_business_account") {
    throw new MalformedReport("`object` is not whatsapp_business_account");
  }
  return listAt(body, "entry")
    .flatMap((entry) => listAt(entry, "changes"))
    .flatMap((change) => {
      const value = valueAt(change, "value");
      if (textAt(change, "field") === "message_template_status_update") return approvalIn(value);
      if (textAt(change, "field") !== "messages") return [];
      const to = textAt(value, "metadata", "display_phone_number");
      return [
        ...listAt(value, "statuses").flatMap(statusIn),
        ...listAt(value, "messages").flatMap((message) => inboundIn(message, to)),
      ];
    });
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([
  ["sent", "sent_by_vendor"],
  ["delivered", "delivered"],
  ["read", "seen"],
]);

function statusIn(status: unknown): VendorReport[] {
  const about = {
    message_id: textAt(status, "biz_opaque_callback_data") || null,
    vendor_message_id: textAt(status, "id") || null,
    address: textAt(status, "recipient_id") || null,
    at: unixTimeOf(textAt(status, "timestamp")),
  };
  const name = textAt(status, "status");
  const reached = STATUSES.get(name);
  if (reached !== undefined) return [progress(about, reached)];
  if (name !== "failed") return [];
  const error = valueAt(status, "errors", 0);
  const code = textAt(error, "code");
  const reason = coded(code, wordsOf(error));
  return [lost(about, reason || name, code === DEAD)];
}

function inboundIn(message: unknown, to: string): VendorReport[] {
  return inbound({
    id: textAt(message, "id"),
    from: textAt(message, "from"),
    to,
    text: inboundText(message),
    in_reply_to: textAt(message, "context", "id"),
    at: unixTimeOf(textAt(message, "timestamp")),
  });
}

/** What was written, or the button that was pressed. */
function inboundText(message: unknown): string {
  const places = [
    ["text", "body"],
    ["button", "text"],
    ["interactive", "button_reply", "title"],
    ["interactive", "list_reply", "title"],
    ["image", "caption"],
    ["video", "caption"],
    ["document", "caption"],
  ];
  return places.map((place) => textAt(message, ...place)).find((text) => text !== "") ?? "";
}

const APPROVALS: ReadonlyMap<string, "approved" | "rejected" | "sent_for_approval"> = new Map([
  ["APPROVED", "approved"],
  ["REINSTATED", "approved"],
  ["REJECTED", "rejected"],
  ["PAUSED", "rejected"],
  ["DISABLED", "rejected"],
  ["PENDING", "sent_for_approval"],
  ["IN_APPEAL", "sent_for_approval"],
]);

function approvalIn(value: unknown): VendorReport[] {
  const status = APPROVALS.get(textAt(value, "event"));
  if (status === undefined) return [];
  const reason = textAt(value, "reason");
  return [
    {
      kind: "approval",
      vendor_template_id: textAt(value, "message_template_id") || null,
      vendor_template_name: textAt(value, "message_template_name") || null,
      locale: textAt(value, "message_template_language") || null,
      status,
      // Meta writes NONE for an approval; a paused template has its reason elsewhere.
      reason: (reason === "NONE" ? "" : reason) || textAt(value, "other_info", "description") || null,
    },
  ];
}
