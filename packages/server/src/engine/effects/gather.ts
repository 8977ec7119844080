import { bucketOfId } from "../../ids.ts";
import type { EffectFunction } from "../deps.ts";
import { createHash } from "node:crypto";
import { identityName } from "../../core/profile/identity.ts";
import { nodeAt } from "../../core/run-state.ts";
import { insertAll, int, json, rowsOf, text, timestamptz } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import type { Gathered, Gathering } from "../effect.ts";
import type { Run } from "../run.ts";

/**
 * Open-or-append of batches and digests, for all runs of a chunk at once. A batch is its row: opening inserts it under
 * a unique identity, appending holds a lock on it, closing deletes it (`seal.ts`). A run that waits for that lock and
 * finds the row gone opens a new batch, so an item is in exactly one batch, however the race with the closing ends.
 */
export const gather: EffectFunction<"gather"> = async (tx, asked, _surroundings, { ids }) => {
  const arrivals = asked.map(({ run, request }): Arrival => {
    return { run, request, identity: identityOf(run, request), id: ids.ulidIn(bucketOfId(run.id)) };
  });
  // In order of arrival: the first trigger opens the batch.
  const ordered = arrivals.toSorted((one, other) => (one.run.id < other.run.id ? -1 : 1));
  const opened = await openOrLock(tx, ordered);
  const batches = await readBatches(tx, ordered);
  const results = new Map<Arrival, Gathered>();
  const added: Joined[] = [];
  const carried: Joined[] = [];
  for (const arrival of ordered) {
    const batch = batches.get(keyOf(arrival));
    if (batch === undefined) throw new Error(`run ${arrival.run.id} found no batch to join`);
    const isOpener = opened.has(arrival.id);
    // True for a carrier whose node is entered again.
    const isIn = !isOpener && batch.carrier_run_id === arrival.run.id;
    const result = join(arrival, batch, isOpener);
    results.set(arrival, result);
    if (result.role !== "leading" && !isIn) added.push({ arrival, batch });
    if (result.role === "carrier" && !isOpener && !isIn) carried.push({ arrival, batch });
  }
  await writeCarriers(tx, carried);
  await insertItems(tx, added);
  return arrivals.map((arrival) => results.get(arrival) ?? lost(arrival));
};

interface Arrival {
  run: Run;
  request: Gathering;
  identity: string;
  /** The batch's id, should this run open it. */
  id: string;
}

interface OpenBatch {
  id: string;
  carrier_run_id: string | null;
  closes_at: Date;
  /** True if its carrier ended without closing it. */
  is_abandoned: boolean;
}

interface Joined {
  arrival: Arrival;
  batch: OpenBatch;
}

/** Excludes version and lane, so that runs of a newer version join a batch opened by an older one. */
function identityOf(run: Run, { key }: Gathering): string {
  const who =
    run.inline?.is_transient === true
      ? ["transient", run.inline.identities.map(identityName).sort()]
      : [run.object_type, run.distinct_id];
  const node = run.position === null ? null : nodeAt(run.workflow.nodes, run.position);
  const parts = [run.workflow.slug, node?.ref ?? "", run.tenant_id, who, key];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}

const keyOf = (arrival: Arrival): string => `${arrival.run.workspace_id}/${arrival.identity}`;

/**
 * Opens the batches that are not open and locks those that are; returns the ids of the opened ones. Uses one pass in
 * key order, so that chunks that gather do not deadlock: inserting first and locking existing rows afterwards would be
 * two passes. `on conflict` waits for a concurrent opening or closing of the same identity, and the row stays locked
 * even where `where` prevents the update.
 *
 * The update replaces windows after a leading item in which nothing gathered: no run sleeps for those, so they end when
 * the next item comes.
 */
