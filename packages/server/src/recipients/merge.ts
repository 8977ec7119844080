import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import { profileIn, sizeRefusal } from "./plan.ts";
import { loadById } from "./read.ts";

/**
 * Gives one user what another one has: properties and profiles in tenants key by key, identities, subscriptions. Where
 * both have something, what the first one has stays; an identity that both have keeps the better status. The rows of
 * both are locked by the caller, who deletes the second one afterwards. Null if done; otherwise why not, and the caller
 * rolls back.
 */
export async function takeOver(
  tx: Queryable,
  workspace_id: number,
  { from, to }: Takeover,
  { ids, max_profile_bytes }: { ids: IdSource; max_profile_bytes: number },
): Promise<string | null> {
  const values = [workspace_id, from, to];
  const rows = await tx.query<{ tenant_id: string }>(
    "select tenant_id from tenant_profile where workspace_id = $1 and recipient_id = $2 order by tenant_id",
    [workspace_id, from],
  );
  const tenants = rows.map(({ tenant_id }) => tenant_id);
  const before = (await loadById(tx, workspace_id, [to], tenants)).get(to);
  await tx.query(
    `update recipient p set properties = s.properties || p.properties, updated_at = now()
       from recipient s
      where p.workspace_id = $1 and p.id = $3 and s.workspace_id = $1 and s.id = $2`,
    values,
  );
  await tx.query(
    `insert into tenant_profile (workspace_id, recipient_id, tenant_id, id, properties, created_at)
     select workspace_id, $3, tenant_id, k.id, properties, created_at
       from tenant_profile t join unnest($4::text[], $5::text[]) as k(tenant, id) on k.tenant = t.tenant_id
      where workspace_id = $1 and recipient_id = $2
      order by tenant_id
     on conflict (workspace_id, recipient_id, tenant_id) do update
        set properties = excluded.properties || tenant_profile.properties, updated_at = now()`,
    [...values, tenants, tenants.map(() => ids.ulid())],
  );
  if (await isInTooManyTenants(tx, workspace_id, to)) {
    return "user is already associated with a different tenant; workspace is in exclusive mode";
  }
  await tx.query(
    `insert into identity (workspace_id, recipient_id, tenant_id, channel, provider, key, value, device_id, bundle_id,
                           status, perma_status, perma_until, created_at)
     select workspace_id, $3, tenant_id, channel, provider, key, value, device_id, bundle_id, status, perma_status,
            perma_until, created_at
       from identity where workspace_id = $1 and recipient_id = $2
     on conflict (workspace_id, recipient_id, tenant_id, channel, key) do update
        set status = case when 'active' in (identity.status, excluded.status) then 'active' else 'inactive' end,
            perma_status = case when 'active' in (identity.perma_status, excluded.perma_status)
                                then 'active' else 'disabled' end,
            perma_until = case when 'active' in (identity.perma_status, excluded.perma_status) then null
                               else least(identity.perma_until, excluded.perma_until) end,
            updated_at = now()`,
    values,
  );
  const after = (await loadById(tx, workspace_id, [to], tenants)).get(to);
  for (const tenant_id of ["", ...tenants]) {
    const refusal = sizeRefusal(profileIn(before, tenant_id), profileIn(after, tenant_id), max_profile_bytes);
    if (refusal !== null) return refusal;
  }
  await tx.query(
    `update subscription s set subscriber_id = $3
      where s.workspace_id = $1 and s.subscriber_id = $2
        and not exists (select from subscription own
                         where own.workspace_id = $1 and own.object_id = s.object_id and own.subscriber_id = $3)`,
    values,
  );
  return null;
}

export interface Takeover {
  /** Ids of rows of `recipient`. */
  from: string;
  to: string;
}

async function isInTooManyTenants(tx: Queryable, workspace_id: number, id: string): Promise<boolean> {
  const rows = await tx.query(
    `select from workspace w
      where w.workspace_id = $1 and w.config ->> 'user_tenancy_mode' is distinct from 'shared'
        and (select count(*) from tenant_profile t
              where t.workspace_id = $1 and t.recipient_id = $2 and t.tenant_id <> '${DEFAULT_TENANT}') > 1`,
    [workspace_id, id],
  );
  return rows.length > 0;
}
