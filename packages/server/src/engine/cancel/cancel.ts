import type { Tx } from "../../db/db.ts";
import { isContention } from "../../db/fault.ts";
import { cancelRouting } from "../../routing/success.ts";
import { readNows } from "../../workspaces/clock.ts";
import type { EngineDeps } from "../deps.ts";
import { stopListening } from "../waits/waiters.ts";
import { deleteBatches, lockBatches, takeOutItems } from "./batches.ts";
import { type CancelFilter, namesPart, namesTrigger } from "./filter.ts";
import { awaitExpanding, leaveNotice, renewNotice } from "../expand/notices.ts";
import { findPeople, type NamedPeople } from "./people.ts";
import { cancelPages, cancelRequests, findRequests } from "./requests.ts";
import {
  findChildren,
  findRuns,
  isAnyRunning,
  lockRunning,
  type MatchedRun,
  readRuns,
  writeCancelled,
  writeStep,
} from "./runs.ts";

/**
 * Cancel ends runs that are in progress and what they would have led to: requests that are not expanded yet, the runs
 * of an object's subscribers, their messages whose turn in a smart routing is still to come. What was triggered earlier
 * stays, and so does what a finished run made: the answer lists exactly the runs that the cancel ended. All of it is one
 * transaction, which locks in the same order as all others: requests, runs, batches, messages, each in key order. So a run
 * is either cancelled or continues, and once the answer is out no further message is made.
 *
 * A batch is deleted with the run that carries it when that run or its recipient is named. When a trigger is named,
 * only the items of that trigger are removed from the batch: the items of other triggers stay. A run whose batch
 * becomes empty is cancelled too.
 */
export type CancelDeps = Pick<EngineDeps, "db" | "queue" | "recipients" | "clock" | "meter">;

/** A cancel restarts when it discovers more rows to lock or loses a deadlock. */
const MAX_ROUNDS = 20;

/** It locks whatever it names, and waits for those who hold it. */
const STATEMENT_MS = 60_000;

/** Returns the ids of the runs that were cancelled, in order. */
export async function cancelRuns(
  engine: CancelDeps,
  workspace_id: number,
  filter: CancelFilter,
): Promise<string[]> {
  const deps = { ...engine, db: engine.db.patient(STATEMENT_MS) };
  const notice = namesPart(filter) ? await holdBack(deps, workspace_id, filter) : [];
  const cancelled = await cancelThose(deps, workspace_id, filter, notice);
  if (notice.length === 0) return cancelled;
  // A run may have triggered a workflow before it was locked, and the expand of that request may have missed the
  // renewed notice.
  await awaitExpanding(deps.db, workspace_id);
  const further = await cancelThose(deps, workspace_id, filter, []);
  return [...new Set([...cancelled, ...further])].toSorted();
}

async function cancelThose(
  deps: CancelDeps,
  workspace_id: number,
  filter: CancelFilter,
  notice: readonly string[],
): Promise<string[]> {
  const carriers = new Set<string>();
  for (let round = 1; ; round++) {
    try {
      return await deps.db.tx((tx) => cancel(tx, workspace_id, filter, { carriers, notice }, deps));
    } catch (error) {
      if (round >= MAX_ROUNDS || !isPassing(error)) throw error;
      if (error instanceof MoreToLock) for (const id of error.ids) carriers.add(id);
    }
  }
}

/**
 * Leaves a notice for requests that have no runs yet. If none is pending and no run is executing, all runs can be
 * found.
 */
async function holdBack(
  { db, queue, recipients }: CancelDeps,
  workspace_id: number,
  filter: CancelFilter,
): Promise<string[]> {
  const pending = [await queue.oldestPending(db, "execute"), await queue.oldestPending(db, "expand")];
  if (pending.every((since) => since === null)) return [];
  const named = filter.recipients;
  const people = named === null ? null : await findPeople(db, workspace_id, named, recipients);
  const ids = await leaveNotice(db, workspace_id, filter, people);
  await awaitExpanding(db, workspace_id);
  return ids;
}

/** More runs turned out to carry a batch; locking them now would break the lock order. */
class MoreToLock extends Error {
  override name = "MoreToLock";
  ids: string[];