async function openOrLock(tx: Tx, ordered: Arrival[]): Promise<Set<string>> {
  const firsts = [...new Map(ordered.toReversed().map((arrival) => [keyOf(arrival), arrival])).values()];
  const rows = await insertAll<"batch", Arrival, { id: string }>(
    tx,
    "batch",
    firsts,
    {
      workspace_id: int(({ run }) => run.workspace_id),
      identity: text(({ identity }) => identity),
      id: text(({ id }) => id),
      carrier_run_id: text(({ run, request }) => (request.flush_leading ? null : run.id)),
      closes_at: timestamptz(({ request }) => request.closes_at),
      created_at: timestamptz(({ run }) => run.now),
    },
    `order by workspace_id, identity collate "C"
     on conflict (workspace_id, identity) do update
        set id = excluded.id, carrier_run_id = excluded.carrier_run_id, closes_at = excluded.closes_at,
            created_at = excluded.created_at
      where batch.carrier_run_id is null and batch.closes_at <= excluded.created_at
     returning id`,
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * Expects all batches to be locked. Needs its own statement, to see what was committed while the locks were awaited.
 */
async function readBatches(tx: Tx, ordered: Arrival[]): Promise<Map<string, OpenBatch>> {
  const keys = [...new Map(ordered.map((arrival) => [keyOf(arrival), arrival])).values()];
  const { from, values } = rowsOf("k", keys, {
    workspace_id: int(({ run }) => run.workspace_id),
    identity: text(({ identity }) => identity),
  });
  const rows = await tx.query<OpenBatch & { workspace_id: number; identity: string }>(
    `select b.workspace_id, b.identity, b.id, b.carrier_run_id, b.closes_at,
            exists (select 1 from run r where r.workspace_id = b.workspace_id and r.id = b.carrier_run_id
                                          and r.status <> 'in_progress') as is_abandoned
       from ${from}
       join batch b on b.workspace_id = k.workspace_id and b.identity = k.identity`,
    values,
    "batch_find",
  );
  return new Map(rows.map(({ workspace_id, identity, ...batch }) => [`${workspace_id}/${identity}`, batch]));
}

/**
 * Makes the second run after a leading item carry the batch. The same applies to a run that arrives at a batch whose
 * carrier failed before closing it: the new carrier takes over its items, so that no run joins a batch that never
 * closes.
 */
function join(arrival: Arrival, batch: OpenBatch, isOpener: boolean): Gathered {
  const { id: batch_id, closes_at } = batch;
  if (isOpener && arrival.request.flush_leading) return { role: "leading", batch_id, closes_at };
  if (batch.carrier_run_id === null || batch.is_abandoned) {
    batch.carrier_run_id = arrival.run.id;
    batch.is_abandoned = false;
  }
  return batch.carrier_run_id === arrival.run.id
    ? { role: "carrier", batch_id, closes_at }
    : { role: "joined", batch_id, carrier_run_id: batch.carrier_run_id, closes_at };
}

async function writeCarriers(tx: Tx, carried: Joined[]): Promise<void> {
  if (carried.length === 0) return;
  const { from, values } = rowsOf("u", carried, {
    workspace_id: int(({ arrival }) => arrival.run.workspace_id),
    identity: text(({ arrival }) => arrival.identity),
    run_id: text(({ arrival }) => arrival.run.id),
  });
  await tx.query(
    `update batch b set carrier_run_id = u.run_id
       from ${from}
      where b.workspace_id = u.workspace_id and b.identity = u.identity`,
    values,
    "batch_carry",
  );
}

/**
 * `seq` is assigned in the order of the rows, and grows while the batch is locked: it is the order of arrival. An
 * arrival that stands for more triggers than it has items, because an earlier batch did not retain them, counts the
 * rest on its last item.
 */
async function insertItems(tx: Tx, joined: Joined[]): Promise<void> {
  const added = joined.flatMap(({ arrival, batch }) => {
    const { items, count } = arrival.request;
    return items.map((item, index) => {
      const weight = index === items.length - 1 ? count - index : 1;
      return { arrival, batch, item, weight };
    });
  });
  await insertAll(tx, "batch_item", added, {
    workspace_id: int(({ arrival }) => arrival.run.workspace_id),
    batch_id: text(({ batch }) => batch.id),
    run_id: text(({ arrival }) => arrival.run.id),
    idempotency_key: text(({ arrival }) => arrival.run.idempotency_key),
    item: json(({ item }) => item),
    weight: int(({ weight }) => weight),
  });
}

function lost({ run }: Arrival): never {
  throw new Error(`run ${run.id} was not gathered`);
}
