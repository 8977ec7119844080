import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { hostedDomain, presentTenant, tenantShape } from "./present-tenant.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;

const wholeNumber = z
  .string()
  .regex(/^-?\d{1,15}$/, "must be a whole number")
  .transform(Number);

export default defineRoute({
  method: "GET",
  path: "/v1/tenant/",
  summary: "List tenants, the last changed first",
  query: z.object({
    limit: wholeNumber
      .transform((limit) => (limit < 1 ? DEFAULT_LIMIT : Math.min(limit, MAX_LIMIT)))
      .default(DEFAULT_LIMIT),
    offset: wholeNumber.transform((offset) => Math.max(offset, 0)).default(0),
  }),
  reply: {
    status: 200,
    body: z.object({
      meta: z.object({ count: z.int(), limit: z.int(), offset: z.int() }),
      results: z.array(tenantShape),
    }),
  },
  errors: ["validation_error"],
  family: "management",
  async handle({ query, auth, db, services }) {
    const tenants = db.kysely.selectFrom("tenant").where("workspace_id", "=", auth.workspace.workspace_id);
    const { count } = await tenants
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    const rows = await tenants
      .selectAll()
      .orderBy("updated_at", "desc")
      .orderBy("tenant_id")
      .limit(query.limit)
      .offset(query.offset)
      .execute();
    const domain = hostedDomain(services.config);
    return {
      meta: { count, limit: query.limit, offset: query.offset },
      results: rows.map((row) => presentTenant(row, domain)),
    };
  },
});
