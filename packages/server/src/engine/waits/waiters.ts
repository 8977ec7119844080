import type { Ref } from "../../queue/job.ts";
import type { Lane } from "../../core/lane.ts";
import { int, json, keysOf, rowsOf, text, timestamptz, uuid } from "../../db/bulk.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import type { Queue } from "../../queue/queue.ts";
import type { Flow } from "../../queue/fairness.ts";
import type { HttpReply } from "../../core/http-call.ts";
import type { Run } from "../run.ts";

/**
 * Waiting runs and their signals. A waiter is a row that says which run waits for which topic; a signal is a row that
 * wakes it. Signalling locks the run first, as walking does, and only then checks whether it still waits: so either the
 * walk in progress sees the signal, or the run is woken again after it, or its wait is over and there is no signal.
 * Nothing is missed, nothing is left over, and whether an event or a timeout wins is decided in one place, the run's
 * walk.
 */
export interface ReceivedEvent {
  workspace_id: number;
  /** An event's name in any case, or `PROFILE_CHANGED`. */
  topic: string;
  /** The person or tenant it concerns: see `Topic`. */
  key: string;
  /** The workspace's time of this transaction. */
  at: Date;
  /** The database's time at which an event was received; null is now. Waits that began later do not receive it. */
  received_at: Date | null;
  /** The event's request; null for a change of a profile. */
  request_id: string | null;
}

/**
 * Signals an event to waits that began before it was received, with that time: an event received after a deadline
 * loses to it. Signals name the request instead of holding its payload, because ten thousand runs may wait for it.
 *
 * Relies on the primary key of waiter. The updated run may be newer than the statement's snapshot: `due` waited for its
 * lock, and has the current row.
 */
export async function signalWaiters(
  tx: Tx,
  received: ReceivedEvent[],
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  if (received.length === 0) return;
  const { from, values } = rowsOf("h", [...received.entries()], {
    nth: int(([nth]) => nth),
    workspace_id: int(([, event]) => event.workspace_id),
    topic: text(([, event]) => event.topic.toLowerCase()),
    key: text(([, event]) => event.key),
    at: timestamptz(([, event]) => event.at),
    request_id: uuid(([, event]) => event.request_id),
    received_at: timestamptz(([, event]) => event.received_at),
  });
  const woken = await tx.query<Ref & Flow & { lane: Lane }>(
    `with heard as (
       select w.workspace_id, w.run_id, w.wait_id, array_agg(h.request_id order by h.nth) as requests,
              array_agg(h.at - greatest(now() - h.received_at, interval '0') order by h.nth) as times
         from ${from}
         join waiter w on w.workspace_id = h.workspace_id and w.key = h.key and w.topic = h.topic
        where w.created_at <= coalesce(h.received_at, clock_timestamp())
        group by w.workspace_id, w.run_id, w.wait_id),
${SIGNAL_HEARD("'profile'")}`,
    values,
    "signal_waiters",
  );
  await queue.enqueue(tx, "execute", woken);
}

/** Signals and wakes the runs of `heard`: rows of run and wait, each with its requests and their times. */
const SIGNAL_HEARD = (kind: string): string => `
     due as materialized (
       select r.workspace_id, r.id, r.wake_at, k.wait_id, k.requests, k.times
         from heard k join run r on r.workspace_id = k.workspace_id and r.id = k.run_id
        where r.status = 'in_progress' and r.state->'wait'->>'id' = k.wait_id
        order by r.workspace_id, r.id for no key update of r),
     told as (
       insert into signal (workspace_id, run_id, wait_id, kind, at, body)
       select due.workspace_id, due.id, due.wait_id, case when s.request_id is null then ${kind} else 'event' end,
              s.at, json_build_object('request_id', s.request_id)
         from due, unnest(due.requests, due.times) with ordinality as s(request_id, at, ordinality)
        order by s.ordinality)
     update run r set wake_at = null from due
      where r.workspace_id = due.workspace_id and r.id = due.id and due.wake_at is not null
      returning r.workspace_id, r.id, r.lane, r.tenant_id`;

/** A run, the wait it is in, and the time of the change. */
export interface Watcher extends Ref {
  wait_id: string;
  at: Date;
}

/** Signals these runs, unless they wait for something else by now. Events name their requests. */
export async function signalRuns(
  tx: Tx,
  watchers: (Watcher & { request_id?: string })[],
  kind: "event" | "profile" | "tenant" | "message",
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  if (watchers.length === 0) return;
  const { from, values } = rowsOf("w", [...watchers.entries()], {
    nth: int(([nth]) => nth),
    workspace_id: int(([, watcher]) => watcher.workspace_id),
    run_id: text(([, watcher]) => watcher.id),
    wait_id: text(([, watcher]) => watcher.wait_id),
    at: timestamptz(([, watcher]) => watcher.at),
    request_id: uuid(([, watcher]) => watcher.request_id ?? null),
  });
  const woken = await tx.query<Ref & Flow & { lane: Lane }>(
    `with heard as (
       select workspace_id, run_id, wait_id, array_agg(request_id order by nth) as requests,
              array_agg(at order by nth) as times
         from ${from} group by workspace_id, run_id, wait_id),
     ${SIGNAL_HEARD(`'${kind}'`)}`,
    values,
    `signal_${kind}`,
  );
  await queue.enqueue(tx, "execute", woken);
}

