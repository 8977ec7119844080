import type { Lane } from "../../core/lane.ts";
import { storableJson } from "../../core/text/text.ts";
import type { Tx } from "../../db/db.ts";
import type { IdSource } from "../../ids.ts";
import type { Swap } from "../../lists/drafts.ts";
import { eventOf, type ListEvent, type Way } from "../../lists/lists.ts";
import { closeSnapshots, readSnapshot, snapshotOf, whoIsIn } from "../../lists/snapshots.ts";
import type { Ref } from "../../queue/job.ts";
import type { Queue } from "../../queue/queue.ts";
import { causeListEvents } from "./list-events.ts";

/**
 * The events of a draft that takes its list's place: each user of one version who was not in the other has entered or
 * left. A list may have a million, so they are caused page by page, by jobs of the signal stage; the first pages in the
 * transaction of the swap, which is all for most lists. Both versions are read as they were at the swap: who comes or
 * goes afterwards has an event of their own.
 */
const PREFIX = "swap_";
const PAGE = 1000;
/** Pages in the transaction of the swap itself. */
const AT_ONCE = 4;
/** Signals of all lanes share the middle one. */
const LANE = 1;

type SwapDeps = { ids: IdSource; queue: Pick<Queue, "enqueue"> };

interface PendingSwap {
  before_snapshot: string;
  after_snapshot: string;
  events: Record<Way, { lane: Lane; event: ListEvent } | null>;
  way: Way;
  after_id: string;
}

/** Whether a job of the signal stage is about a swap. */
export function isSwap({ id }: Ref): boolean {
  return id.startsWith(PREFIX);
}

/** Causes the events of a swap, of which this is the transaction: some now, the others in jobs. */
export async function causeSwapEvents(
  tx: Tx,
  workspace_id: number,
  { list, before, after }: Swap,
  lanes: Record<Way, Lane>,
  deps: SwapDeps,
): Promise<void> {
  const eventOn = (way: Way) => {
    const event = eventOf(list, way);
    return event === null ? null : { lane: lanes[way], event };
  };
  const events = { entry: eventOn("entry"), exit: eventOn("exit") };
  if (events.entry === null && events.exit === null) return;
  let swap: PendingSwap | null = {
    before_snapshot: await snapshotOf(tx, workspace_id, { version_id: before }, deps.ids),
    after_snapshot: await snapshotOf(tx, workspace_id, { version_id: after }, deps.ids),
    events,
    way: "entry",
    after_id: "",
  };
  const snapshots = [swap.before_snapshot, swap.after_snapshot];
  for (let page = 0; page < AT_ONCE && swap !== null; page++)
    swap = await causePage(tx, workspace_id, swap, deps);
  if (swap === null) return closeSnapshots(tx, workspace_id, snapshots);
  const id = `${PREFIX}${deps.ids.ulid()}`;
  await tx.query(
    `insert into list_swap (workspace_id, id, before_snapshot, after_snapshot, events, way, after_id)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      workspace_id,
      id,
      swap.before_snapshot,
      swap.after_snapshot,
      storableJson(swap.events),
      swap.way,
      swap.after_id,
    ],
  );
  await deps.queue.enqueue(tx, "signal", [{ workspace_id, id, lane: LANE }]);
}

/** A job's turn: one page, and a job for the next. */
export async function continueSwap(tx: Tx, ref: Ref, deps: SwapDeps): Promise<void> {
  const { workspace_id, id } = ref;
  const [pending] = await tx.query<PendingSwap>(
    "select before_snapshot, after_snapshot, events, way, after_id from list_swap where workspace_id = $1 and id = $2",
    [workspace_id, id],
  );
  if (pending === undefined) return;
  const next = await causePage(tx, workspace_id, pending, deps);
  if (next === null) return forgetSwap(tx, ref);
  await tx.query("update list_swap set way = $3, after_id = $4 where workspace_id = $1 and id = $2", [
    workspace_id,
    id,
    next.way,
    next.after_id,
  ]);
  await deps.queue.enqueue(tx, "signal", [{ workspace_id, id, lane: LANE }]);
}

export async function forgetSwap(tx: Tx, { workspace_id, id }: Ref): Promise<void> {
  const gone = await tx.query<Pick<PendingSwap, "before_snapshot" | "after_snapshot">>(
    "delete from list_swap where workspace_id = $1 and id = $2 returning before_snapshot, after_snapshot",
    [workspace_id, id],
  );
  const snapshots = gone.flatMap(({ before_snapshot, after_snapshot }) => [before_snapshot, after_snapshot]);
  await closeSnapshots(tx, workspace_id, snapshots);
}

/** Where the swap stands after a page; null at its end. */
async function causePage(
  tx: Tx,
  workspace_id: number,
  swap: PendingSwap,
  deps: SwapDeps,
): Promise<PendingSwap | null> {
  const { way, after_id, before_snapshot, after_snapshot } = swap;
  const otherWay = way === "entry" ? { ...swap, way: "exit" as const, after_id: "" } : null;
  const caused = swap.events[way];
  if (caused === null) return otherWay;
  const [here, there] =
    way === "entry" ? [after_snapshot, before_snapshot] : [before_snapshot, after_snapshot];
  const members = await readSnapshot(tx, workspace_id, here, after_id, PAGE);
  const both = await whoIsIn(
    tx,
    workspace_id,
    there,
    members.map(({ recipient_id }) => recipient_id),
  );
  const distinct_ids = members.flatMap(({ recipient_id, distinct_id }) =>
    both.has(recipient_id) ? [] : [distinct_id],
  );
  await causeListEvents(tx, workspace_id, { ...caused, distinct_ids }, deps);
  const last = members.at(-1);
  return last === undefined || members.length < PAGE ? otherWay : { ...swap, after_id: last.id };
}
