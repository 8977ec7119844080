import { int, rowsOf, text } from "../db/bulk.ts";
import type { Db } from "../db/db.ts";

/** Items of one transaction. */
const AT_ONCE = 1000;

/**
 * Removes items that came more than so many days ago, a page at a time; returns how many. Clients that last asked before
 * a removed item changed begin anew. Relies on inbox_item_age.
 */
export async function forgetItems(db: Db, days: number): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const old = await db.query<{ workspace_id: number; recipient_id: string; id: string }>(
      `select workspace_id, recipient_id, id from inbox_item
        where created_on < now() - $1 * interval '1 day' limit ${AT_ONCE}`,
      [days],
    );
    if (old.length === 0) return forgotten;
    const { from, values, next } = rowsOf("k", old, {
      workspace_id: int((item) => item.workspace_id),
      recipient_id: text((item) => item.recipient_id),
      id: text((item) => item.id),
    });
    const given = [...values, days];
    // One that came back from a snooze meanwhile is young again.
    const isOld = `i.workspace_id = k.workspace_id and i.recipient_id = k.recipient_id and i.id = k.id
      and i.created_on < now() - $${next} * interval '1 day'`;
    const gone = await db.tx(
      async (tx) => {
        // All who change items lock their feeds first, in this order.
        await tx.query(
          `select from ${from} join inbox_item i on ${isOld}
             join inbox_feed f on f.workspace_id = i.workspace_id and f.recipient_id = i.recipient_id and f.tenant_id = i.tenant_id
            order by f.workspace_id, f.recipient_id, f.tenant_id
              for no key update of f`,
          given,
        );
        return tx.query(
          `with gone as (
             delete from inbox_item i using ${from} where ${isOld} returning i.workspace_id, i.recipient_id, i.tenant_id, i.seq),
           f as (
             update inbox_feed f set forgotten_seq = greatest(f.forgotten_seq, g.seq)
               from (select workspace_id, recipient_id, tenant_id, max(seq) as seq from gone group by 1, 2, 3) g
              where f.workspace_id = g.workspace_id and f.recipient_id = g.recipient_id and f.tenant_id = g.tenant_id)
           select from gone`,
          given,
        );
      },
      { again: true },
    );
    forgotten += gone.length;
    // What is left came back, or another process has it.
    if (old.length < AT_ONCE || gone.length === 0) return forgotten;
  }
}

/**
 * Archives what has expired, so that lists do not go through it for ever; returns how many. It is no change that a client
 * hears of: since the instant of its expiry an item is in no list, and archived where it is asked for.
 */
export async function archiveExpired(db: Db): Promise<number> {
  let archived = 0;
  for (;;) {
    const rows = await db.query(
      `update inbox_item set archived_at = expiry where ctid = any(array(
         select ctid from inbox_item where expiry <= now() and archived_at is null
          order by expiry limit ${AT_ONCE} for update skip locked)) returning 1`,
    );
    archived += rows.length;
    if (rows.length < AT_ONCE) return archived;
  }
}