  constructor(ids: string[]) {
    super("more runs must be locked");
    this.ids = ids;
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof MoreToLock || isContention(error);
}

async function cancel(
  tx: Tx,
  workspace_id: number,
  filter: CancelFilter,
  { carriers, notice }: { carriers: ReadonlySet<string>; notice: readonly string[] },
  deps: CancelDeps,
): Promise<string[]> {
  const people =
    filter.recipients === null
      ? null
      : await findPeople(tx, workspace_id, filter.recipients, deps.recipients);
  const hasKeys = filter.idempotency_key !== null || filter.cancellation_key !== null;
  const request_ids = hasKeys ? await findRequests(tx, workspace_id, filter) : null;
  if (namesTrigger(filter) && !namesPart(filter)) await cancelRequests(tx, workspace_id, request_ids ?? []);
  const find = () => findAll(tx, workspace_id, filter, request_ids, people);
  const seen = await find();
  // A page that was being expanded may have created more runs by now.
  const isLess = await stopFanOut(tx, workspace_id, filter, seen);
  const ids = (isLess ? await find() : seen).map(({ id }) => id);
  const running = await lockRunning(tx, workspace_id, [...ids, ...carriers]);
  await renewNotice(tx, workspace_id, notice);
  // Re-reads the runs under their locks: one may have joined a batch while its lock was awaited.
  const matched = await readRuns(tx, workspace_id, ids);
  const now = (await readNows(tx, [workspace_id], await deps.clock(tx))).get(workspace_id) ?? new Date();
  const { spared, idle } = await clearBatches(tx, workspace_id, { filter, matched, running, now });
  const named = new Set(ids);
  const cancelled = running.filter((id) => idle.has(id) || (named.has(id) && !spared.has(id)));
  await endRuns(tx, workspace_id, cancelled, now);
  await cancelRouting(tx, toRefs(workspace_id, cancelled));
  tx.afterCommit(() => deps.meter.runs("cancelled", cancelled.length));
  return cancelled;
}

async function findAll(
  tx: Tx,
  workspace_id: number,
  filter: CancelFilter,
  request_ids: string[] | null,
  people: NamedPeople | null,
): Promise<MatchedRun[]> {
  const named = await findRuns(tx, workspace_id, filter, request_ids, people);
  const children = await findChildren(tx, workspace_id, named.filter(isObject));
  return [...new Map([...named, ...children].map((run) => [run.id, run])).values()];
}

/** Only runs of objects have children that are part of the same request. */
const isObject = ({ object_type }: MatchedRun): boolean => object_type !== "";

/** Prevents further children. Returns true if some may have been created before. */
async function stopFanOut(
  tx: Tx,
  workspace_id: number,
  { recipients, execution_id, idempotency_key, workflow_slug }: CancelFilter,
  matched: MatchedRun[],
): Promise<boolean> {
  // Children of an object whose own run was never created have no parent run to be found by.
  const isWhole = recipients === null && execution_id === null;
  const keys = new Set((isWhole ? matched : matched.filter(isObject)).map((run) => run.idempotency_key));
  if (isWhole && idempotency_key !== null) keys.add(idempotency_key);
  const parents = isWhole ? null : matched.filter(isObject).map(({ id }) => id);
  return cancelPages(tx, workspace_id, [...keys], parents, workflow_slug);
}

interface Standing {
  filter: CancelFilter;
  matched: MatchedRun[];
  /** Locked runs: those named, and some that carry their items. */
  running: string[];
  now: Date;
}

/**
 * Removes the items of these runs from batches: `spared` carry on with others' items, `idle` carry nothing any more.
 */
async function clearBatches(
  tx: Tx,
  workspace_id: number,
  { filter, matched, running, now }: Standing,
): Promise<{ spared: Set<string>; idle: Set<string> }> {
  const open = await lockBatches(tx, workspace_id, [...new Set(matched.flatMap(({ batches }) => batches))]);
  const carriers = open.flatMap(({ carrier_run_id }) => carrier_run_id ?? []);
  const locked = new Set(running);
  const unlocked = carriers.filter((id) => !locked.has(id));
  if (await isAnyRunning(tx, workspace_id, unlocked)) throw new MoreToLock(unlocked);
  const ids = new Set(matched.map(({ id }) => id));
  const ending = namesTrigger(filter)
    ? []
    : open.filter(({ carrier_run_id }) => carrier_run_id !== null && ids.has(carrier_run_id));
  const others = open.filter((batch) => !ending.includes(batch)).map(({ id }) => id);
  const taken = await takeOutItems(tx, workspace_id, others, [...ids]);
  const empty = taken.filter(({ left }) => left === 0).map(({ batch_id }) => batch_id);
  await deleteBatches(tx, workspace_id, [...ending.map(({ id }) => id), ...empty]);
  const losers = taken.flatMap(({ run_ids }) => run_ids);
  await writeStep(tx, workspace_id, losers, now, "its item was taken out of the batch via API");
  const carriersOf = (ids: string[]) =>
    new Set(open.flatMap(({ id, carrier_run_id }) => (ids.includes(id) ? (carrier_run_id ?? []) : [])));
  return { spared: carriersOf(others.filter((id) => !empty.includes(id))), idle: carriersOf(empty) };
}

async function endRuns(tx: Tx, workspace_id: number, ids: string[], now: Date): Promise<void> {
  if (ids.length === 0) return;
  await writeCancelled(tx, workspace_id, ids, now);
  await stopListening(tx, toRefs(workspace_id, ids));
}

const toRefs = (workspace_id: number, ids: string[]) => ids.map((id) => ({ workspace_id, id }));
