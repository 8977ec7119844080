import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { countFound } from "../../../../segments/run-query.ts";
import { checkingQuery } from "../query-refusal.ts";
import { queryBody, queryIn } from "./query-body.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/subscriber_list/~/dry_run/count/",
  summary: "How many users the query of a list would find",
  body: queryBody,
  reply: { status: 200, body: z.object({ count: z.int() }) },
  errors: ["validation_error", "bad_json"],
  family: "management",
  transaction: false,
  async handle({ body, auth, services }) {
    const { workspace_id } = auth.workspace;
    return {
      count: await checkingQuery(
        () => countFound(services.db, workspace_id, queryIn(body) ?? ""),
        "query_text",
      ),
    };
  },
});
