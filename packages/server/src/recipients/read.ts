import { rowsOf, text } from "../db/bulk.ts";
import type { Queryable } from "../db/db.ts";
import { type RecipientKey, recipientKey, type StoredRecipient, uniqueKeys } from "./recipient.ts";

/*
 * Reading and locking recipients, each in one statement for all that a chunk names. The profiles of tenants come
 * along in the same statement, of those tenants alone that the caller asks for: somebody may be in hundreds.
 */

const identitiesOf = (tenant_id: string) => `coalesce((
    select json_agg(json_build_object('channel', i.channel, 'provider', i.provider, 'key', i.key,
        'value', i.value, 'device_id', i.device_id, 'bundle_id', i.bundle_id, 'status', i.status,
        'perma_status', case when i.perma_until < now() then 'active' else i.perma_status end)
        order by i.created_at, i.key)
      from identity i where i.workspace_id = r.workspace_id and i.recipient_id = r.id and i.tenant_id = ${tenant_id}
  ), '[]')`;

const COLUMNS = `r.id, r.object_type, r.distinct_id, r.properties, r.created_at, r.updated_at,
  ${identitiesOf("''")} as identities, inside.tenant_count, inside.tenant_profiles`;

/** To be joined to `recipient r`; `tenants` is the parameter with the tenants asked for. */
const inside = (tenants: string) => `cross join lateral (
    select count(*) filter (where t.tenant_id <> 'default')::int as tenant_count,
           coalesce(json_agg(json_build_object('tenant_id', t.tenant_id, 'properties', t.properties,
                                               'identities', ${identitiesOf("t.tenant_id")}) order by t.tenant_id)
                    filter (where t.tenant_id = any(${tenants}::text[])), '[]') as tenant_profiles
      from tenant_profile t where t.workspace_id = r.workspace_id and t.recipient_id = r.id) as inside`;

const recipientKeys = (keys: readonly RecipientKey[]) =>
  rowsOf("k", keys, {
    object_type: text((key) => key.object_type),
    distinct_id: text((key) => key.distinct_id),
  });

/** Keyed by `recipientKey`; who does not exist is absent. */
export async function load(
  db: Queryable,
  workspace_id: number,
  keys: readonly RecipientKey[],
  tenant_ids: readonly string[] = [],
): Promise<Map<string, StoredRecipient>> {
  if (keys.length === 0) return new Map();
  const { from, values, next } = recipientKeys(uniqueKeys(keys));
  const rows = await db.query<StoredRecipient>(
    `select ${COLUMNS}
       from ${from}
       join recipient r on r.workspace_id = $${next} and r.object_type = k.object_type and r.distinct_id = k.distinct_id
       ${inside(`$${next + 1}`)}`,
    [...values, workspace_id, [...new Set(tenant_ids)]],
    "recipients_load",
  );
  return new Map(rows.map((row) => [recipientKey(row), row]));
}

/** Keyed by the recipients' ids. */
export async function loadById(
  db: Queryable,
  workspace_id: number,
  ids: readonly string[],
  tenant_ids: readonly string[] = [],
): Promise<Map<string, StoredRecipient>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query<StoredRecipient>(
    `select ${COLUMNS} from recipient r ${inside("$3")} where r.workspace_id = $1 and r.id = any($2)`,
    [workspace_id, ids, [...new Set(tenant_ids)]],
    "recipients_load_by_id",
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Locks rows in the order of their keys; returns how many there still are. A statement of its own: one that waits
 * for a lock sees the newest row but its identities as they were before it waited, and would write an old profile
 * back over them.
 */
export async function lock(
  db: Queryable,
  workspace_id: number,
  keys: readonly RecipientKey[],
): Promise<number> {
  const { from, values, next } = recipientKeys(keys);
  const rows = await db.query(
    `select 1 from recipient r
       join ${from} on r.object_type = k.object_type and r.distinct_id = k.distinct_id
      where r.workspace_id = $${next}
      order by r.object_type, r.distinct_id for no key update of r`,
    [...values, workspace_id],
    "recipients_lock",
  );
  return rows.length;
}

export interface ResolvedRecipient extends RecipientKey {
  id: string;
}

/**
 * The ids of recipients, held against deletion until the end of the transaction: what refers to them is about to be
 * written. Locked in the order of their keys, as deletions do it.
 */
export async function resolve(
  tx: Queryable,
  workspace_id: number,
  keys: readonly RecipientKey[],
): Promise<Map<string, ResolvedRecipient>> {
  const { from, values, next } = recipientKeys(uniqueKeys(keys));
  const rows = await tx.query<ResolvedRecipient>(
    `select r.id, r.object_type, r.distinct_id from recipient r
       join ${from} on r.object_type = k.object_type and r.distinct_id = k.distinct_id
      where r.workspace_id = $${next}
      order by r.object_type, r.distinct_id for key share of r`,
    [...values, workspace_id],
    "recipients_resolve",
  );
  return new Map(rows.map((row) => [recipientKey(row), row]));
}

/** What must be known to edit profiles inside tenants. */
export interface TenantRules {
  /** Those that exist, among the ones asked about. */
  known: ReadonlySet<string>;
  /** Nobody may be in two tenants, the default one aside. */
  is_exclusive: boolean;
}

const NO_TENANTS: TenantRules = { known: new Set(), is_exclusive: false };

/** The tenants are held against deletion until the end of the transaction. No statement where none is named. */
export async function holdTenants(
  tx: Queryable,
  workspace_id: number,
  tenant_ids: readonly string[],
): Promise<TenantRules> {
  if (tenant_ids.length === 0) return NO_TENANTS;
  const rows = await tx.query<{ tenant_id: string; is_shared: boolean }>(
    `select t.tenant_id, coalesce(w.config ->> 'user_tenancy_mode', '') = 'shared' as is_shared
       from tenant t join workspace w using (workspace_id)
      where t.workspace_id = $1 and t.tenant_id = any($2)
      order by t.tenant_id for key share of t`,
    [workspace_id, [...new Set(tenant_ids)]],
    "tenants_hold",
  );
  return {
    known: new Set(rows.map(({ tenant_id }) => tenant_id)),
    is_exclusive: rows.some(({ is_shared }) => !is_shared),
  };
}
