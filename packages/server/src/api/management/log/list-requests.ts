import { sql } from "kysely";
import { REQUEST_EXAMPLE } from "../../reply-examples.ts";
import { z } from "zod";
import { cursorMeta, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { readLog } from "./log-query.ts";
import { presentRequest, type RequestRow } from "./present-request.ts";
import { requestConditions, requestQuery } from "./request-filter.ts";
import { selectRequests } from "./request-rows.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/log/request/",
  summary: "Accepted requests, newest first, with their executions and what went wrong before any began.",
  query: requestQuery,
  reply: {
    status: 200,
    body: z.object({
      meta: cursorMeta,
      results: z.array(z.record(z.string(), z.unknown()).meta({ examples: [REQUEST_EXAMPLE] })),
    }),
  },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ query, auth, db, services }) {
    const expanding_since = await services.engine.expandingSince(db);
    const { rows, meta } = await readLog<RequestRow>(db, toCursor(query), {
      from: sql`from request q`,
      conditions: requestConditions(auth.workspace.workspace_id, query, expanding_since),
      id: "q.id",
      select: selectRequests(expanding_since),
    });
    return { meta, results: rows.map(presentRequest) };
  },
});
