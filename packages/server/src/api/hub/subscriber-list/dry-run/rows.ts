import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { dryRun } from "../../../../segments/run-query.ts";
import { checkingQuery } from "../query-refusal.ts";
import { queryBody, queryIn } from "./query-body.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/subscriber_list/~/dry_run/",
  summary: "The first ten rows that the query of a list would give",
  body: queryBody,
  reply: {
    status: 200,
    body: z.object({ data: z.array(z.record(z.string(), z.unknown())) }).meta({
      examples: [{ data: [{ distinct_id: "ann" }] }],
    }),
  },
  errors: ["validation_error", "bad_json"],
  family: "management",
  transaction: false,
  async handle({ body, auth, services }) {
    const { workspace_id } = auth.workspace;
    return {
      data: await checkingQuery(() => dryRun(services.db, workspace_id, queryIn(body) ?? ""), "query_text"),
    };
  },
});
