import { CarillonError } from "./errors.ts";
import { isRecord } from "./is-record.ts";

/**
 * Whether the same request may be sent again after a failure that leaves open whether the first one was processed.
 * `false`: only after one that says that it was not.
 */
export type Repeatable = boolean;

const FIRST_WAIT = 200;
const LONGEST_WAIT = 10_000;
/** Beyond this the server's Retry-After is the caller's business. */
const LONGEST_ASKED = 60_000;

/** Connections that never came about (Node's codes): the request cannot have been processed. */
const NEVER_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

export function isUnsent(error: CarillonError): boolean {
  if (error.code !== "connection_failed") return false;
  const { cause } = error;
  // Node's client rejects with the system's error, `fetch` with one that has it as its cause.
  const system = isRecord(cause) && isRecord(cause.cause) ? cause.cause : cause;
  const code = isRecord(system) ? system.code : undefined;
  return typeof code === "string" && NEVER_CONNECTED.has(code);
}

export function mayRetry(error: CarillonError, repeatable: Repeatable): boolean {
  if (error.status === 429 || isUnsent(error)) return true;
  if (!repeatable) return false;
  return error.code === "connection_failed" || error.code === "timeout" || error.status >= 500;
}

/**
 * Milliseconds before the next attempt: what the server asks for, or a random share of a span that doubles, so that
 * clients which failed together do not come back together. Null: longer than this SDK waits.
 */
export function waitBefore(
  attempt: number,
  retryAfter: string | null,
  own: ((attempt: number) => number) | null,
): number | null {
  const asked = parseRetryAfter(retryAfter);
  if (asked !== null && asked > LONGEST_ASKED) return null;
  const span = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);
  const wait = own === null ? span / 2 + Math.random() * (span / 2) : own(attempt);
  return Math.max(asked ?? 0, wait);
}

/** Seconds, or an HTTP date. */
function parseRetryAfter(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d+$/.test(text.trim())) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new CarillonError("aborted", "the call was aborted", { cause: signal?.reason }));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
