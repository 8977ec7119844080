import { type Channel, channelOfKey, CHANNELS } from "./channel.ts";
import { controlKeysOf } from "./profile/control-keys.ts";
import {
  isReservedUserId,
  LONG_OBJECT_TYPE,
  LONG_RECIPIENT_ID,
  MAX_OBJECT_TYPE,
  MAX_RECIPIENT_ID,
  RESERVED_USER_ID,
} from "./text/recipient-name.ts";
import { DEFAULT_TENANT } from "./profile/effective-profile.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/**
 * The bodies of `/trigger/`: their shape is checked on accept (the texts are the wire's), and they are parsed again on
 * expand. Checks that depend on stored data are not made here.
 */
export interface Trigger {
  workflow: string;
  recipients: RecipientSpec[];
  actor: RecipientSpec | null;
  data: JsonObject;
  tenant_id: string | null;
  idempotency_key: string | null;
  cancellation_key: string | null;
  metadata: Json;
}

/** A recipient or actor as a trigger names it. */
export interface RecipientSpec {
  /** Empty for users. */
  object_type: string;
  /** A user's distinct_id or an object's id; empty for a transient user. */
  distinct_id: string;
  is_transient: boolean;
  /** Do not create the profile when it is missing. */
  skip_create: boolean;
  /** `$context` names a tenant: the inline profile belongs to that tenant's profile, not to the global one. */
  tenant_scoped: boolean;
  /** `$channels`: only these, for this run. */
  channels: Channel[] | null;
  /** For an object: which further recipients get a run. 0: none; 1: its subscribers; 2: those of child objects too. */
  depth: 0 | 1 | 2;
  /** Channel values, properties and `$timezone`-like keys given inline. */
  profile: JsonObject | null;
}

export type Parsed<T> = { ok: true; value: T } | { ok: false; message: string };

export interface TriggerLimits {
  max_recipients: number;
}

const MAX_KEY = 255;
const MAX_DEPTH = 2;
const MAX_TENANT = 64;
export function parseTrigger(body: unknown, limits: TriggerLimits): Parsed<Trigger> {
  return capture(() => {
    const record = expectRecord(body);
    const workflow = record.workflow;
    if (workflow === undefined || workflow === null || workflow === "") refuse("workflow missing");
    if (typeof workflow !== "string") refuse("workflow: must be a string");
    return { workflow, ...parseCommon(record, "recipients", limits) };
  });
}

/** The keys that every kind of trigger shares; the list of recipients is called `recipients` or `users`. */
export function parseCommon(
  record: JsonObject,
  list: "recipients" | "users",
  limits: TriggerLimits,
): Omit<Trigger, "workflow"> {
  const tenant_id = parseTenantId(record);
  return {
    recipients: parseRecipients(record[list], list, tenant_id, limits),
    actor:
      record.actor === undefined || record.actor === null || record.actor === ""
        ? null
        : parseActor(record.actor, tenant_id),
    data: parseData(record.data, "data"),
    tenant_id,
    idempotency_key: parseKey(record, "$idempotency_key") ?? parseKey(record, "idempotency_key"),
    cancellation_key: parseKey(record, "cancellation_key"),
    metadata: record.metadata ?? null,
  };
}

function parseRecipients(
  value: Json | undefined,
  list: string,
  tenant_id: string | null,
  { max_recipients }: TriggerLimits,
): RecipientSpec[] {
  if (value === undefined || value === null) refuse(`{"${list}":"is a required field"}`);
  if (!Array.isArray(value)) refuse(`${list}: no valid value passed`);
  if (value.length === 0) refuse(`{"${list}":"must contain at least 1 item"}`);
  if (value.length > max_recipients) refuse(`{"${list}":"must contain at maximum ${max_recipients} items"}`);
  const specs = new Map<string | number, RecipientSpec>();
  for (const element of value) {
    const spec = parseRecipient(element, list, tenant_id);
    // No id contains the null character, so no two recipients share a key.
    const key = spec.is_transient ? specs.size : `${spec.object_type}\u0000${spec.distinct_id}`;
    const known = specs.get(key);
    specs.set(key, known === undefined ? spec : mergeSpecs(known, spec));
  }
  return [...specs.values()];
}

/** The people whom a call subscribes to an object, in the form and with the texts of a trigger's recipients. */
export function parseSubscribers(value: Json | undefined, limits: TriggerLimits): Parsed<RecipientSpec[]> {
  return capture(() => {
    for (const element of Array.isArray(value) ? value : []) {
      if (!isJsonObject(element) || !isJsonObject(element.$context)) continue;
      refuse(
        "recipients: $context is not read here: write the profile in the tenant by the user's own endpoint",
      );
    }
    const specs = parseRecipients(value, "recipients", null, limits);
    if (specs.some(({ is_transient }) => is_transient))
      refuse("recipients: a transient user cannot subscribe");
    return specs;
  });
}

function parseRecipient(element: Json, list: string, tenant_id: string | null): RecipientSpec {
  if (typeof element === "string") return userSpec(parseId(element, `${list}: no valid value passed`));
  if (!isJsonObject(element)) {
    refuse(`invalid value for ${list}. each element must be of type string or map`);
  }
  const spec = parseSpec(
    element,
    "in case recipient is a map, one of [distinct_id, object_type/id] must be present",
  );
  checkContext(element, tenant_id);
  if (spec.is_transient && !hasChannelValue(spec.profile))
    refuse("channel details missing for transient user");
  return spec;
}

function parseActor(value: Json, tenant_id: string | null): RecipientSpec {
  if (typeof value === "string")
    return userSpec(parseId(value, "actor: value must be either of type string or map"));
  if (!isJsonObject(value)) refuse("actor: value must be either of type string or map");
  const spec = parseSpec(value, "one of [distinct_id, object_type/id] must be present");
  checkContext(value, tenant_id);
  return spec;
}

/** A profile is written in the tenant of the trigger, or in none. A trigger without a tenant uses the default one. */
function checkContext({ $context }: JsonObject, tenant_id: string | null): void {
  if (!isJsonObject($context) || $context.tenant_id === undefined || $context.tenant_id === null) return;
  if ($context.tenant_id !== (tenant_id ?? DEFAULT_TENANT)) {
    refuse("$context.tenant_id must be the same as the tenant_id of the trigger");
  }
}

function parseSpec(element: JsonObject, missing: string): RecipientSpec {
  const is_transient = parseFlag(element, "is_transient");
  const isObject = element.object_type !== undefined && element.object_type !== null;
  if (!isObject && (element.distinct_id === undefined || element.distinct_id === null) && !is_transient) {
    refuse(
      element.is_transient === false ? "user's distinct_id must be present if it's not transient" : missing,
    );
  }
  const object_type = isObject ? parseId(element.object_type, missing, "object_type") : "";
  const given = isObject ? element.id : element.distinct_id;
  const control = controlKeysOf(element);
  const profile = Object.fromEntries(Object.entries(element).filter(([key]) => !control.has(key)));
  return {
    object_type,
    distinct_id: is_transient && !isObject ? "" : parseId(given, missing, isObject ? "id" : "distinct_id"),
    is_transient: is_transient && !isObject,
    skip_create: parseFlag(element, "$skip_create"),
    tenant_scoped: isJsonObject(element.$context) && typeof element.$context.tenant_id === "string",
    channels: parseChannels(element.$channels),
    depth: isObject ? parseDepth(element.$object_subscriptions_query) : 0,
    profile: Object.keys(profile).length === 0 ? null : profile,
  };
}

function parseDepth(query: Json | undefined): 0 | 1 | 2 {
  if (query === undefined || query === null) return MAX_DEPTH;
  if (!isJsonObject(query)) refuse("$object_subscriptions_query: must be a JSON object");
  const depth = query.depth ?? MAX_DEPTH;
  if (depth === 0 || depth === 1 || depth === 2) return depth;
  refuse("$object_subscriptions_query.depth: must be 0, 1 or 2");
}

function parseChannels(value: Json | undefined): Channel[] | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) refuse("$channels: value must be of array type");
  for (const channel of value) {
    // `messenger` is in the SDKs' list of channels, but there is no such product.
    if (channel === "messenger" || CHANNELS.includes(channel as Channel)) continue;
    refuse(`{"$channels":"must be one of [${CHANNELS.map((known) => `'${known}'`).join(" ")}]"}`);
  }
  const channels = value.filter((channel) => channel !== "messenger") as Channel[];
  return value.length === 0 ? null : channels;
}

