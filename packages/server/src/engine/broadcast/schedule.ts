import { BROADCAST_PREFIX } from "../../core/broadcast-id.ts";
import { DEFAULT_TENANT } from "../../core/profile/effective-profile.ts";
import type { Lane } from "../../core/lane.ts";
import { float8, int, rowsOf, smallint, text, timestamptz, uuid } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import type { IdSource } from "../../ids.ts";
import { CHUNK, type Member } from "../../queue/job.ts";
import type { Queue } from "../../queue/queue.ts";
import { STEP_BATCH } from "../../routing/steps.ts";
import { type Clock, IN_SCOPE, type Scope, scopeValues, WORKSPACE_NOW } from "../../workspaces/clock.ts";

/** What a request for a broadcast says besides its payload. */
export interface NewBroadcast {
  list_id: string;
  template: string;
  category: string;
  /** From its acceptance, in the workspace's time. */
  delay_ms: number;
  /** Wins over the delay. */
  trigger_at: Date | null;
}

/** An accepted request with its broadcast. */
export interface BroadcastRequest {
  workspace_id: number;
  /** The request's. */
  id: string;
  lane: Lane;
  tenant_id: string | null;
  idempotency_key: string | null;
  broadcast: NewBroadcast;
}

/** The row as its queue takes it: one page of recipients is as much work as a full job. */
export function memberOfBroadcast(row: Pick<Member, "workspace_id" | "id" | "lane" | "tenant_id">): Member {
  return { ...row, weight: CHUNK };
}

/**
 * Stores broadcasts in the transaction that accepts their requests. Those that start now are queued; the others are rows
 * that the waker finds when their time has come.
 */
export async function insertBroadcasts(
  tx: Tx,
  requests: readonly BroadcastRequest[],
  base: Date | null,
  { ids, queue, wakeAt }: { ids: IdSource; queue: Pick<Queue, "enqueue">; wakeAt: (at: Date) => void },
): Promise<void> {
  if (requests.length === 0) return;
  const { from, values, next } = rowsOf("k", requests, {
    workspace_id: int((request) => request.workspace_id),
    id: text(() => `${BROADCAST_PREFIX}${ids.ulid()}`),
    request_id: uuid((request) => request.id),
    lane: smallint((request) => request.lane),
    list_id: text(({ broadcast }) => broadcast.list_id),
    template_slug: text(({ broadcast }) => broadcast.template),
    category: text(({ broadcast }) => broadcast.category),
    tenant_id: text(({ tenant_id }) => tenant_id ?? DEFAULT_TENANT),
    idempotency_key: text(({ idempotency_key, id }) => idempotency_key ?? id),
    trigger_at: timestamptz(({ broadcast }) => broadcast.trigger_at),
    delay_ms: float8(({ broadcast }) => broadcast.delay_ms),
  });
  const rows = await tx.query<Member & { lane: Lane; wait_ms: number | null }>(
    `with timed as (
       select k.*, ${WORKSPACE_NOW(`$${next}`)} as now,
              coalesce(k.trigger_at, ${WORKSPACE_NOW(`$${next}`)} + k.delay_ms * interval '1 millisecond') as starts_at
         from ${from}
         join workspace w on w.workspace_id = k.workspace_id)
     insert into broadcast as b (workspace_id, id, request_id, lane, list_id, template_slug, category, tenant_id,
                                 idempotency_key, status, starts_at, wake_at)
     select workspace_id, id, request_id, lane, list_id, template_slug, category, tenant_id, idempotency_key, 'scheduled',
            starts_at, case when starts_at > now then starts_at end
       from timed
     returning b.workspace_id, b.id, b.lane, b.tenant_id, extract(epoch from b.wake_at - now()) * 1000 as wait_ms`,
    [...values, base],
    "broadcast_insert",
  );
  await queue.enqueue(tx, "broadcast", rows.filter(({ wait_ms }) => wait_ms === null).map(memberOfBroadcast));
  const waits = rows.flatMap(({ wait_ms }) => wait_ms ?? []);
  if (waits.length > 0) tx.afterCommit(() => wakeAt(new Date(Date.now() + Math.max(0, Math.min(...waits)))));
}

/** Queues the broadcasts whose time has come. Relies on broadcast_wake, once per workspace at its own time. */
export async function wakeBroadcasts(
  tx: Tx,
  { queue, clock }: { queue: Pick<Queue, "enqueue">; clock: Clock },
  scope: Scope,
): Promise<number> {
  const rows = await tx.query<Member>(
    `update broadcast b set wake_at = null
       from workspace w,
            lateral (select workspace_id, id from broadcast
                      where workspace_id = w.workspace_id and wake_at <= ${WORKSPACE_NOW("$1")}
                      order by wake_at limit ${STEP_BATCH} for update skip locked) due
      where b.workspace_id = due.workspace_id and b.id = due.id and ${IN_SCOPE("w.workspace_id", 2)}
      returning b.workspace_id, b.id, b.lane, b.tenant_id`,
    [await clock(tx), ...scopeValues(scope)],
    "wake_broadcasts",
  );
  await queue.enqueue(tx, "broadcast", rows.map(memberOfBroadcast));
  return rows.length;
}

/** Has broadcasts that failed before they began start again, now. */
export async function reviveBroadcasts(
  tx: Tx,
  workspace_id: number,
  request_ids: readonly string[],
  queue: Pick<Queue, "enqueue">,
): Promise<void> {
  if (request_ids.length === 0) return;
  const rows = await tx.query<Member>(
    `update broadcast set status = 'scheduled', errors = null, ended_at = null, snapshot_id = null, updated_at = now()
      where workspace_id = $1 and request_id = any($2) and status = 'failed' and begun_at is null
     returning workspace_id, id, lane, tenant_id`,
    [workspace_id, request_ids],
  );
  await queue.enqueue(tx, "broadcast", rows.map(memberOfBroadcast));
}
