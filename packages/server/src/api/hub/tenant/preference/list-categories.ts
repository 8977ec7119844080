import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { categoriesOf, readTenantPage } from "../../../../preferences/tenant-page.ts";
import { pageOf, pagingQuery, toPage } from "../../../paging.ts";
import { localeField, tagsField } from "../../preference/preference-query.ts";
import { presentTenantCategory, tenantCategoryShape } from "../../preference/present-preference.ts";
import { tenantParams } from "../present-tenant.ts";
import { disabledField } from "./disabled-field.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/tenant/:tenant_id/preference/category/",
  summary: "List the categories with a tenant's settings",
  params: tenantParams,
  query: z.object({ ...pagingQuery(10), ...localeField, ...tagsField, ...disabledField }),
  reply: { status: 200, body: pageOf(tenantCategoryShape) },
  errors: ["invalid_request_error", "not_found"],
  async handle({ params, query, auth, db }) {
    const options = { ...params, ...query };
    const all = categoriesOf(await readTenantPage(db, auth.workspace.workspace_id, options));
    const page = all.slice(query.offset, query.offset + query.limit);
    return toPage(page.map(presentTenantCategory), all.length, query);
  },
});
