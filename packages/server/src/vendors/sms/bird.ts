import { createHash } from "node:crypto";
import { z } from "zod";
import { textAt, valueAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
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
import { coded } from "../common/phone/callback.ts";
import { inbound } from "../common/phone/inbound.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { lost, progress, type Reached, timeOf } from "../common/report.ts";

const SLUG = "bird-sms";
const API = "https://api.bird.com/workspaces";

const uuid = z
  .string()
  .trim()
  .regex(/^[0-9a-fA-F-]{36}$/, "must be an id such as 3fa85f64-5717-4562-b3fc-2c963f66afa6");

const config = z.object({
  workspace_id: uuid.meta({ title: "Workspace ID", description: "Bird's workspace, not this one." }),
  access_key: secret().meta({ title: "Access key" }),
  api_type: z.enum(["channel", "navigator"]).default("channel").meta({
    title: "API type",
    description: "A navigator is a group of channels of which Bird chooses one by the country.",
  }),
  channel_id: uuid.meta({ title: "Channel ID or Navigator ID" }),
  signing_key: secret(z.string()).default("").meta({
    title: "Webhook signing key",
    description: "That of the webhook subscription. Blank: reports are accepted unsigned.",
  }),
});

type Config = z.output<typeof config>;

/**
 * SMS by Bird: https://docs.bird.com/api/channels-api/supported-channels/programmable-sms/sending-sms-messages, navigators:
 * https://docs.bird.com/api/channels-api/api-reference/navigators
 */
export default defineVendor({
  slug: SLUG,
  vendor: "bird",
  channel: "sms",
  name: "Bird",
  config,
  open,
  webhook: {
    returns_our_id: true,
    verify: (request, { signing_key }) => verifySignature(request, signing_key),
    read: (request) => readReport(jsonOf(request)),
  },
});

function open(settings: Config, deps: VendorDeps): VendorConnection {
  const { workspace_id, access_key, api_type, channel_id } = settings;
  const headers = { authorization: `AccessKey ${access_key}` };
  const url = `${API}/${workspace_id}/${api_type}s/${channel_id}`;
  return openSmsApi(deps, {
    slug: SLUG,
    sender: "",
    secrets: [access_key],
    accepted,
    refused,
    probe: { url, headers },
    call: ({ to, text }, { message_id }) => ({
      url: `${url}/messages`,
      headers,
      json: {
        receiver: { contacts: [{ identifierKey: "phonenumber", identifierValue: to }] },
        reference: message_id,
        body: { type: "text", text: { text } },
      },
    }),
  });
}

function accepted({ status, json }: VendorReply) {
  return status >= 200 && status < 300 ? { vendor_message_id: textAt(json, "id") } : null;
}

function refused({ status, json }: VendorReply) {
  return {
    // No such workspace, channel or navigator.
    class: status === 404 ? ("config" as const) : undefined,
    code: textAt(json, "code"),
    message: textAt(json, "message"),
  };
}

/**
 * HMAC-SHA256 over time, address and the hash of the body, one on each line.
 * https://docs.bird.com/api/notifications-api/api-reference/webhooks/verifying-a-webhook
 */
function verifySignature(request: WebhookRequest, key: string): Proof {
  if (key === "") return "unsigned";
  const { headers, url, body } = request;
  const signature = headers["messagebird-signature"] ?? "";
  const timestamp = headers["messagebird-request-timestamp"] ?? "";
  if (!/^\d{1,12}$/.test(timestamp) || !isRecent(Number(timestamp), request)) return "forged";
  const parts = [`${timestamp}\n${url}\n`, createHash("sha256").update(body).digest()];
  return isHmac(signature, { algorithm: "sha256", key, parts, encoding: "base64" }) ? "verified" : "forged";
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([
  ["sent", "sent_by_vendor"],
  ["delivered", "delivered"],
]);

const FAILURES = new Set(["delivery_failed", "sending_failed", "rejected", "skipped"]);

/** Events `sms.outbound` and `sms.inbound`: https://docs.bird.com/api/notifications-api/supported-webhook-events/channels */
function readReport(event: unknown): VendorReport[] {
  const message = valueAt(event, "payload");
  if (textAt(event, "event") === "") throw new MalformedReport("the body has no `event`");
  if (textAt(event, "event") === "sms.inbound") return inboundIn(message);
  if (textAt(event, "event") !== "sms.outbound") return [];
  const about = {
    message_id: textAt(message, "reference") || null,
    vendor_message_id: textAt(message, "id") || null,
    address: textAt(message, "receiver", "contacts", 0, "identifierValue") || null,
    at: timeOf(textAt(message, "lastStatusAt") || textAt(message, "updatedAt")),
  };
  const status = textAt(message, "status");
  const reached = STATUSES.get(status);
  if (reached !== undefined) return [progress(about, reached)];
  if (!FAILURES.has(status)) return [];
  const words =
    textAt(message, "reason") || textAt(message, "failure", "description") || textAt(message, "details");
  return [lost(about, coded(status, words))];
}

function inboundIn(message: unknown): VendorReport[] {
  return inbound({
    id: textAt(message, "id"),
    from: textAt(message, "sender", "contact", "identifierValue"),
    to:
      textAt(message, "receiver", "connector", "identifierValue") ||
      textAt(message, "receiver", "connectors", 0, "identifierValue"),
    text: textAt(message, "body", "text", "text"),
    in_reply_to: textAt(message, "replyTo", "id"),
    at: timeOf(textAt(message, "createdAt")),
  });
}
