import { DEFAULT_TENANT } from "./profile/effective-profile.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";
import {
  isReservedUserId,
  LONG_RECIPIENT_ID,
  MAX_RECIPIENT_ID,
  RESERVED_USER_ID,
} from "./text/recipient-name.ts";
import { type Operation, parseOperationList } from "./profile/profile-operations.ts";
import { capture, expectRecord, type Parsed, parseData, parseKey, parseTenantId, refuse } from "./trigger.ts";

/**
 * The records of `/event/` and its siblings. One endpoint takes tracked events, profile edits and what devices report of
 * notifications, and distinguishes them by their content. Records are parsed on accept; tracked events are stored and parsed again on expand.
 */
export type EventRecord =
  | ({ kind: "event" } & TrackedEvent)
  | ({ kind: "edit" } & UserEditRecord)
  | ({ kind: "tracking" } & TrackingRecord);

export interface TrackedEvent {
  /** As sent, trimmed; workflows match it case-insensitively. */
  event: string;
  distinct_id: string;
  properties: JsonObject;
  tenant_id: string | null;
  /** `$idempotency_key`, or the `$insert_id` that SDKs generate: browsers resend a batch that they believe lost. */
  idempotency_key: string | null;
}

export interface UserEditRecord {
  distinct_id: string;
  tenant_id: string | null;
  /** Empty for `$identify`, and for a list without operations: the user is created when missing. */
  operations: Operation[];
  /** Identifies a resent record: adding to a number twice would be wrong. */
  insert_id: string | null;
  /** Parts that could not be parsed and are left out. */
  warnings: string[];
  /** A login; null for edits of a profile. */
  login: Login | null;
}

/** What a device reports of a notification. */
export interface TrackingRecord {
  status: "delivered" | "clicked" | "dismissed";
  message_id: string;
  /** By the device's clock, in milliseconds since 1970; null: it does not say. */
  at: number | null;
}

/** What `$identify` says besides the user. */
export interface Login {
  /** The id that the client had for its user before the login; null if it names none, or the user's own. */
  anon_id: string | null;
}

/**
 * Report what became of a notification on a device. Service workers and closed apps send them with the public key alone:
 * they name the notification by an id that cannot be guessed (client-protocols.md §6.3).
 */
const TRACKING = new Map<unknown, TrackingRecord["status"]>([
  ["$notification_delivered", "delivered"],
  ["$notification_clicked", "clicked"],
  ["$notification_dismiss", "dismissed"],
]);

export const TRACKING_EVENTS = [
  "$notification_delivered",
  "$notification_clicked",
  "$notification_dismiss",
] as const;

/** Whether a record names such an event, whatever else it has. */
export function isTracking(record: JsonObject): boolean {
  return TRACKING.has(record.event);
}

/** Reserved names that clients may nevertheless send. */
const CLIENT_EVENTS: ReadonlySet<string> = new Set([
  "$identify",
  "$notification_delivered",
  "$notification_dismiss",
  "$notification_clicked",
  "$app_launched",
  "$app_installed",
  "$user_login",
  "$user_logout",
  "$purchase_made",
  "$notification_subscribed",
  "$notification_unsubscribed",
  "$page_visited",
]);

const OPERATORS = ["$set", "$set_once", "$add", "$increment", "$append", "$remove", "$unset"];
const MIN_EVENT = 2;
/** In characters. */
export const MAX_EVENT_NAME = 255;
const MAX_INSERT_ID = 255;

/** Parses a record as a client sends it. Refusals carry the wire's texts. */
export function parseEventRecord(body: unknown): Parsed<EventRecord> {
  return capture(() => {
    const record = expectRecord(body);
    const name = readName(record);
    if (name === null) return { kind: "edit", ...readEdit(record) };
    if (name === "$identify") return { kind: "edit", ...readIdentify(record) };
    const tracking = readTracking(record, name);
    if (tracking !== null) return { kind: "tracking", ...tracking };
    if (/^(?:\$|ss_)/i.test(name) && !CLIENT_EVENTS.has(name)) {
      refuse("event: names that start with $ or ss_ are reserved");
    }
    return { kind: "event", ...readEvent(record, name) };
  });
}

/** Parses a stored tracked event again. The product's own events pass, whatever their names. */
export function parseEvent(body: unknown): Parsed<TrackedEvent> {
  return capture(() => {
    const record = expectRecord(body);
    return readEvent(record, readName(record) ?? refuse("event: must not be empty"));
  });
}

/** The workspace key in the record, which must belong to the authenticated workspace. */
export function readEnv(body: unknown): Json {
  return isJsonObject(body) ? (body.env ?? null) : null;
}

