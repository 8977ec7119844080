import { defineRoute } from "../../../http/route.ts";
import { hostedDomain } from "../tenant/present-tenant.ts";
import { saveTenant } from "../tenant/stored-tenant.ts";
import { brandBody, brandShape, newBrandParams, presentBrand } from "./present-brand.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/brand/:brand_id/",
  summary: "Create a tenant, or change what is sent of one, by its old name",
  params: newBrandParams,
  body: brandBody,
  reply: { status: 201, body: brandShape },
  errors: ["validation_error", "bad_json"],
  family: "management",
  async handle({ params, body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const row = await saveTenant(db, services, workspace_id, params.brand_id, body, "brand_name");
    return presentBrand(row, hostedDomain(services.config));
  },
});
