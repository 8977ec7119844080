import { cut } from "../../core/text/text.ts";
import type { Ambiguous, Failed, FailureClass, Outcome } from "./vendor.ts";

/*
 * What vendors share when a call did not succeed: the outcome's shape, what an HTTP status means where a vendor's own
 * codes say nothing, and keeping secrets out of what is kept.
 */

export function failure(kind: FailureClass, code: string, message: string): Failed {
  return { kind: "failed", class: kind, code, message };
}

/**
 * What a call without a reply means that carried nothing of the message, such as one for a token: it has failed, even if
 * it may have arrived.
 */
export function withoutDoubt(outcome: Failed | Ambiguous): Failed {
  return outcome.kind === "failed" ? outcome : failure("transient", outcome.code, outcome.message);
}

/**
 * The outcome of a call to an address that belongs to the recipient: one that may not be called, or is none, is wrong
 * with the recipient and not with the settings, which are everybody's.
 */
export function blameRecipient(outcome: Outcome): Outcome {
  const isAddress =
    outcome.kind === "failed" && outcome.class === "config" && ADDRESS_CODES.has(outcome.code);
  return isAddress ? { ...outcome, class: "recipient" } : outcome;
}

const ADDRESS_CODES = new Set(["blocked_address", "invalid_request"]);

/** Any 2xx is a `message` failure here: the reply said that it is none. */
export function classOfStatus(status: number): FailureClass {
  if (status === 429) return "throttled";
  if (status === 408 || status === 425 || status >= 500) return "transient";
  // A redirect is no answer of an API: the URL of the settings is wrong.
  return status === 401 || status === 403 || (status >= 300 && status < 400) ? "config" : "message";
}

/** Looks up what a vendor's code means. The codes of a class stand in one text, with spaces between them. */
export function codeClasses(
  codes: Readonly<Partial<Record<FailureClass, string>>>,
): ReadonlyMap<string, FailureClass> {
  const classes = Object.entries(codes) as [FailureClass, string][];
  return new Map(
    classes.flatMap(([kind, text]) => text.split(" ").map((code): [string, FailureClass] => [code, kind])),
  );
}

const MAX_TEXT = 500;
/** Shorter values occur in ordinary words. */
const MIN_SECRET = 4;

/**
 * A vendor's words on one line of at most 500 characters, without the given secrets and their percent-encoded form:
 * APIs like to repeat the request in their errors.
 */
export function hideSecrets(text: string, secrets: Iterable<string>): string {
  // Longest first, so that none is hidden only in part.
  const forms = [...new Set(secrets)]
    .flatMap((value) => [value, encodeURIComponent(value)])
    .filter(({ length }) => length >= MIN_SECRET)
    .sort((one, other) => other.length - one.length);
  const hidden = forms.reduce((shown, form) => shown.replaceAll(form, "********"), text);
  return cut(hidden.replaceAll(/[\p{Cc}\s]+/gu, " ").trim(), MAX_TEXT).toWellFormed();
}

/** The values of secret headers, and their words, by which a header is known as well: `Bearer`, token. */
export function secretsInHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.values(headers).flatMap((value) => [
    value,
    ...value.split(/\s+/).filter(({ length }) => length >= 8),
  ]);
}

/** A URL that is a credential, and the parts of it by which it is known as well: its path, the values of its query. */
export function secretsInUrl(url: string): string[] {
  const { pathname, searchParams } = new URL(url);
  return [url, pathname, ...[...searchParams.values()].filter(({ length }) => length >= 8)];
}
