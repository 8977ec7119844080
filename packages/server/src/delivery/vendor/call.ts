import type { HttpClient, HttpReply } from "../http/http.ts";
import { HttpCallError, retryAfterSeconds } from "../http/http.ts";
import { classOfStatus, hideSecrets, withoutDoubt } from "./failure.ts";
import { parseReply } from "./reply-reader.ts";
import type { Failed, FailureClass, Outcome, Sent, Verification } from "./vendor.ts";
import { outcomeOf } from "./vendor.ts";

/**
 * What vendors share that take one HTTP request per message: the request is written as JSON, as a form or as bytes; the
 * reply is read by the vendor; what is the same for all (no reply, Retry-After, secrets in errors, a status without a
 * code) is done here.
 */
export interface VendorCall {
  /** Default `POST`. */
  method?: string;
  url: string;
  headers?: Readonly<Record<string, string>>;
  /** At most one of `json`, `form` and `body`. */
  json?: unknown;
  /** Undefined values are left out. */
  form?: Readonly<Record<string, string | undefined>>;
  /** With its own `content-type` header. */
  body?: string | Uint8Array;
  /** Default 30,000. */
  timeout_ms?: number;
}

export interface VendorReply extends HttpReply {
  /** The body as JSON, where integers beyond 2^53 are text; undefined if it is none. */
  json: unknown;
}

/** How a vendor's reply is read. */
export interface Reading {
  /** Null: it was not accepted. A blank `vendor_message_id` counts as none. */
  accepted: (reply: VendorReply) => Pick<Sent, "vendor_message_id" | "delivered"> | null;
  /** What the vendor says about a message that it did not accept. What is left out follows from the status. */
  refused: (reply: VendorReply) => Refusal;
  /** Values that must not show in the error's text. */
  secrets: readonly string[];
}

export interface Refusal {
  class?: FailureClass | undefined;
  /** The vendor's code. */
  code?: string | undefined;
  /** The vendor's words. */
  message?: string | undefined;
  inactivate?: boolean | undefined;
  /** In seconds, where it is not in a `Retry-After` header. */
  retry_after?: number | undefined;
}

const MAX_REPLY_BYTES = 256 * 1024;
const MAX_ID = 200;

/** Makes the call and reads the reply. Never throws for anything that the other side does. */
export async function callVendor(
  http: HttpClient,
  call: VendorCall,
  reading: Reading,
  signal: AbortSignal,
): Promise<Outcome> {
  const reply = await exchange(http, call, signal);
  return "kind" in reply ? reply : judgeReply(reply, reading);
}

/** Makes a call of which the caller reads the reply. An outcome instead of a reply: there was none. */
export async function exchange(
  http: HttpClient,
  call: VendorCall,
  signal: AbortSignal,
): Promise<VendorReply | Exclude<Outcome, Sent>> {
  try {
    const { body, type } = bodyOf(call);
    const reply = await http.request({
      method: call.method ?? "POST",
      url: call.url,
      headers: { ...(type === null ? {} : { "content-type": type }), ...call.headers },
      ...(body === null ? {} : { body }),
      ...(call.timeout_ms === undefined ? {} : { timeout_ms: call.timeout_ms }),
      max_response_bytes: MAX_REPLY_BYTES,
      signal,
    });
    return { ...reply, json: parseReply(reply.body) };
  } catch (error) {
    if (error instanceof HttpCallError) return outcomeOf(error);
    throw error;
  }
}

/** Makes a call before the one that sends: for a token, or to look up an address. Without a reply it has failed. */
export async function lookUp(
  http: HttpClient,
  call: VendorCall,
  signal: AbortSignal,
): Promise<VendorReply | Failed> {
  const reply = await exchange(http, call, signal);
  return "kind" in reply ? withoutDoubt(reply) : reply;
}

/** Makes the cheap call that proves the credentials: any 2xx does. */
export async function probe(
  http: HttpClient,
  call: VendorCall,
  { refused, secrets }: Pick<Reading, "refused" | "secrets">,
  signal: AbortSignal,
): Promise<Verification> {
  const reply = await exchange(http, { method: "GET", ...call }, signal);
  if ("kind" in reply) return { ok: false, message: reply.message };
  if (reply.status >= 200 && reply.status < 300) return { ok: true };
  return { ok: false, message: refusalOf(reply, refused(reply), secrets).message };
}

export function judgeReply(reply: VendorReply, { accepted, refused, secrets }: Reading): Outcome {
  const sent = accepted(reply);
  if (sent !== null) {
    const { vendor_message_id: id, ...more } = sent;
    return { kind: "sent", ...more, vendor_message_id: id?.trim().slice(0, MAX_ID) || null };
  }
  return refusalOf(reply, refused(reply), secrets);
}

/** The failure that a reply says. A 2xx that the vendor calls a refusal counts as one of the message. */
export function refusalOf(reply: VendorReply, said: Refusal, secrets: readonly string[]): Failed {
  const retry_after = said.retry_after ?? retryAfterSeconds(reply.headers);
  return {
    kind: "failed",
    class: said.class ?? classOfStatus(reply.status),
    code:
      said.code
        ?.trim()
        .replaceAll(/[\s\p{C}]+/gu, "_")
        .slice(0, 100) || `http_${reply.status}`,
    message: hideSecrets(said.message || reply.body, secrets) || `HTTP ${reply.status}`,
    ...(retry_after === undefined ? {} : { retry_after }),
    ...(said.inactivate === true ? { inactivate: true } : {}),
  };
}

/** The text, number or boolean at a path into what a vendor sent; "" if there is none. */
export function textAt(value: unknown, ...path: (string | number)[]): string {
  const found = valueAt(value, ...path);
  if (typeof found === "string") return found.toWellFormed();
  return typeof found === "number" || typeof found === "boolean" ? String(found) : "";
}

/** The value at a path into what a vendor sent; undefined if there is none. */
export function valueAt(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (held, step) =>
      typeof held === "object" && held !== null && Object.hasOwn(held, step)
        ? (held as Record<string | number, unknown>)[step]
        : undefined,
    value,
  );
}

/** The array at a path into what a vendor sent; an empty one if there is none. */
export function listAt(value: unknown, ...path: (string | number)[]): unknown[] {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The value of a table for a word of a vendor's, which may be any, `constructor` too. */
export function ownValue<Value>(table: Readonly<Record<string, Value>>, word: string): Value | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

/** `Basic` authorization. */
export function basicAuth(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function bodyOf(call: VendorCall): { body: string | Uint8Array | null; type: string | null } {
  if (call.json !== undefined) return { body: JSON.stringify(call.json), type: "application/json" };
  if (call.form !== undefined) {
    const fields = Object.entries(call.form).filter(
      (field): field is [string, string] => field[1] !== undefined,
    );
    return { body: new URLSearchParams(fields).toString(), type: "application/x-www-form-urlencoded" };
  }
  return { body: call.body ?? null, type: null };
}
