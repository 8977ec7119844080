import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { readTenantCategory } from "../../../../preferences/tenant-page.ts";
import { olderTenantCategoryBody } from "../../preference/preference-body.ts";
import { localeField } from "../../preference/preference-query.ts";
import { olderTenantCategoryShape, presentOlderTenantCategory } from "../../preference/present-preference.ts";
import { tenantParams } from "../present-tenant.ts";

/** The older endpoint for a tenant's settings. */
export default defineRoute({
  method: "PATCH",
  path: "/v1/tenant/:tenant_id/category/:category_slug/",
  summary: "Change a tenant's settings for a category, in the older form",
  params: tenantParams.extend({ category_slug: z.string() }),
  query: z.object(localeField),
  body: olderTenantCategoryBody,
  reply: { status: 202, body: olderTenantCategoryShape, description: "The settings, as they are now." },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  async handle({ params: { tenant_id, category_slug }, query, body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    await services.preferences.setTenantCategory(db, workspace_id, tenant_id, category_slug, body);
    const options = { ...query, tenant_id };
    return presentOlderTenantCategory(await readTenantCategory(db, workspace_id, category_slug, options));
  },
});
