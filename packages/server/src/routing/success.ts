import { insertAll, int, keysOf, rowsOf, text, timestamptz } from "../db/bulk.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { WORKSPACE_NOW } from "../workspaces/clock.ts";
import { type MessageRef, nodeKey, type NodeRef } from "./refs.ts";

/**
 * Ends a smart routing early: when a message reached the required status, the awaited event came, or the run was
 * cancelled. All pending steps of the node are cancelled by the same write.
 */

/** Whether a message reached its metric: cumulative, so that clicked includes seen and delivered. */
export const REACHED = (m: string): string =>
  `(not ${m}.success_is_event and case ${m}.success_metric
      when 'delivered' then ${m}.delivered_at is not null or ${m}.status in ('delivered', 'seen', 'read', 'clicked', 'dismissed')
      when 'seen' then ${m}.seen_at is not null or ${m}.status in ('seen', 'read', 'clicked', 'dismissed')
      when 'interaction' then ${m}.clicked_at is not null or ${m}.status = 'clicked'
      else false end)`;

/**
 * Call it in the transaction that moves statuses forward; for messages outside a smart routing it costs one look-up.
 */
export async function closeReached(tx: Queryable, moved: MessageRef[]): Promise<void> {
  if (moved.length === 0) return;
  const { from, values } = keysOf(moved);
  const nodes = await tx.query<NodeRef>(
    `update message m set success_achieved_at = now()
       from ${from}
      where m.workspace_id = k.workspace_id and m.id = k.id and m.smart_step is not null
        and m.success_achieved_at is null and ${REACHED("m")}
     returning m.workspace_id, m.execution_id, m.node_ref`,
    values,
    "smart_reached",
  );
  await cancelSteps(tx, nodes);
}

/** The reason recorded for the steps that success makes unnecessary. */
export const achievedReason = (metric: string): string => `success metric '${metric}' was achieved`;

/**
 * Cancels the steps of nodes that have achieved their goal. Skips steps that the waker holds: it has checked them, or
 * will check again. Relies on smart_step_of_node.
 */
export async function cancelSteps(tx: Queryable, nodes: NodeRef[]): Promise<void> {
  if (nodes.length === 0) return;
  const { from, values, next } = rowsOf("n", nodes, nodeKey);
  await tx.query(
    `with pending as (
       select s.workspace_id, s.message_id, format($${next}, m.success_metric) as reason
         from (select distinct * from ${from}) n
         join smart_step s using (workspace_id, execution_id, node_ref)
         join message m on m.workspace_id = s.workspace_id and m.id = s.message_id
        where m.status = 'to_be_triggered'
          for update of s skip locked for no key update of m skip locked),
     gone as (
       delete from smart_step s using pending p
        where s.workspace_id = p.workspace_id and s.message_id = p.message_id)
     update message m set status = 'not_to_be_triggered', failure_reason = p.reason, updated_at = now()
       from pending p where m.workspace_id = p.workspace_id and m.id = p.message_id`,
    [...values, achievedReason("%s")],
    "smart_cancel",
  );
}

/** A node that waits for a user's event. */
export interface NewGoal extends NodeRef {
  /** The user's `distinct_id`. */
  key: string;
  /** The event's name in lower case. */
  topic: string;
  /** In the workspace's time. */
  until: Date;
}

export async function insertGoals(tx: Queryable, goals: NewGoal[]): Promise<void> {
  await insertAll(
    tx,
    "smart_goal",
    goals,
    {
      ...nodeKey,
      key: text((goal) => goal.key),
      topic: text((goal) => goal.topic),
      until: timestamptz((goal) => goal.until),
    },
    "on conflict do nothing",
  );
}

export interface HeardEvent {
  workspace_id: number;
  /** The event's name in any case. */
  topic: string;
  key: string;
  /** In the workspace's time. */
  at: Date;
  /** By the database's clock; null is now. */
  received_at: Date | null;
}

/**
 * Closes routings whose awaited event came. An event belongs to no single message, so all messages of the node get the
 * time. Relies on the primary key of smart_goal: events that no routing waits for cost one look-up. A goal that another
 * event is meeting right now is skipped.
 */
export async function closeByEvents(tx: Tx, events: HeardEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = rowsOf("h", events, {
    workspace_id: int((event) => event.workspace_id),
    topic: text((event) => event.topic.toLowerCase()),
    key: text((event) => event.key),
    at: timestamptz((event) => event.at),
    received_at: timestamptz((event) => event.received_at),
  });
  const met = await tx.query<NodeRef>(
    `with heard as (
       select g.workspace_id, g.key, g.topic, g.execution_id, g.node_ref
         from ${rows.from}
         join smart_goal g on g.workspace_id = h.workspace_id and g.key = h.key and g.topic = h.topic
        where g.created_at <= coalesce(h.received_at, clock_timestamp())
          and g.until >= h.at - greatest(now() - h.received_at, interval '0')
          for update of g skip locked)
     delete from smart_goal g using heard h
      where g.workspace_id = h.workspace_id and g.key = h.key and g.topic = h.topic
        and g.execution_id = h.execution_id and g.node_ref = h.node_ref
     returning g.workspace_id, g.execution_id, g.node_ref`,
    rows.values,
    "smart_goals_met",
  );
  if (met.length === 0) return;
  const nodes = rowsOf("n", met, nodeKey);
  await tx.query(
    `update message m set success_achieved_at = now()
       from (select distinct * from ${nodes.from}) n
      where m.workspace_id = n.workspace_id and m.execution_id = n.execution_id and m.node_ref = n.node_ref
        and m.smart_step is not null and m.success_achieved_at is null
        and m.status not in ('to_be_triggered', 'not_to_be_triggered')`,
    nodes.values,
    "smart_goals_mark",
  );
  await cancelSteps(tx, met);
}

/**
 * Cancels the pending steps of cancelled runs. Waits for a waker that is sending one of their steps, because nothing
 * will check cancelled runs again. Call it in the transaction that cancels them.
 */
export async function cancelRouting(tx: Tx, runs: MessageRef[]): Promise<void> {
  if (runs.length === 0) return;
  const { from, values } = keysOf(runs);
  await tx.query(
    `with k as (select * from ${from}),
          unheard as (delete from smart_goal g using k where g.workspace_id = k.workspace_id and g.execution_id = k.id),
          gone as (delete from smart_step s using k where s.workspace_id = k.workspace_id and s.execution_id = k.id
                   returning s.workspace_id, s.message_id)
     update message m
        set status = 'not_to_be_triggered', failure_reason = 'the run was cancelled', updated_at = now()
       from gone where m.workspace_id = gone.workspace_id and m.id = gone.message_id and m.status = 'to_be_triggered'`,
    values,
    "smart_cancel_runs",
  );
}

/** Deletes goals whose time is over and that no event can meet any more; harmless to repeat. */
export async function forgetGoals(db: Queryable): Promise<void> {
  await db.query(
    `delete from smart_goal g using workspace w
      where w.workspace_id = g.workspace_id and g.until < ${WORKSPACE_NOW("null")}`,
  );
}
