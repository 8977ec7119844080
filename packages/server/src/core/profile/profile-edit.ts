import { type Channel, channelKey, channelOfKey, isOurs, isPush } from "../channel.ts";
import { describeValue } from "../text/describe-value.ts";
import {
  type Identity,
  type IdentityHints,
  identityName,
  type ParseIdentity,
  type StoredIdentity,
} from "./identity.ts";
import type { Json, JsonObject } from "../json.ts";
import { jsonEqual } from "../json/json-equal.ts";
import { isHintKey, type Operation } from "./profile-operations.ts";
import {
  checkReservedProperty,
  isReservedProperty,
  readPropertyKey,
  type ReservedProperty,
} from "./reserved-properties.ts";

/*
 * Applies edit operations to a profile: the same meaning for PATCH, event records, whole-profile upserts and the inline
 * profile of a trigger. Nothing is mutated: unchanged parts are the same objects that were passed in, so an edit that
 * changes nothing costs no copy and reports no change.
 */

export interface Profile {
  properties: JsonObject;
  identities: readonly StoredIdentity[];
}

export interface EditOptions {
  parseIdentity: ParseIdentity;
  /**
   * `strict` (synchronous APIs): the first refusal is the answer and nothing is applied. `lenient` (events, triggers):
   * refused parts are skipped with a warning.
   */
  mode: "strict" | "lenient";
  /**
   * Whether naming a known address again lifts its STOP or its suppression after a hard failure. True, the default, for
   * explicit edits; false for a trigger's inline profile, which repeats the address every time and would lift them at
   * once.
   */
  restore?: boolean;
}

export interface ProfileEdit {
  profile: Profile;
  properties_changed: boolean;
  /** Identities that are new or differ from the stored ones, in their final state. */
  upserted: StoredIdentity[];
  /** Identities removed from the profile, as they were stored. */
  removed: StoredIdentity[];
  /** At most 100. */
  warnings: string[];
  /**
   * Identities that the operations tried to add: with none accepted and some refused, the recipient cannot be reached.
   */
  accepted_identities: number;
  refused_identities: number;
}

export type EditResult = { ok: true; edit: ProfileEdit } | { ok: false; error: string };

const MAX_IDENTITIES_PER_CHANNEL = 100;
const MAX_WARNINGS = 100;

/** Applies operations in order. Never throws for any JSON input. */
export function editProfile(
  profile: Profile,
  operations: readonly Operation[],
  options: EditOptions,
): EditResult {
  const draft: Draft = {
    properties: profile.properties,
    original: profile.properties,
    identities: profile.identities,
    parseIdentity: options.parseIdentity,
    strict: options.mode === "strict",
    restore: options.restore ?? true,
    error: null,
    warnings: [],
    accepted: 0,
    refused: 0,
  };
  for (const operation of operations) {
    if (operation.operator === "$unset") unset(draft, operation.keys);
    else applyFields(draft, operation.operator, operation.fields);
    if (draft.error !== null) return { ok: false, error: draft.error };
  }
  // Compared at the end, since an edit may undo itself.
  const properties_changed =
    draft.properties !== profile.properties && !jsonEqual(draft.properties, profile.properties);
  return {
    ok: true,
    edit: {
      profile: {
        properties: properties_changed ? draft.properties : profile.properties,
        identities: draft.identities,
      },
      properties_changed,
      ...compareIdentities(profile.identities, draft.identities),
      warnings: draft.warnings,
      accepted_identities: draft.accepted,
      refused_identities: draft.refused,
    },
  };
}

interface Draft {
  /** The profile's own object until the first change, then a copy. */
  properties: JsonObject;
  original: JsonObject;
  identities: readonly StoredIdentity[];
  parseIdentity: ParseIdentity;
  strict: boolean;
  restore: boolean;
  /** The first refusal in strict mode; it ends the edit. */
  error: string | null;
  warnings: string[];
  accepted: number;
  refused: number;
}

type FieldOperator = Exclude<Operation["operator"], "$unset">;

function applyFields(draft: Draft, operator: FieldOperator, fields: JsonObject): void {
  let hints: IdentityHints | null = null;
  for (const rawKey of Object.keys(fields)) {
    if (draft.error !== null) return;
    const value = fields[rawKey];
    if (value === undefined || isHintKey(rawKey)) continue;
    const channel = channelOfKey(rawKey);
    if (channel !== undefined) {
      hints ??= readHints(fields);
      applyChannel(draft, operator, channel, value, hints);
    } else if (isReservedProperty(rawKey)) {
      applyReserved(draft, operator, rawKey, value);
    } else if (rawKey !== "$messenger") {
      // `$messenger` is in the SDKs' schemas but there is no such channel.
      const key = readPropertyKey(rawKey);
      if (key.ok) applyProperty(draft, operator, key.key, value);
      else warn(draft, key.reason);
    }
  }
}

