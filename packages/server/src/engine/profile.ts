import { type EffectiveResult, effectiveProfile } from "../core/effective-profile.ts";
import type { StoredIdentity } from "../core/identity.ts";
import type { JsonObject } from "../core/json.ts";
import type { Person, Run, Surroundings } from "./run.ts";

/** Somebody as a run in its tenant knows them, before what the trigger said about them. */
export interface KnownProfile {
  properties: JsonObject;
  identities: readonly StoredIdentity[];
}

const NOBODY: KnownProfile = { properties: {}, identities: [] };

/** The stored profile of the run's recipient or actor; empty for people who are not stored. */
export function knownProfile(
  run: Run,
  { recipient_id }: Pick<Person, "recipient_id">,
  surroundings: Surroundings,
): KnownProfile {
  const result = tenantProfile(run, recipient_id, surroundings);
  return result?.ok === true ? result.profile : NOBODY;
}

/** Why the run's tenant may not have its recipient; null when it may. */
export function tenantRefusal(run: Run, surroundings: Surroundings): string | null {
  const result = tenantProfile(run, run.recipient_id, surroundings);
  return result?.ok === false ? result.error : null;
}

function tenantProfile(
  run: Run,
  recipient_id: string | null,
  { recipients, workspaces }: Surroundings,
): EffectiveResult | null {
  const stored = recipient_id === null ? undefined : recipients.get(recipient_id);
  const workspace = workspaces.get(run.workspace_id);
  if (stored === undefined || workspace === undefined) return null;
  // Objects belong to no tenant.
  if (stored.object_type !== "") {
    return { ok: true, profile: { ...stored, tenant_channels: [], dropped_channels: [] } };
  }
  return effectiveProfile(stored, run.tenant_id, workspace.tenancy);
}
