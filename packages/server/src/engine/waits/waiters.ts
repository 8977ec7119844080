import type { Ref } from "../../queue/job.ts";
import type { Lane } from "../../core/lane.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import type { Queue } from "../../queue/queue.ts";
import type { Flow } from "../../queue/fairness.ts";
import type { HttpReply } from "../../core/http-call.ts";
import type { Run } from "../run.ts";

/**
 * Runs that wait for something, and what they are told. A waiter is a row that says which run wants to hear of what;
 * a signal is a row that tells it. Telling locks the run first, as walking does, and only then looks whether it still
 * waits: so either the walk that is under way sees the signal, or the run is woken again after it, or its wait is
 * over and there is no signal. Nothing is missed, nothing is left behind, and which of an event and a timeout a run
 * goes on with is decided in one place, by its walk.
 */
export interface ReceivedEvent {
  workspace_id: number;
  /** An event's name in any case, or `PROFILE_CHANGED`. */
  topic: string;
  /** Whom it concerns: see `Topic`. */
  key: string;
  /** The workspace's time of this transaction. */
  at: Date;
  /** By the database's clock, of an event; null is now. Waits that began later do not hear of it. */
  received_at: Date | null;
  /** The request that told of an event; null for a change of a profile. */
  request_id: string | null;
}

/**
 * A request is heard by waits that began before it was received, and counts as of then: what came after a deadline has
 * lost against it. Signals name the request instead of holding its payload, which ten thousand runs may wait for.
 *
 * Relies on the primary key of waiter. The run that is updated may be newer than what the statement saw when it began:
 * `due` waited for its lock, and has it as it is now.
 */
export async function signalWaiters(
  tx: Tx,
  received: ReceivedEvent[],
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  if (received.length === 0) return;
  const woken = await tx.query<Ref & Flow & { lane: Lane }>(
    `with heard as (
       select w.workspace_id, w.run_id, w.wait_id, array_agg(h.request_id order by h.ordinality) as requests,
              array_agg(h.at - greatest(now() - h.received_at, interval '0') order by h.ordinality) as times
         from unnest($1::int[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::timestamptz[])
                with ordinality as h(workspace_id, topic, key, at, request_id, received_at, ordinality)
         join waiter w on w.workspace_id = h.workspace_id and w.key = h.key and w.topic = h.topic
        where w.created_at <= coalesce(h.received_at, clock_timestamp())
        group by w.workspace_id, w.run_id, w.wait_id),
${TELL_HEARD("'profile'")}`,
    [
      received.map(({ workspace_id }) => workspace_id),
      received.map(({ topic }) => topic.toLowerCase()),
      received.map(({ key }) => key),
      received.map(({ at }) => at),
      received.map(({ request_id }) => request_id),
      received.map(({ received_at }) => received_at),
    ],
    "signal_waiters",
  );
  await queue.enqueue(tx, "execute", woken);
}

