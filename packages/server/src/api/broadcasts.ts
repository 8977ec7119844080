import { z } from "zod";
import type { Json } from "../core/json.ts";
import { maskAddresses } from "../core/secret-addresses.ts";
import { microsZ, orNull } from "../core/time/wire-time.ts";
import type { Queryable } from "../db/db.ts";
import { AppError } from "../errors.ts";
import { choicesFilter, instantFilter, textFilter } from "./filter-values.ts";

/** Broadcasts as both APIs show them: to who sent one, how far it is; in the logs, what became of it. */
const STATUSES = ["scheduled", "in_progress", "completed", "partial_failure", "failed", "cancelled"] as const;

/** Ids of broadcasts. */
export const BROADCAST_ID = /^broadcast_[0-9A-HJKMNP-TV-Z]{26}$/;

export const broadcastFilters = {
  status: choicesFilter(STATUSES),
  list_id: textFilter.transform((text) => text?.trim().toLowerCase()),
  idempotency_key: textFilter.transform((text) => text?.trim()).describe("Of the broadcast."),
  since: instantFilter.describe("RFC 3339, inclusive: when it was accepted."),
  until: instantFilter.describe("RFC 3339, exclusive."),
};

const filterShape = z.object(broadcastFilters);

const progressShape = z.object({
  recipients: z
    .int()
    .nullable()
    .describe("Who was in the list when the broadcast began; null before it has."),
  done: z.int(),
  triggered: z.int().describe("Recipients with a message on its way on at least one channel."),
  skipped: z.int().describe("By preferences, missing channels, test mode or the tenant."),
  failed: z.int(),
  percent: z.int(),
});

const EXAMPLE = {
  execution_id: "broadcast_01M8P3HYD300001H6TC0RHC9KV",
  request_id: "01a22c38-f91f-7016-b99f-05f846c8e55c",
  status: "in_progress" as const,
  list_id: "beta-testers",
  template: "news",
  category: "promotional",
  tenant_id: "default",
  idempotency_key: "news-2026-11",
  starts_at: "2026-11-30T11:31:01.073000Z",
  begun_at: "2026-11-30T11:31:01.213000Z",
  ended_at: null,
  created_at: "2026-11-30T11:31:01.073000Z",
  updated_at: "2026-11-30T11:31:42.100000Z",
  progress: { recipients: 20_000, done: 5000, triggered: 4800, skipped: 199, failed: 1, percent: 25 },
  reasons: { user_unsubscribed_category: 150, no_active_channels: 49, template_render_failed: 1 },
  errors: [],
};

export const broadcastShape = z
  .object({
    execution_id: z.string(),
    request_id: z.string(),
    status: z.enum(STATUSES),
    list_id: z.string(),
    template: z.string(),
    category: z.string(),
    tenant_id: z.string(),
    idempotency_key: z.string(),
    starts_at: z.string().describe("In the workspace's time."),
    begun_at: z.string().nullable(),
    ended_at: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
    progress: progressShape,
    reasons: z
      .record(z.string(), z.int())
      .describe("How many were skipped or failed, by the code of the step log or of the request log."),
    errors: z.array(z.unknown()).describe("What ended it, and up to 100 recipients that were left out."),
  })
  .meta({ examples: [EXAMPLE] });

export interface BroadcastRow {
  id: string;
  request_id: string;
  status: (typeof STATUSES)[number];
  list_id: string;
  template_slug: string;
  category: string;
  tenant_id: string;
  idempotency_key: string;
  starts_at: Date;
  begun_at: Date | null;
  ended_at: Date | null;
  created_at: Date;
  updated_at: Date;
  recipients: number | null;
  triggered: number;
  skipped: number;
  failed: number;
  reasons: unknown;
  errors: unknown;
}

/** The rows that filters select. Served by the primary key, and by broadcast_key for a key. */
export function selectBroadcasts(
  { kysely }: Queryable,
  workspace_id: number,
  filters: Partial<z.output<typeof filterShape>>,
) {
  const { status, list_id, idempotency_key, since, until } = filters;
  return kysely
    .selectFrom("broadcast")
    .select([
      "id",
      "request_id",
      "status",
      "list_id",
      "template_slug",
      "category",
      "tenant_id",
      "idempotency_key",
      "starts_at",
      "begun_at",
      "ended_at",
      "created_at",
      "updated_at",
      "recipients",
      "triggered",
      "skipped",
      "failed",
      "reasons",
      "errors",
    ])
    .$castTo<BroadcastRow>()
    .where("workspace_id", "=", workspace_id)
    .$if(status !== undefined, (select) => select.where("status", "in", status ?? []))
    .$if(Boolean(list_id), (select) => select.where("list_id", "=", list_id ?? ""))
    .$if(Boolean(idempotency_key), (select) => select.where("idempotency_key", "=", idempotency_key ?? ""))
    .$if(since !== undefined, (select) => select.where("created_at", ">=", since ?? new Date()))
    .$if(until !== undefined, (select) => select.where("created_at", "<", until ?? new Date()));
}

export async function getBroadcast(
  db: Queryable,
  workspace_id: number,
  execution_id: string,
): Promise<z.input<typeof broadcastShape>> {
  const row = await selectBroadcasts(db, workspace_id, {}).where("id", "=", execution_id).executeTakeFirst();
  if (row === undefined) throw new AppError("not_found", `broadcast '${execution_id}' not found`);
  return presentBroadcast(row);
}

export function presentBroadcast(row: BroadcastRow): z.input<typeof broadcastShape> {
  const { recipients, triggered, skipped, failed } = row;
  const done = triggered + skipped + failed;
  return {
    execution_id: row.id,
    request_id: row.request_id,
    status: row.status,
    list_id: row.list_id,
    template: row.template_slug,
    category: row.category,
    tenant_id: row.tenant_id,
    idempotency_key: row.idempotency_key,
    starts_at: microsZ(row.starts_at),
    begun_at: orNull(microsZ, row.begun_at),
    ended_at: orNull(microsZ, row.ended_at),
    created_at: microsZ(row.created_at),
    updated_at: microsZ(row.updated_at),
    progress: { recipients, done, triggered, skipped, failed, percent: percentOf(row, done) },
    reasons: row.reasons as Record<string, number>,
    errors: maskAddresses((row.errors ?? []) as Json) as unknown[],
  };
}

/** A user who was deleted meanwhile is never done. */
function percentOf({ status, recipients }: BroadcastRow, done: number): number {
  if (status === "completed" || status === "partial_failure") return 100;
  if (recipients === null || recipients === 0) return 0;
  return Math.min(100, Math.floor((done * 100) / recipients));
}
