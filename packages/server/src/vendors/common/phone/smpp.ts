import type { ReceiptStatus } from "../../../delivery/vendor/webhook.ts";

/**
 * What became of a message, in the words of SMPP and those that gateways write for them: `DELIVRD`, `UNDELIV`.
 * https://smpp.org/SMPP_v3_4_Issue1_2.pdf, section 5.2.28
 */
export type SmppStatus = "sent_by_vendor" | Extract<ReceiptStatus, "delivered" | "delivery_failure">;

const WORDS: ReadonlyMap<string, SmppStatus> = new Map([
  ...names("sent_by_vendor", "ACCEPTD ACCEPTED ENROUTE SENT SUBMITTED BUFFERED"),
  ...names("delivered", "DELIVRD DELIVERED SUCCESS READ"),
  ...names(
    "delivery_failure",
    "UNDELIV UNDELIVERED UNDELIVERABLE EXPIRED REJECTD REJECTED DELETED FAILED FAILURE FAIL ABORTED BLOCKED",
  ),
]);

function names(status: SmppStatus, words: string): [string, SmppStatus][] {
  return words.split(" ").map((word) => [word, status]);
}

/** Undefined for a word that says nothing of it, such as `UNKNOWN`. */
export function smppStatus(word: string): SmppStatus | undefined {
  return WORDS.get(word.trim().toUpperCase());
}