function unset(draft: Draft, keys: readonly string[]): void {
  for (const rawKey of keys) {
    const channel = channelOfKey(rawKey);
    if (channel !== undefined && isOurs(channel)) {
      warn(draft, `$unset: ${channelKey(channel)} is kept, every recipient has one`);
    } else if (channel !== undefined) {
      keepIdentities(draft, (identity) => identity.channel !== channel);
    } else if (isReservedProperty(rawKey)) {
      deleteProperty(draft, rawKey);
    } else {
      const key = readPropertyKey(rawKey);
      if (key.ok) deleteProperty(draft, key.key);
      else warn(draft, key.reason);
    }
  }
}

// Properties.

function applyReserved(draft: Draft, operator: FieldOperator, key: ReservedProperty, value: Json): void {
  if (operator !== "$set" && operator !== "$set_once") {
    warn(draft, `${operator}: ${key} can only be set`);
    return;
  }
  // Serialised profiles carry null for unknown values, so null clears nothing; `$unset` clears.
  if (value === null) return;
  const checked = checkReservedProperty(key, value);
  if (!checked.ok) refuse(draft, checked.reason);
  else if (operator === "$set" || !Object.hasOwn(draft.properties, key)) {
    setProperty(draft, key, checked.value);
  }
}

function applyProperty(draft: Draft, operator: FieldOperator, key: string, value: Json): void {
  const current = Object.hasOwn(draft.properties, key) ? draft.properties[key] : undefined;
  switch (operator) {
    case "$set":
      setProperty(draft, key, value);
      return;
    case "$set_once":
      if (current === undefined) setProperty(draft, key, value);
      return;
    case "$add": {
      const sum =
        typeof value === "number" &&
        (typeof current === "number" || current === undefined || current === null)
          ? (current ?? 0) + value
          : Number.NaN;
      if (Number.isFinite(sum)) setProperty(draft, key, sum);
      else
        warn(
          draft,
          `$add: '${describeValue(key)}' is not a number that ${describeValue(value)} can be added to`,
        );
      return;
    }
    case "$append":
      if (Array.isArray(current)) setProperty(draft, key, [...current, value]);
      else setProperty(draft, key, current === undefined || current === null ? [value] : [current, value]);
      return;
    case "$remove":
      if (Array.isArray(current)) {
        const kept = current.filter((element) => !jsonEqual(element, value));
        if (kept.length < current.length) setProperty(draft, key, kept);
      }
      return;
  }
}

function setProperty(draft: Draft, key: string, value: Json): void {
  if (Object.hasOwn(draft.properties, key) && jsonEqual(draft.properties[key], value)) return;
  ownProperties(draft)[key] = value;
}

function deleteProperty(draft: Draft, key: string): void {
  if (Object.hasOwn(draft.properties, key)) delete ownProperties(draft)[key];
}

function ownProperties(draft: Draft): JsonObject {
  if (draft.properties === draft.original) draft.properties = { ...draft.original };
  return draft.properties;
}

// Identities.

