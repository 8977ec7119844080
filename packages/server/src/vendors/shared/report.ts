import type { OutgoingMessage } from "../../delivery/vendor/vendor.ts";
import {
  MalformedReport,
  type ReceiptStatus,
  reported,
  type ReportedMessage,
  type StatusReport,
  type WebhookRequest,
} from "../../delivery/vendor/webhook.ts";
import { parseReply } from "../../delivery/vendor/reply-reader.ts";

/*
 * What vendors share whose reports come to an address that is given to them with each message, and whose reports are
 * flat lists of fields.
 */

const MESSAGE_ID = "message_id";

/** The address of a message's reports with its id in the query; undefined while the server does not know its own. */
export function callbackFor({ callback_url, message_id }: OutgoingMessage): string | undefined {
  return callback_url === null ? undefined : `${callback_url}?${MESSAGE_ID}=${message_id}`;
}

/** Our id, as `callbackFor` put it into the address. */
export function calledBackId({ query }: WebhookRequest): string | null {
  return query.get(MESSAGE_ID) || null;
}

/** The fields of a report that is a flat JSON object, a form or, for a GET, a query. Those of the body win. */
export function fieldsOf({ query, body }: WebhookRequest): ReadonlyMap<string, string> {
  const text = body.toString("utf8");
  const json = parseReply(text);
  if (json !== undefined && (typeof json !== "object" || json === null || Array.isArray(json))) {
    throw new MalformedReport("the body is not an object of fields");
  }
  const sent =
    json === undefined
      ? [...new URLSearchParams(text)]
      : Object.entries(json).map(([name, value]): [string, string] => [name, fieldText(value)]);
  return new Map([...query, ...sent].map(([name, value]) => [name, value.toWellFormed()]));
}

function fieldText(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** The first of these fields that is not blank; blank if all are. */
export function firstOf(fields: ReadonlyMap<string, string>, ...names: string[]): string {
  for (const name of names) {
    const value = fields.get(name)?.trim();
    if (value !== undefined && value !== "") return value;
  }
  return "";
}

/** How far a message can come. */
export type Reached = "sent_by_vendor" | Exclude<ReceiptStatus, "delivery_failure">;

/** A report that a message has come further. */
export function progress(about: Partial<ReportedMessage>, status: Reached): StatusReport {
  return { kind: "status", ...reported(about), status, reason: null };
}

/** A report that a message comes no further. */
export function lost(about: Partial<ReportedMessage>, reason: string, inactivate = false): StatusReport {
  return {
    kind: "status",
    ...reported(about),
    status: "delivery_failure",
    reason: reason === "" ? null : reason,
    ...(inactivate ? { inactivate } : {}),
  };
}

/** Milliseconds since 1970 of a time that a vendor writes; null for a text that is none. */
export function timeOf(text: string): number | null {
  return Date.parse(text) || null;
}

/** The same for a count of seconds, or of milliseconds if it is that large. */
export function unixTimeOf(text: string): number | null {
  if (!/^\d{1,14}(?:\.\d+)?$/.test(text)) return null;
  const count = Number(text);
  return Math.round(count > 100_000_000_000 ? count : count * 1000) || null;
}
