import { z } from "zod";
import { failure } from "./failure.ts";
import type { Failed, OutgoingMessage } from "./vendor.ts";

/** A number of one's own in the settings. */
export const numberField = z
  .string()
  .trim()
  .regex(/^\+?\d{5,15}$/, "must be a number with its country code: +14155238886");

export interface PhoneNumber {
  /** As stored: E.164, with its plus. */
  to: string;
  /** Without the plus, as many gateways want it. */
  digits: string;
}

/** The number that a message goes to. Deliberately lax: the channel has already checked it. */
export function readNumber({
  to,
}: OutgoingMessage): ({ ok: true } & PhoneNumber) | { ok: false; failure: Failed } {
  if (typeof to !== "string" || !/^\+?[\d\s().-]{3,30}$/.test(to) || !/\d/.test(to)) {
    const text = "the recipient's identity is not a phone number";
    return { ok: false, failure: failure("recipient", "invalid_number", text) };
  }
  return { ok: true, to, digits: to.replaceAll(/\D/g, "") };
}
