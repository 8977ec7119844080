import { DEFAULT_TENANT } from "../../../core/profile/effective-profile.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { deleteTenantPreferences } from "../../../preferences/tenant-category.ts";
import { tenantNotFound, tenantParams } from "./present-tenant.ts";

/** Tables that reference a tenant without a foreign key. */
const BY_TENANT = ["identity", "vendor_route", "vendor_config"] as const;

export default defineRoute({
  method: "DELETE",
  path: "/v1/tenant/:tenant_id/",
  summary: "Delete a tenant for good",
  params: tenantParams,
  reply: {
    status: 204,
    description: "Gone, with its profiles of users, its preferences and vendors. Logs and messages stay.",
  },
  errors: ["validation_error", "not_found"],
  family: "management",
  async handle({ params, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const { tenant_id } = params;
    if (tenant_id === DEFAULT_TENANT) {
      const detail = ["default tenant cannot be deleted"];
      throw new AppError("validation_error", "['default tenant cannot be deleted']", { detail });
    }
    // The tenant first: a transaction that writes a profile in it locks it until it ends.
    const gone = await db.kysely
      .deleteFrom("tenant")
      .where("workspace_id", "=", workspace_id)
      .where("tenant_id", "=", tenant_id)
      .returning("tenant_id")
      .executeTakeFirst();
    if (gone === undefined) throw tenantNotFound(tenant_id);
    for (const table of BY_TENANT) {
      await db.kysely
        .deleteFrom(table)
        .where("workspace_id", "=", workspace_id)
        .where("tenant_id", "=", tenant_id)
        .execute();
    }
    const { catalog } = services;
    await deleteTenantPreferences({ db, catalog, workspace_id }, tenant_id);
    await catalog.invalidate(db, workspace_id, "tenant", tenant_id);
    await catalog.invalidate(db, workspace_id, "vendor", "routes");
  },
});
