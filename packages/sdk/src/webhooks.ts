import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { decodeBase64 } from "./core/base64.ts";
import { kindOf, record } from "./core/check.ts";
import { CarillonError, invalidInput } from "./core/errors.ts";

/** Headers of a request: a `Headers`, or an object with names in any case. */
export type WebhookHeaders =
  | { get: (name: string) => string | null }
  | Readonly<Record<string, string | string[] | undefined>>;

export interface VerifyOptions {
  /** Seconds that the request's time may be from now; five minutes if absent. */
  tolerance?: number;
}

const TOLERANCE = 300;
const PREFIXES = ["webhook", "svix"];

/**
 * Verifies a webhook of the server and returns its payload: the headers of Standard Webhooks, or Svix's. Throws a
 * `CarillonError` of the code `not_authenticated` for everything that is not genuine and recent.
 *
 * @param body as received: text or bytes, not parsed
 * @param secret `whsec_…`; several while one replaces the other
 * @example
 * const event = verifyWebhook(await request.text(), request.headers, WEBHOOK_SECRET);
 */
export function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): unknown {
  const { tolerance = TOLERANCE } = record("options", options) as VerifyOptions;
  if (typeof tolerance !== "number" || Number.isNaN(tolerance)) {
    throw invalidInput("tolerance", "must be a number of seconds");
  }
  record("headers", headers);
  const keys = [secret].flat().map(keyOf);
  if (keys.length === 0) throw invalidInput("secret", "must not be empty");
  const prefix = PREFIXES.find((one) => header(headers, `${one}-id`) !== null);
  if (prefix === undefined) throw refused("the request has no webhook-id or svix-id");
  const [id, timestamp, signatures] = ["id", "timestamp", "signature"].map((name) => {
    const value = header(headers, `${prefix}-${name}`);
    if (value === null) throw refused(`the request has no ${prefix}-${name}`);
    return value;
  }) as [string, string, string];
  if (!/^\d{1,12}$/.test(timestamp)) throw refused(`${prefix}-timestamp is no number of seconds`);
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > tolerance) {
    throw refused(`${prefix}-timestamp is more than ${tolerance} seconds from now`);
  }
  const bytes = bytesOf(body);
  const given = signatures
    .split(" ")
    .map((one) => one.split(","))
    .filter(([version]) => version === "v1")
    .map(([, signature = ""]) => decodeBase64(signature));
  const isGenuine = keys.some((key) => {
    const expected = hmac
      .create(sha256, key)
      .update(utf8ToBytes(`${id}.${timestamp}.`))
      .update(bytes)
      .digest();
    return given.some((signature) => signature !== null && isSame(signature, expected));
  });
  if (!isGenuine) throw refused("no signature of the request fits the secret");
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch (error) {
    throw new CarillonError("bad_json", "the body is genuine, but not JSON", { cause: error });
  }
}

/** A body that was parsed already is another text than the one that was signed. */
function bytesOf(body: string | Uint8Array): Uint8Array {
  if (typeof body === "string") return utf8ToBytes(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  throw invalidInput("body", `must be the text or the bytes that were received, and is ${kindOf(body)}`);
}

function keyOf(secret: string): Uint8Array {
  if (typeof secret !== "string") throw invalidInput("secret", "must be a string");
  const key = decodeBase64(secret.replace(/^whsec_/, ""));
  if (key === null || key.length === 0) throw invalidInput("secret", "must be whsec_ and base64");
  return key;
}

function header(headers: WebhookHeaders, name: string): string | null {
  if ("get" in headers && typeof headers.get === "function") return headers.get(name);
  const entries = Object.entries(headers as Readonly<Record<string, string | string[] | undefined>>);
  const [, value] = entries.find(([key]) => key.toLowerCase() === name) ?? [];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** In a time that does not depend on where they differ. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (const [index, byte] of one.entries()) difference |= byte ^ (other[index] ?? 0);
  return difference === 0;
}

function refused(message: string): CarillonError {
  return new CarillonError("not_authenticated", message);
}
