import { parseReply } from "../../../delivery/vendor/reply-reader.ts";
import type { OutgoingMessage } from "../../../delivery/vendor/vendor.ts";
import { MalformedReport, type WebhookRequest } from "../../../delivery/vendor/webhook.ts";

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
export function fieldsOf({
  query,
  body,
}: Pick<WebhookRequest, "query" | "body">): ReadonlyMap<string, string> {
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

/** `30003: undelivered`: a code and what was said of it, without those that are blank. */
export function coded(...parts: string[]): string {
  return parts.filter((part) => part !== "").join(": ");
}

/** Milliseconds since 1970 of a time that a vendor writes without its zone: `2026-05-22 10:06:20`. */
export function localTimeOf(text: string, zone: `+${string}` | "Z"): number | null {
  const [, day = "", time = ""] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,9})?)$/.exec(text.trim()) ?? [];
  return day === "" ? null : Date.parse(`${day}T${time}${zone}`) || null;
}
