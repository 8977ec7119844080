import type { TenantedProfile, TenantProfile } from "../core/profile/effective-profile.ts";
import type { StoredIdentity } from "../core/profile/identity.ts";
import type { JsonObject } from "../core/json.ts";
import type { ProfileEdit } from "../core/profile/profile-edit.ts";
import type { Operation } from "../core/profile/profile-operations.ts";

export interface RecipientKey {
  /** Empty for users. */
  object_type: string;
  distinct_id: string;
}

export interface StoredRecipient extends RecipientKey, TenantedProfile {
  id: string;
  properties: JsonObject;
  /** Identities of the global profile. */
  identities: StoredIdentity[];
  /** The existing profiles in the tenants that the read requested. */
  tenant_profiles: TenantProfile[];
  created_at: Date;
  updated_at: Date;
}

export interface RecipientEdit extends RecipientKey {
  operations: Operation[];
  /** `strict`: the first refusal is the result and nothing of this edit is applied. */
  mode: "strict" | "lenient";
  /** Whether naming a known address lifts its STOP or suppression: explicit edits yes, triggers no. */
  restore: boolean;
  /** Create a missing recipient, and its profile in the tenant even if that is empty. */
  create: boolean;
  /** Edit the profile in this tenant. Absent: the global profile. */
  tenant_id?: string | null;
}

/** A lenient edit is also refused when its tenant does not exist or may not have this person. */
export type EditOutcome =
  | {
      ok: true;
      /** Null: the recipient does not exist, and was not to be created. */
      recipient: StoredRecipient | null;
      edit: ProfileEdit | null;
      /** Whether this edit changed a profile; creating a recipient without any values changes none. */
      changed: boolean;
      /** Whether this batch of edits has created the recipient. */
      created: boolean;
      /** Whether `$timezone` of the edited profile has changed: sleepers that depend on it must wake. */
      timezone_changed: boolean;
    }
  | { ok: false; error: string };

/** No id contains the null character, so no two recipients share a key. */
export function recipientKey({ object_type, distinct_id }: RecipientKey): string {
  return `${object_type}\u0000${distinct_id}`;
}

/** How refusals name a recipient that does not exist. */
export function notFoundText({ object_type, distinct_id }: RecipientKey): string {
  return object_type === ""
    ? `user [distinct_id: '${distinct_id}'] not found`
    : `object '${object_type}/${distinct_id}' not found`;
}

export function uniqueKeys<Key extends RecipientKey>(keys: readonly Key[]): Key[] {
  return [...new Map(keys.map((key) => [recipientKey(key), key])).values()];
}
