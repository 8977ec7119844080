import { z } from "zod";
import { SIMULATED_EXAMPLE } from "../../reply-examples.ts";
import { CHANNELS } from "../../../core/channel.ts";
import type { Json } from "../../../core/json.ts";
import { maskAddress } from "../../../core/secret-addresses.ts";
import { textFilter } from "../../filter-values.ts";
import { microsZ } from "../../../core/time/wire-time.ts";
import { cursorMeta, cursorShape, MAX_LOG_COUNT, readPage, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { ownQuery } from "../query.ts";

interface CaughtRow {
  id: string;
  execution_id: string;
  workflow_slug: string;
  node_ref: string;
  template_slug: string | null;
  category: string;
  tenant_id: string;
  recipient: string;
  channel: string;
  channel_value: Json;
  content: unknown;
  status: string;
  failure_reason: string | null;
  attempt: number;
  vendor_slug: string;
  created_at: Date;
  /** Name, type, size and hash of the files that a mail carried, and those left out. */
  attachments: unknown;
}

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/simulator/",
  summary: "Messages that the simulators and the built-in inbox caught, newest first, as they were rendered.",
  query: ownQuery({
    ...cursorShape,
    channel: z.enum(CHANNELS).optional(),
    recipient: textFilter.describe("A distinct_id, or object_type/id."),
    execution_id: z.string().max(64).optional(),
  }),
  reply: {
    status: 200,
    body: z.object({
      meta: cursorMeta,
      results: z.array(z.record(z.string(), z.unknown()).meta({ examples: [SIMULATED_EXAMPLE] })),
    }),
  },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ query, auth, db }) {
    const where = `m.workspace_id = $1 and (m.vendor_slug like 'simulator-%' or m.vendor_slug = 'carillon-inbox')
      and ($2::text is null or m.channel = $2) and ($4::text is null or m.execution_id = $4)
      and ($3::text is null or case when m.object_type = '' then m.distinct_id else m.object_type || '/' || m.distinct_id end = $3)`;
    const values = [
      auth.workspace.workspace_id,
      query.channel ?? null,
      query.recipient ?? null,
      query.execution_id ?? null,
    ];
    const page = await readPage(
      toCursor(query),
      ({ older_than, newer_than, order, limit }) =>
        db.query<CaughtRow>(
          `select m.id, m.execution_id, m.workflow_slug, m.node_ref, m.template_slug, m.category, m.tenant_id,
                  case when m.object_type = '' then m.distinct_id else m.object_type || '/' || m.distinct_id end as recipient,
                  m.channel, m.channel_value, m.content, m.status, m.failure_reason, m.attempt, m.vendor_slug, m.created_at,
                  case when m.attachments is not null then (
                    select json_build_object('files', e.detail -> 'files', 'left_out', e.detail -> 'left_out') from message_event e
                     where e.workspace_id = m.workspace_id and e.message_id = m.id and e.kind in ('attached', 'attachments_left_out')
                     order by e.at desc limit 1) end as attachments
             from message m
            where ${where} and ($5::text is null or m.id < $5) and ($6::text is null or m.id > $6)
            order by m.id ${order} limit $7`,
          [...values, older_than, newer_than, limit],
        ),
      async () =>
        (
          await db.query<{ count: number }>(
            `select count(*)::int as count from (select 1 from message m where ${where} limit ${MAX_LOG_COUNT}) counted`,
            values,
          )
        )[0]?.count ?? 0,
    );
    return {
      meta: page.meta,
      results: page.rows.map(({ id, created_at, vendor_slug, channel_value, ...row }) => ({
        message_id: id,
        ...row,
        to: maskAddress(channel_value),
        vendor: vendor_slug,
        created_at: microsZ(created_at),
      })),
    };
  },
});
