import { type EffectiveResult, effectiveProfile } from "../../core/profile/effective-profile.ts";
import type { StoredIdentity } from "../../core/profile/identity.ts";
import type { JsonObject } from "../../core/json.ts";
import { getOwn } from "../../core/json/json-path.ts";
import type { Who } from "../effect.ts";
import { type ChunkData, type Person, personOf, type Run } from "../run.ts";

/** A person as known in the run's tenant, before the trigger's inline data. */
export interface KnownProfile {
  properties: JsonObject;
  identities: readonly StoredIdentity[];
}

const NOBODY: KnownProfile = { properties: {}, identities: [] };

/** The stored profile of the run's recipient or actor; empty for people who are not stored. */
export function knownProfile(
  run: Run,
  { recipient_id }: Pick<Person, "recipient_id">,
  chunkData: ChunkData,
): KnownProfile {
  const result = tenantProfile(run, recipient_id, chunkData);
  return result?.ok === true ? result.profile : NOBODY;
}

/**
 * A person's properties as a run sees them now: the stored ones, overridden by the trigger's, except for keys that the
 * run itself has written since.
 */
export function seenProperties(run: Run, who: Who, chunkData: ChunkData): JsonObject {
  const person = personOf(run, who);
  if (person === null) return {};
  const { properties } = knownProfile(run, person, chunkData);
  return { ...properties, ...inlineProperties(run, who) };
}

/**
 * Called when the run has written to a stored profile: the trigger's values for the same keys no longer apply. `write`
 * applies the same edit to properties as was applied to the profile's. Recipient and actor may be the same person.
 */
export function overwriteInline(
  run: Run,
  recipient_id: string,
  write: (properties: JsonObject) => JsonObject,
): void {
  for (const who of ["recipient", "actor"] as const) {
    if (personOf(run, who)?.recipient_id !== recipient_id) continue;
    const given = inlineProperties(run, who);
    const written = write(given);
    const keys = Object.keys(given).filter((key) => getOwn(written, key) !== given[key]);
    if (keys.length === 0) continue;
    const gone = run.memory.overwritten?.[who] ?? [];
    run.memory.overwritten = { ...run.memory.overwritten, [who]: [...gone, ...keys] };
  }
}

/** The inline properties of the trigger about a person that the run has not overwritten since. */
function inlineProperties({ inline, actor, memory }: Run, who: Who): JsonObject {
  const given = (who === "recipient" ? inline?.properties : actor?.properties) ?? {};
  const gone = memory.overwritten?.[who];
  if (gone === undefined) return given;
  return Object.fromEntries(Object.entries(given).filter(([key]) => !gone.includes(key)));
}

export function noSuchTenant(workflow_slug: string, tenant_id: string): string {
  return `[workflow: ${workflow_slug}] tenant doesn't exist with id: ${tenant_id}`;
}

/** Why the run's tenant may not have this recipient; null when it may. */
export function tenantRefusal(run: Run, chunkData: ChunkData): string | null {
  const result = tenantProfile(run, run.recipient_id, chunkData);
  return result?.ok === false ? result.error : null;
}

function tenantProfile(
  run: Run,
  recipient_id: string | null,
  { recipients, workspaces }: ChunkData,
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
