import { storableJson } from "../../../core/text/text.ts";
import { sql } from "kysely";
import { DEFAULT_TENANT } from "../../../core/profile/effective-profile.ts";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { hostedDomain, newTenantParams, presentTenant, tenantShape } from "./present-tenant.ts";
import { type TenantBody, tenantBody } from "./tenant-body.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/tenant/:tenant_id/",
  summary: "Create a tenant, or change what is sent of one",
  params: newTenantParams,
  body: tenantBody,
  reply: { status: 201, body: tenantShape },
  errors: ["validation_error", "bad_json"],
  family: "management",
  async handle({ params, body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const { tenant_id } = params;
    await create(db, workspace_id, tenant_id, body);
    const row = await db.kysely
      .updateTable("tenant")
      .set({ ...toColumns(body), updated_at: sql<Date>`now()` })
      .where("workspace_id", "=", workspace_id)
      .where("tenant_id", "=", tenant_id)
      .returningAll()
      .executeTakeFirstOrThrow();
    guardSize(row.properties, services.config.MAX_PROFILE_KB);
    await services.catalog.invalidate(db, workspace_id, "tenant", tenant_id);
    return presentTenant(row, hostedDomain(services.config));
  },
});

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
): Promise<void> {
  const made = await tx.kysely
    .insertInto("tenant")
    .values({ workspace_id, tenant_id })
    .onConflict((conflict) => conflict.doNothing())
    .returning("tenant_id")
    .executeTakeFirst();
  if (made === undefined) return;
  if (tenant_name === undefined) {
    const detail = { tenant_name: ["missing value"] };
    throw new AppError("validation_error", storableJson(detail), { detail });
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
