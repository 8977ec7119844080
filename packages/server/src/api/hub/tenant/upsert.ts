import { defineRoute } from "../../../http/route.ts";
import { hostedDomain, newTenantParams, presentTenant, tenantShape } from "./present-tenant.ts";
import { saveTenant } from "./stored-tenant.ts";
import { tenantBody } from "./tenant-body.ts";

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
    const row = await saveTenant(db, services, workspace_id, params.tenant_id, body, "tenant_name");
    return presentTenant(row, hostedDomain(services.config));
  },
});
