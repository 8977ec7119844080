import { sql } from "kysely";
import { z } from "zod";
import { microsZ } from "../../../core/wire-time.ts";
import { cursorMeta, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { readLog } from "./log-query.ts";
import { requestConditions, requestQuery, requestStatus } from "./request-filter.ts";

/** Shown with a request; an object may have reached a million. The execution log filters by request. */
const MAX_EXECUTIONS = 100;

interface RequestRow {
  id: string;
  created_at: Date;
  api_type: string;
  name: string;
  tenant_id: string | null;
  idempotency_key: string;
  status: string;
  errors: unknown[] | null;
  body: unknown;
  metadata: unknown;
  executions: { exec_id: string; distinct_id: string; workflow_slug: string; status: string }[] | null;
}

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/log/request/",
  summary: "Accepted requests, newest first, with their executions and what went wrong before any began.",
  query: requestQuery,
  reply: {
    status: 200,
    body: z.object({ meta: cursorMeta, results: z.array(z.record(z.string(), z.unknown())) }),
  },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ query, auth, db, services }) {
    const expanding_since = await services.engine.expandingSince(db);
    const { rows, meta } = await readLog<RequestRow>(db, toCursor(query), {
      from: sql`from request q`,
      conditions: requestConditions(auth.workspace.workspace_id, query, expanding_since),
      id: "q.id",
      select: (page, order) => sql`
        select q.id, q.created_at, q.api_type, q.name, q.tenant_id, q.idempotency_key, q.errors, q.body, q.metadata,
               ${requestStatus(expanding_since)} as status, e.executions
          from (select q.* ${page}) q
          left join lateral (
            select json_agg(json_build_object('exec_id', r.id, 'distinct_id', r.distinct_id,
                     'workflow_slug', r.workflow_slug, 'status', r.status) order by r.id) as executions
              from (select * from run r where r.workspace_id = q.workspace_id and r.request_id = q.id
                     order by r.id limit ${MAX_EXECUTIONS}) r) e on true ${order}`,
    });
    return { meta, results: rows.map(presentRequest) };
  },
});

function presentRequest(row: RequestRow): Record<string, unknown> {
  return {
    request_id: row.id,
    created_at: microsZ(row.created_at),
    api_name: row.api_type,
    name: row.name,
    tenant_id: row.tenant_id,
    idempotency_key: row.idempotency_key,
    status: row.status,
    errors: row.errors ?? [],
    executions: row.executions ?? [],
    payload: row.body,
    metadata: row.metadata,
  };
}
