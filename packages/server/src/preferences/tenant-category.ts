import { storableJson } from "../core/text/text.ts";
import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import type { Channel } from "../core/channel.ts";
import type { Json } from "../core/json.ts";
import type { DefaultPreference, TenantCategory } from "../core/preferences/preferences.ts";
import type { Queryable } from "../db/db.ts";
import type { CategoryChange } from "./category-draft.ts";
import {
  mergeValues,
  type PropertyValues,
  readTenantValues,
  valueProblems,
} from "../core/preferences/category-properties.ts";
import { type DigestOverrides, overrideProblems } from "../core/preferences/digest-schedule.ts";
import { getCategory } from "../catalog/live-categories.ts";
import { AppError } from "../errors.ts";
import { refuse, tenantNotFound } from "./refusals.ts";

/** A tenant's stored settings for a category. */
export interface StoredTenantCategory extends TenantCategory {
  digest_schedule: DigestOverrides | null;
  properties: Record<string, Json> | null;
  updated_at: Date;
}

/** Undefined: unchanged. Null: the category's own. */
export interface TenantCategoryEdit {
  enabled_for_tenant?: boolean | null | undefined;
  visible_to_subscriber?: boolean | null | undefined;
  blocked_channels?: Channel[] | null | undefined;
  preference?: DefaultPreference | null | undefined;
  mandatory_channels?: Channel[] | null | undefined;
  opt_in_channels?: Channel[] | null | undefined;
  /** Merged into the stored overrides, option by option and field by field; a new default replaces the old one. */
  digest_schedule?: DigestOverrides | null | undefined;
  /** Merged by key; a null value restores the category's. */
  properties?: PropertyValues | null | undefined;
}

/** Cache key of a tenant's rows, of kind `category`. */
export function tenantKey(tenant_id: string): string {
  return `tenant/${tenant_id}`;
}

const COLUMNS = `enabled_for_tenant, visible_to_subscriber, blocked_channels, preference, mandatory_channels,
  opt_in_channels, digest_schedule, properties, updated_at`;

/** All of a tenant's settings, by category. */
export async function loadTenantCategories(
  db: Queryable,
  workspace_id: number,
  tenant_id: string,
): Promise<ReadonlyMap<string, StoredTenantCategory>> {
  const rows = await db.query<StoredTenantCategory & { category: string }>(
    `select category, ${COLUMNS} from tenant_category where workspace_id = $1 and tenant_id = $2`,
    [workspace_id, tenant_id],
  );
  return new Map(rows.map(({ category, ...row }) => [category, row]));
}

/**
 * Changes a tenant's settings for a published category. Refuses a tenant or category that does not exist, digest
 * options or properties that the category does not have, and what tenants decide of a category that they do not have.
 */
export async function setTenantCategory(
  { db, catalog, workspace_id }: CategoryChange,
  tenant_id: string,
  slug: string,
  stated: TenantCategoryEdit,
): Promise<StoredTenantCategory> {
  // The lock of the tenant's row serialises edits of its categories, including rows that do not exist yet.
  const [tenant] = await db.query(
    "select 1 from tenant where workspace_id = $1 and tenant_id = $2 for no key update",
    [workspace_id, tenant_id],
  );
  if (tenant === undefined) throw tenantNotFound(tenant_id);
  const category = await getCategory(db, workspace_id, slug);
  const properties = stated.properties && readTenantValues(category.properties, stated.properties);
  const edit = { ...stated, properties };
  refuse([
    ...(edit.digest_schedule == null ? [] : overrideProblems(category.digest_schedule, edit.digest_schedule)),
    ...(edit.properties == null ? [] : valueProblems(category.properties, edit.properties, "tenant")),
  ]);

  const stored = (await loadTenantCategories(db, workspace_id, tenant_id)).get(slug) ?? null;
  const next = applyEdit(stored, edit);
  if (stored?.enabled_for_tenant === false && !next.enabled_for_tenant && isByTenant(edit)) {
    const message = `Category '${slug}' not applicable to tenant '${tenant_id}'`;
    throw new AppError("invalid_request_error", message);
  }
  const [row] = await db.query<StoredTenantCategory>(
    `insert into tenant_category (workspace_id, tenant_id, category, enabled_for_tenant, visible_to_subscriber,
        blocked_channels, preference, mandatory_channels, opt_in_channels, digest_schedule, properties)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (workspace_id, tenant_id, category) do update
        set enabled_for_tenant = excluded.enabled_for_tenant,
            visible_to_subscriber = excluded.visible_to_subscriber, blocked_channels = excluded.blocked_channels,
            preference = excluded.preference, mandatory_channels = excluded.mandatory_channels,
            opt_in_channels = excluded.opt_in_channels, digest_schedule = excluded.digest_schedule,
            properties = excluded.properties, updated_at = now()
     returning ${COLUMNS}`,
    [
      workspace_id,
      tenant_id,
      slug,
      next.enabled_for_tenant,
      next.visible_to_subscriber,
      next.blocked_channels,
      next.preference,
      next.mandatory_channels,
      next.opt_in_channels,
      next.digest_schedule === null ? null : storableJson(next.digest_schedule),
      next.properties === null ? null : storableJson(next.properties),
    ],
  );
  if (row === undefined) throw new Error("an upsert returned no row");
  await catalog.invalidate(db, workspace_id, "category", tenantKey(tenant_id));
  return row;
}

