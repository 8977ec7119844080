import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import { identityName, type ParseIdentity, type StoredIdentity } from "../core/profile/identity.ts";
import { editProfile, type Profile, type ProfileEdit } from "../core/profile/profile-edit.ts";
import type { TenantRules } from "./read.ts";
import { type EditOutcome, type RecipientEdit, recipientKey, type StoredRecipient } from "./recipient.ts";

/*
 * Applies a batch of edits in memory, each to the result of the previous ones: gives the outcome of every edit, and
 * what must be written for all of them together.
 */

/** The combined result of the edits of one profile, global or in a tenant. */
export interface Change {
  recipient: StoredRecipient;
  /** Empty: the global profile. */
  tenant_id: string;
  profile: Profile;
  properties_changed: boolean;
  upserted: Map<string, UpsertedIdentity>;
  removed: Map<string, StoredIdentity>;
}

export interface UpsertedIdentity {
  recipient: StoredRecipient;
  tenant_id: string;
  identity: StoredIdentity;
  /** The position of the edit in its batch. */
  order: number;
}

export interface Plan {
  /** In the order of the edits. */
  outcomes: EditOutcome[];
  changes: Change[];
}

/** What edits are held to. */
export interface EditRules extends TenantRules {
  parseIdentity: ParseIdentity;
  /** Largest profile, as JSON in UTF-8, identities included. */
  max_profile_bytes: number;
}

const EMPTY: Profile = { properties: {}, identities: [] };

export function planEdits(
  edits: readonly RecipientEdit[],
  stored: ReadonlyMap<string, StoredRecipient>,
  rules: EditRules,
): Plan {
  const current = new Map(stored);
  const changes = new Map<string, Change>();
  const outcomes = edits.map((edit, order): EditOutcome => {
    const tenant_id = edit.tenant_id ?? "";
    if (tenant_id !== "" && !rules.known.has(tenant_id)) return refusal(`tenant '${tenant_id}' not found`);
    const key = recipientKey(edit);
    const recipient = current.get(key);
    if (recipient === undefined) return unchanged(null, null);
    const profile = profileIn(recipient, tenant_id);
    const is_new = profile === null;
    if (is_new && rules.is_exclusive && tenant_id !== DEFAULT_TENANT && recipient.tenant_count > 0) {
      return refusal("user is already associated with a different tenant; workspace is in exclusive mode");
    }
    const makes = is_new && edit.create;
    if (edit.operations.length === 0 && !makes) return unchanged(recipient, null);
    const { mode, restore } = edit;
    const before = profile ?? EMPTY;
    const result = editProfile(before, edit.operations, {
      parseIdentity: rules.parseIdentity,
      mode,
      restore,
    });
    if (!result.ok) return result;
    const { properties_changed, upserted, removed, profile: after } = result.edit;
    const changed = properties_changed || upserted.length > 0 || removed.length > 0;
    if (!changed && !makes) return unchanged(recipient, result.edit);
    const tooLarge = sizeRefusal(before, after, rules.max_profile_bytes);
    if (tooLarge !== null) return refusal(tooLarge);
    const next = withProfile(recipient, tenant_id, after, is_new);
    current.set(key, next);
    noteChange(changes, next, tenant_id, result.edit, order);
    const timezone_changed = before.properties.$timezone !== after.properties.$timezone;
    return { ok: true, recipient: next, edit: result.edit, changed, created: false, timezone_changed };
  });
  return { outcomes, changes: [...changes.values()] };
}

function sizeOf({ properties, identities }: Profile): number {
  return Buffer.byteLength(JSON.stringify(properties)) + Buffer.byteLength(JSON.stringify(identities));
}

/** Why a profile may not become this one; null if it may. One that is too large already may shrink. */
export function sizeRefusal(before: Profile | null, after: Profile | null, max: number): string | null {
  const size = after === null ? 0 : sizeOf(after);
  if (size <= max || (before !== null && size <= sizeOf(before))) return null;
  const most = `at most ${kilobytes(max)} KB (MAX_PROFILE_KB)`;
  return `the profile would have ${kilobytes(size)} KB with its channels: ${most}`;
}

function kilobytes(bytes: number): number {
  return Math.ceil(bytes / 1024);
}

function refusal(error: string): EditOutcome {
  return { ok: false, error };
}

function unchanged(recipient: StoredRecipient | null, edit: ProfileEdit | null): EditOutcome {
  return { ok: true, recipient, edit, changed: false, created: false, timezone_changed: false };
}

/** Null: there is no profile of this person in the tenant. */
export function profileIn(recipient: StoredRecipient | undefined, tenant_id: string): Profile | null {
  if (recipient === undefined || tenant_id === "") return recipient ?? null;
  return recipient.tenant_profiles.find((profile) => profile.tenant_id === tenant_id) ?? null;
}

function withProfile(
  recipient: StoredRecipient,
  tenant_id: string,
  { properties, identities }: Profile,
  is_new: boolean,
): StoredRecipient {
  if (tenant_id === "") return { ...recipient, properties, identities: [...identities] };
  const others = recipient.tenant_profiles.filter((profile) => profile.tenant_id !== tenant_id);
  return {
    ...recipient,
    tenant_profiles: [...others, { tenant_id, properties, identities }],
    tenant_count: recipient.tenant_count + (is_new && tenant_id !== DEFAULT_TENANT ? 1 : 0),
  };
}

function noteChange(
  changes: Map<string, Change>,
  recipient: StoredRecipient,
  tenant_id: string,
  edit: ProfileEdit,
  order: number,
): void {
  // Ids contain no space, so the key is unambiguous.
  const key = `${recipient.id} ${tenant_id}`;
  const change = changes.get(key) ?? {
    recipient,
    tenant_id,
    profile: edit.profile,
    properties_changed: false,
    upserted: new Map(),
    removed: new Map(),
  };
  change.recipient = recipient;
  change.profile = edit.profile;
  change.properties_changed ||= edit.properties_changed;
  for (const identity of edit.upserted) {
    const name = identityName(identity);
    change.removed.delete(name);
    change.upserted.set(name, { recipient, tenant_id, identity, order });
  }
  for (const identity of edit.removed) {
    const name = identityName(identity);
    change.upserted.delete(name);
    change.removed.set(name, identity);
  }
  changes.set(key, change);
}
