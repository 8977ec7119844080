import { platform } from "#platform";

/** A UUID: an idempotency key for a call that came without one, so that its retries are one request. */
export function randomId(): string {
  return platform.crypto.randomUUID();
}
