import { z } from "zod";
import { basicAuth, textAt, type VendorCall, type VendorReply } from "../../../delivery/vendor/call.ts";
import { codeClasses } from "../../../delivery/vendor/failure.ts";
import { secret } from "../../../delivery/vendor/secret.ts";
import {
  type AddressReport,
  formOf,
  isHmac,
  MalformedReport,
  type Proof,
  reported,
  type VendorReport,
  type VendorWebhook,
  type WebhookRequest,
} from "../../../delivery/vendor/webhook.ts";
import { calledBackId, coded, fieldsOf, firstOf } from "./callback.ts";
import { inbound } from "./inbound.ts";
import { lost, progress, type Reached } from "../report.ts";

/*
 * An account at Twilio, which serves SMS and WhatsApp: one endpoint, one list of codes, one form of reports.
 * https://www.twilio.com/docs/messaging/api/message-resource, codes: https://www.twilio.com/docs/api/errors
 */

const API = "https://api.twilio.com/2010-04-01";

export const twilioFields = {
  account_sid: z
    .string()
    .trim()
    .regex(/^AC[0-9a-fA-F]{32}$/, "must be AC and 32 hexadecimal digits")
    .meta({ title: "Account SID" }),
  auth_token: secret().meta({
    title: "Auth token",
    description: "Signs Twilio's reports; also the login, unless there is an API key.",
  }),
  api_key_sid: z
    .string()
    .trim()
    .regex(/^(?:SK[0-9a-fA-F]{32})?$/, "must be SK and 32 hexadecimal digits")
    .default("")
    .meta({ title: "API key SID", description: "Blank: the account SID and its auth token are the login." }),
  api_key_secret: secret(z.string()).default("").meta({ title: "API key secret" }),
  messaging_service_sid: z
    .string()
    .trim()
    .regex(/^(?:MG[0-9a-fA-F]{32})?$/, "must be MG and 32 hexadecimal digits")
    .default("")
    .meta({ title: "Messaging Service SID", description: "The service that chooses the sender." }),
};

export interface TwilioAccount {
  account_sid: string;
  auth_token: string;
  api_key_sid: string;
  api_key_secret: string;
  messaging_service_sid: string;
}

/** What both channels' settings must have: somebody to send as, and both halves of an API key or none. */
export function checkTwilio(
  { messaging_service_sid, from, api_key_sid, api_key_secret }: TwilioAccount & { from: string },
  context: z.RefinementCtx,
): void {
  const refuse = (field: string, message: string) =>
    context.addIssue({ code: "custom", path: [field], message });
  if (messaging_service_sid === "" && from === "") {
    refuse("messaging_service_sid", "a Messaging Service or a From number is needed");
  }
  if (api_key_sid !== "" && api_key_secret === "") refuse("api_key_secret", "is needed with an API key SID");
}

/** What an account does on either channel; `call` posts a message. */
export function twilioApi({ account_sid, auth_token, api_key_sid, api_key_secret }: TwilioAccount) {
  const authorization =
    api_key_sid === "" ? basicAuth(account_sid, auth_token) : basicAuth(api_key_sid, api_key_secret);
  const headers = { authorization };
  const url = `${API}/Accounts/${account_sid}`;
  return {
    secrets: [auth_token, api_key_secret, authorization.slice("Basic ".length)],
    accepted,
    refused,
    probe: { url: `${url}.json`, headers },
    call: (form: Readonly<Record<string, string | undefined>>): VendorCall => ({
      url: `${url}/Messages.json`,
      headers,
      form,
    }),
  };
}

function accepted({ status, json }: VendorReply) {
  return status >= 200 && status < 300 ? { vendor_message_id: textAt(json, "sid") } : null;
}

const CLASSES = codeClasses({
  config: "20003 20005 20404 21408 21606 21612 21659 21701 21703 30002 30034 63001 63007",
  recipient: "21211 21217 21421 21610 21614 30004 30005 30006 63003 63014 63024",
  message: "21602 21605 21617 21655 21656 30007 63013 63016 63032 63049",
  throttled: "14107 20429 63018",
  transient: "30001 30010",
});

/** The person has opted out or blocked the sender, or has no WhatsApp. */
const DEAD = new Set(["21610", "63003", "63014", "63024"]);

function refused({ json }: VendorReply) {
  const code = textAt(json, "code");
  return {
    class: CLASSES.get(code),
    code,
    message: textAt(json, "message"),
    inactivate: DEAD.has(code),
  };
}

/** Reports and inbound messages: https://www.twilio.com/docs/messaging/guides/webhook-request */
export const twilioWebhook: Pick<VendorWebhook<TwilioAccount>, "verify" | "read"> = {
  verify: (request, { auth_token }) => verifySignature(request, auth_token),
  read: readReports,
};

/** https://www.twilio.com/docs/usage/security#validating-requests */
function verifySignature(request: WebhookRequest, key: string): Proof {
  const signature = request.headers["x-twilio-signature"] ?? "";
  const fields = [...formOf(request)].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  const parts = [request.url, ...fields.map(([name, value]) => `${name}${value}`)];
  return isHmac(signature, { algorithm: "sha1", key, parts, encoding: "base64" }) ? "verified" : "forged";
}

function readReports(request: WebhookRequest): VendorReport[] {
  const fields = fieldsOf(request);
  const id = firstOf(fields, "MessageSid", "SmsSid");
  if (id === "") throw new MalformedReport("the form has no `MessageSid`");
  const status = firstOf(fields, "MessageStatus", "SmsStatus");
  if (status === "received") return readInbound(id, fields);
  const about = {
    message_id: calledBackId(request),
    vendor_message_id: id,
    address: addressOf(firstOf(fields, "To")) || null,
  };
  const reached = STATUSES.get(status);
  if (reached !== undefined) return [progress(about, reached)];
  if (!FAILURES.has(status)) return [];
  const code = firstOf(fields, "ErrorCode");
  return [lost(about, coded(code, status), DEAD.has(code))];
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([
  ["sent", "sent_by_vendor"],
  ["delivered", "delivered"],
  ["read", "seen"],
]);

const FAILURES = new Set(["undelivered", "failed", "canceled"]);

/** With a word of the account's own the text alone does not show that it is a wish to opt out. */
function readInbound(id: string, fields: ReadonlyMap<string, string>): VendorReport[] {
  const from = addressOf(firstOf(fields, "From"));
  const text = firstOf(fields, "Body");
  const received = inbound({
    id,
    from,
    to: addressOf(firstOf(fields, "To")),
    text,
    in_reply_to: firstOf(fields, "OriginalRepliedMessageSid"),
  });
  const change = OPT_OUTS.get(firstOf(fields, "OptOutType"));
  if (change === undefined || from === "") return received;
  return [...received, { kind: "address", ...reported({ address: from }), change, reason: text || null }];
}

const OPT_OUTS: ReadonlyMap<string, AddressReport["change"]> = new Map([
  ["STOP", "opted_out"],
  ["START", "opted_in"],
]);

function addressOf(text: string): string {
  return text.replace(/^whatsapp:/, "");
}
