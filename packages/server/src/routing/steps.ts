import type { Channel } from "../core/channel.ts";
import type { Lane } from "../core/lane.ts";
import {
  bigint,
  bool,
  float8,
  insertAll,
  int,
  keysOf,
  rowsOf,
  smallint,
  text,
  timestamptz,
  uuid,
} from "../db/bulk.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { EVERY_WORKSPACE, IN_SCOPE, type Scope, scopeValues, WORKSPACE_NOW } from "../workspaces/clock.ts";
import { type MessageRef, nodeKey, type NodeRef } from "./refs.ts";
import { REACHED } from "./success.ts";

/**
 * The future turns of smart routings. A step is a row next to its message, which is `to_be_triggered`; both change
 * together, under a lock on the step's row. So a step is sent or cancelled and never both. The waker and reports of
 * success skip rows that the other holds: neither waits for the other, and a step that a report had to skip is found by
 * the waker, which checks for success before every step.
 */
export interface NewStep {
  workspace_id: number;
  message_id: string;
  execution_id: string;
  node_ref: string;
  /** From 1; the first is sent at once and has no row. */
  step: number;
  /** In the workspace's time, as is `due_at`. */
  begun_at: Date;
  due_at: Date;
  gap_ms: number;
  /** The address is part of the recipient's profile, and must still be when the step is due. */
  is_stored: boolean;
}

export async function insertSteps(tx: Queryable, steps: NewStep[]): Promise<void> {
  await insertAll(tx, "smart_step", steps, {
    ...nodeKey,
    message_id: text((step) => step.message_id),
    step: smallint((step) => step.step),
    begun_at: timestamptz((step) => step.begun_at),
    due_at: timestamptz((step) => step.due_at),
    gap_ms: bigint((step) => step.gap_ms),
    is_stored: bool((step) => step.is_stored),
  });
}

export interface DueStep {
  workspace_id: number;
  /** The message's. */
  id: string;
  execution_id: string;
  node_ref: string;
  lane: Lane;
  tenant_id: string;
  category: string;
  channel: Channel;
  /** Null: a recipient who is not stored. */
  recipient_id: string | null;
  success_metric: string;
  /** `over`: the message is no longer in a routing. */
  fate: "send" | "reached" | "unreachable" | "over";
  gap_ms: number;
  late_ms: number;
  waited_seconds: number;
}

export const STEP_BATCH = 500;
/** What the column holds: 68 years. A clock can be set further than that. */
const MOST_SECONDS = 2_147_483_647;

/**
 * The first due steps of the workspace `w`. Relies on smart_step_due, once for each workspace at its own time, and on
 * smart_step_of_node: a step is not due while an earlier one of its node exists. `$1` replaces the database's clock.
 */
const FIRST_DUE = `
  select one.* from smart_step one
   where one.workspace_id = w.workspace_id and one.due_at <= ${WORKSPACE_NOW("$1")}
     and not exists (select from smart_step e
                      where e.workspace_id = one.workspace_id and e.execution_id = one.execution_id
                        and e.node_ref = one.node_ref and e.step < one.step)
   order by one.due_at limit ${STEP_BATCH}`;

export const DUE_STEPS = `
  select s.workspace_id, s.message_id as id, s.is_stored, s.gap_ms,
         (extract(epoch from ${WORKSPACE_NOW("$1")} - s.due_at) * 1000)::float8 as late_ms,
         least(greatest(round(extract(epoch from ${WORKSPACE_NOW("$1")} - s.begun_at)), 0), ${MOST_SECONDS})::int
           as waited_seconds
    from workspace w,
         lateral (${FIRST_DUE} for update of one skip locked) s
   where ${IN_SCOPE("w.workspace_id", 2)}`;

/**
 * Locks the due steps with their messages, and then checks them, so that anything reported before the locks is seen. A
 * profile's address must still exist and be active; one given by a trigger must not have been suppressed meanwhile.
 */
