import type { Tx } from "../../db/db.ts";

/** A batch from which items may be removed. */
export interface OpenBatch {
  id: string;
  carrier_run_id: string | null;
}

/** Locks in key order, as gather does. From then on no run can add to these batches, carry them on, or close them. */
export async function lockBatches(
  tx: Tx,
  workspace_id: number,
  ids: readonly string[],
): Promise<OpenBatch[]> {
  if (ids.length === 0) return [];
  return tx.query<OpenBatch>(
    "select id, carrier_run_id from batch where workspace_id = $1 and id = any($2) order by identity for update",
    [workspace_id, ids],
  );
}

/** Expects the batches to be locked. Their items are deleted with them. */
export async function deleteBatches(tx: Tx, workspace_id: number, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query("delete from batch where workspace_id = $1 and id = any($2)", [workspace_id, ids]);
}

/** How many items are left in a batch, and the runs whose items were removed. */
export interface TakenOut {
  batch_id: string;
  left: number;
  run_ids: string[];
}

/** Removes the items of these runs from these batches, which must be locked. */
export async function takeOutItems(
  tx: Tx,
  workspace_id: number,
  batch_ids: readonly string[],
  run_ids: readonly string[],
): Promise<TakenOut[]> {
  if (batch_ids.length === 0) return [];
  const gone = await tx.query<{ batch_id: string; run_id: string }>(
    `delete from batch_item where workspace_id = $1 and batch_id = any($2) and run_id = any($3)
     returning batch_id, run_id`,
    [workspace_id, batch_ids, run_ids],
  );
  const left = await tx.query<{ batch_id: string; count: number }>(
    `select b.id as batch_id, count(i.seq)::int as count
       from batch b left join batch_item i on i.workspace_id = b.workspace_id and i.batch_id = b.id
      where b.workspace_id = $1 and b.id = any($2) group by b.id`,
    [workspace_id, batch_ids],
  );
  return left.map(({ batch_id, count }) => ({
    batch_id,
    left: count,
    run_ids: gone.filter((item) => item.batch_id === batch_id).map(({ run_id }) => run_id),
  }));
}
