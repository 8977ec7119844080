import { type ChangedMessage, wakeWatchers } from "./watchers.ts";
import { nextVendor, type Routed } from "./failover/due-fallbacks.ts";
import { handOver, type HandOverDeps } from "./failover/hand-over.ts";
import type { RouteTable } from "./vendor-table.ts";
import type { Queue } from "../queue/queue.ts";
import { int, rowsOf, text, timestamptz } from "../db/bulk.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { closeReached } from "../routing/success.ts";
import { OVER_SQL, rank } from "./status-rank.ts";

/** Reports about sent messages. Status only moves forward; an early report sets the times of the stages it implies. */
export interface Receipt {
  workspace_id: number;
  message_id: string;
  status: string;
  reason: string | null;
  /** When it happened, in milliseconds since 1970, by the vendor's clock; null: now. The future counts as now. */
  at?: number | null;
}

/**
 * A failure reported after acceptance ends a message unless its delivery was already reported. A report that meets the
 * goal of a smart routing cancels the rest of it. Returns the messages that runs may wait for, and those that failed.
 */
export async function applyReceipts(tx: Queryable, receipts: Receipt[]): Promise<MovedMessage[]> {
  if (receipts.length === 0) return [];
  const { from, values } = rowsOf("u", receipts, {
    workspace_id: int((receipt) => receipt.workspace_id),
    message_id: text((receipt) => receipt.message_id),
    status: text((receipt) => receipt.status),
    reason: text((receipt) => receipt.reason),
    at: timestamptz(({ at = null }) => (at === null ? null : new Date(at))),
  });
  const moved = await tx.query<MovedMessage>(
    `with moved as (
     update message m
        set status = case
              when u.status = 'delivery_failure' and m.status in ('triggered', 'sent_by_vendor') then 'failure_by_vendor'
              when ${rank("u.status")} > ${rank("m.status")} then u.status
              else m.status end,
            failure_reason = case when u.status = 'delivery_failure' and m.status in ('triggered', 'sent_by_vendor')
                                  then coalesce(u.reason, m.failure_reason) else m.failure_reason end,
            delivered_at = case when u.status in ('delivered', 'seen', 'clicked') then coalesce(m.delivered_at, ${AT}) else m.delivered_at end,
            seen_at = case when u.status in ('seen', 'clicked') then coalesce(m.seen_at, ${AT}) else m.seen_at end,
            clicked_at = case when u.status = 'clicked' then coalesce(m.clicked_at, ${AT}) else m.clicked_at end,
            updated_at = now()
       from (select distinct on (workspace_id, message_id) * from ${from}
              order by workspace_id, message_id, ${FURTHEST} desc) u
      where m.workspace_id = u.workspace_id and m.id = u.message_id
        and m.status not in (${OVER_SQL})
     returning m.workspace_id, m.id, m.smart_step, m.execution_id, m.tenant_id, m.lane, m.is_watched, m.channel,
               m.provider, m.vendor_config_id, m.failure_reason, m.status = 'failure_by_vendor' as has_failed)
     select * from moved where smart_step is not null or is_watched or has_failed`,
    values,
  );
  await closeReached(
    tx,
    moved.filter(({ smart_step }) => smart_step !== null),
  );
  return moved;
}

/** Of several reports about one message: a failure says more than that the vendor has it, less than that it arrived. */
const FURTHEST = `coalesce(2 * ${rank("u.status")}, 2 * ${rank("'sent_by_vendor'")} + 1)`;

export interface MovedMessage extends ChangedMessage, Routed {
  smart_step: number | null;
  has_failed: boolean;
  failure_reason: string | null;
}

/** Hands messages that failed after they had been accepted over to the next vendor of their lists. */
export async function handOverFailed(
  tx: Tx,
  moved: readonly MovedMessage[],
  { tables, ...deps }: FailoverDeps,
): Promise<void> {
  const asked = moved.flatMap((message) => {
    const next = message.has_failed ? nextVendor(tables.get(message.workspace_id), message) : null;
    return next === null ? [] : [{ ...message, next, reason: message.failure_reason ?? "" }];
  });
  await handOver(tx, asked, deps);
}

export interface FailoverDeps extends HandOverDeps {
  /** The priority lists of the workspaces whose reports are applied. */
  tables: ReadonlyMap<number, RouteTable>;
}

/** A vendor's clock may be wrong: nothing happens before its message was sent, or in the future. */
const AT = "greatest(least(coalesce(u.at, now()), now()), m.created_at)";

/** Reports applied in one transaction. */
export const RECEIPT_BATCH = 500;

export interface ReceiptDeps extends FailoverDeps {
  queue: HandOverDeps["queue"] & Pick<Queue, "enqueue">;
}

/** Applies the reports that are due, at most `RECEIPT_BATCH`, in the workspaces of `tables`; returns how many. */
export async function applyDueReceipts(tx: Tx, deps: ReceiptDeps): Promise<number> {
  const due = await tx.query<Receipt>(
    `delete from due_receipt where ctid in (
       select ctid from due_receipt where due_at <= now() and workspace_id = any($1) order by due_at limit ${RECEIPT_BATCH} for update skip locked)
     returning workspace_id, message_id, status, reason`,
    [[...deps.tables.keys()]],
  );
  const moved = await applyReceipts(tx, due);
  await handOverFailed(tx, moved, deps);
  await wakeWatchers(tx, moved, deps.queue);
  return due.length;
}
