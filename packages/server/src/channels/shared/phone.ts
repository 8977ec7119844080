import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import type { IdentityResult } from "../../core/profile/identity.ts";

const REASON = "error while parsing number to E164 format";

/** Digits after a plus, with the separators people write; E.164 itself is 15 digits at most. */
const WRITTEN = /^\+[1-9][\d\s().-]{1,30}$/;

const E164 = /^\+[1-9]\d{1,14}$/;

/**
 * An identity of the phone channels, kept as E.164 (`+14155552671`). It must parse, and no more: whether a number has
 * the length and the prefix of one that is given out, only its operator knows for certain. The documented examples
 * (`+1234567890`, `+15555555555`) are not, and the wire accepts them.
 */
export function parsePhoneIdentity(channel: "sms" | "whatsapp", input: unknown): IdentityResult {
  if (typeof input !== "string") return { ok: false, reason: `$${channel}: value must be of string type` };
  const text = input.trim();
  if (!WRITTEN.test(text)) return { ok: false, reason: REASON };
  const number = parsePhoneNumberFromString(text, { extract: false });
  if (number === undefined || !E164.test(number.number)) return { ok: false, reason: REASON };
  return {
    ok: true,
    identity: { value: number.number, key: number.number, provider: "", device_id: null, bundle_id: null },
  };
}
