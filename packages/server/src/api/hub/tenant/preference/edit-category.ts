import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { readTenantCategory } from "../../../../preferences/tenant-page.ts";
import { tenantCategoryBody } from "../../preference/preference-body.ts";
import { localeField } from "../../preference/preference-query.ts";
import { presentTenantCategory, tenantCategoryShape } from "../../preference/present-preference.ts";
import { tenantParams } from "../present-tenant.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v1/tenant/:tenant_id/preference/category/:category/",
  summary: "Change a tenant's settings for a category",
  params: tenantParams.extend({ category: z.string() }),
  query: z.object(localeField),
  body: tenantCategoryBody,
  reply: { status: 200, body: tenantCategoryShape, description: "The settings, as they are now." },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  async handle({ params: { tenant_id, category }, query, body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    await services.preferences.setTenantCategory(db, workspace_id, tenant_id, category, body);
    const options = { ...query, tenant_id };
    return presentTenantCategory(await readTenantCategory(db, workspace_id, category, options));
  },
});
