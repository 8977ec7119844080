import { sql } from "kysely";
import { REQUEST_EXAMPLE } from "../../reply-examples.ts";
import { z } from "zod";
import { cursorMeta, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { readLog } from "./log-query.ts";
import { presentRequest, type RequestRow } from "./present-request.ts";
import { requestConditions, requestQuery, requestStatus } from "./request-filter.ts";

/**
 * The maximum shown with a request; an object may have reached a million. The execution log can be filtered by request.
 */
const MAX_EXECUTIONS = 100;

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
      select: (page, order) => sql`
        select q.id, q.created_at, q.updated_at, q.api_type, q.name, q.tenant_id, q.idempotency_key, q.parent_run_id,
               q.errors, q.body, q.metadata, q.status = 'refused' as is_refused,
               ${requestStatus(expanding_since)} as status, e.executions
          from (select q.* ${page}) q
          left join lateral (
            select json_agg(json_build_object('exec_id', r.id, 'workflow_slug', r.workflow_slug, 'status', r.status,
                     'distinct_id', case r.object_type when '' then r.distinct_id
                                                       else r.object_type || '/' || r.distinct_id end)
                     order by r.id) as executions
              from (select * from run r where r.workspace_id = q.workspace_id and r.request_id = q.id
                     order by r.id limit ${MAX_EXECUTIONS}) r) e on true ${order}`,
    });
    return { meta, results: rows.map(presentRequest) };
  },
});
