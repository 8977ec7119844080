import { storable } from "../core/text/text.ts";
import { type Channel, CHANNEL_TRAITS } from "../core/channel.ts";
import type { JsonObject } from "../core/json.ts";
import type { Lane } from "../core/lane.ts";
import type { Outcome, UndeliveredCopy } from "./vendor/vendor.ts";
import type { ReceiptStatus } from "./vendor/webhook.ts";

/**
 * Decides the state of a message after a vendor answered, or did not: pure. Retries wait 1 s, 5 s, 30 s, 2 min, 10 min,
 * each with a jitter of a fifth, or as long as the vendor asked; refusals are final.
 */
export interface Verdict {
  status: "triggered" | "sent_by_vendor" | "delivered" | "trigger_failed";
  failure_reason: string | null;
  failure_class: string | null;
  vendor_message_id: string | null;
  /** Milliseconds until the next attempt; null: none. */
  retry_in_ms: number | null;
  /** Nothing was tried: it counts as no attempt. */
  is_postponed: boolean;
  /** It goes to the next vendor of its priority list at once. */
  hands_over: boolean;
  inactivate: boolean;
  receipts: { status: ReceiptStatus; after_ms: number; reason: string | null }[];
  inbox_item: JsonObject | null;
  /** The copies that did not go out. */
  copies: CopyVerdict[];
}

export interface CopyVerdict {
  address: string;
  class: string;
  reason: string;
  /** It is sent again with the next attempt. */
  is_deferred: boolean;
}

export interface Attempted {
  channel: Channel;
  lane: Lane;
  attempt: number;
  /** Null: the attempt is for everybody; otherwise for these copies alone. */
  undelivered: string[] | null;
  /** Another vendor follows in its priority list, and takes over instead of further attempts. */
  has_next: boolean;
}

const BACKOFF_MS = [1000, 5000, 30_000, 120_000, 600_000];
export const MAX_ATTEMPTS = BACKOFF_MS.length + 1;
/** The longest wait for a vendor, whatever it asks. */
const LONGEST_RETRY_MS = 86_400_000;

export function judge(message: Attempted, outcome: Outcome, random: number): Verdict {
  if (message.undelivered === null)
    return withCopies(message, judgeMail(message, outcome, random), outcome, random);
  // The recipient has the mail, so nothing that happens to a copy changes the message.
  return withCopies(message, settled("sent_by_vendor"), outcome, random);
}

/**
 * Adds what becomes of the copies: those that failed temporarily are sent again after the wait of a message, as often
 * as a message, and nobody else with them.
 */
function withCopies(message: Attempted, verdict: Verdict, outcome: Outcome, random: number): Verdict {
  const failed = failedCopies(message, outcome);
  if (failed.length === 0) return verdict;
  const judged = failed.map(({ address, outcome: answer }) => {
    const { status, failure_class, failure_reason, retry_in_ms } = judgeMail(
      { ...message, has_next: false },
      answer,
      random,
    );
    const copy: CopyVerdict = {
      address,
      class: failure_class ?? status,
      reason: failure_reason ?? status,
      is_deferred: retry_in_ms !== null,
    };
    return { copy, retry_in_ms };
  });
  const waits = judged.flatMap(({ retry_in_ms }) => retry_in_ms ?? []);
  return {
    ...verdict,
    copies: judged.map(({ copy }) => copy),
    retry_in_ms: waits.length === 0 ? null : Math.max(...waits),
  };
}

function failedCopies({ undelivered }: Attempted, outcome: Outcome): UndeliveredCopy[] {
  if (outcome.kind === "sent") return outcome.undelivered ?? [];
  return (undelivered ?? []).map((address) => ({ address, outcome }));
}

function judgeMail(message: Attempted, outcome: Outcome, random: number): Verdict {
  switch (outcome.kind) {
    case "sent":
      return {
        ...settled(outcome.delivered === true ? "delivered" : "sent_by_vendor"),
        vendor_message_id: outcome.vendor_message_id === null ? null : storable(outcome.vendor_message_id),
        receipts: (outcome.receipts ?? []).map(({ status, after_ms, reason }) => ({
          status,
          after_ms,
          reason: reason === undefined ? null : storable(reason),
        })),
        inbox_item: outcome.inbox_item ?? null,
      };
    case "ambiguous": {
      const reason = `ambiguous: ${storable(outcome.message)}`;
      if (message.has_next && mayRepeat(message)) return handedOver(reason, "ambiguous");
      if (!mayRepeat(message) || message.attempt >= MAX_ATTEMPTS)
        return failedVerdict(reason, "ambiguous", false);
      return again(reason, "ambiguous", backoff(message.attempt, random));
    }
    case "failed": {
      const { class: failure, retry_after } = outcome;
      const reason = storable(outcome.message);
      // Nobody reaches an address that is dead.
      if (message.has_next && failure !== "recipient") return handedOver(reason, failure);
      if ((failure !== "throttled" && failure !== "transient") || message.attempt >= MAX_ATTEMPTS) {
        return failedVerdict(reason, failure, outcome.inactivate === true);
      }
      const asked = retry_after === undefined ? 0 : Math.min(retry_after * 1000, LONGEST_RETRY_MS);
      return again(reason, failure, Math.max(asked, backoff(message.attempt, random)));
    }
  }
}

/**
 * Whether a message that has perhaps been sent may be sent again; the channel's trait says why. What is ambiguous is
 * decided elsewhere: by `outcomeOf` in vendor/vendor.ts (a call without a clear answer; vendors/email/smtp.ts for SMTP),
 * by the deadline in deliver.ts, and by `takeMessages` in outbox.ts (the worker died).
 */
export function mayRepeat({ channel, lane }: Pick<Attempted, "channel" | "lane">): boolean {
  return CHANNEL_TRAITS[channel].repeat_ambiguous === "always" || lane < 2;
}

function backoff(attempt: number, random: number): number {
  const base = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length) - 1] ?? 1000;
  return Math.round(base * (0.8 + 0.4 * random));
}

function settled(status: Verdict["status"]): Verdict {
  return {
    status,
    failure_reason: null,
    failure_class: null,
    vendor_message_id: null,
    retry_in_ms: null,
    is_postponed: false,
    hands_over: false,
    inactivate: false,
    receipts: [],
    inbox_item: null,
    copies: [],
  };
}

/** The vendor is not called now; `reason` is shown until it is. */
export function postpone(reason: string, ms: number): Verdict {
  return { ...settled("triggered"), failure_reason: reason, retry_in_ms: ms, is_postponed: true };
}

function failedVerdict(reason: string, failure_class: string, inactivate: boolean): Verdict {
  return { ...settled("trigger_failed"), failure_reason: reason, failure_class, inactivate };
}

function handedOver(reason: string, failure_class: string): Verdict {
  return { ...failedVerdict(reason, failure_class, false), hands_over: true };
}

function again(reason: string, failure_class: string, retry_in_ms: number): Verdict {
  return { ...settled("triggered"), failure_reason: reason, failure_class, retry_in_ms };
}
