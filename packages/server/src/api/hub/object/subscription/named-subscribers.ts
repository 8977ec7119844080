import type { Json } from "../../../../core/json.ts";
import { parseSubscribers, type RecipientSpec } from "../../../../core/trigger.ts";
import { AppError } from "../../../../errors.ts";
import { notFoundText, type RecipientKey } from "../../../../recipients/recipient.ts";
import type { SubscriptionOutcome } from "../../../../recipients/subscriptions.ts";

/** The most that one call adds or removes. */
const MAX_SUBSCRIBERS = 100;

/** Whom a call names, with the wire's texts for everything else. */
export function readSubscribers(value: unknown): RecipientSpec[] {
  const parsed = parseSubscribers(value as Json | undefined, { max_recipients: MAX_SUBSCRIBERS });
  if (!parsed.ok) throw new AppError("invalid_request_error", parsed.message);
  return parsed.value;
}

/** Refuses as the outcome says, also where the object is missing. */
export function requireDone(object: RecipientKey, [outcome]: readonly SubscriptionOutcome[]): void {
  if (outcome === undefined || outcome.ok) return;
  const { error } = outcome;
  throw new AppError(error === notFoundText(object) ? "not_found" : "invalid_request_error", error);
}
