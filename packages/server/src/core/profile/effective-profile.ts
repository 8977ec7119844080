import { type Channel, isChannel, isOurs } from "../channel.ts";
import type { StoredIdentity } from "./identity.ts";
import { isJsonObject } from "../json.ts";
import type { Profile } from "./profile-edit.ts";

/**
 * The profile of a user inside a tenant: the global profile overlaid with the tenant's own. Whole values are replaced,
 * properties and channels alike: a tenant's single e-mail address for a user hides all global ones. The inline profile
 * of a trigger is applied on top of this and is not known here.
 */
export interface TenantProfile extends Profile {
  tenant_id: string;
}

/** A recipient with the requested tenants' profiles. */
export interface TenantedProfile extends Profile {
  tenant_profiles: readonly TenantProfile[];
  /** The number of tenants, besides the default one, that have a profile of this person. */
  tenant_count: number;
}

/** The tenant used when none is named. */
export const DEFAULT_TENANT = "default";

/** How a workspace separates the people of its tenants. */
export interface Tenancy {
  /** `exclusive`: a user with a profile in one tenant does not exist in the others. */
  mode: "shared" | "exclusive";
  /** The channels on which global addresses are used when the tenant has none; null: all. */
  fallback: ReadonlySet<Channel> | null;
  fallback_applies_to_default_tenant: boolean;
}

export interface EffectiveProfile extends Profile {
  /** Channels on which the tenant's own addresses apply. */
  tenant_channels: Channel[];
  /** Channels whose global addresses the workspace's fallback rule leaves out. */
  dropped_channels: Channel[];
}

export type EffectiveResult = { ok: true; profile: EffectiveProfile } | { ok: false; error: string };

/**
 * Reads the tenancy from a workspace's stored `config`. New workspaces are `exclusive` and let all channels fall back;
 * an unknown value counts as absent.
 */
export function readTenancy(config: unknown): Tenancy {
  const settings = isJsonObject(config) ? new Map(Object.entries(config)) : new Map<string, unknown>();
  const listed = settings.get("user_tenancy_channel_fallback");
  return {
    mode: settings.get("user_tenancy_mode") === "shared" ? "shared" : "exclusive",
    fallback:
      settings.get("user_tenancy_channel_fallback_mode") === "allowlist"
        ? new Set(Array.isArray(listed) ? listed.flatMap(toChannel) : [])
        : null,
    fallback_applies_to_default_tenant:
      settings.get("user_tenancy_channel_fallback_applies_to_default_tenant") === true,
  };
}

/**
 * The profile that applies in a tenant. The inbox is in no fallback rule: it has no address to leak, since each tenant
 * has a feed of its own. Nothing is copied where nothing differs from the global profile.
 */
export function effectiveProfile(
  person: TenantedProfile,
  tenant_id: string,
  tenancy: Tenancy,
): EffectiveResult {
  const own = person.tenant_profiles.find((profile) => profile.tenant_id === tenant_id) ?? null;
  if (tenancy.mode === "exclusive" && !isRelated(person, own, tenant_id)) {
    const error = `user is not associated with tenant '${tenant_id}'; workspace is in exclusive mode`;
    return { ok: false, error };
  }
  const tenant_channels = channelsOf(own?.identities ?? []);
  const isExempt = tenant_id === DEFAULT_TENANT && !tenancy.fallback_applies_to_default_tenant;
  const fallback = isExempt ? null : tenancy.fallback;
  const dropped_channels =
    fallback === null
      ? []
      : channelsOf(person.identities).filter(
          (channel) => !isOurs(channel) && !fallback.has(channel) && !tenant_channels.includes(channel),
        );
  const isGlobal = (channel: Channel) =>
    !tenant_channels.includes(channel) && !dropped_channels.includes(channel);
  const identities =
    tenant_channels.length + dropped_channels.length === 0
      ? person.identities
      : [...person.identities.filter(({ channel }) => isGlobal(channel)), ...(own?.identities ?? [])];
  const properties = own === null ? person.properties : { ...person.properties, ...own.properties };
  return { ok: true, profile: { properties, identities, tenant_channels, dropped_channels } };
}

/** A user without a profile in any tenant belongs to all, and everyone belongs to the default tenant. */
function isRelated(person: TenantedProfile, own: TenantProfile | null, tenant_id: string): boolean {
  return own !== null || tenant_id === DEFAULT_TENANT || person.tenant_count === 0;
}

function channelsOf(identities: readonly StoredIdentity[]): Channel[] {
  return [...new Set(identities.map(({ channel }) => channel))];
}

/** Stored with the `$` of the wire; accepted without it too. */
function toChannel(name: unknown): Channel[] {
  const slug = typeof name === "string" && name.startsWith("$") ? name.slice(1) : name;
  return isChannel(slug) ? [slug] : [];
}
