import { failure } from "../../../delivery/vendor/failure.ts";
import type { Failed } from "../../../delivery/vendor/vendor.ts";

/**
 * Waits for what several messages share (a token, a connection) no longer than one of them may take. Nothing of that
 * message has left yet, so giving up is a failure and never ambiguous.
 */
export async function orAborted<Value>(shared: Promise<Value>, signal: AbortSignal): Promise<Value | Failed> {
  const { promise, resolve } = Promise.withResolvers<Failed>();
  const giveUp = (): void => resolve(failure("transient", "aborted", "the caller gave up"));
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([shared, promise]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
