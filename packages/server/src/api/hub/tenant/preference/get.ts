import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { readTenantPage } from "../../../../preferences/tenant-page.ts";
import { localeField, tagsField } from "../../preference/preference-query.ts";
import { presentTenantPage, tenantPageShape } from "../../preference/present-preference.ts";
import { tenantParams } from "../present-tenant.ts";
import { disabledField } from "./disabled-field.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/tenant/:tenant_id/preference/",
  summary: "Get all categories with a tenant's settings",
  params: tenantParams,
  query: z.object({ ...localeField, ...tagsField, ...disabledField }),
  reply: { status: 200, body: tenantPageShape },
  errors: ["invalid_request_error", "not_found"],
  async handle({ params, query, auth, db }) {
    const options = { ...params, ...query };
    return presentTenantPage(await readTenantPage(db, auth.workspace.workspace_id, options));
  },
});