/** The same id twice in one request: one run, channel values merged, later scalars win. */
function mergeSpecs(first: RecipientSpec, second: RecipientSpec): RecipientSpec {
  const merged = new Map(Object.entries(first.profile ?? {}));
  for (const [key, value] of Object.entries(second.profile ?? {})) {
    const before = merged.get(key);
    merged.set(
      key,
      isChannelKey(key) && before !== undefined ? [...toArray(before), ...toArray(value)] : value,
    );
  }
  return {
    ...second,
    skip_create: first.skip_create && second.skip_create,
    // If either is for a tenant only, the profile must not get into the global one.
    tenant_scoped: first.tenant_scoped || second.tenant_scoped,
    channels: second.channels ?? first.channels,
    profile: merged.size === 0 ? null : Object.fromEntries(merged),
  };
}

function hasChannelValue(profile: JsonObject | null): boolean {
  return Object.entries(profile ?? {}).some(
    ([key, value]) =>
      isChannelKey(key) && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0),
  );
}

export function isChannelKey(key: string): boolean {
  return channelOfKey(key) !== undefined;
}

function toArray(value: Json): Json[] {
  return Array.isArray(value) ? value : [value];
}

export function parseTenantId(record: JsonObject): string | null {
  const value = record.tenant_id ?? record.brand_id ?? null;
  if (value === null || value === "") return null;
  if (typeof value !== "string") refuse("tenant_id: must be a string");
  if (value.length > MAX_TENANT) refuse(`tenant_id: must be at most ${MAX_TENANT} characters`);
  return value;
}

