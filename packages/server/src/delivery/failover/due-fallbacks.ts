import { afterNow, insertAll, int, text } from "../../db/bulk.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { rootOf, type Lane } from "../../core/lane.ts";
import type { Channel } from "../../core/channel.ts";
import type { NextVendor, RouteTable } from "../vendor-table.ts";
import { handOver, type HandOverDeps } from "./hand-over.ts";

/** An accepted message waits so long for a report of its delivery before it goes to the next vendor as well. */
export interface NewFallback {
  workspace_id: number;
  message_id: string;
  wait_ms: number;
}

export async function insertFallbacks(db: Queryable, fallbacks: readonly NewFallback[]): Promise<void> {
  await insertAll(
    db,
    "vendor_fallback",
    fallbacks,
    {
      workspace_id: int(({ workspace_id }) => workspace_id),
      message_id: text(({ message_id }) => message_id),
      due_at: afterNow(({ wait_ms }) => wait_ms),
    },
    "on conflict (workspace_id, message_id) do update set due_at = excluded.due_at",
  );
}

export const FALLBACK_BATCH = 500;

/** The workspaces with due rows of a table: their priority lists are read before the transaction that takes the rows. */
export async function readDueWorkspaces(
  db: Queryable,
  table: "vendor_fallback" | "vendor_report" | "due_receipt",
): Promise<number[]> {
  const rows = await db.query<{ workspace_id: number }>(
    `select distinct workspace_id
       from (select workspace_id from ${table} where due_at <= now() order by due_at limit ${FALLBACK_BATCH}) due`,
    [],
    `${table}_workspaces`,
  );
  return rows.map(({ workspace_id }) => workspace_id);
}

/** How a message found its vendor, and what finds the next one. */
export interface Routed {
  workspace_id: number;
  id: string;
  channel: Channel;
  lane: Lane;
  tenant_id: string;
  provider: string;
  vendor_config_id: string;
}

/**
 * Hands over what its vendor has accepted and not reported on in time; returns how many were due. A report that came in
 * time counts though it is not applied yet: a message waits while its vendor's reports of that time are with another
 * process, or in a backlog.
 */
export async function handOverDue(
  tx: Tx,
  tables: ReadonlyMap<number, RouteTable>,
  deps: HandOverDeps,
): Promise<number> {
  const due = await tx.query<Routed & { is_open: boolean }>(
    `with unread as materialized (
       select workspace_id, vendor_config_id, min(received_at) as since from vendor_report
        where due_at <= now() group by workspace_id, vendor_config_id),
     due as (
       delete from vendor_fallback f using (
         select f.workspace_id, f.message_id from vendor_fallback f
          where f.due_at <= now() and f.workspace_id = any($1)
            and not exists (select from unread u join message m on m.workspace_id = u.workspace_id and m.vendor_config_id = u.vendor_config_id
                             where m.workspace_id = f.workspace_id and m.id = f.message_id and u.since <= f.due_at)
          order by f.due_at limit ${FALLBACK_BATCH}
            for update of f skip locked) d
        where f.workspace_id = d.workspace_id and f.message_id = d.message_id
       returning f.workspace_id, f.message_id)
     select m.workspace_id, m.id, m.channel, m.lane, m.tenant_id, m.provider, m.vendor_config_id,
            m.status = 'sent_by_vendor' as is_open
       from due join message m on m.workspace_id = due.workspace_id and m.id = due.message_id`,
    [[...tables.keys()]],
    "vendor_fallback_due",
  );
  await handOver(
    tx,
    due
      .filter(({ is_open }) => is_open)
      .flatMap((message) => {
        const next = nextVendor(tables.get(message.workspace_id), message);
        return next === null ? [] : [{ ...message, next, reason: "its delivery was not reported in time" }];
      }),
    deps,
  );
  return due.length;
}

/** The vendor that follows that of a message; null: none does, or the list is not known. */
export function nextVendor(
  table: RouteTable | undefined,
  { channel, lane, tenant_id, provider, vendor_config_id }: Omit<Routed, "id" | "workspace_id">,
): NextVendor | null {
  return table?.next(channel, rootOf(lane), tenant_id, provider, vendor_config_id) ?? null;
}
