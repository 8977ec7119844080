import type { Queryable } from "../db/db.ts";
import type { FeedKey } from "../inbox/feed.ts";
import type { ChangedItem, FeedReading } from "./feed-line.ts";

/** Items read of one feed. Someone who was away for long sees the newest; a list has the rest. */
const MAX_CHANGED = 100;

/**
 * The number of each feed, in the order asked; with `after`, also what changed since. One statement for many feeds: a look-up
 * by primary key for each, and a second one only in those that have changed.
 */
export async function readFeeds(
  db: Queryable,
  asked: readonly { key: FeedKey; after: number | undefined }[],
): Promise<FeedReading[]> {
  const rows = await db.query<{ n: number; seq: number; changed: ChangedItem[] | null }>(
    `select w.n, coalesce(f.seq, 0) as seq, c.changed
       from unnest($1::int[], $2::text[], $3::text[], $4::bigint[])
            with ordinality w(workspace_id, recipient_id, tenant_id, after, n)
       left join inbox_feed f using (workspace_id, recipient_id, tenant_id)
       left join lateral (
         select jsonb_agg(jsonb_build_object('n_id', i.id, 'seq', i.seq, 'new_seq', i.new_seq,
                                             'is_archived', i.archived_at is not null)) as changed
           from (select id, seq, new_seq, archived_at from inbox_item i
                  where i.feed_id = f.feed_id and i.seq > w.after
                  order by i.seq desc limit $5) i
       ) c on f.seq > w.after
      order by w.n`,
    [
      asked.map(({ key }) => key.workspace_id),
      asked.map(({ key }) => key.recipient_id),
      asked.map(({ key }) => key.tenant_id),
      asked.map(({ after }) => after ?? null),
      MAX_CHANGED,
    ],
    "feeds_read",
  );
  return rows.map(({ seq, changed }) => ({ seq, changed: changed ?? [] }));
}
