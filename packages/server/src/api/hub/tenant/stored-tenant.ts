import { sql } from "kysely";
import { DEFAULT_TENANT } from "../../../core/profile/effective-profile.ts";
import { storableJson } from "../../../core/text/text.ts";
import { countRows } from "../../../db/count-rows.ts";
import type { Queryable, Tx } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import type { Services } from "../../../services.ts";
import type { Paging } from "../../paging.ts";
import type { TenantRow } from "./present-tenant.ts";
import type { TenantBody } from "./tenant-body.ts";

/** Reads and writes tenants for their endpoints, and for those of brands, as tenants were called. */
export async function findTenant(
  db: Queryable,
  workspace_id: number,
  tenant_id: string,
): Promise<TenantRow | null> {
  const row = await db.kysely
    .selectFrom("tenant")
    .selectAll()
    .where("workspace_id", "=", workspace_id)
    .where("tenant_id", "=", tenant_id)
    .executeTakeFirst();
  return row ?? null;
}

/** The last changed first. */
export async function readTenants(
  db: Queryable,
  workspace_id: number,
  { limit, offset }: Paging,
): Promise<{ rows: TenantRow[]; count: number }> {
  const tenants = db.kysely.selectFrom("tenant").where("workspace_id", "=", workspace_id);
  const count = await countRows(tenants);
  const rows = await tenants
    .selectAll()
    .orderBy("updated_at", "desc")
    .orderBy("tenant_id")
    .limit(limit)
    .offset(offset)
    .execute();
  return { rows, count };
}

/** How the body calls the name, which a new tenant needs. */
export type NameField = "tenant_name" | "brand_name";

export async function saveTenant(
  db: Tx,
  { catalog, config }: Pick<Services, "catalog" | "config">,
  workspace_id: number,
  tenant_id: string,
  body: TenantBody,
  name_field: NameField,
): Promise<TenantRow> {
  await create(db, workspace_id, tenant_id, body, name_field);
  const row = await db.kysely
    .updateTable("tenant")
    .set({ ...toColumns(body), updated_at: sql<Date>`now()` })
    .where("workspace_id", "=", workspace_id)
    .where("tenant_id", "=", tenant_id)
    .returningAll()
    .executeTakeFirstOrThrow();
  if (body.properties) guardSize(row.properties, config.MAX_PROFILE_KB);
  await catalog.invalidate(db, workspace_id, "tenant", tenant_id);
  return row;
}

/** Properties are added to those that are there, so it is the sum that may be too large. */
function guardSize(properties: unknown, max_kb: number): void {
  const kb = Math.ceil(Buffer.byteLength(storableJson(properties)) / 1024);
  if (kb <= max_kb) return;
  const detail = { properties: [`would have ${kb} KB: at most ${max_kb} KB (MAX_PROFILE_KB)`] };
  throw new AppError("validation_error", storableJson(detail), { detail });
}

/** A new tenant needs a name, and gets the default tenant's colours unless it brings its own. */
async function create(
  tx: Queryable,
  workspace_id: number,
  tenant_id: string,
  { tenant_name, primary_color, secondary_color, tertiary_color }: TenantBody,
  name_field: NameField,
): Promise<void> {
  const made = await tx.kysely
    .insertInto("tenant")
    .values({ workspace_id, tenant_id })
    .onConflict((conflict) => conflict.doNothing())
    .returning("tenant_id")
    .executeTakeFirst();
  if (made === undefined) return;
  if (tenant_name === undefined) {
    const detail = { [name_field]: ["missing value"] };
    throw new AppError("validation_error", JSON.stringify(detail), { detail });
  }
  if (primary_color ?? secondary_color ?? tertiary_color) return;
  await tx.query(
    `update tenant t
        set primary_color = d.primary_color, secondary_color = d.secondary_color, tertiary_color = d.tertiary_color
       from tenant d
      where t.workspace_id = $1 and t.tenant_id = $2 and d.workspace_id = $1 and d.tenant_id = $3`,
    [workspace_id, tenant_id, DEFAULT_TENANT],
  );
}

/** Undefined leaves a column unchanged. */
function toColumns({ preference_page_url, social_links, properties, ...columns }: TenantBody) {
  return {
    tenant_name: columns.tenant_name,
    logo: columns.logo,
    timezone: columns.timezone,
    primary_color: columns.primary_color,
    secondary_color: columns.secondary_color,
    tertiary_color: columns.tertiary_color,
    blocked_channels: columns.blocked_channels,
    hosted_preference_domain: columns.hosted_preference_domain,
    embedded_preference_url:
      columns.embedded_preference_url === undefined ? preference_page_url : columns.embedded_preference_url,
    social_links: social_links
      ? sql<string>`social_links || ${storableJson(social_links)}::jsonb`
      : undefined,
    properties: properties ? sql<string>`properties || ${storableJson(properties)}::jsonb` : undefined,
  };
}