/** What wakes `heard`: rows of run and wait, each with the requests and times of what it is told. */
const TELL_HEARD = (kind: string): string => `
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

/** A run, what it waits for, and when that was. */
export interface Watcher extends Ref {
  wait_id: string;
  at: Date;
}

/** Tells these runs, unless they wait for something else by now, that their tenant has changed. */
export async function signalWatchers(
  tx: Tx,
  watchers: Watcher[],
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  if (watchers.length === 0) return;
  const woken = await tx.query<Ref & Flow & { lane: Lane }>(
    `with heard as (
       select workspace_id, run_id, wait_id, array[null::uuid] as requests, array[at] as times
         from unnest($1::int[], $2::text[], $3::text[], $4::timestamptz[]) as w(workspace_id, run_id, wait_id, at)),
     ${TELL_HEARD("'tenant'")}`,
    [
      watchers.map(({ workspace_id }) => workspace_id),
      watchers.map(({ id }) => id),
      watchers.map(({ wait_id }) => wait_id),
      watchers.map(({ at }) => at),
    ],
    "signal_watchers",
  );
  await queue.enqueue(tx, "execute", woken);
}

/** The replies to calls, each once. A run that was cancelled meanwhile is not there to hear. */
export async function signalReplies(
  tx: Tx,
  replies: (Ref & { wait_id: string; at: Date; reply: HttpReply })[],
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  if (replies.length === 0) return;
  const rows = await tx.query<Ref & Flow & { lane: Lane }>(
    `with due as materialized (
       select r.workspace_id, r.id, r.lane, r.tenant_id, s.wait_id, s.at, s.body
         from (select distinct on (workspace_id, run_id) *
                 from unnest($1::int[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
                        as s(workspace_id, run_id, wait_id, at, body)) s
         join run r on r.workspace_id = s.workspace_id and r.id = s.run_id
        where r.status = 'in_progress' and r.state->'wait'->>'id' = s.wait_id
        order by r.workspace_id, r.id for no key update of r),
     told as (
       insert into signal (workspace_id, run_id, wait_id, kind, at, body)
       select workspace_id, id, wait_id, 'reply', at, body::json from due)
     select workspace_id, id, lane, tenant_id from due`,
    [
      replies.map(({ workspace_id }) => workspace_id),
      replies.map(({ id }) => id),
      replies.map(({ wait_id }) => wait_id),
      replies.map(({ at }) => at),
      replies.map(({ reply }) => JSON.stringify(reply)),
    ],
    "signal_replies",
  );
  await queue.enqueue(tx, "execute", rows);
}

/** Waits that began and ended with this write. */
export async function writeWaiters(tx: Queryable, runs: Run[]): Promise<void> {
  await stopListening(
    tx,
    runs.filter((run) => run.left.stoppedListening),
  );
  const began = runs.flatMap((run) =>
    (run.left.began?.topics ?? []).map(({ name, key }) => ({ run, name: name.toLowerCase(), key })),
  );
  if (began.length === 0) return;
  await tx.query(
    `insert into waiter (workspace_id, key, topic, run_id, wait_id)
     select distinct on (workspace_id, key, topic, run_id) *
       from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[])
              as w(workspace_id, key, topic, run_id, wait_id)`,
    [
      began.map(({ run }) => run.workspace_id),
      began.map(({ key }) => key),
      began.map(({ name }) => name),
      began.map(({ run }) => run.id),
      began.map(({ run }) => run.left.began?.id ?? ""),
    ],
    "waiters_insert",
  );
}

/** These runs wait for nothing any more: their waiters go, and what they were told and have not heard. */
export async function stopListening(tx: Queryable, runs: Ref[]): Promise<void> {
  if (runs.length === 0) return;
  await tx.query(
    `with k as (select * from unnest($1::int[], $2::text[]) as k(workspace_id, run_id)),
          heard as (delete from signal s using k where s.workspace_id = k.workspace_id and s.run_id = k.run_id)
     delete from waiter w using k where w.workspace_id = k.workspace_id and w.run_id = k.run_id`,
    [runs.map(({ workspace_id }) => workspace_id), runs.map(({ id }) => id)],
    "waiters_delete",
  );
}

/**
 * What runs that were ended from outside leave behind: what `stopListening` takes away, and the batch that each
 * carries. To be called behind the update that ended them, which holds their locks: nobody tells them anything then.
 */
export async function abandonWaits(tx: Queryable, runs: Ref[]): Promise<void> {
  if (runs.length === 0) return;
  await stopListening(tx, runs);
  await tx.query(
    `delete from batch b using unnest($1::int[], $2::text[]) as k(workspace_id, id), run r
      where r.workspace_id = k.workspace_id and r.id = k.id
        and b.workspace_id = r.workspace_id and b.id = r.state->'wait'->>'batch_id' and b.carrier_run_id = r.id`,
    [runs.map(({ workspace_id }) => workspace_id), runs.map(({ id }) => id)],
    "waits_abandon",
  );
}

/** Batches whose carriers ended without closing them, and that nobody has taken over since. */
export async function discardBatches(tx: Queryable, runs: Run[]): Promise<void> {
  const batches = runs.flatMap(({ workspace_id, id: run_id, left }) =>
    left.batches.map((id) => ({ workspace_id, id, run_id })),
  );
  if (batches.length === 0) return;
  await tx.query(
    `delete from batch b using unnest($1::int[], $2::text[], $3::text[]) as k(workspace_id, id, run_id)
      where b.workspace_id = k.workspace_id and b.id = k.id and b.carrier_run_id = k.run_id`,
    [
      batches.map(({ workspace_id }) => workspace_id),
      batches.map(({ id }) => id),
      batches.map(({ run_id }) => run_id),
    ],
    "batch_discard",
  );
}
