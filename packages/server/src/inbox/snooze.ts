import { int, rowsOf, text } from "../db/bulk.ts";
import type { Tx } from "../db/db.ts";
import { IN_SCOPE, type Scope, scopeValues } from "../workspaces/clock.ts";
import type { Announce, FeedKey } from "./feed.ts";

const isDue = (next: number) => `i.snoozed_until <= coalesce($${next}::timestamptz, now())`;

/**
 * Returns items whose snooze is over: each comes back unread, as the newest of its feed, and is announced as a new one,
 * so that clients that know no snooze show it, too. Feeds live in real time, like the clocks of the devices that show
 * them; `base` replaces the database's. Returns how many were due, at most `limit`. Any number of processes may do it at
 * once.
 */
export async function returnSnoozed(
  tx: Tx,
  { announce, base, limit }: { announce: Announce; base: Date | null; limit: number },
  scope: Scope,
): Promise<number> {
  const due = await tx.query<{ workspace_id: number; recipient_id: string; id: string }>(
    `select i.workspace_id, i.recipient_id, i.id from inbox_item i
      where ${isDue(1)} and ${IN_SCOPE("i.workspace_id", 2)} order by i.snoozed_until limit $4`,
    [base, ...scopeValues(scope), limit],
    "inbox_snoozed_due",
  );
  if (due.length === 0) return 0;
  const { from, values, next } = rowsOf("k", due, {
    workspace_id: int((item) => item.workspace_id),
    recipient_id: text((item) => item.recipient_id),
    id: text((item) => item.id),
  });
  const given = [...values, base];
  const mine = `i.workspace_id = k.workspace_id and i.recipient_id = k.recipient_id and i.id = k.id and ${isDue(next)}`;
  await tx.query(
    `select from ${from} join inbox_item i on ${mine}
       join inbox_feed f on f.workspace_id = i.workspace_id and f.recipient_id = i.recipient_id and f.tenant_id = i.tenant_id
      order by f.workspace_id, f.recipient_id, f.tenant_id
        for no key update of f`,
    given,
    "inbox_snoozed_lock",
  );
  const back = await tx.query<FeedKey & { id: string; seq: number }>(
    `with s as materialized (
       select i.workspace_id, i.recipient_id, i.tenant_id, i.id, i.feed_id,
              row_number() over (feed order by i.snoozed_until, i.id) as step, count(*) over feed as total
         from ${from} join inbox_item i on ${mine}
       window feed as (partition by i.feed_id)),
     f as (
       update inbox_feed f
          set seq = f.seq + s.total,
              last_on = greatest(f.last_on + interval '1 millisecond', date_trunc('milliseconds', clock_timestamp()))
                        + (s.total - 1) * interval '1 millisecond'
         from s
        where s.step = 1
          and f.workspace_id = s.workspace_id and f.recipient_id = s.recipient_id and f.tenant_id = s.tenant_id
       returning f.feed_id, f.seq, f.last_on)
     update inbox_item i
        set snoozed_until = null, seen_at = null, read_at = null, seq = f.seq - s.total + s.step,
            new_seq = f.seq - s.total + s.step, created_on = f.last_on - (s.total - s.step) * interval '1 millisecond'
       from s join f on f.feed_id = s.feed_id
      where i.workspace_id = s.workspace_id and i.recipient_id = s.recipient_id and i.id = s.id
     returning i.workspace_id, i.recipient_id, i.tenant_id, i.id, i.seq`,
    given,
    "inbox_snoozed_return",
  );
  back.sort((a, b) => a.seq - b.seq);
  tx.afterCommit(() =>
    announce(back.map(({ id, seq, ...key }) => ({ key, seq, change: { kind: "new" as const, n_id: id } }))),
  );
  return due.length;
}
