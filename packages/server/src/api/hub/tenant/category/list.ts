import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { categoriesOf, readTenantPage } from "../../../../preferences/tenant-page.ts";
import { pageOf, pagingQuery, toPage } from "../../../paging.ts";
import { localeField } from "../../preference/preference-query.ts";
import { olderTenantCategoryShape, presentOlderTenantCategory } from "../../preference/present-preference.ts";
import { tenantParams } from "../present-tenant.ts";

/** The older endpoint for a tenant's settings, which knows neither disabled categories nor digests and properties. */
export default defineRoute({
  method: "GET",
  path: "/v1/tenant/:tenant_id/category/",
  summary: "List the categories with a tenant's settings, in the older form",
  params: tenantParams,
  query: z.object({ ...pagingQuery(10), ...localeField }),
  reply: { status: 200, body: pageOf(olderTenantCategoryShape) },
  errors: ["invalid_request_error", "not_found"],
  async handle({ params, query, auth, db }) {
    const options = { ...params, ...query, tags: null, include_disabled: false };
    const all = categoriesOf(await readTenantPage(db, auth.workspace.workspace_id, options));
    const page = all.slice(query.offset, query.offset + query.limit);
    return toPage(page.map(presentOlderTenantCategory), all.length, query);
  },
});
