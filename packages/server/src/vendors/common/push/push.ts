import { z } from "zod";
import { isJsonObject } from "../../../core/json.ts";
import { listAt, textAt, valueAt } from "../../../delivery/vendor/call.ts";
import type { OutgoingMessage } from "../../../delivery/vendor/vendor.ts";

/* What the vendors of push notifications share: how long one is kept, and how its rendered content is read. */

/** FCM's and the browsers' limit; APNs keeps notifications for about as long. */
const MAX_TTL_HOURS = 672;

export const ttlField = z.number().int().min(0).max(MAX_TTL_HOURS).default(MAX_TTL_HOURS).meta({
  title: "Time to live, in hours",
  description:
    "How long a notification waits for a device that is off. 0: it is shown at once or never. At most 28 days.",
});

export interface PushButton {
  /** Never blank: the number of the button where the template names none. */
  id: string;
  text: string;
  url: string;
  icon: string;
}

/** One field of the content as text; "" if there is none. */
export function textOf({ content }: OutgoingMessage, field: string): string {
  return textAt(content, field);
}

/** One flag of the content; `fallback` if it is none. */
export function flagOf({ content }: OutgoingMessage, field: string, fallback: boolean): boolean {
  const value = valueAt(content, field);
  return typeof value === "boolean" ? value : fallback;
}

/** One whole number of the content; 0 if it is none. */
export function countOf({ content }: OutgoingMessage, field: string): number {
  const value = valueAt(content, field);
  return typeof value === "number" && Number.isSafeInteger(value) ? value : 0;
}

export function buttonsOf({ content }: OutgoingMessage): PushButton[] {
  return listAt(content, "buttons").map((button, index) => ({
    id: textAt(button, "id") || String(index + 1),
    text: textAt(button, "text"),
    url: textAt(button, "url"),
    icon: textAt(button, "icon"),
  }));
}

/** What the template adds for the app or the page. */
export function extraOf({ content }: OutgoingMessage): [string, unknown][] {
  const extra = valueAt(content, "extra_payload");
  return isJsonObject(extra) ? Object.entries(extra) : [];
}

/** Without the fields that say nothing, which count towards the size of a notification. */
export function withoutBlanks<Value extends object>(fields: Value): Partial<Value> {
  const said = Object.entries(fields).filter(
    ([, value]) => value !== "" && value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(said) as Partial<Value>;
}
