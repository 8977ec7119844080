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
  /** Of the global profile. */
  identities: StoredIdentity[];
  /** Those of the tenants that the read asked for, where there is one. */
  tenant_profiles: TenantProfile[];
  created_at: Date;
  updated_at: Date;
}

export interface RecipientEdit extends RecipientKey {
  operations: Operation[];
  /** `strict`: the first refusal is the answer and nothing of this edit is applied. */
  mode: "strict" | "lenient";
  /** Whether naming a known address lifts its STOP or suppression: explicit edits yes, triggers no. */
  restore: boolean;
  /** Make the recipient when it is missing, and its profile in the tenant also where that holds nothing yet. */
  create: boolean;
  /** Edit what holds inside this tenant. Absent: the global profile. */
  tenant_id?: string | null;
}

/** Also a lenient edit is refused when its tenant does not exist, or may not have this person. */
export type EditOutcome =
  | {
      ok: true;
      /** Null: there is nobody, and nobody was to be made. */
      recipient: StoredRecipient | null;
      edit: ProfileEdit | null;
      /** Whether this edit changed a profile; making somebody without saying anything about them changes none. */
      changed: boolean;
      /** Whether `$timezone` of the edited profile is another one now: sleepers that follow it must wake. */
      timezone_changed: boolean;
    }
  | { ok: false; error: string };

/** The null character is in no id, and so no two recipients have one key. */
export function recipientKey({ object_type, distinct_id }: RecipientKey): string {
  return `${object_type}\u0000${distinct_id}`;
}

/** How refusals name somebody who does not exist. */
export function notFoundText({ object_type, distinct_id }: RecipientKey): string {
  return object_type === ""
    ? `user [distinct_id: '${distinct_id}'] not found`
    : `object '${object_type}/${distinct_id}' not found`;
}

export function uniqueKeys<Key extends RecipientKey>(keys: readonly Key[]): Key[] {
  return [...new Map(keys.map((key) => [recipientKey(key), key])).values()];
}
