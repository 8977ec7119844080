import { type Channel, isChannel } from "../../core/channel.ts";
import type { Lane } from "../../core/lane.ts";
import { int, rowsOf, text, uuid } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import { leasesOf } from "../../queue/job.ts";
import type { StepDeps } from "../../routing/due-steps.ts";
import { passTurns, STEP_BATCH } from "../../routing/steps.ts";
import {
  type Concern,
  concernKey,
  findUnwanted,
  loadPolicies,
  type Policies,
  type Waiting,
} from "../../routing/unwanted.ts";
import { IN_SCOPE, type Scope, scopeValues } from "../../workspaces/clock.ts";

interface DueRetry extends Omit<Waiting, "channel"> {
  id: string;
  lane: Lane;
  /** Also `webhook`, which nobody opts out of. */
  channel: string;
  /** Nothing of it has gone out. */
  is_unsent: boolean;
}

interface Dropped {
  workspace_id: number;
  id: string;
  execution_id: string;
  tenant_id: string;
  lane: Lane;
  is_watched: boolean;
  status: string;
}

/** Relies on message_due, like what it precedes. */
const FIRST_DUE = `next_attempt_at <= coalesce($1, now()) and ${IN_SCOPE("workspace_id", 2)}
      order by next_attempt_at limit ${STEP_BATCH}`;

/**
 * Messages that wait for another attempt, a day where their vendor asked for it: moves what is due to the jobs that send
 * it, or away with the reason where its recipient has turned the channel off meanwhile. What is left of a message that
 * went out already, copies to others, is sent anyway. Returns how many were moved.
 */
export async function moveRetries(deps: StepDeps, scope: Scope): Promise<number> {
  const policies = await loadPolicies(deps, await readConcerns(deps, scope));
  if (policies.size === 0) return 0;
  return deps.db.tx((tx) => move(tx, policies, deps, scope), { relaxed: true });
}

async function readConcerns({ db, clock }: StepDeps, scope: Scope): Promise<Concern[]> {
  return db.query<Concern>(
    `select distinct workspace_id, tenant_id, category
       from (select workspace_id, tenant_id, category from message where ${FIRST_DUE}) due`,
    [await clock(db), ...scopeValues(scope)],
    "wake_messages_concerns",
  );
}

async function move(tx: Tx, policies: Policies, deps: StepDeps, scope: Scope): Promise<number> {
  const taken = await tx.query<DueRetry>(
    `select workspace_id, id, lane, tenant_id, category, channel, recipient_id,
            status = 'triggered' and undelivered is null as is_unsent
       from message where ${FIRST_DUE} for update skip locked`,
    [await deps.clock(tx), ...scopeValues(scope)],
    "wake_messages",
  );
  // What is due since the policies were read waits for the next pass.
  const due = taken.filter((message) => policies.has(concernKey(message)));
  const unwanted: ReadonlyMap<DueRetry, string> = await findUnwanted(
    tx,
    due.filter(isChoosable),
    policies,
    deps,
  );
  await drop(tx, unwanted, deps);
  await lease(
    tx,
    due.filter((message) => !unwanted.has(message)),
    deps,
  );
  return due.length;
}

function isChoosable(message: DueRetry): message is DueRetry & { channel: Channel } {
  return message.is_unsent && isChannel(message.channel);
}

/**
 * With the status of a step of a routing that is not sent, or of a failure where an earlier attempt may have been sent.
 * The next step of its routing takes its turn, and runs that wait for the outcome look again.
 */
async function drop(tx: Tx, unwanted: ReadonlyMap<DueRetry, string>, deps: StepDeps): Promise<void> {
  if (unwanted.size === 0) return;
  const { from, values } = rowsOf("u", [...unwanted], {
    workspace_id: int(([message]) => message.workspace_id),
    id: text(([message]) => message.id),
    reason: text(([, reason]) => reason),
  });
  const dropped = await tx.query<Dropped>(
    `update message m
        set status = case when m.failure_class = 'ambiguous' then 'trigger_failed' else 'not_to_be_triggered' end,
            failure_class = case when m.failure_class = 'ambiguous' then m.failure_class end,
            failure_reason = u.reason, next_attempt_at = null, updated_at = now()
       from ${from}
      where m.workspace_id = u.workspace_id and m.id = u.id
     returning m.workspace_id, m.id, m.execution_id, m.tenant_id, m.lane, m.is_watched, m.status`,
    values,
    "wake_drop",
  );
  await passTurns(
    tx,
    dropped.filter(({ status }) => status === "not_to_be_triggered"),
  );
  const watching = new Map(
    dropped.flatMap((message) => (message.is_watched ? [[message.execution_id, message] as const] : [])),
  );
  await deps.queue.enqueue(
    tx,
    "listen",
    [...watching].map(([id, { workspace_id, tenant_id, lane }]) => ({ workspace_id, id, tenant_id, lane })),
  );
}

/** Leases a retry to its new job, like a first attempt. */
async function lease(tx: Tx, wanted: DueRetry[], deps: StepDeps): Promise<void> {
  if (wanted.length === 0) return;
  const jobs = deps.queue.plan("send", wanted);
  const { from, values } = rowsOf("u", leasesOf(jobs), {
    workspace_id: int((message) => message.workspace_id),
    id: text((message) => message.id),
    lease: uuid((message) => message.lease),
  });
  await tx.query(
    `update message m set next_attempt_at = null, lease = u.lease, attempt = m.attempt + 1, updated_at = now()
       from ${from}
      where m.workspace_id = u.workspace_id and m.id = u.id`,
    values,
    "wake_lease",
  );
  await deps.queue.enqueueJobs(tx, "send", jobs);
}
