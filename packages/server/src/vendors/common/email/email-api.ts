import { type Mailbox, writeMailbox } from "../../../core/mailbox.ts";
import {
  callVendor,
  probe,
  type Reading,
  type VendorCall,
  type VendorReply,
} from "../../../delivery/vendor/call.ts";
import { type Email, readEmail, type Sender, wireAddress } from "../../../delivery/vendor/email.ts";
import type {
  AttachedFile,
  OutgoingMessage,
  VendorConnection,
  VendorDeps,
} from "../../../delivery/vendor/vendor.ts";
import {
  type AddressReport,
  reported,
  type ReportedMessage,
  type WebhookReply,
  type WebhookRequest,
} from "../../../delivery/vendor/webhook.ts";

/*
 * What vendors share that take a mail as one HTTP request.
 */

export interface EmailApi {
  /** Values that must not show in an outcome. */
  secrets: readonly string[];
  call: (email: Email, message: OutgoingMessage) => VendorCall | Promise<VendorCall>;
  /** As in {@link Reading}, for replies that say something of each recipient. */
  accepted: (reply: VendorReply, email: Email) => ReturnType<Reading["accepted"]>;
  /** The mail is left out for the reply of a probe. */
  refused: (reply: VendorReply, email?: Email) => ReturnType<Reading["refused"]>;
  /** The cheap call that proves the credentials. */
  probe?: VendorCall;
}

/** A connection without state: everything is in each request. */
export function openEmailApi({ http }: VendorDeps, sender: Sender, api: EmailApi): VendorConnection {
  const { secrets } = api;
  return {
    async send(message, signal) {
      const read = readEmail(message, sender);
      if (!read.ok) return read.failure;
      const email = wireEmail(read.email);
      const reading: Reading = {
        accepted: (reply) => api.accepted(reply, email),
        refused: (reply) => api.refused(reply, email),
        secrets,
      };
      return callVendor(http, await api.call(email, message), reading, signal);
    },
    ...(api.probe === undefined ? {} : { verify: verifier(http, api.probe, api) }),
  };
}

function verifier(http: VendorDeps["http"], call: VendorCall, { refused, secrets }: EmailApi) {
  const reading = { refused: (reply: VendorReply) => refused(reply), secrets };
  return (signal: AbortSignal) => probe(http, call, reading, signal);
}

/** The mail with its addresses as on the wire, see {@link wireAddress}: APIs refuse domains in other scripts. */
export function wireEmail(email: Email): Email {
  const one = (mailbox: Mailbox) => ({ ...mailbox, address: wireAddress(mailbox) });
  const all = (mailboxes: Mailbox[]) => mailboxes.map(one);
  const { from, to, extra_to, cc, bcc, reply_to } = email;
  return {
    ...email,
    from: one(from),
    to: one(to),
    extra_to: all(extra_to),
    cc: all(cc),
    bcc: all(bcc),
    reply_to: all(reply_to),
  };
}

/** A list as a header has it: `"Ann" <ann@example.com>, bob@example.com`. */
export function writeMailboxes(mailboxes: Mailbox[]): string {
  return mailboxes.map(writeMailbox).join(", ");
}

/** A mailbox as most APIs have it; without a name where there is none. */
export function contactOf({ name, address }: Mailbox): { email: string; name?: string } {
  return name === "" ? { email: address } : { email: address, name };
}

/** The field, unless its list or text is empty: APIs refuse many of those. */
export function unlessEmpty<Name extends string, Value extends string | readonly unknown[] | object>(
  name: Name,
  value: Value,
): { [Field in Name]?: Value } {
  const size = typeof value === "string" || Array.isArray(value) ? value.length : Object.keys(value).length;
  return size === 0 ? {} : ({ [name]: value } as { [Field in Name]: Value });
}

export function base64Of({ bytes }: AttachedFile): string {
  return bytes.toString("base64");
}

/** A media type without its parameters, for APIs that refuse them. */
export function mediaTypeOf({ content_type }: AttachedFile): string {
  return content_type.split(";", 1)[0]?.trim() || "application/octet-stream";
}

/** A report of what a person thinks of being written to. */
export function opinion(
  about: Partial<ReportedMessage>,
  change: AddressReport["change"],
  reason = "",
): AddressReport {
  return { kind: "address", ...reported(about), change, reason: reason || null };
}

/** Answers a vendor that asks with HEAD whether an address exists before it takes it for its reports. */
export function greetHead({ method }: WebhookRequest): Promise<WebhookReply | null> {
  return Promise.resolve(method === "HEAD" ? { status: 200, body: "" } : null);
}

/** Whether an entry of a reply about each recipient is the message's own. */
export function isRecipient(address: string, { to }: Email): boolean {
  return address.trim().toLowerCase() === to.address.toLowerCase();
}

/** Under this name our message's id goes along with a mail and comes back with every report. */
export const MESSAGE_KEY = "supr_nid";
