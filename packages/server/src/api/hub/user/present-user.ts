import { z } from "zod";
import { effectiveProfile, readTenancy } from "../../../core/profile/effective-profile.ts";
import { isReservedUserId, RESERVED_USER_ID } from "../../../core/text/recipient-name.ts";
import { shownTenant, shownUser, USER_EXAMPLE } from "../wire-schemas.ts";
import { AppError } from "../../../errors.ts";
import { notFoundText } from "../../../recipients/recipient.ts";
import type { StoredRecipient } from "../../../recipients/recipients.ts";
import type { Workspace } from "../../../workspaces/workspaces.ts";
import { presentChannels, presentProfile, recipientId } from "../present-profile.ts";

/** The id of a user in a path or a body, trimmed. */
export function userId(error?: Parameters<typeof z.string>[0]) {
  return recipientId(error).refine((id) => !isReservedUserId(id), RESERVED_USER_ID);
}

/** Users as the wire shows them, and what the endpoints of a single user share. */
export const userParams = z.object({
  distinct_id: userId().describe("The user's id in your system, percent-encoded."),
});

export const userShape = z
  .looseObject({
    distinct_id: z.string(),
    properties: z.record(z.string(), z.unknown()),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .describe("Each channel the user has is there as `$email`, `$sms` …: a list of identities.")
  .meta({ properties: shownUser, examples: [USER_EXAMPLE] });

export type UserView = z.input<typeof userShape>;

export const tenantUserShape = userShape
  .extend({
    tenant: z
      .looseObject({ tenant_id: z.string(), properties: z.record(z.string(), z.unknown()) })
      .describe("What the tenant says of the user: properties, and identities by channel."),
  })
  .describe("The user as the tenant's profile and the global one make it together.")
  .meta({
    properties: { ...shownUser, tenant: shownTenant },
    examples: [{ ...USER_EXAMPLE, tenant: { tenant_id: "acme", properties: { plan: "enterprise" } } }],
  });

export type TenantUserView = z.input<typeof tenantUserShape>;

export function presentUser(user: StoredRecipient, workspace: Workspace): UserView {
  return { distinct_id: user.distinct_id, ...presentProfile(user, workspace) };
}

/** Profiles as they are stored: which of the user's addresses a send may fall back to is a separate question. */
const MERGE_ALL = readTenancy({ user_tenancy_mode: "shared" });

/** Like `presentUser`, with the tenant's values over the global ones, and separately under `tenant`. */
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

/** Only the tenant's own values; empty if there are none. */
export function presentTenantPart(user: StoredRecipient, tenant_id: string): TenantUserView["tenant"] {
  const own = user.tenant_profiles.find((profile) => profile.tenant_id === tenant_id);
  return { tenant_id, properties: own?.properties ?? {}, ...presentChannels(own?.identities ?? []) };
}

export function userNotFound(distinct_id: string): AppError {
  return new AppError("not_found", notFoundText({ object_type: "", distinct_id }));
}

/** In the words of the lists of what a user belongs to, which alone begin with a capital on the wire. */
export function listedUserNotFound(distinct_id: string): AppError {
  return new AppError("not_found", `User [distinct_id: '${distinct_id}'] not found`);
}
