import {
  type ReceiptStatus,
  reported,
  type ReportedMessage,
  type StatusReport,
} from "../../delivery/vendor/webhook.ts";

/*
 * What vendors share that report what became of their messages.
 */

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
