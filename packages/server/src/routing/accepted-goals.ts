import { int, rowsOf, text, timestamptz } from "../db/bulk.ts";
import type { Tx } from "../db/db.ts";
import { uuidTime } from "../ids.ts";
import type { Scope } from "../workspaces/clock.ts";
import { readDueGoals } from "./steps.ts";
import { closeByEvents } from "./success.ts";

/** Events of one user that a goal looks at, newest first. */
const MOST_EVENTS = 1000;
/** Between a goal and the events after it the clocks of processes may differ by less than this. */
const SKEW_MS = 86_400_000;

/**
 * Closes routings with a due step whose awaited event was accepted and has not been handled yet, because a worker died or
 * is late: without them the time would win against what came first. Call it before the due steps are taken. Relies on
 * the index request_event.
 */
export async function closeByAccepted(tx: Tx, base: Date | null, scope: Scope): Promise<void> {
  const goals = await readDueGoals(tx, base, scope);
  if (goals.length === 0) return;
  const nows = new Map(goals.map(({ workspace_id, now }) => [workspace_id, now]));
  const oldest = Math.min(...goals.map(({ created_at }) => created_at.getTime()));
  const { from, values, next } = rowsOf("g", goals, {
    workspace_id: int((goal) => goal.workspace_id),
    key: text((goal) => goal.key),
    topic: text((goal) => goal.topic),
    created_at: timestamptz((goal) => goal.created_at),
  });
  const rows = await tx.query<{
    workspace_id: number;
    key: string;
    topic: string;
    name: string;
    received_at: Date;
  }>(
    `select g.workspace_id, g.key, g.topic, e.name, e.created_at as received_at
       from ${from},
            lateral (select name, min(created_at) as created_at from (
                     select name, created_at from request e
                      where e.workspace_id = g.workspace_id and e.api_type = 'event' and e.status <> 'refused'
                        and btrim(e.body ->> 'distinct_id', E' \\t\\n\\r') = g.key
                        and e.id >= $${next} and e.created_at >= g.created_at
                      order by id desc limit ${MOST_EVENTS}) newest group by name) e`,
    [...values, uuidTime(Math.max(0, oldest - SKEW_MS))],
    "smart_goals_accepted",
  );
  await closeByEvents(
    tx,
    rows.flatMap(({ name, topic, ...event }) => {
      const at = nows.get(event.workspace_id);
      return name.toLowerCase() === topic && at !== undefined ? [{ ...event, topic, at }] : [];
    }),
  );
}
