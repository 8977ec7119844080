import { z } from "zod";
import { microsZ } from "../../../core/wire-time.ts";
import { cursorMeta, cursorShape, MAX_COUNT, readPage, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";

const RUNS_OF_REQUEST = "select 1 from run r where r.workspace_id = q.workspace_id and r.request_id = q.id";

/** Shown with a request; an object may have reached a million. The execution log filters by request. */
const MAX_EXECUTIONS = 100;

const filter = z.string().max(255).optional();

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

/** `accepted` is stored until something is to be said: once expanded, the request is done. */
function statusOf({ status, executions, created_at }: RequestRow, expandingSince: Date | null): string {
  if (status !== "accepted") return status;
  const waits = executions === null && expandingSince !== null && created_at >= expandingSince;
  return waits ? "in_progress" : "completed";
}

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/log/request/",
  summary: "Accepted requests, newest first, with their executions and what went wrong before any began.",
  query: z.object({
    ...cursorShape,
    after: z.uuid().optional(),
    before: z.uuid().optional(),
    status: filter.describe("completed, partial_failure, failure, skipped, cancelled or in_progress."),
    api_name: filter.describe("workflow, dynamic or event."),
    name: filter.describe("Workflow slug or event name."),
    idempotency_key: filter,
    request_id: z.uuid().optional(),
  }),
  reply: {
    status: 200,
    body: z.object({ meta: cursorMeta, results: z.array(z.record(z.string(), z.unknown())) }),
  },
  errors: ["authentication_failed", "not_found"],
  async handle({ query, auth, db, services }) {
    const expandingSince = await services.engine.expandingSince(db);
    const where = `q.workspace_id = $1 and q.api_type <> 'fanout'
      and case $2::text when null then true
            when 'in_progress' then q.status = 'accepted' and q.created_at >= $7 and not exists (${RUNS_OF_REQUEST})
            when 'completed' then q.status = 'accepted'
                              and ($7::timestamptz is null or q.created_at < $7 or exists (${RUNS_OF_REQUEST}))
            else coalesce(q.status = $2, true) end
      and ($3::text is null or q.api_type = $3) and ($4::text is null or q.name = $4)
      and ($5::text is null or q.idempotency_key = $5) and ($6::uuid is null or q.id = $6)`;
    const values = [
      auth.workspace.workspace_id,
      query.status ?? null,
      query.api_name ?? null,
      query.name ?? null,
      query.idempotency_key ?? null,
      query.request_id ?? null,
      expandingSince,
    ];
    const page = await readPage(
      toCursor(query),
      ({ older_than, newer_than, order, limit }) =>
        db.query<RequestRow>(
          `select q.id, q.created_at, q.api_type, q.name, q.tenant_id, q.idempotency_key, q.status, q.errors, q.body,
                  q.metadata, e.executions
             from request q
             left join lateral (
               select json_agg(json_build_object('exec_id', r.id, 'distinct_id', r.distinct_id,
                        'workflow_slug', r.workflow_slug, 'status', r.status) order by r.id) as executions
                 from (select * from run r where r.workspace_id = q.workspace_id and r.request_id = q.id
                        order by r.id limit ${MAX_EXECUTIONS}) r) e on true
            where ${where} and ($8::uuid is null or q.id < $8) and ($9::uuid is null or q.id > $9)
            order by q.id ${order} limit $10`,
          [...values, older_than, newer_than, limit],
        ),
      async () =>
        (
          await db.query<{ count: number }>(
            `select count(*)::int as count from (select 1 from request q where ${where} limit ${MAX_COUNT}) counted`,
            values,
          )
        )[0]?.count ?? 0,
    );
    return {
      meta: page.meta,
      results: page.rows.map((row) => ({
        request_id: row.id,
        created_at: microsZ(row.created_at),
        api_name: row.api_type,
        name: row.name,
        tenant_id: row.tenant_id,
        idempotency_key: row.idempotency_key,
        status: statusOf(row, expandingSince),
        errors: row.errors ?? [],
        executions: row.executions ?? [],
        payload: row.body,
        metadata: row.metadata,
      })),
    };
  },
});
