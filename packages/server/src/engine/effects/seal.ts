import type { EffectFunction } from "../deps.ts";
import type { JsonObject } from "../../core/json.ts";
import { bool, int, rowsOf, text } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import type { Sealed } from "../effect.ts";

/**
 * Closes batches: deletes their rows, so that the next arrival opens a new one, and their items, of which up to the
 * retained number are returned. Arrivals hold a lock on the row; the lock taken here waits for them, and an arrival
 * that waits for this lock finds the row gone. Only its carrier closes a batch: any other run counts nothing.
 */
export const seal: EffectFunction<"seal"> = async (tx, asked) => {
  const own = await lockOwn(tx, asked);
  const sealed = own.length === 0 ? new Map<string, Sealed>() : await close(tx, own);
  return asked.map(({ request }) => sealed.get(request.batch_id) ?? { count: 0, items: [] });
};

type Asked = Parameters<typeof seal>[1];

/** Locks in key order, as gather does. */
async function lockOwn(tx: Tx, asked: Asked): Promise<Asked> {
  const { from, values } = rowsOf("k", asked, {
    workspace_id: int(({ run }) => run.workspace_id),
    id: text(({ request }) => request.batch_id),
    run_id: text(({ run }) => run.id),
  });
  const rows = await tx.query<{ id: string }>(
    `select b.id from ${from}
       join batch b on b.workspace_id = k.workspace_id and b.id = k.id and b.carrier_run_id = k.run_id
      order by b.workspace_id, b.identity for update of b`,
    values,
    "batch_lock",
  );
  const locked = new Set(rows.map(({ id }) => id));
  return asked.filter(({ request }) => locked.has(request.batch_id));
}

/**
 * Needs its own statement, to see the items that were committed while the locks were awaited. First and last items have
 * separate branches: an order that depends on a column would read and sort all items instead of the first of an index.
 */
async function close(tx: Tx, own: Asked): Promise<Map<string, Sealed>> {
  const { from, values } = rowsOf("k", own, {
    workspace_id: int(({ run }) => run.workspace_id),
    id: text(({ request }) => request.batch_id),
    retain_count: int(({ request }) => request.retain_count),
    is_last: bool(({ request }) => request.retain_order === "last"),
  });
  const rows = await tx.query<{ id: string; count: number; items: JsonObject[] | null }>(
    `with k as (select * from ${from}),
          closed as (delete from batch b using k where b.workspace_id = k.workspace_id and b.id = k.id)
     select k.id, counted.count, retained.items
       from k,
            lateral (select coalesce(sum(weight), 0)::int as count from batch_item i
                      where i.workspace_id = k.workspace_id and i.batch_id = k.id) counted,
            lateral (select json_agg(r.item order by r.seq) as items
                       from ((select item, seq from batch_item i
                               where i.workspace_id = k.workspace_id and i.batch_id = k.id and not k.is_last
                               order by seq limit k.retain_count)
                             union all
                             (select item, seq from batch_item i
                               where i.workspace_id = k.workspace_id and i.batch_id = k.id and k.is_last
                               order by seq desc limit k.retain_count)) r) retained`,
    values,
    "batch_close",
  );
  return new Map(rows.map(({ id, count, items }) => [id, { count, items: items ?? [] }]));
}
