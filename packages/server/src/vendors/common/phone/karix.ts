import type { FailureClass } from "../../../delivery/vendor/vendor.ts";

/** Karix publishes no list of codes; what it says of an account is told from the rest by its words. */
export function karixClass(words: string): FailureClass | undefined {
  if (/auth|invalid (?:account )?key|\bip\b|balance|credit|expired|inactive account/i.test(words)) {
    return "config";
  }
  return /(?:invalid|wrong) (?:dest|mobile|number|recipient)/i.test(words) ? "recipient" : undefined;
}
