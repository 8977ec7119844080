import { defineRoute } from "../../../http/route.ts";
import { hostedDomain } from "../tenant/present-tenant.ts";
import { findTenant } from "../tenant/stored-tenant.ts";
import { brandNotFound, brandParams, brandShape, presentBrand } from "./present-brand.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/brand/:brand_id/",
  summary: "Get a tenant, by its old name",
  params: brandParams,
  reply: { status: 200, body: brandShape },
  errors: ["not_found"],
  family: "management",
  async handle({ params, auth, db, services }) {
    const row = await findTenant(db, auth.workspace.workspace_id, params.brand_id);
    if (row === null) throw brandNotFound(params.brand_id);
    return presentBrand(row, hostedDomain(services.config));
  },
});
