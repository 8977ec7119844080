import { z } from "zod";
import { channelKey, CHANNELS } from "../../../core/channel.ts";
import { effectiveProfile, readTenancy } from "../../../core/profile/effective-profile.ts";
import type { StoredIdentity } from "../../../core/profile/identity.ts";
import type { JsonObject } from "../../../core/json.ts";
import { microsOffset } from "../../../core/time/wire-time.ts";
import { AppError } from "../../../errors.ts";
import { notFoundText } from "../../../recipients/recipient.ts";
import type { StoredRecipient } from "../../../recipients/recipients.ts";
import { inboxSubscriberId, type Workspace } from "../../../workspaces/workspaces.ts";

/** Users as the wire shows them, and what every endpoint of a single user shares. */
export const userParams = z.object({
  distinct_id: z
    .string()
    .trim()
    .min(1, "is a required field")
    .max(255, "must be at most 255 characters")
    .describe("The user's id in your system, percent-encoded."),
});

export const userShape = z
  .looseObject({
    distinct_id: z.string(),
    properties: z.record(z.string(), z.unknown()),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .describe("Each channel the user has is there as `$email`, `$sms` …: a list of identities.");

export type UserView = z.input<typeof userShape>;

export const tenantUserShape = userShape
  .extend({
    tenant: z
      .looseObject({ tenant_id: z.string(), properties: z.record(z.string(), z.unknown()) })
      .describe("What the tenant says of the user: properties, and identities by channel."),
  })
  .describe("The user as the tenant's profile and the global one make it together.");

export type TenantUserView = z.input<typeof tenantUserShape>;

/** Channels without identities are left out; every user has one inbox identity of the product's own making. */
export function presentUser(user: StoredRecipient, workspace: Workspace): UserView {
  const channels = presentChannels(user.identities);
  const inbox = addOwnInbox(channels.$inbox ?? [], inboxSubscriberId(workspace, user.distinct_id));
  return {
    distinct_id: user.distinct_id,
    properties: user.properties,
    created_at: microsOffset(user.created_at),
    updated_at: microsOffset(user.updated_at),
    ...channels,
    $inbox: inbox,
  };
}

/** Profiles as they are stored: which of the user's addresses a send may fall back to is another question. */
const MERGE_ALL = readTenancy({ user_tenancy_mode: "shared" });

/** As `presentUser`, with the tenant's values over the global ones, and by themselves under `tenant`. */
export function presentTenantUser(
  user: StoredRecipient,
  tenant_id: string,
  workspace: Workspace,
): TenantUserView {
  const merged = effectiveProfile(user, tenant_id, MERGE_ALL);
  if (!merged.ok) throw new Error(merged.error);
  const { properties, identities } = merged.profile;
  return {
    ...presentUser({ ...user, properties, identities: [...identities] }, workspace),
    tenant: presentTenantPart(user, tenant_id),
  };
}

/** Only what the tenant says; nothing where it says nothing. */
export function presentTenantPart(user: StoredRecipient, tenant_id: string): TenantUserView["tenant"] {
  const own = user.tenant_profiles.find((profile) => profile.tenant_id === tenant_id);
  return { tenant_id, properties: own?.properties ?? {}, ...presentChannels(own?.identities ?? []) };
}

function presentChannels(identities: readonly StoredIdentity[]): Record<string, JsonObject[]> {
  const shown = CHANNELS.map((channel): [string, JsonObject[]] => {
    return [channelKey(channel), identities.filter((one) => one.channel === channel).map(presentIdentity)];
  });
  return Object.fromEntries(shown.filter(([, list]) => list.length > 0));
}

/** Clients read an address that is an object from either key: older ones from `value`, newer from `value_json`. */
function presentIdentity({ value, provider, status, perma_status }: StoredIdentity): JsonObject {
  return {
    value,
    ...(typeof value === "string" ? {} : { value_json: value }),
    ...(provider === "" ? {} : { id_provider: provider }),
    status,
    perma_status,
  };
}

function addOwnInbox(identities: JsonObject[], subscriber_id: string): JsonObject[] {
  if (identities.some(({ value }) => value === subscriber_id)) return identities;
  const own = { value: subscriber_id, id_provider: "suprsend", status: "active", perma_status: "active" };
  return [own, ...identities];
}

export function userNotFound(distinct_id: string): AppError {
  return new AppError("not_found", notFoundText({ object_type: "", distinct_id }));
}
