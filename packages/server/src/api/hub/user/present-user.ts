import { z } from "zod";
import { CHANNELS } from "../../../core/channel.ts";
import type { StoredIdentity } from "../../../core/identity.ts";
import type { JsonObject } from "../../../core/json.ts";
import { microsOffset } from "../../../core/wire-time.ts";
import { AppError } from "../../../errors.ts";
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

/** Channels without identities are left out; every user has one inbox identity of the product's own making. */
export function presentUser(user: StoredRecipient, workspace: Workspace): UserView {
  const view: UserView = {
    distinct_id: user.distinct_id,
    properties: user.properties,
    created_at: microsOffset(user.created_at),
    updated_at: microsOffset(user.updated_at),
  };
  for (const channel of CHANNELS) {
    const identities = user.identities
      .filter((identity) => identity.channel === channel)
      .map(presentIdentity);
    if (channel === "inbox") addOwnInbox(identities, inboxSubscriberId(workspace, user.distinct_id));
    if (identities.length > 0) view[`$${channel}`] = identities;
  }
  return view;
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

function addOwnInbox(identities: JsonObject[], subscriber_id: string): void {
  if (identities.some(({ value }) => value === subscriber_id)) return;
  identities.unshift({
    value: subscriber_id,
    id_provider: "suprsend",
    status: "active",
    perma_status: "active",
  });
}

export function userNotFound(distinct_id: string): AppError {
  return new AppError("not_found", `user [distinct_id: '${distinct_id}'] not found`);
}
