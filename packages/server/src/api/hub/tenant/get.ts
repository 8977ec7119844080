import { defineRoute } from "../../../http/route.ts";
import { hostedDomain, presentTenant, tenantNotFound, tenantParams, tenantShape } from "./present-tenant.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/tenant/:tenant_id/",
  summary: "Get a tenant",
  params: tenantParams,
  reply: { status: 200, body: tenantShape },
  errors: ["not_found"],
  family: "management",
  async handle({ params, auth, db, services }) {
    const row = await db.kysely
      .selectFrom("tenant")
      .selectAll()
      .where("workspace_id", "=", auth.workspace.workspace_id)
      .where("tenant_id", "=", params.tenant_id)
      .executeTakeFirst();
    if (row === undefined) throw tenantNotFound(params.tenant_id);
    return presentTenant(row, hostedDomain(services.config));
  },
});
