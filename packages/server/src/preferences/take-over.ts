import type { Queryable } from "../db/db.ts";

/**
 * Gives one recipient the choices of another one, where it has made none itself. The caller holds both rows;
 * tenants are held here, as by every other writer of choices.
 */
export async function takeOverPreferences(
  tx: Queryable,
  workspace_id: number,
  { from, to }: { from: string; to: string },
): Promise<void> {
  await tx.query(
    `insert into pref_category (workspace_id, recipient_id, tenant_id, category, preference, opt_out_channels,
                                opt_in_channels, digest_schedule, properties, updated_at)
     select workspace_id, $3, tenant_id, p.category, p.preference, p.opt_out_channels, p.opt_in_channels,
            p.digest_schedule, p.properties, p.updated_at
       from pref_category p join tenant t using (workspace_id, tenant_id)
      where workspace_id = $1 and p.recipient_id = $2
        for key share of t
     on conflict do nothing`,
    [workspace_id, from, to],
  );
  await tx.query(
    `insert into pref_channel (workspace_id, recipient_id, tenant_id, channel)
     select workspace_id, $3, tenant_id, p.channel
       from pref_channel p join tenant t using (workspace_id, tenant_id)
      where workspace_id = $1 and p.recipient_id = $2
        for key share of t
     on conflict do nothing`,
    [workspace_id, from, to],
  );
  await tx.query(
    "update preference_change set recipient_id = $3 where workspace_id = $1 and recipient_id = $2",
    [workspace_id, from, to],
  );
}
