import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../paging.ts";
import { hostedDomain } from "../tenant/present-tenant.ts";
import { readTenants } from "../tenant/stored-tenant.ts";
import { brandShape, presentBrand } from "./present-brand.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/brand/",
  summary: "List tenants, by their old name, the last changed first",
  query: z.object(pagingQuery(20)),
  reply: { status: 200, body: pageOf(brandShape) },
  errors: ["validation_error"],
  family: "management",
  async handle({ query, auth, db, services }) {
    const { rows, count } = await readTenants(db, auth.workspace.workspace_id, query);
    const domain = hostedDomain(services.config);
    return toPage(
      rows.map((row) => presentBrand(row, domain)),
      count,
      query,
    );
  },
});
