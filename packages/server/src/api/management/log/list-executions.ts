import { z } from "zod";
import { cursorMeta, cursorShape, MAX_COUNT, readPage, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { presentRun, RUN_COLUMNS, type RunRow } from "./run-row.ts";

const filter = z.string().max(255).optional();

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/log/execution/",
  summary: "Workflow executions, newest first.",
  query: z.object({
    ...cursorShape,
    status: filter.describe("in_progress, completed, partial_failure, failed or cancelled."),
    workflow_slug: filter,
    recipient: filter.describe("A distinct_id, or object_type/id."),
    tenant_id: filter,
    idempotency_key: filter,
    request_id: z.uuid().optional(),
  }),
  reply: {
    status: 200,
    body: z.object({ meta: cursorMeta, results: z.array(z.record(z.string(), z.unknown())) }),
  },
  errors: ["authentication_failed", "not_found"],
  async handle({ query, auth, db }) {
    const { workspace_id } = auth.workspace;
    const where = `r.workspace_id = $1
      and ($2::text is null or r.status = $2) and ($3::text is null or r.workflow_slug = $3)
      and ($4::text is null or case when r.object_type = '' then r.distinct_id else r.object_type || '/' || r.distinct_id end = $4)
      and ($5::text is null or r.tenant_id = $5) and ($6::text is null or r.idempotency_key = $6)
      and ($7::uuid is null or r.request_id = $7)`;
    const values = [
      workspace_id,
      query.status ?? null,
      query.workflow_slug ?? null,
      query.recipient ?? null,
      query.tenant_id ?? null,
      query.idempotency_key ?? null,
      query.request_id ?? null,
    ];
    const page = await readPage(
      toCursor(query),
      ({ older_than, newer_than, order, limit }) =>
        db.query<RunRow>(
          `select ${RUN_COLUMNS} from run r
             join workflow_version v on v.workspace_id = r.workspace_id and v.id = r.version_id
            where ${where} and ($8::text is null or r.id < $8) and ($9::text is null or r.id > $9)
            order by r.id ${order} limit $10`,
          [...values, older_than, newer_than, limit],
        ),
      async () =>
        (
          await db.query<{ count: number }>(
            `select count(*)::int as count from (select 1 from run r where ${where} limit ${MAX_COUNT}) counted`,
            values,
          )
        )[0]?.count ?? 0,
    );
    return { meta: page.meta, results: page.rows.map(presentRun) };
  },
});
