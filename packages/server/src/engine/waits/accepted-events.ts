import { keysOf } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import { ulidMs, uuidTime } from "../../ids.ts";
import type { Handler, Ref } from "../../queue/job.ts";
import { WORKSPACE_NOW } from "../../workspaces/clock.ts";
import type { EngineDeps } from "../deps.ts";
import { isEventTopic, MESSAGE_CHANGED, PROFILE_CHANGED, TENANT_CHANGED, type Topic } from "../node.ts";
import { type ChunkData, memberOf, type Run } from "../run.ts";
import { signalMissedChanges } from "./profile-signals.ts";
import { signalMissedTenants } from "./tenant-signals.ts";
import type { Queue } from "../../queue/queue.ts";
import { signalRuns, type Watcher } from "./waiters.ts";

/**
 * Events are handled after they were accepted, and a wait can be signalled only once it has been committed. An event may
 * therefore be handled before the wait that it ends is there, or not be handled yet when the wait's time is up. Whatever
 * was accepted is on disk, so both are looked up: by a job, as soon as a wait has been committed, and by the walk that
 * would otherwise let the time win.
 *
 * A wait counts events accepted after it was registered. One that its run reaches without having waited before counts
 * those accepted after the run's request: to its caller, the event came after the trigger.
 */
export interface AcceptedEvent extends Watcher {
  request_id: string;
}

/** Events of one user that a wait looks at, newest first: those before them have long been handled. */
const MOST_EVENTS = 1000;
/** Between a request and the runs that it becomes lies less than this, and so do the clocks of the processes. */
const SKEW_MS = 86_400_000;

/**
 * The accepted events that the waits of these runs count, in the order of their acceptance, whether they have been
 * signalled or not. Their time is that of the acceptance, which may be after this transaction began; a frozen clock
 * stands still all the same. Relies on the index request_event; \`base\` replaces the database's clock.
 */
export async function findAcceptedEvents(
  tx: Tx,
  runs: readonly Ref[],
  base: Date | null,
): Promise<AcceptedEvent[]> {
  if (runs.length === 0) return [];
  const { from, values, next } = keysOf(runs);
  const oldest = Math.min(...runs.map(({ id }) => ulidMs(id)));
  const rows = await tx.query<AcceptedEvent & { topic: string; name: string }>(
    `with listening as materialized (
       select w.workspace_id, w.run_id, w.wait_id, w.topic, w.key,
              case when r.state -> 'wait' ->> 'counts_from_trigger' = 'true' then q.created_at
                   else w.created_at - interval '1 microsecond' end as since
         from ${from}
         join waiter w on w.workspace_id = k.workspace_id and w.run_id = k.id
         join run r on r.workspace_id = k.workspace_id and r.id = k.id
         left join request q on q.workspace_id = r.workspace_id and q.id = r.request_id
        where w.topic not in ('${PROFILE_CHANGED}', '${TENANT_CHANGED}', '${MESSAGE_CHANGED}'))
     select l.workspace_id, l.run_id as id, l.wait_id, l.topic, e.id as request_id, e.name,
            least(${WORKSPACE_NOW(`$${next}`)} - (now() - e.created_at), coalesce(w.clock_frozen_at, 'infinity')) as at
       from listening l
       join workspace w on w.workspace_id = l.workspace_id,
            lateral (select id, name, created_at from request e
                      where e.workspace_id = l.workspace_id and e.api_type = 'event' and e.status <> 'refused'
                        and btrim(e.body ->> 'distinct_id', E' \\t\\n\\r') = l.key
                        and e.id >= $${next + 1} and e.created_at > l.since
                      order by id desc limit ${MOST_EVENTS}) e
      order by e.created_at, e.id`,
    [...values, base, uuidTime(Math.max(0, oldest - SKEW_MS))],
    "accepted_events",
  );
  return rows.filter(({ topic, name }) => name.toLowerCase() === topic);
}

/**
 * Closes the gaps before the waits of a chunk that was just written: signals what has changed meanwhile, and queues a
 * look, after the commit, for what could not be seen yet.
 */
export async function signalMissed(
  tx: Tx,
  runs: Run[],
  chunkData: ChunkData,
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  const blocked = [
    ...(await signalMissedChanges(tx, runs, chunkData.recipients, queue)),
    ...(await signalMissedTenants(tx, runs, chunkData, queue)),
  ];
  const waiting = runs.filter(({ left }) => left.began?.topics?.some(isMissable) === true);
  await queue.enqueue(tx, "listen", [...new Set([...waiting, ...blocked])].map(memberOf));
}

/** What may come between a wait's statement and its commit, when nothing sees the wait yet. */
function isMissable(topic: Topic): boolean {
  return isEventTopic(topic) || topic.name === MESSAGE_CHANGED;
}

/**
 * Looks again for runs whose waits have just been committed, in case something came while nothing could signal them, and
 * for runs of whose messages something became.
 */
export function createListenHandler({
  db,
  queue,
  clock,
}: Pick<EngineDeps, "db" | "queue" | "clock">): Handler {
  return {
    batch: { 0: 1, 1: 1, 2: 1 },
    loops: { 0: 1, 1: 1, 2: 1 },
    divisible: true,
    handle: (jobs, lane) =>
      db.tx(
        async (tx) => {
          await queue.settle(tx, "listen", lane, jobs);
          const refs = jobs.flatMap((job) => job.refs);
          await signalRuns(tx, await findAcceptedEvents(tx, refs, await clock(tx)), "event", queue);
          await signalRuns(tx, await findWatchers(tx, refs, MESSAGE_CHANGED), "message", queue);
          await signalBlocked(tx, refs, "profile", queue);
          await signalBlocked(tx, refs, "tenant", queue);
        },
        { relaxed: true },
      ),
    // Runs that wait go on when their time is up, and then count what was accepted before.
    giveUp: async () => {},
  };
}

const ROWS = {
  profile: { topic: PROFILE_CHANGED, table: "recipient", key: "id" },
  tenant: { topic: TENANT_CHANGED, table: "tenant", key: "tenant_id" },
} as const;

/**
 * Signals runs whose profile or tenant was being written when they began to watch it, once the writer is through:
 * taking the row's lock, in key order and with no run locked, waits for that.
 */
async function signalBlocked(
  tx: Tx,
  runs: readonly Ref[],
  kind: keyof typeof ROWS,
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  const { topic, table, key } = ROWS[kind];
  const watchers = await findWatchers(tx, runs, topic);
  if (watchers.length === 0) return;
  const rows = keysOf(watchers.map(({ workspace_id, key: id }) => ({ workspace_id, id })));
  await tx.query(
    `select from ${table} t
      where (t.workspace_id, t.${key}) in (select k.workspace_id, k.id from ${rows.from})
      order by t.workspace_id, t.${key} for share of t`,
    rows.values,
    `blocked_${kind}_rows`,
  );
  await signalRuns(tx, watchers, kind, queue);
}

async function findWatchers(
  tx: Tx,
  runs: readonly Ref[],
  topic: string,
): Promise<(Watcher & { key: string })[]> {
  const { from, values, next } = keysOf(runs);
  return tx.query(
    `select w.workspace_id, w.run_id as id, w.wait_id, w.key, now() as at
       from ${from} join waiter w on w.workspace_id = k.workspace_id and w.run_id = k.id and w.topic = $${next}`,
    [...values, topic],
    "find_watchers",
  );
}
