import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { readTenantCategory } from "../../../../preferences/tenant-page.ts";
import { localeField } from "../../preference/preference-query.ts";
import { presentTenantCategory, tenantCategoryShape } from "../../preference/present-preference.ts";
import { tenantParams } from "../present-tenant.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/tenant/:tenant_id/preference/category/:category/",
  summary: "Get a tenant's settings for a category",
  params: tenantParams.extend({ category: z.string() }),
  query: z.object(localeField),
  reply: {
    status: 200,
    body: tenantCategoryShape,
    description: "Also of a category that is disabled for it.",
  },
  errors: ["invalid_request_error", "not_found"],
  async handle({ params: { tenant_id, category }, query, auth, db }) {
    const options = { ...query, tenant_id };
    return presentTenantCategory(
      await readTenantCategory(db, auth.workspace.workspace_id, category, options),
    );
  },
});
