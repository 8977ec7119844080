import type { EditOperation, Recipient } from "../wire.ts";
import { type Attachment, toWireAttachments, type WireAttachment } from "./attachments.ts";
import { measured } from "./body.ts";
import { array, items, kindOf, optionalText, record, tenantId, text } from "./check.ts";
import { invalidInput } from "./errors.ts";
import { isRecord } from "./is-record.ts";
import { randomId } from "./random.ts";

/* What triggers, events and broadcasts share: recipients, payloads, keys. */

export const MAX_RECIPIENTS = 100;
const MAX_ADDRESSES = 10;
const CHANNEL_KEYS = [
  "$email",
  "$sms",
  "$whatsapp",
  "$inbox",
  "$androidpush",
  "$iospush",
  "$webpush",
  "$slack",
  "$ms_teams",
];

/** What a record may say of itself besides its payload. */
export interface RecordOptions {
  /** The tenant it is for: its branding, preferences and vendors. */
  tenant?: string | undefined;
  /** Makes it one request however often it is sent within 24 hours; trimmed, up to 255 characters. Made if absent. */
  idempotencyKey?: string | undefined;
  /** Files of its e-mails. */
  attachments?: Attachment[] | undefined;
}

/** The keys of a record that all kinds of it have. */
export function commonFields({ tenant, idempotencyKey }: RecordOptions): Record<string, unknown> {
  const tenant_id = tenantId("tenant", tenant);
  return {
    ...(tenant_id === undefined ? {} : { tenant_id }),
    $idempotency_key: optionalText("idempotencyKey", idempotencyKey) ?? randomId(),
  };
}

/** Finishes a record: its attachments are read if it has some, and it is measured. Synchronous without them. */
export function finish(
  wire: Record<string, unknown>,
  payloadKey: "data" | "properties",
  attachments: Attachment[] | undefined,
  what: string,
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  if (attachments === undefined || array("attachments", attachments).length === 0)
    return measured(wire, what);
  return toWireAttachments(attachments).then((files) => {
    const payload = wire[payloadKey] as Record<string, unknown>;
    const before = Array.isArray(payload.$attachments) ? (payload.$attachments as WireAttachment[]) : [];
    return measured({ ...wire, [payloadKey]: { ...payload, $attachments: [...before, ...files] } }, what);
  });
}

/** A payload as a plain object. */
export function payload(field: string, value: unknown): Record<string, unknown> {
  return value === undefined || value === null ? {} : record(field, value);
}

/** One or several recipients. */
export function recipients(field: string, given: Recipient | readonly Recipient[]): readonly Recipient[] {
  const list = (Array.isArray(given) ? given : [given]) as readonly Recipient[];
  items(field, list, MAX_RECIPIENTS);
  return list.map((one, index) => recipient(Array.isArray(given) ? `${field}[${index}]` : field, one));
}

export function recipient(field: string, given: Recipient): Recipient {
  if (typeof given === "string") return text(field, given);
  if (!isRecord(given)) {
    throw invalidInput(field, `must be a distinct_id or an object with one, and is ${kindOf(given)}`);
  }
  const one = given as Record<string, unknown>;
  checkIdentity(field, one);
  for (const key of CHANNEL_KEYS) {
    const addresses = one[key];
    if (Array.isArray(addresses)) items(`${field}.${key}`, addresses, MAX_ADDRESSES);
  }
  if (one.$channels !== undefined && !Array.isArray(one.$channels)) {
    throw invalidInput(`${field}.$channels`, 'must be an array of channels, like ["email"]');
  }
  return given;
}

function checkIdentity(field: string, one: Record<string, unknown>): void {
  if (one.is_transient === true) {
    if (CHANNEL_KEYS.some((key) => one[key] !== undefined)) return;
    throw invalidInput(field, "needs an address like $email: a transient recipient has no profile");
  }
  if (one.object_type !== undefined || one.id !== undefined) {
    text(`${field}.object_type`, one.object_type);
    text(`${field}.id`, one.id);
    return;
  }
  if (one.distinct_id === undefined) {
    throw invalidInput(field, "needs a distinct_id, an object_type and id, or is_transient: true");
  }
  text(`${field}.distinct_id`, one.distinct_id);
}

/** Of one edit in bulk (client-protocols.md §11.2). */
const MAX_EDIT = 10_240;

/** An edit of a user as an event; its id makes its retries one edit. */
export function editRecord(edit: {
  distinct_id: string;
  operations: readonly EditOperation[];
  tenant_id?: string | undefined;
}): Uint8Array<ArrayBuffer> {
  const { distinct_id, operations, tenant_id } = edit;
  const wire = {
    $schema: "2",
    $insert_id: randomId(),
    $time: Date.now(),
    distinct_id,
    $user_operations: operations,
    ...(tenant_id === undefined ? {} : { tenant_id }),
  };
  return measured(wire, "edit", MAX_EDIT);
}

/** Who did it. A transient actor needs no address. */
export function actor(given: Recipient): Recipient {
  if (isRecord(given) && given.is_transient === true) return given;
  return recipient("actor", given);
}