export function parseKey(record: JsonObject, name: string): string | null {
  const value = record[name] ?? null;
  if (value === null) return null;
  if (typeof value !== "string") refuse(`${name}: must be a string`);
  const key = value.trim();
  if (key.length > MAX_KEY) refuse(`${name}: must be at most ${MAX_KEY} characters`);
  return key === "" ? null : key;
}

export function parseData(value: Json | undefined, name: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) refuse(`${name}: must be a JSON object`);
  return value;
}

function parseFlag(element: JsonObject, name: string): boolean {
  const value = element[name] ?? false;
  if (typeof value !== "boolean") refuse(`${name}: must be true or false`);
  return value;
}

function parseId(value: Json | undefined, missing: string, name = "distinct_id"): string {
  if (value !== undefined && value !== null && typeof value !== "string") refuse(`${name}: must be a string`);
  const id = value?.trim() ?? "";
  if (id === "") refuse(missing);
  if (name === "object_type" && id.length > MAX_OBJECT_TYPE) refuse(`${name}: ${LONG_OBJECT_TYPE}`);
  if (id.length > MAX_RECIPIENT_ID) refuse(`${name}: ${LONG_RECIPIENT_ID}`);
  if (name === "distinct_id" && isReservedUserId(id)) refuse(`${name}: ${RESERVED_USER_ID}`);
  return id;
}

function userSpec(distinct_id: string): RecipientSpec {
  return {
    object_type: "",
    distinct_id,
    is_transient: false,
    skip_create: false,
    tenant_scoped: false,
    channels: null,
    depth: 0,
    profile: null,
  };
}

export function expectRecord(body: unknown): JsonObject {
  if (isJsonObject(body)) return body;
  refuse("Request body must only contain a single JSON object");
}

/** Thrown to `capture`: parsing is deep, and the first wrong value ends it. */
class Refusal extends Error {}

export function refuse(message: string): never {
  throw new Refusal(message);
}

export function capture<T>(parse: () => T): Parsed<T> {
  try {
    return { ok: true, value: parse() };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, message: error.message };
    throw error;
  }
}