function readHints(fields: JsonObject): IdentityHints {
  return {
    provider: textOrNull(fields["$id_provider"]) ?? textOrNull(fields["$pushvendor"]),
    device_id: textOrNull(fields["$device_id"]),
    bundle_id: textOrNull(fields["$bundle_id"]),
  };
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

function applyChannel(
  draft: Draft,
  operator: FieldOperator,
  channel: Channel,
  value: Json,
  hints: IdentityHints,
): void {
  if (operator === "$set_once" || operator === "$add") {
    warn(draft, `${operator}: not possible on channel '${channel}'`);
    return;
  }
  if (value === null) return;
  const inputs = Array.isArray(value) ? value : [value];
  if (inputs.length > MAX_IDENTITIES_PER_CHANNEL) {
    refuse(draft, `${channelKey(channel)}: must contain at maximum ${MAX_IDENTITIES_PER_CHANNEL} items`);
    if (draft.error !== null) return;
  }
  const identities: Identity[] = [];
  for (const input of inputs.slice(0, MAX_IDENTITIES_PER_CHANNEL)) {
    const parsed = draft.parseIdentity(channel, input, hints);
    if (parsed.ok) {
      identities.push(parsed.identity);
    } else if (operator !== "$remove" || deviceOf(channel, hints) === null) {
      if (operator !== "$remove") draft.refused += 1;
      refuse(
        draft,
        `invalid value for channel '${channel}': ${describeValue(input)}. error: ${parsed.reason}`,
      );
      if (draft.error !== null) return;
    }
  }
  if (operator === "$remove") {
    const keys = new Set(identities.map((identity) => identity.key));
    const isNamed = (identity: StoredIdentity) => identity.channel === channel && keys.has(identity.key);
    const device_id = deviceOf(channel, hints);
    // A browser may have renewed its subscription, or have written it in another way, since it was added.
    const isOnDevice = (identity: StoredIdentity) =>
      identity.channel === channel && identity.device_id === device_id;
    const isGone = device_id === null || draft.identities.some(isNamed) ? isNamed : isOnDevice;
    keepIdentities(draft, (identity) => !isGone(identity));
    return;
  }
  // A replacement of which nothing is valid replaces nothing; the inbox's own identity always stays.
  const replaces = operator === "$set" && !isOurs(channel);
  if (replaces && (identities.length > 0 || inputs.length === 0)) {
    const keys = new Set(identities.map((identity) => identity.key));
    keepIdentities(draft, (identity) => identity.channel !== channel || keys.has(identity.key));
  }
  for (const identity of identities) addIdentity(draft, channel, identity);
}

/** The device that the identities beside it are on; null: none is named, or those of the channel are on none. */
function deviceOf(channel: Channel, { device_id }: IdentityHints): string | null {
  return isPush(channel) ? (device_id ?? null) : null;
}

function addIdentity(draft: Draft, channel: Channel, identity: Identity): void {
  const at = draft.identities.findIndex(
    (stored) => stored.channel === channel && stored.key === identity.key,
  );
  const stored = draft.identities[at];
  if (stored !== undefined) {
    const next = restate(stored, identity, draft.restore);
    if (next !== stored) draft.identities = draft.identities.with(at, next);
  } else {
    if (!makeRoom(draft, channel)) return;
    draft.identities = [
      ...draft.identities,
      { ...identity, channel, status: "active", perma_status: "active" },
    ];
  }
  draft.accepted += 1;
  if (identity.device_id !== null && isPush(channel)) {
    // A device has one token per provider: the new one replaces whatever it had.
    keepIdentities(
      draft,
      (other) =>
        other.channel !== channel ||
        other.key === identity.key ||
        other.provider !== identity.provider ||
        other.device_id !== identity.device_id,
    );
  }
}

/**
 * The newest form of a stored identity that is named again; fields not sent this time are kept. Returns the same object
 * if nothing changed.
 */
function restate(stored: StoredIdentity, identity: Identity, restore: boolean): StoredIdentity {
  const next: StoredIdentity = {
    ...stored,
    ...identity,
    device_id: identity.device_id ?? stored.device_id,
    bundle_id: identity.bundle_id ?? stored.bundle_id,
    status: restore ? "active" : stored.status,
    perma_status: restore ? "active" : stored.perma_status,
  };
  return sameIdentity(stored, next) ? stored : next;
}

/** False when the channel is full. Tokens of discarded devices accumulate unnoticed, so push drops its oldest. */
function makeRoom(draft: Draft, channel: Channel): boolean {
  const present = draft.identities.filter((identity) => identity.channel === channel);
  if (present.length < MAX_IDENTITIES_PER_CHANNEL) return true;
  if (!isPush(channel)) {
    draft.refused += 1;
    refuse(draft, `${channelKey(channel)}: must contain at maximum ${MAX_IDENTITIES_PER_CHANNEL} items`);
    return false;
  }
  const oldest = present[0];
  keepIdentities(draft, (identity) => identity !== oldest);
  return true;
}

function keepIdentities(draft: Draft, keep: (identity: StoredIdentity) => boolean): void {
  if (draft.identities.every(keep)) return;
  draft.identities = draft.identities.filter(keep);
}

function compareIdentities(
  before: readonly StoredIdentity[],
  after: readonly StoredIdentity[],
): Pick<ProfileEdit, "upserted" | "removed"> {
  if (before === after) return { upserted: [], removed: [] };
  const old = new Map(before.map((identity) => [identityName(identity), identity]));
  const upserted: StoredIdentity[] = [];
  for (const identity of after) {
    const stored = old.get(identityName(identity));
    old.delete(identityName(identity));
    if (stored === undefined || !sameIdentity(stored, identity)) upserted.push(identity);
  }
  return { upserted, removed: [...old.values()] };
}

function sameIdentity(a: StoredIdentity, b: StoredIdentity): boolean {
  return (
    a.status === b.status &&
    a.perma_status === b.perma_status &&
    a.provider === b.provider &&
    a.device_id === b.device_id &&
    a.bundle_id === b.bundle_id &&
    jsonEqual(a.value, b.value)
  );
}

function refuse(draft: Draft, text: string): void {
  if (draft.strict) draft.error ??= text;
  else warn(draft, text);
}

function warn(draft: Draft, text: string): void {
  if (draft.warnings.length < MAX_WARNINGS) draft.warnings.push(text);
}
