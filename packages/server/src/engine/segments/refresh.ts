import { LOCKS } from "../../db/locks.ts";
import type { Tx } from "../../db/db.ts";
import { eventName, eventOf, type Way } from "../../lists/lists.ts";
import { syncMembers } from "../../lists/sync-members.ts";
import { type Handler, type Member, perLane, type Ref } from "../../queue/job.ts";
import type { Queue } from "../../queue/queue.ts";
import { QueryError } from "../../segments/check-query.ts";
import { type Difference, readDifferences } from "../../segments/run-query.ts";
import { findQuery, noteRefresh } from "../../segments/stored-queries.ts";
import { internalReason } from "../../core/text/error-message.ts";
import { STEP_BATCH } from "../../routing/steps.ts";
import { type Clock, IN_SCOPE, type Scope, scopeValues } from "../../workspaces/clock.ts";
import type { EngineDeps } from "../deps.ts";
import { causeListEvents } from "../effects/list-events.ts";

/**
 * Lists whose members a query finds are made to agree with it: when the query is saved, right before a broadcast, and
 * every quarter of an hour. Only the differences are written, a thousand users in a transaction, with the events of those
 * who enter and leave; so a refresh that finds nothing new writes nothing, and one that is killed is simply begun again.
 *
 * The differences are read under a cursor by a transaction that stays open, while others write: a refresh holds two
 * connections. There are few at a time, one loop and what broadcasts begin, so the pool cannot be exhausted by them.
 */
type RefreshDeps = Pick<EngineDeps, "db" | "ids" | "queue" | "catalog">;

/** Refreshes of all lanes share the middle one. */
const LANE = 1;

export const memberOfQuery = ({
  workspace_id,
  list_id,
}: {
  workspace_id: number;
  list_id: string;
}): Member => ({
  workspace_id,
  id: list_id,
  lane: LANE,
});

export function createSegmentHandler(deps: RefreshDeps): Handler {
  return {
    batch: perLane({ campaigns: 1, others: 1 }),
    loops: { 0: 0, 1: 1, 2: 0 },
    divisible: true,
    async handle(jobs, lane) {
      for (const { workspace_id, id } of jobs.flatMap(({ refs }) => refs))
        await refreshList(deps, workspace_id, id);
      await deps.db.tx((tx) => deps.queue.settle(tx, "segment", lane, jobs), { relaxed: true });
    },
    giveUp: (tx, { workspace_id, id }: Ref, error) =>
      noteRefresh(tx, workspace_id, id, internalReason(error)),
  };
}

/** Why a list could not be refreshed; null if it was, or has no query that is enabled. */
export async function refreshList(
  deps: RefreshDeps,
  workspace_id: number,
  list_id: string,
): Promise<string | null> {
  const query = await findQuery(deps.db, workspace_id, list_id);
  if (query === null || !query.is_enabled) return null;
  const lanes = {
    entry: await deps.catalog.laneOfEvent(workspace_id, eventName(list_id, "entry")),
    exit: await deps.catalog.laneOfEvent(workspace_id, eventName(list_id, "exit")),
  };
  const apply = (difference: Difference) =>
    deps.db.tx(
      async (tx) => {
        const synced = await syncMembers(tx, workspace_id, list_id, difference, deps.ids);
        if (synced === null) return;
        const { list, entered, left } = synced;
        const moves: [Way, typeof entered][] = [
          ["entry", entered],
          ["exit", left],
        ];
        for (const [way, members] of moves) {
          const event = eventOf(list, way);
          if (event === null) continue;
          const distinct_ids = members.map(({ distinct_id }) => distinct_id);
          await causeListEvents(tx, workspace_id, { lane: lanes[way], event, distinct_ids }, deps);
        }
      },
      { again: true },
    );
  const error = await readDifferences(
    deps.db,
    workspace_id,
    query.query_text,
    (tx) => lockVersion(tx, workspace_id, list_id),
    apply,
  ).then(
    () => null,
    (reason: unknown) => {
      if (reason instanceof QueryError) return reason.message;
      throw reason;
    },
  );
  await noteRefresh(deps.db, workspace_id, list_id, error);
  return error;
}

/** Refreshes of a list follow each other: an older result must not undo a newer one. Its version; null if it is gone. */
async function lockVersion(tx: Tx, workspace_id: number, list_id: string): Promise<string | null> {
  await tx.query("select pg_advisory_xact_lock($1, hashtext($2))", [
    LOCKS.refreshing,
    `${workspace_id}/${list_id}`,
  ]);
  const [list] = await tx.query<{ version_id: string }>(
    "select version_id from list where workspace_id = $1 and list_id = $2",
    [workspace_id, list_id],
  );
  return list?.version_id ?? null;
}

/** Queues the refreshes that are due. Relies on list_query_due. */
export async function wakeRefreshes(
  tx: Tx,
  { queue, clock }: { queue: Pick<Queue, "enqueue">; clock: Clock },
  scope: Scope,
): Promise<number> {
  const rows = await tx.query<{ workspace_id: number; list_id: string }>(
    `update list_query q set refresh_at = null
       from (select workspace_id, list_id from list_query
              where refresh_at <= coalesce($1::timestamptz, now()) and ${IN_SCOPE("workspace_id", 2)}
              order by refresh_at limit ${STEP_BATCH} for update skip locked) due
      where q.workspace_id = due.workspace_id and q.list_id = due.list_id
      returning q.workspace_id, q.list_id`,
    [await clock(tx), ...scopeValues(scope)],
    "wake_refreshes",
  );
  await queue.enqueue(tx, "segment", rows.map(memberOfQuery));
  return rows.length;
}
