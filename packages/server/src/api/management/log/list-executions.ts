import { sql } from "kysely";
import { EXECUTION_EXAMPLE } from "../../reply-examples.ts";
import { z } from "zod";
import { cursorMeta, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { executionConditions, executionQuery } from "./execution-filter.ts";
import { readLog } from "./log-query.ts";
import { presentRun, type RunRow, selectRuns } from "./run-row.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/log/execution/",
  summary: "Workflow executions, newest first.",
  query: executionQuery,
  reply: {
    status: 200,
    body: z.object({
      meta: cursorMeta,
      results: z.array(z.record(z.string(), z.unknown()).meta({ examples: [EXECUTION_EXAMPLE] })),
    }),
  },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ query, auth, db }) {
    const { rows, meta } = await readLog<RunRow>(db, toCursor(query), {
      from: sql`from run r`,
      conditions: executionConditions(auth.workspace.workspace_id, query),
      id: "r.id",
      select: selectRuns,
    });
    return { meta, results: rows.map(presentRun) };
  },
});
