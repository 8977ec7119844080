import type { z } from "zod";
import type { Channel } from "../../core/channel.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Dial } from "../http/dial.ts";
import type { HttpCallError, HttpClient } from "../http/http.ts";
import type { MailTracking } from "./tracking.ts";
import type { ReceiptStatus, VendorWebhook } from "./webhook.ts";

/**
 * A delivery vendor is one file. Its settings form, secret redaction and encryption, registry entry and docs page
 * follow from this object. A vendor never reads the environment, never accesses the database and never throws for an
 * expected refusal: outcomes are values.
 */
export interface Vendor<Config extends z.ZodObject = z.ZodObject> {
  /** `<vendor>-<channel>`, unique: the name in workspaces' settings and in exports. */
  slug: string;
  /** The vendor's part of the slug: `vendor.name` of a message on the wire. */
  vendor: string;
  channel: Channel;
  /** Display name. */
  name: string;
  /** Settings, with form metadata; credentials are wrapped in `secret()`. */
  config: Config;
  /** Push only: the id provider whose identities this vendor can reach. */
  provider?: string;
  /**
   * Adds what the settings leave out and need not come from the vendor, such as a key pair: what is `stored` already, or
   * something new. Gets the settings as they were sent, before they are checked.
   */
  make?: (given: JsonObject, stored: unknown) => JsonObject;
  /**
   * Only for vendors without a remote service: the result for rendered content is stored as the recipient's inbox item,
   * in the transaction that creates the message, which is delivered from then on. `send` is then only used for retries.
   */
  local?: (content: JsonObject) => JsonObject;
  /** Calls hosts that the identities name: one that is dead says nothing about the others, so nothing breaks for all. */
  has_many_hosts?: true;
  /** Reports come with the outcome, without a webhook: simulators. */
  reports_by_itself?: true;
  /** E-mail vendors that cannot report openings and clicks: what their settings have us track. */
  tracking?(config: z.output<Config>): MailTracking;
  /** How the vendor reports what became of its messages, if it does. */
  webhook?: VendorWebhook<z.output<Config>>;
  /**
   * Prepares a connection for one stored configuration. It is kept until that configuration changes, so pools, compiled
   * templates and tokens belong here. Written as a method, so that a list can hold vendors with different settings.
   */
  open(config: z.output<Config>, deps: VendorDeps): VendorConnection;
}

export interface VendorDeps {
  /** The only way out for vendors that speak HTTP: timeouts, SSRF guard, redaction. */
  http: HttpClient;
  /** The only way out for all other protocols, with the same guard. */
  dial: Dial;
  /** For tokens that expire and requests that are signed: milliseconds since 1970. */
  now: () => number;
}

export interface VendorConnection {
  /** Sends one message. Throws only for a bug: the message then fails as `config` and the error is logged. */
  send: (message: OutgoingMessage, signal: AbortSignal) => Promise<Outcome>;
  /** Verifies the credentials with a cheap call, if the vendor has one. */
  verify?: (signal: AbortSignal) => Promise<Verification>;
  close?: () => Promise<void>;
}

/** One rendered message to be sent to one identity. */
export interface OutgoingMessage {
  /** ULID; also the idempotency key for vendors that accept one. */
  message_id: string;
  workspace: string;
  tenant_id: string;
  /** The recipient: a user's distinct_id, or `object_type/id`. */
  recipient: string;
  category: string;
  /** 1 for the first attempt. */
  attempt: number;
  /** The identity's value: an address, a number, a token, or the channel's object form. */
  to: string | JsonObject;
  /**
   * Where reports about this message go, for vendors that are given the address with each message. It ends in a slash;
   * a query may be added. Null: the server does not know its own address.
   */
  callback_url: string | null;
  /** The channel's rendered content. */
  content: JsonObject;
  /** E-mail only, in the order of the trigger: the bytes are already loaded, whatever their source. */
  attachments: AttachedFile[];
  /** Null: to everybody. After an outcome with `undelivered`: only to these copies, since everybody else has it. */
  only_to: string[] | null;
}

export interface AttachedFile {
  /** One line, without folders. */
  filename: string;
  /** A media type with its parameters, safe for a header: `text/csv; charset=utf-8`. */
  content_type: string;
  bytes: Buffer;
  /** Hash of the bytes, in hex. */
  sha256: string;
}

export type Outcome = Sent | Failed | Ambiguous;

export interface Sent {
  kind: "sent";
  /** The vendor's own id for this message, to match receipts. */
  vendor_message_id: string | null;
  /** Set where acceptance is delivery: inbox, Slack, Teams. */
  delivered?: boolean;
  /** Reports that follow without a webhook (simulators): applied after `after_ms`. */
  receipts?: { status: ReceiptStatus; after_ms: number; reason?: string }[];
  /** Written in the transaction that records the outcome. Only the built-in inbox uses it. */
  inbox_item?: JsonObject;
  /** E-mail only: the copies (cc, bcc, extra_to) that did not go out with the recipient's mail. */
  undelivered?: UndeliveredCopy[];
}

/** A copy that was refused, or not accepted yet: those that failed temporarily are sent again, and no others. */
export interface UndeliveredCopy {
  /** As in the content, without its name. */
  address: string;
  outcome: Failed | Ambiguous;
}

/**
 * - `recipient`: this address will never work (retrying or another vendor would not help)
 * - `message`: this content is refused
 * - `config`: our credentials or settings are refused
 * - `throttled`: later, after `retry_after`
 * - `transient`: try again
 */
export type FailureClass = "recipient" | "message" | "config" | "throttled" | "transient";

export interface Failed {
  kind: "failed";
  class: FailureClass;
  /** The vendor's code, or ours if it has none: stable, for grouping. */
  code: string;
  /** The vendor's words, without secrets. */
  message: string;
  /** In seconds, as requested by the vendor. */
  retry_after?: number;
  /** The identity is known to be dead: stop using it (vendors.md section 4). */
  inactivate?: boolean;
}

/** The call failed after the message may have left: it may or may not have been sent. */
export interface Ambiguous {
  kind: "ambiguous";
  code: string;
  message: string;
}

export type Verification = { ok: true } | { ok: false; message: string };

export function defineVendor<Config extends z.ZodObject>(vendor: Vendor<Config>): Vendor<Config> {
  return vendor;
}

/**
 * The outcome of a call without a response. One that may have arrived is never called failed: a retry could send it
 * twice, and only the channel's rule may decide that.
 */
export function outcomeOf(error: HttpCallError): Failed | Ambiguous {
  const { code, message } = error;
  if (code === "blocked_address" || code === "invalid_request") {
    return { kind: "failed", class: "config", code, message };
  }
  return error.may_have_arrived
    ? { kind: "ambiguous", code, message }
    : { kind: "failed", class: "transient", code, message };
}