function readName(record: JsonObject): string | null {
  const value = record.event ?? null;
  if (value === null) return null;
  if (typeof value !== "string") refuse("event: must be a string");
  const name = value.trim();
  if (name === "") return null;
  if (name.length < MIN_EVENT) refuse(`event: must be at least ${MIN_EVENT} characters`);
  if (name.length > MAX_EVENT_NAME) refuse(`event: must be at most ${MAX_EVENT_NAME} characters`);
  return name;
}

function readEvent(record: JsonObject, event: string): TrackedEvent {
  return {
    event,
    distinct_id: readDistinctId(record) ?? refuse("error: must pass value for distinct_id"),
    properties: parseData(record.properties, "properties"),
    tenant_id: parseTenantId(record),
    idempotency_key: parseKey(record, "$idempotency_key") ?? readInsertId(record),
  };
}

/** Schema 2 has a list under `$user_operations`; the flat form has the operators beside the `distinct_id`. */
function readEdit(record: JsonObject): UserEditRecord {
  const distinct_id =
    readDistinctId(record) ?? refuse("error: must pass value for either event or distinct_id/anonymous_id");
  const listed = record.$user_operations ?? null;
  // What says nothing of a user is a mistake, often a misspelt `event`, and would be lost without a word.
  if (listed === null && !OPERATORS.some((operator) => Object.hasOwn(record, operator))) {
    refuse("event: is a required field of a record without $user_operations or an operator such as $set");
  }
  const { operations, errors } = parseOperationList(listed ?? record);
  const [first] = errors;
  if (first !== undefined && operations.length === 0) refuse(first);
  return {
    distinct_id,
    tenant_id: parseTenantId(record),
    operations,
    insert_id: readInsertId(record),
    warnings: errors,
    login: null,
  };
}

/**
 * The SDK's login: the user it names exists from now on, with what was known of them under an anonymous id, and belongs to
 * the tenant that it names. Source: data-and-preferences §3.1d, client-protocols.md §4.1.
 */
function readIdentify(record: JsonObject): UserEditRecord {
  const properties = parseData(record.properties, "properties");
  const distinct_id =
    readId(properties, "$identified_id") ?? refuse("error: must pass value for $identified_id");
  const anon_id = readId(properties, "$anon_id");
  const tenant_id = parseTenantId(record);
  return {
    distinct_id,
    tenant_id: tenant_id === DEFAULT_TENANT ? null : tenant_id,
    operations: [],
    insert_id: readInsertId(record),
    warnings: [],
    login: { anon_id: anon_id === distinct_id ? null : anon_id },
  };
}

/**
 * Null: it is no report of a device, or names no notification; the latter are events of a user, as servers may send them.
 */
function readTracking(record: JsonObject, name: string): TrackingRecord | null {
  const status = TRACKING.get(name);
  if (status === undefined) return null;
  const properties = parseData(record.properties, "properties");
  const id = properties.id ?? properties.nid ?? null;
  if (id === null && readDistinctId(record) !== null) return null;
  const message_id = typeof id === "string" ? id.trim() : "";
  if (message_id === "") refuse("properties.id: must be the id of the notification");
  return { status, message_id, at: readTime(record.$time) };
}

/** The time in seconds until the year 5138 is below this; in milliseconds it has been above it since 1973. */
const MILLISECONDS = 1e11;
/** The latest time that a date can be. */
const LATEST = 8.64e15;

/** `$time` in milliseconds: JavaScript and Android write those, Swift seconds with a fraction. */
function readTime(value: Json | undefined): number | null {
  if (typeof value !== "number" || !(value > 0)) return null;
  const time = value < MILLISECONDS ? value * 1000 : value;
  return time > LATEST ? null : Math.round(time);
}

function readDistinctId(record: JsonObject): string | null {
  return readId(record, "distinct_id") ?? readId(record, "anonymous_id");
}

/** Browsers pass on whatever value the page has: a number is converted to text. */
function readId(record: JsonObject, name: string): string | null {
  const value = record[name] ?? null;
  if (value === null) return null;
  if (typeof value !== "string" && typeof value !== "number") refuse(`${name}: must be a string`);
  const id = String(value).trim();
  if (id.length > MAX_RECIPIENT_ID) refuse(`${name}: ${LONG_RECIPIENT_ID}`);
  if (isReservedUserId(id)) refuse(`${name}: ${RESERVED_USER_ID}`);
  return id === "" ? null : id;
}

/** Generated by SDKs, never by people: an unusable one is no reason to lose the record. */
function readInsertId(record: JsonObject): string | null {
  const value = record.$insert_id;
  const id = typeof value === "string" ? value.trim() : "";
  return id === "" || id.length > MAX_INSERT_ID ? null : id;
}