export async function takeDueSteps(
  tx: Tx,
  base: Date | null,
  scope: Scope = EVERY_WORKSPACE,
): Promise<DueStep[]> {
  const due = await tx.query<
    Pick<DueStep, "workspace_id" | "id" | "gap_ms" | "late_ms" | "waited_seconds"> & { is_stored: boolean }
  >(DUE_STEPS, [base, ...scopeValues(scope)], "smart_steps_due");
  if (due.length === 0) return [];
  const { from, values } = rowsOf("k", due, {
    workspace_id: int((step) => step.workspace_id),
    id: text((step) => step.id),
    is_stored: bool((step) => step.is_stored),
  });
  const judged = await tx.query<Omit<DueStep, "gap_ms" | "late_ms" | "waited_seconds">>(
    `select m.workspace_id, m.id, m.execution_id, m.node_ref, m.lane, m.tenant_id, m.category, m.channel,
            m.recipient_id, m.success_metric,
            case when m.status <> 'to_be_triggered' then 'over'
                 when exists (select from message o
                               where o.workspace_id = m.workspace_id and o.execution_id = m.execution_id
                                 and o.node_ref = m.node_ref and o.smart_step is not null
                                 and (o.success_achieved_at is not null or ${REACHED("o")})) then 'reached'
                 when m.recipient_id is not null and not ${usable("m", "k.is_stored")} then 'unreachable'
                 else 'send' end as fate
       from ${from}
       join message m on m.workspace_id = k.workspace_id and m.id = k.id
        for no key update of m skip locked`,
    values,
    "smart_steps_judge",
  );
  const fates = new Map(judged.map((row) => [keyOf(row), row]));
  return due.flatMap(({ gap_ms, late_ms, waited_seconds, ...ref }) => {
    const row = fates.get(keyOf(ref));
    return row === undefined ? [] : [{ ...row, gap_ms, late_ms, waited_seconds }];
  });
}

/** The categories and tenants with due steps: their configuration is read before the steps are taken. */
export async function readDueConcerns(
  db: Queryable,
  base: Date | null,
  scope: Scope,
): Promise<{ workspace_id: number; tenant_id: string; category: string }[]> {
  return db.query(
    `select distinct m.workspace_id, m.tenant_id, m.category
       from workspace w,
            lateral (${FIRST_DUE}) s
       join message m on m.workspace_id = s.workspace_id and m.id = s.message_id
      where ${IN_SCOPE("w.workspace_id", 2)}`,
    [base, ...scopeValues(scope)],
    "smart_steps_concerns",
  );
}

/** The goals of routings with due steps, which an event may have met that nothing has handled yet. */
export async function readDueGoals(
  db: Queryable,
  base: Date | null,
  scope: Scope,
): Promise<{ workspace_id: number; key: string; topic: string; created_at: Date; now: Date }[]> {
  return db.query(
    `select distinct g.workspace_id, g.key, g.topic, g.created_at, ${WORKSPACE_NOW("$1")} as now
       from workspace w,
            lateral (${FIRST_DUE}) s
       join smart_goal g on g.workspace_id = s.workspace_id and g.execution_id = s.execution_id
        and g.node_ref = s.node_ref
      where ${IN_SCOPE("w.workspace_id", 2)}`,
    [base, ...scopeValues(scope)],
    "smart_goals_due",
  );
}

/** Relies on the primary keys of recipient and identity. */
const usable = (m: string, is_stored: string) => `(
  exists (select from recipient r where r.workspace_id = ${m}.workspace_id and r.id = ${m}.recipient_id)
  and coalesce((select bool_or(i.status = 'active' and (i.perma_status = 'active' or i.perma_until < now()))
                  from identity i
                 where i.workspace_id = ${m}.workspace_id and i.recipient_id = ${m}.recipient_id
                   and i.tenant_id in ('', ${m}.tenant_id) and i.channel = ${m}.channel and i.key = ${m}.identity_key),
               not ${is_stored}))`;