/**
 * Deletes recipients' choices in a tenant that is being deleted. The caller first deletes the tenant's row, which takes
 * its settings for categories along, in the same transaction: after that no other transaction writes choices for it.
 */
export async function deleteTenantPreferences(
  { db, catalog, workspace_id }: CategoryChange,
  tenant_id: string,
): Promise<void> {
  for (const table of ["pref_category", "pref_channel"]) {
    // The default tenant is never deleted; stating that allows the index that excludes it.
    await db.query(
      `delete from ${table} where workspace_id = $1 and tenant_id = $2 and tenant_id <> '${DEFAULT_TENANT}'`,
      [workspace_id, tenant_id],
    );
  }
  await catalog.invalidate(db, workspace_id, "category", tenantKey(tenant_id));
}

/**
 * Whether an edit sets what a tenant's own administrators decide, and not only what the platform's do: enabled, and
 * blocked channels. Clients that send every field send null for what they leave.
 */
function isByTenant({
  enabled_for_tenant: _enabled,
  blocked_channels: _blocked,
  ...own
}: TenantCategoryEdit): boolean {
  return Object.values(own).some((value) => value !== null && value !== undefined);
}

function applyEdit(
  stored: StoredTenantCategory | null,
  edit: TenantCategoryEdit,
): Omit<StoredTenantCategory, "updated_at"> {
  const keep = <T>(next: T | undefined, now: T | undefined, usual: T): T =>
    next === undefined ? (now ?? usual) : next;
  return {
    enabled_for_tenant: keep(edit.enabled_for_tenant, stored?.enabled_for_tenant, true) ?? true,
    visible_to_subscriber: keep(edit.visible_to_subscriber, stored?.visible_to_subscriber, true) ?? true,
    blocked_channels: keep<readonly Channel[] | null>(edit.blocked_channels, stored?.blocked_channels, null),
    preference: keep(edit.preference, stored?.preference, null),
    mandatory_channels: keep<readonly Channel[] | null>(
      edit.mandatory_channels,
      stored?.mandatory_channels,
      null,
    ),
    opt_in_channels: keep<readonly Channel[] | null>(edit.opt_in_channels, stored?.opt_in_channels, null),
    digest_schedule: mergeOverrides(stored?.digest_schedule ?? null, edit.digest_schedule),
    properties: mergeValues(stored?.properties ?? null, edit.properties),
  };
}

function mergeOverrides(
  stored: DigestOverrides | null,
  edit: DigestOverrides | null | undefined,
): DigestOverrides | null {
  if (edit === undefined) return stored;
  if (edit === null) return null;
  const options = new Map((stored?.options ?? []).map((option) => [option.id, option]));
  if (edit.options.some(({ is_default }) => is_default === true)) {
    for (const [id, { is_default: _moved, ...option }] of options) options.set(id, option);
  }
  for (const option of edit.options) options.set(option.id, { ...options.get(option.id), ...option });
  return { options: [...options.values()] };
}
