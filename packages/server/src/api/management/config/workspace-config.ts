import { z } from "zod";
import { channelKey, CHANNELS, isOurs } from "../../../core/channel.ts";
import { readTenancy } from "../../../core/profile/effective-profile.ts";
import { storableJson } from "../../../core/text/text.ts";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";

/** The settings of a workspace that its API shows and changes; what else its row keeps stays as it is. */
const KEYS = CHANNELS.filter((channel) => !isOurs(channel)).map(channelKey);

const flag = z.boolean("Must be a valid boolean.");

const fields = {
  user_inbox_preference_enabled: flag.describe("Whether preference pages show the inbox among the channels."),
  sms_vendor_type: z
    .enum(["basic", "dlt"], "Must be 'basic' or 'dlt'.")
    .describe("`dlt`: vendors want templates registered for India. Kept for the dashboard, without effect."),
  user_tenancy_mode: z
    .enum(["shared", "exclusive"], "Must be 'shared' or 'exclusive'.")
    .describe("`exclusive`: a user has a profile in one tenant at most, and does not exist in the others."),
  user_tenancy_channel_fallback_mode: z
    .enum(["all", "allowlist"], "Must be 'all' or 'allowlist'.")
    .describe("Which global addresses are used where a tenant has none of its own."),
  user_tenancy_channel_fallback: z
    .array(z.enum(KEYS, `Must be one of ${KEYS.join(", ")}.`), "Must be an array of channels.")
    .describe("With `allowlist`: on these channels."),
  user_tenancy_channel_fallback_applies_to_default_tenant: flag.describe(
    "Whether that holds in the default tenant, too.",
  ),
};

export const configShape = z.object(fields).meta({
  examples: [
    {
      user_inbox_preference_enabled: true,
      sms_vendor_type: "basic",
      user_tenancy_mode: "shared",
      user_tenancy_channel_fallback_mode: "allowlist",
      user_tenancy_channel_fallback: ["$email"],
      user_tenancy_channel_fallback_applies_to_default_tenant: false,
    },
  ],
});

/** Unknown names are refused: a misspelt setting would look as if it were set. */
export const configChanges = z
  .strictObject(fields)
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, "Request body must not be empty")
  .meta({ examples: [{ user_tenancy_mode: "shared" }] });

type WorkspaceConfig = z.output<typeof configShape>;

export async function readConfig(db: Queryable, workspace_id: number): Promise<WorkspaceConfig> {
  const [row] = await db.query<{ config: Record<string, unknown> }>(
    "select config from workspace where workspace_id = $1",
    [workspace_id],
  );
  const { config = {} } = row ?? {};
  const { mode, fallback, fallback_applies_to_default_tenant } = readTenancy(config);
  const listed: unknown = config.user_tenancy_channel_fallback;
  return {
    user_inbox_preference_enabled: config.user_inbox_preference_enabled !== false,
    sms_vendor_type: config.sms_vendor_type === "dlt" ? "dlt" : "basic",
    user_tenancy_mode: mode,
    user_tenancy_channel_fallback_mode: fallback === null ? "all" : "allowlist",
    user_tenancy_channel_fallback: KEYS.filter((key) => Array.isArray(listed) && listed.includes(key)),
    user_tenancy_channel_fallback_applies_to_default_tenant: fallback_applies_to_default_tenant,
  };
}

/** Changes what is given, in the caller's transaction. Throws an `AppError` if a user is in several tenants that may be in one. */
export async function changeConfig(
  tx: Queryable,
  workspace_id: number,
  changes: z.output<typeof configChanges>,
): Promise<void> {
  await tx.query("update workspace set config = config || $2::jsonb where workspace_id = $1", [
    workspace_id,
    storableJson(changes),
  ]);
  if (changes.user_tenancy_mode !== "exclusive") return;
  const [one] = await tx.query<{ distinct_id: string }>(
    `select r.distinct_id from tenant_profile p join recipient r on r.workspace_id = p.workspace_id and r.id = p.recipient_id
      where p.workspace_id = $1 and p.tenant_id <> 'default'
      group by r.distinct_id having count(*) > 1 limit 1`,
    [workspace_id],
  );
  if (one === undefined) return;
  const reason = `user '${one.distinct_id}' is in several tenants: take users out of all tenants but one first`;
  throw new AppError("validation_error", reason, { detail: { user_tenancy_mode: [reason] } });
}