/** Leases messages to the job that sends them, as their first attempt. */
export async function leaseSteps(
  tx: Tx,
  steps: (Pick<DueStep, "workspace_id" | "id" | "waited_seconds"> & { lease: string })[],
): Promise<void> {
  const { from, values } = rowsOf("k", steps, {
    workspace_id: int((step) => step.workspace_id),
    id: text((step) => step.id),
    waited_seconds: int((step) => step.waited_seconds),
    lease: uuid((step) => step.lease),
  });
  await tx.query(
    `with gone as (delete from smart_step s using ${from}
                    where s.workspace_id = k.workspace_id and s.message_id = k.id)
     update message m
        set status = 'triggered', lease = k.lease, attempt = 1, triggered_at = now(), updated_at = now(),
            wait_time_in_seconds = k.waited_seconds
       from ${from}
      where m.workspace_id = k.workspace_id and m.id = k.id`,
    values,
    "smart_steps_lease",
  );
}

/** Deletes steps that are not sent and records the reason; messages with another status keep theirs. */
export async function dropSteps(tx: Tx, steps: DueStep[], reason: string): Promise<void> {
  if (steps.length === 0) return;
  const { from, values, next } = keysOf(steps);
  await tx.query(
    `with gone as (delete from smart_step s using ${from}
                    where s.workspace_id = k.workspace_id and s.message_id = k.id)
     update message m
        set status = 'not_to_be_triggered', failure_reason = $${next}, updated_at = now()
       from ${from}
      where m.workspace_id = k.workspace_id and m.id = k.id and m.status = 'to_be_triggered'`,
    [...values, reason],
    "smart_steps_drop",
  );
}

/** Moves the remaining steps of these nodes: later by `ms`, earlier where it is negative. */
export async function shiftSteps(tx: Tx, nodes: (NodeRef & { ms: number })[]): Promise<void> {
  if (nodes.length === 0) return;
  const { from, values } = rowsOf("n", nodes, { ...nodeKey, ms: float8((node) => node.ms) });
  await tx.query(
    `update smart_step s set due_at = s.due_at + n.ms * interval '1 millisecond'
       from ${from}
      where s.workspace_id = n.workspace_id and s.execution_id = n.execution_id and s.node_ref = n.node_ref`,
    values,
    "smart_steps_shift",
  );
}

/**
 * Gives the slot of a message that sent nothing to the next step, and moves the others up after it. Applies only if the
 * message had the turn: if the next step was already sent, the times stay.
 */
export async function passTurns(tx: Tx, failed: MessageRef[]): Promise<void> {
  if (failed.length === 0) return;
  const { from, values } = keysOf(failed);
  await tx.query(
    `with first as (
       select s.workspace_id, s.execution_id, s.node_ref
         from ${from}
         join message m on m.workspace_id = k.workspace_id and m.id = k.id
         join lateral (select * from smart_step one
                        where one.workspace_id = m.workspace_id and one.execution_id = m.execution_id
                          and one.node_ref = m.node_ref
                        order by one.step limit 1 for update skip locked) s on true
        where m.status in ('trigger_failed', 'not_to_be_triggered') and m.smart_step >= 1 and m.smart_step < s.step
          and not exists (select from message o
                           where o.workspace_id = m.workspace_id and o.execution_id = m.execution_id
                             and o.node_ref = m.node_ref and o.smart_step > m.smart_step and o.smart_step < s.step
                             and o.status <> 'not_to_be_triggered'))
     update smart_step s set due_at = s.due_at - s.gap_ms * interval '1 millisecond'
       from first f
      where s.workspace_id = f.workspace_id and s.execution_id = f.execution_id and s.node_ref = f.node_ref`,
    values,
    "smart_steps_pass",
  );
}

const keyOf = ({ workspace_id, id }: MessageRef) => `${workspace_id}/${id}`;
