import { z } from "zod";
import { textAt, valueAt, type VendorCall, type VendorReply } from "../../../delivery/vendor/call.ts";
import { codeClasses } from "../../../delivery/vendor/failure.ts";
import { parseReply } from "../../../delivery/vendor/reply-reader.ts";
import { secret } from "../../../delivery/vendor/secret.ts";
import type { OutgoingMessage } from "../../../delivery/vendor/vendor.ts";
import { MalformedReport, type VendorReport, type WebhookRequest } from "../../../delivery/vendor/webhook.ts";
import { coded, fieldsOf, firstOf } from "./callback.ts";
import { lost, progress, type Reached, unixTimeOf } from "../report.ts";

/*
 * Gupshup's enterprise gateway, which serves SMS and WhatsApp by one method. https://docs.gupshup.io/docs/api-reference,
 * reports: https://docs.gupshup.io/docs/real-time-delivery-reports
 */

export const gupshupFields = {
  user_id: z
    .string()
    .trim()
    .regex(/^\d{1,30}$/, "must be digits")
    .meta({
      title: "User ID",
      description: "Of the account that sends notifications, not the one for replies.",
    }),
  password: secret().meta({ title: "Password" }),
};

export interface GupshupAccount {
  user_id: string;
  password: string;
}

/** A call of the gateway. The message's id goes along with the workspace's, and comes back in the id of its reports. */
export function gupshupCall(
  url: string,
  { user_id, password }: GupshupAccount,
  form: Readonly<Record<string, string | undefined>>,
): VendorCall {
  return {
    url,
    form: { userid: user_id, password, auth_scheme: "plain", v: "1.1", format: "json", ...form },
  };
}

export function gupshupMessageId({ workspace, message_id }: OutgoingMessage): string {
  return `${workspace}-${message_id}`;
}

/** Both forms of its replies: `{ response: { id, phone, details, status } }` and `success | phone | id`. */
function answerOf({ json, body }: VendorReply): { status: string; id: string; details: string } {
  const response = valueAt(json, "response");
  if (response !== undefined) {
    const [status, id, details] = ["status", "id", "details"].map((field) => textAt(response, field));
    return { status: status ?? "", id: id ?? "", details: details ?? "" };
  }
  const [status = "", second = "", third = ""] = body.split("|").map((part) => part.trim());
  return status === "success"
    ? { status, id: third, details: "" }
    : { status, id: status === "error" ? second : "", details: third };
}

export function gupshupAccepted(reply: VendorReply) {
  const { status, id } = answerOf(reply);
  return reply.status === 200 && status === "success" ? { vendor_message_id: id } : null;
}

const CLASSES = codeClasses({ config: "102 106 124 175" });

export function gupshupRefused(reply: VendorReply) {
  const { id, details } = answerOf(reply);
  return { class: CLASSES.get(id), code: id, message: details };
}

const STATUSES: ReadonlyMap<string, Reached> = new Map([
  ["SENT", "sent_by_vendor"],
  ["SUBMITTED", "sent_by_vendor"],
  ["DELIVERED", "delivered"],
  ["SUCCESS", "delivered"],
  ["READ", "seen"],
]);

/**
 * Up to 20 events in the field `response` of a form or of JSON, or one as the fields of a query. `isDead` judges the
 * cause of a failure.
 */
export function readGupshupReports(
  request: WebhookRequest,
  isDead: (cause: string) => boolean = () => false,
): VendorReport[] {
  return eventsOf(request).flatMap((event) => {
    const fields = new Map(FIELDS.map((name) => [name, textAt(event, name)]));
    const id = firstOf(fields, "externalId");
    if (id === "") return [];
    const about = {
      message_id: OWN_ID.exec(id)?.[1] ?? null,
      vendor_message_id: id,
      address: firstOf(fields, "destAddr", "phoneNo") || null,
      at: unixTimeOf(firstOf(fields, "eventTs", "deliveredTS")),
    };
    const status = firstOf(fields, "eventType", "status").toUpperCase();
    const cause = firstOf(fields, "cause");
    const code = firstOf(fields, "errorCode", "errCode");
    const reached = STATUSES.get(status);
    if (reached !== undefined) return [progress(about, reached)];
    if (!FAILURES.has(status)) return [];
    return [lost(about, coded(code, cause) || status, isDead(cause))];
  });
}

const FIELDS =
  "externalId eventType status cause errorCode errCode destAddr phoneNo eventTs deliveredTS".split(" ");

const FAILURES = new Set(["FAILED", "FAILURE", "FAIL", "UNDELIVERED", "UNKNOWN_SUBSCRIBER", "REJECTED"]);

/** Gupshup writes its own number before the id that it was given. */
const OWN_ID = /(?:^|-)([0-9A-HJKMNP-TV-Z]{26})$/i;

function eventsOf(request: WebhookRequest): unknown[] {
  const body = parseReply(request.body.toString("utf8"));
  if (Array.isArray(body)) return body;
  const listed = valueAt(body, "response");
  if (listed !== undefined) return responseOf(listed);
  const fields = fieldsOf(request);
  const response = fields.get("response");
  if (response !== undefined) return responseOf(response);
  if (!fields.has("externalId")) throw new MalformedReport("neither `response` nor `externalId` is there");
  return [Object.fromEntries(fields)];
}

function responseOf(response: unknown): unknown[] {
  const events = typeof response === "string" ? parseReply(response) : response;
  if (!Array.isArray(events)) throw new MalformedReport("`response` is not a list of events");
  return events;
}
