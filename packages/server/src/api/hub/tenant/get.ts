import { defineRoute } from "../../../http/route.ts";
import { hostedDomain, presentTenant, tenantNotFound, tenantParams, tenantShape } from "./present-tenant.ts";
import { findTenant } from "./stored-tenant.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/tenant/:tenant_id/",
  summary: "Get a tenant",
  params: tenantParams,
  reply: { status: 200, body: tenantShape },
  errors: ["not_found"],
  family: "management",
  async handle({ params, auth, db, services }) {
    const row = await findTenant(db, auth.workspace.workspace_id, params.tenant_id);
    if (row === null) throw tenantNotFound(params.tenant_id);
    return presentTenant(row, hostedDomain(services.config));
  },
});
