import { z } from "zod";
import { basicAuth, textAt, type VendorReply } from "../../delivery/vendor/call.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type { VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  isHmac,
  MalformedReport,
  type Proof,
  type VendorReport,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import { coded, callbackFor, calledBackId, fieldsOf, firstOf } from "../common/phone/callback.ts";
import { inbound } from "../common/phone/inbound.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { lost, progress, type Reached } from "../common/report.ts";

const SLUG = "plivo-sms";

const config = z
  .object({
    auth_id: z
      .string()
      .trim()
      .regex(/^[A-Z0-9]{10,40}$/, "must be capital letters and digits")
      .meta({ title: "Auth ID" }),
    auth_token: secret().meta({ title: "Auth token", description: "The login; it also signs reports." }),
    src: z
      .string()
      .trim()
      .max(20)
      .default("")
      .meta({ title: "Source", description: "The sender: a number or a name." }),
    powerpack_uuid: z
      .string()
      .trim()
      .regex(/^(?:[0-9a-fA-F-]{36})?$/, "must be an id such as 86bbb125-97bb-4d72-89fd-81d5c515b015")
      .default("")
      .meta({ title: "Powerpack UUID", description: "A pool of numbers that chooses the sender." }),
  })
  .refine(({ src, powerpack_uuid }) => src !== "" || powerpack_uuid !== "", {
    message: "a source or a Powerpack is needed",
    path: ["src"],
  });

type Config = z.output<typeof config>;

/**
 * SMS by Plivo: https://www.plivo.com/docs/messaging/api/message, codes of reports:
 * https://www.plivo.com/docs/messaging/troubleshooting/error-codes
 */
export default defineVendor({
  slug: SLUG,
  vendor: "plivo",
  channel: "sms",
  name: "Plivo",
  config,
  open,
  webhook: {
    verify: (request, { auth_token }) => verifySignature(request, auth_token),
    read: readReports,
  },
});

function open({ auth_id, auth_token, src, powerpack_uuid }: Config, deps: VendorDeps): VendorConnection {
  const authorization = basicAuth(auth_id, auth_token);
  const headers = { authorization };
  const url = `https://api.plivo.com/v1/Account/${auth_id}/`;
  return openSmsApi(deps, {
    slug: SLUG,
    sender: src,
    secrets: [auth_token, authorization.slice("Basic ".length)],
    accepted,
    refused,
    probe: { url, headers },
    call({ digits, text, sender }, message) {
      const callback = callbackFor(message);
      const json = {
        ...(powerpack_uuid === "" ? { src: sender } : { powerpack_uuid }),
        dst: digits,
        text,
        ...(callback === undefined ? {} : { url: callback, method: "POST" }),
      };
      return { url: `${url}Message/`, headers, json };
    },
  });
}

function accepted({ status, json }: VendorReply) {
  return status >= 200 && status < 300 ? { vendor_message_id: textAt(json, "message_uuid", 0) } : null;
}

function refused({ json }: VendorReply) {
  return { message: textAt(json, "error") || textAt(json, "error", "error") };
}

/**
 * Version 2 signs the address without its query, and a nonce: it proves who calls, not what is said.
 * https://www.plivo.com/docs/messaging/concepts/signature-validation
 */
function verifySignature({ url, headers }: WebhookRequest, key: string): Proof {
  const signature = headers["x-plivo-signature-v2"] ?? "";
  const nonce = headers["x-plivo-signature-v2-nonce"] ?? "";
  if (nonce === "") return "forged";
  const parts = [url.replace(/[?#].*$/s, ""), nonce];
  return isHmac(signature, { algorithm: "sha256", key, parts, encoding: "base64" }) ? "verified" : "forged";
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([
  ["sent", "sent_by_vendor"],
  ["delivered", "delivered"],
]);

/** The person has opted out. */
const OPTED_OUT = "200";

function readReports(request: WebhookRequest): VendorReport[] {
  const fields = fieldsOf(request);
  const id = firstOf(fields, "MessageUUID");
  if (id === "") throw new MalformedReport("there is no `MessageUUID`");
  const status = firstOf(fields, "Status");
  if (status === "") return inboundIn(id, fields);
  const about = {
    message_id: calledBackId(request),
    // Parts of a long text have ids of their own.
    vendor_message_id: firstOf(fields, "ParentMessageUUID") || id,
    address: firstOf(fields, "To") || null,
  };
  const reached = STATUSES.get(status);
  if (reached !== undefined) return [progress(about, reached)];
  if (!["undelivered", "failed", "rejected"].includes(status)) return [];
  const code = firstOf(fields, "ErrorCode");
  return [lost(about, coded(code, status), code === OPTED_OUT)];
}

function inboundIn(id: string, fields: ReadonlyMap<string, string>): VendorReport[] {
  const text = firstOf(fields, "Text");
  return inbound({ id, from: firstOf(fields, "From"), to: firstOf(fields, "To"), text });
}
