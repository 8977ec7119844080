import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import { rowsOf, text } from "../db/bulk.ts";
import type { Queryable } from "../db/db.ts";
import { type RecipientKey, recipientKey, type StoredRecipient, uniqueKeys } from "./recipient.ts";

/*
 * Reads and locks recipients, each in one statement for a whole chunk. Tenants' profiles are read in the same
 * statement, but only for the requested tenants: a person may be in hundreds.
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

/** To be joined to `recipient r`; `tenants` is the parameter with the requested tenants. */
const inside = (tenants: string) => `cross join lateral (
    select count(*) filter (where t.tenant_id <> '${DEFAULT_TENANT}')::int as tenant_count,
           coalesce(json_agg(json_build_object('tenant_id', t.tenant_id, 'properties', t.properties,
                                               'identities', ${identitiesOf("t.tenant_id")}) order by t.tenant_id)
                    filter (where t.tenant_id = any(${tenants}::text[])), '[]') as tenant_profiles
      from tenant_profile t where t.workspace_id = r.workspace_id and t.recipient_id = r.id) as inside`;

const recipientKeys = (keys: readonly RecipientKey[]) =>
  rowsOf("k", keys, {
    object_type: text((key) => key.object_type),
    distinct_id: text((key) => key.distinct_id),
  });

/** Keyed by `recipientKey`; unknown recipients are absent. */
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
 * Locks rows in key order; returns how many still exist. A separate statement: one that waits for a lock sees the
 * newest row but its identities as they were before it waited, and would overwrite them with an old profile.
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

/** The ids of recipients, by `recipientKey`; unknown ones are absent. */
export async function findIds(
  db: Queryable,
  workspace_id: number,
  keys: readonly RecipientKey[],
): Promise<Map<string, string>> {
  const found = await selectIds(db, workspace_id, keys, "", "recipients_find");
  return new Map([...found].map(([key, { id }]) => [key, id]));
}

/** The id of a stored user or object; null if there is none. */
export async function findId(db: Queryable, workspace_id: number, key: RecipientKey): Promise<string | null> {
  return (await findIds(db, workspace_id, [key])).get(recipientKey(key)) ?? null;
}

/**
 * The ids of recipients, locked against deletion until the end of the transaction, because rows that reference them are
 * about to be written. Locked in key order, as by deletions.
 */
export function resolve(
  tx: Queryable,
  workspace_id: number,
  keys: readonly RecipientKey[],
): Promise<Map<string, ResolvedRecipient>> {
  const lock = "order by r.object_type, r.distinct_id for key share of r";
  return selectIds(tx, workspace_id, keys, lock, "recipients_resolve");
}

async function selectIds(
  db: Queryable,
  workspace_id: number,
  keys: readonly RecipientKey[],
  lock: string,
  name: string,
): Promise<Map<string, ResolvedRecipient>> {
  const { from, values, next } = recipientKeys(uniqueKeys(keys));
  const rows = await db.query<ResolvedRecipient>(
    `select r.id, r.object_type, r.distinct_id from recipient r
       join ${from} on r.object_type = k.object_type and r.distinct_id = k.distinct_id
      where r.workspace_id = $${next} ${lock}`,
    [...values, workspace_id],
    name,
  );
  return new Map(rows.map((row) => [recipientKey(row), row]));
}

/** What is needed to edit profiles inside tenants. */
export interface TenantRules {
  /** The requested tenants that exist. */
  known: ReadonlySet<string>;
  /** A person may not be in two tenants, apart from the default one. */
  is_exclusive: boolean;
}

const NO_TENANTS: TenantRules = { known: new Set(), is_exclusive: false };

/** Locks the tenants against deletion until the end of the transaction. Runs no statement if none is named. */
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
