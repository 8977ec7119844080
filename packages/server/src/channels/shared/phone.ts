// The `max` build: only it has the patterns of every kind of number that `isValid` needs.
import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import type { IdentityResult } from "../../core/profile/identity.ts";

const REASON = "error while parsing number to E164 format";

/** Digits after a plus, with the separators people write; E.164 itself is 15 digits at most. */
const WRITTEN = /^\+[1-9][\d\s().-]{1,30}$/;

/** An identity of the phone channels: a valid number, kept as E.164 (`+14155552671`). */
export function parsePhoneIdentity(channel: "sms" | "whatsapp", input: unknown): IdentityResult {
  if (typeof input !== "string") return { ok: false, reason: `$${channel}: value must be of string type` };
  const text = input.trim();
  if (!WRITTEN.test(text)) return { ok: false, reason: REASON };
  const number = parsePhoneNumberFromString(text, { extract: false });
  if (number?.isValid() !== true) return { ok: false, reason: REASON };
  return {
    ok: true,
    identity: { value: number.number, key: number.number, provider: "", device_id: null, bundle_id: null },
  };
}
