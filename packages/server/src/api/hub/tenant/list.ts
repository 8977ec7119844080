import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { hostedDomain, presentTenant, tenantShape } from "./present-tenant.ts";
import { readTenants } from "./stored-tenant.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/tenant/",
  summary: "List tenants, the last changed first",
  query: z.object(pagingQuery(20)),
  reply: { status: 200, body: pageOf(tenantShape) },
  errors: ["validation_error"],
  family: "management",
  async handle({ query, auth, db, services }) {
    const { rows, count } = await readTenants(db, auth.workspace.workspace_id, query);
    const domain = hostedDomain(services.config);
    return toPage(
      rows.map((row) => presentTenant(row, domain)),
      count,
      query,
    );
  },
});
