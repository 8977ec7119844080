import type { Queryable } from "../db/db.ts";

/** Gives one recipient the choices of another one, where it has made none itself. The caller holds both rows. */
export async function takeOverPreferences(
  tx: Queryable,
  workspace_id: number,
  { from, to }: { from: string; to: string },
): Promise<void> {
  await tx.query(
    `insert into pref_category (workspace_id, recipient_id, tenant_id, category, preference, opt_out_channels,
                                opt_in_channels, digest_schedule, properties, updated_at)
     select workspace_id, $3, tenant_id, category, preference, opt_out_channels, opt_in_channels, digest_schedule,
            properties, updated_at
       from pref_category where workspace_id = $1 and recipient_id = $2
     on conflict do nothing`,
    [workspace_id, from, to],
  );
  await tx.query(
    `insert into pref_channel (workspace_id, recipient_id, tenant_id, channel)
     select workspace_id, $3, tenant_id, channel from pref_channel where workspace_id = $1 and recipient_id = $2
     on conflict do nothing`,
    [workspace_id, from, to],
  );
}
