import { type RawBuilder, sql } from "kysely";
import type { RequestRow } from "./present-request.ts";
import { requestStatus } from "./request-filter.ts";

/**
 * The maximum shown with a request; an object may have reached a million. The execution log can be filtered by request.
 */
const MAX_EXECUTIONS = 100;

/** The rows of a page of requests, with their executions. */
export function selectRequests(expanding_since: Date | null) {
  return (page: RawBuilder<unknown>, order: RawBuilder<unknown>): RawBuilder<RequestRow> => sql`
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
                     order by r.id limit ${MAX_EXECUTIONS}) r) e on true ${order}`;
}