/** Signals the replies to calls, each once. A run that was cancelled meanwhile receives none. */
export async function signalReplies(
  tx: Tx,
  replies: (Ref & { wait_id: string; at: Date; reply: HttpReply })[],
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  if (replies.length === 0) return;
  const { from, values } = rowsOf("s", replies, {
    workspace_id: int((reply) => reply.workspace_id),
    run_id: text((reply) => reply.id),
    wait_id: text((reply) => reply.wait_id),
    at: timestamptz((reply) => reply.at),
    body: json((reply) => reply.reply),
  });
  const rows = await tx.query<Ref & Flow & { lane: Lane }>(
    `with due as materialized (
       select r.workspace_id, r.id, r.lane, r.tenant_id, s.wait_id, s.at, s.body
         from (select distinct on (workspace_id, run_id) * from ${from}) s
         join run r on r.workspace_id = s.workspace_id and r.id = s.run_id
        where r.status = 'in_progress' and r.state->'wait'->>'id' = s.wait_id
        order by r.workspace_id, r.id for no key update of r),
     told as (
       insert into signal (workspace_id, run_id, wait_id, kind, at, body)
       select workspace_id, id, wait_id, 'reply', at, body::json from due)
     select workspace_id, id, lane, tenant_id from due`,
    values,
    "signal_replies",
  );
  await queue.enqueue(tx, "execute", rows);
}

/** Writes the waits that began and ended with this write. */
export async function writeWaiters(tx: Queryable, runs: Run[]): Promise<void> {
  await stopListening(
    tx,
    runs.filter((run) => run.left.stoppedListening),
  );
  const began = runs.flatMap((run) =>
    (run.left.began?.topics ?? []).map(({ name, key }) => ({ run, name: name.toLowerCase(), key })),
  );
  if (began.length === 0) return;
  const { from, values } = rowsOf("w", began, {
    workspace_id: int(({ run }) => run.workspace_id),
    key: text(({ key }) => key),
    topic: text(({ name }) => name),
    run_id: text(({ run }) => run.id),
    wait_id: text(({ run }) => run.left.began?.id ?? ""),
  });
  await tx.query(
    `insert into waiter (workspace_id, key, topic, run_id, wait_id)
     select distinct on (workspace_id, key, topic, run_id) workspace_id, key, topic, run_id, wait_id from ${from}`,
    values,
    "waiters_insert",
  );
}

/** Deletes the waiters of these runs, which no longer wait, and their unread signals. */
export async function stopListening(tx: Queryable, runs: Ref[]): Promise<void> {
  if (runs.length === 0) return;
  const { from, values } = keysOf(runs);
  await tx.query(
    `with k as (select * from ${from}),
          heard as (delete from signal s using k where s.workspace_id = k.workspace_id and s.run_id = k.id)
     delete from waiter w using k where w.workspace_id = k.workspace_id and w.run_id = k.id`,
    values,
    "waiters_delete",
  );
}

/**
 * Deletes what runs that were ended from outside leave: their waiters and signals, and the batch that each carries.
 * Call it after the update that ended them, which holds their locks: they receive no signals then.
 */
export async function abandonWaits(tx: Queryable, runs: Ref[]): Promise<void> {
  if (runs.length === 0) return;
  await stopListening(tx, runs);
  const { from, values } = keysOf(runs);
  await tx.query(
    `delete from batch b using ${from}, run r
      where r.workspace_id = k.workspace_id and r.id = k.id
        and b.workspace_id = r.workspace_id and b.id = r.state->'wait'->>'batch_id' and b.carrier_run_id = r.id`,
    values,
    "waits_abandon",
  );
}

/** Deletes batches whose carriers ended without closing them, and that no other run has taken over since. */
export async function discardBatches(tx: Queryable, runs: Run[]): Promise<void> {
  const batches = runs.flatMap(({ workspace_id, id: run_id, left }) =>
    left.batches.map((id) => ({ workspace_id, id, run_id })),
  );
  if (batches.length === 0) return;
  const { from, values } = rowsOf("k", batches, {
    workspace_id: int((batch) => batch.workspace_id),
    id: text((batch) => batch.id),
    run_id: text((batch) => batch.run_id),
  });
  await tx.query(
    `delete from batch b using ${from}
      where b.workspace_id = k.workspace_id and b.id = k.id and b.carrier_run_id = k.run_id`,
    values,
    "batch_discard",
  );
}
