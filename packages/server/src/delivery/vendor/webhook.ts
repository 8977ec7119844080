import { createHmac, timingSafeEqual } from "node:crypto";
import type { Channel } from "../../core/channel.ts";
import type { HttpClient } from "../http/http.ts";
import { parseReply } from "./reply-reader.ts";

/**
 * How a vendor reports what became of its messages. A vendor's file proves that a request is the vendor's own and reads
 * it; whose messages the reports are about, and what follows from them, is decided in `delivery/`. Written as methods,
 * so that a list can hold vendors with different settings.
 */
export interface VendorWebhook<Config> {
  /**
   * Addresses that existing installations have entered at the vendor, without host and slashes at the ends:
   * `webhook/sendgrid`. They name no settings, so reports that come there must be signed or carry our message id.
   */
  shared_paths?: readonly string[];
  /** Every report carries our id of the message. Absent: the vendor's own ids are kept, to find it by. */
  returns_our_id?: true;
  /**
   * Judges the signature over the raw bytes. Absent: the vendor does not sign. Throws `HttpCallError` where the key has
   * to be fetched and cannot be: the request has to be refused for now, so that the vendor sends it again.
   */
  verify?(request: WebhookRequest, config: Config, deps: WebhookDeps): Promise<Proof> | Proof;
  /**
   * Answers a request that carries no reports: a check of the address, a confirmation. Null: it is not one of those.
   * Called before `verify`, so it must itself prove what it acts on.
   */
  greet?(request: WebhookRequest, config: Config, deps: WebhookDeps): Promise<WebhookReply | null>;
  /**
   * Reads the reports of one request; events that say nothing about a message are left out. Throws `MalformedReport`
   * for a body that is not of the documented form. The settings are those whose report it is, for vendors whose
   * reports a customer describes.
   */
  read(request: WebhookRequest, config?: Config): VendorReport[];
}

/**
 * - `verified`: the vendor sent exactly these bytes
 * - `unsigned`: the vendor or these settings have no secret to sign with; the secret in the address has to do
 * - `forged`: the signature is missing, wrong, or too old
 */
export type Proof = "verified" | "unsigned" | "forged";

export interface WebhookRequest {
  method: string;
  /** The whole address as the vendor called it, with its query: some vendors sign it. */
  url: string;
  query: URLSearchParams;
  /** Lower-case names; repeated headers are joined by `", "`. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  /** When it came, in milliseconds since 1970. */
  received_at: number;
}

export interface WebhookDeps {
  http: HttpClient;
}

export interface WebhookReply {
  status: number;
  body: string;
  /** Default `text/plain; charset=utf-8`. */
  content_type?: string;
}

/** The body is not of the vendor's documented form; the text goes back to the sender. */
export class MalformedReport extends Error {
  override readonly name = "MalformedReport";
}

export type VendorReport = StatusReport | AddressReport | InboundMessage | ApprovalReport;

/** Which message a report is about; both are null for one that is about an address alone. */
export interface ReportedMessage {
  /** Our id, if the vendor passes it back: the sure way. */
  message_id: string | null;
  /** The vendor's own, exactly as `send` returned it. */
  vendor_message_id: string | null;
  /** The address, as the vendor writes it: reports about copies of a mail are not about its recipient. */
  address: string | null;
  /** By the vendor's clock, in milliseconds since 1970. Null: when it came. */
  at: number | null;
}

/** How far a message has come, or that it comes no further. */
export type ReceiptStatus = "delivered" | "seen" | "clicked" | "delivery_failure";

/** A message has come further. */
export interface StatusReport extends ReportedMessage {
  kind: "status";
  status: "sent_by_vendor" | ReceiptStatus;
  /** What went wrong, in the vendor's words, without secrets; null unless it is a failure. */
  reason: string | null;
  /** The address is dead: it is used no more for as long as its channel says. Only with `delivery_failure`. */
  inactivate?: boolean;
}

/** What a person thinks of being written to. The message keeps its status. */
export interface AddressReport extends ReportedMessage {
  kind: "address";
  change: "complained" | "opted_out" | "opted_in";
  reason: string | null;
}

/** What a person wrote to us. Stop words are recognised where it is handled. */
export interface InboundMessage {
  kind: "inbound";
  /** The vendor's id of this message. */
  id: string | null;
  from: string;
  to: string;
  /** Null for one without text. */
  text: string | null;
  /** The vendor's id of the message that it replies to. */
  in_reply_to: string | null;
  at: number | null;
}

/** What the vendor decided about a template that was submitted for approval. */
export interface ApprovalReport {
  kind: "approval";
  vendor_template_id: string | null;
  vendor_template_name: string | null;
  locale: string | null;
  status: "approved" | "rejected" | "sent_for_approval";
  reason: string | null;
}

/** What a report is about: what is not named is unknown. */
export function reported(fields: Partial<ReportedMessage>): ReportedMessage {
  return { message_id: null, vendor_message_id: null, address: null, at: null, ...fields };
}

/** The body as JSON; integers beyond 2^53 are text, digit by digit. */
export function jsonOf({ body }: WebhookRequest): unknown {
  const value = parseReply(body.toString("utf8"));
  if (value === undefined) throw new MalformedReport("the body is not JSON");
  return value;
}

/** The body as JSON: the entries of an array, or one object alone. */
export function jsonEntriesOf(request: WebhookRequest): unknown[] {
  const value = jsonOf(request);
  return Array.isArray(value) ? value : [value];
}

/** The body as a form. */
export function formOf({ body }: WebhookRequest): URLSearchParams {
  return new URLSearchParams(body.toString("utf8"));
}

/** A signature older or newer than this is not believed: it may be a recording. */
export const SIGNATURE_SECONDS = 300;

/** `within_seconds` is longer for vendors that may send the same signature again when they try again. */
export function isRecent(
  signed_at_seconds: number,
  { received_at }: WebhookRequest,
  within_seconds = SIGNATURE_SECONDS,
): boolean {
  return Math.abs(received_at / 1000 - signed_at_seconds) <= within_seconds;
}

/** Whether the signature is the HMAC of the parts, in time that does not depend on where they differ. */
export function isHmac(signature: string, { algorithm, key, parts, encoding }: HmacInput): boolean {
  const hmac = createHmac(algorithm, key);
  for (const part of parts) hmac.update(part);
  return isSame(signature, hmac.digest(encoding));
}

export interface HmacInput {
  algorithm: "sha1" | "sha256" | "sha512";
  key: string | Buffer;
  parts: readonly (string | Buffer)[];
  encoding: "hex" | "base64" | "base64url";
}

/** Compares secrets in time that does not depend on where they differ. */
export function isSame(given: string, expected: string): boolean {
  const one = Buffer.from(given);
  const other = Buffer.from(expected);
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The address of a vendor's reports, below the server's own: `/webhook/twilio/sms/<uid>/`. */
export function webhookPath({ vendor, channel }: { vendor: string; channel: Channel }, uid: string): string {
  return `/webhook/${vendor}/${channel}/${uid}/`;
}
