import { storableJson } from "../../core/text/text.ts";
import {
  bool,
  insertAll,
  int,
  json,
  jsonText,
  nowIf,
  rowsOf,
  smallint,
  text,
  timestamptz,
  uuid,
} from "../../db/bulk.ts";
import { formatPosition } from "../../core/run-state.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { insertInboxItems, type NewInboxItem, toInboxItem } from "../../inbox/items.ts";
import { insertSteps, type NewStep } from "../../routing/steps.ts";
import { insertGoals, type NewGoal } from "../../routing/success.ts";
import type { Queue } from "../../queue/queue.ts";
import { broadcastOf, memberOf, type NewMessage, type Run, type SmartPlace } from "../run.ts";
import type { StageDeps } from "../deps.ts";
import { discardBatches, writeWaiters } from "../waits/waiters.ts";

/**
 * The engine's writes, in bulk: one statement for the runs of a chunk, one for their messages, and one more for those
 * that wait or call. Documents are passed as text and cast, so that each statement is prepared once for all sizes.
 */
export async function writeChunk(
  tx: Tx,
  runs: { made: Run[] } | { walked: Run[] },
  messages: NewMessage[],
  { queue, noteTriggered, announce }: Pick<StageDeps, "queue" | "noteTriggered" | "announce">,
): Promise<void> {
  const all = "made" in runs ? runs.made : runs.walked;
  if ("made" in runs) await insertRuns(tx, all);
  else await updateRuns(tx, all);
  await writeWaiters(tx, all);
  await discardBatches(tx, all);
  await queueCalls(tx, all, queue);
  await insertAndQueue(tx, messages, queue);
  await noteTriggered(
    tx,
    messages.flatMap(({ workspace_id, template_slug: slug }) =>
      slug === null ? [] : [{ workspace_id, slug }],
    ),
  );
  await insertInboxItems(tx, messages.flatMap(toItem), announce);
}

async function queueCalls(tx: Tx, runs: Run[], queue: Queue): Promise<void> {
  const calling = runs.filter(({ left, memory }) => left.began !== null && memory.call !== undefined);
  await queue.enqueue(tx, "call", calling.map(memberOf));
}

async function insertRuns(tx: Queryable, runs: Run[]): Promise<void> {
  await insertAll(tx, "run", runs, {
    workspace_id: int((run) => run.workspace_id),
    id: text((run) => run.id),
    request_id: uuid((run) => run.request_id),
    parent_run_id: text((run) => run.parent_run_id),
    workflow_slug: text((run) => run.workflow.slug),
    version_id: text((run) => run.workflow.version_id),
    lane: smallint((run) => run.workflow.lane),
    object_type: text((run) => run.object_type),
    distinct_id: text((run) => run.distinct_id),
    recipient_id: text((run) => run.recipient_id),
    tenant_id: text((run) => run.tenant_id),
    idempotency_key: text((run) => run.idempotency_key),
    cancellation_key: text((run) => run.cancellation_key),
    actor: json((run) => run.actor),
    inline: json((run) => run.inline),
    data: json((run) => (run.data_changed ? run.data : null)),
    status: text((run) => run.status),
    position: text(positionText),
    wake_at: timestamptz((run) => run.wake_at),
    steps: json((run) => run.steps),
    state: jsonText(memoryText),
    parent_object: text((run) => run.parent_object),
  });
}

function positionText({ position }: Run): string | null {
  return position === null ? null : formatPosition(position);
}

function memoryText({ memory }: Run): string | null {
  const text = storableJson(memory);
  return text === "{}" ? null : text;
}

/** Updates runs that were loaded with a lock and walked further. */
async function updateRuns(tx: Queryable, runs: Run[]): Promise<void> {
  if (runs.length === 0) return;
  const rows = rowsOf("u", runs, {
    workspace_id: int((run) => run.workspace_id),
    id: text((run) => run.id),
    status: text((run) => run.status),
    position: text(positionText),
    wake_at: timestamptz((run) => run.wake_at),
    steps: json((run) => run.steps),
    data: json((run) => (run.data_changed ? run.data : null)),
    state: jsonText(memoryText),
  });
  await tx.query(
    `update run r set status = u.status, position = u.position, wake_at = u.wake_at, steps = u.steps::json,
                      data = coalesce(u.data::json, r.data), state = u.state::json, updated_at = now()
       from ${rows.from}
      where r.workspace_id = u.workspace_id and r.id = u.id`,
    rows.values,
    "runs_update",
  );
}

async function insertMessages(tx: Tx, messages: NewMessage[]): Promise<void> {
  if (messages.length === 0) return;
  await insertAll(tx, "message", messages, {
    workspace_id: int((message) => message.workspace_id),
    id: text((message) => message.id),
    execution_id: text(({ run }) => run.id),
    broadcast_id: text(({ run }) => broadcastOf(run)),
    workflow_slug: text(({ run }) => run.workflow.slug),
    version_id: text(({ run }) => run.workflow.version_id),
    node_ref: text((message) => message.node_ref),
    template_slug: text((message) => message.template_slug),
    template_version_no: int((message) => message.template_version_no),
    variant_id: text((message) => message.variant_id),
    category: text(({ run }) => run.workflow.category),
    lane: smallint(({ run }) => run.workflow.lane),
    tenant_id: text(({ run }) => run.tenant_id),
    object_type: text(({ run }) => run.object_type),
    distinct_id: text(({ run }) => run.distinct_id),
    recipient_id: text(({ run }) => run.recipient_id),
    parent_object: text(({ run }) => run.parent_object),
    is_watched: bool(({ run }) => run.workflow.asks_for_messages),
    channel: text((message) => message.channel),
    provider: text((message) => message.provider),
    identity_key: text((message) => message.identity_key),
    channel_value: json((message) => message.channel_value),
    content: json((message) => message.content),
    attachments: json((message) => message.attachments),
    webhook_data: json((message) => message.webhook_data),
    vendor_config_id: text((message) => message.vendor_config_id),
    vendor_slug: text((message) => message.vendor_slug),
    status: text((message) => message.status),
    failure_reason: text((message) => message.failure_reason),
    idempotency_key: text(({ run }) => run.idempotency_key),
    lease: uuid((message) => message.lease),
    attempt: smallint(({ lease }) => (lease === null ? 0 : 1)),
    triggered_at: nowIf(({ status }) => status === "triggered" || status === "delivered"),
    delivered_at: nowIf(({ status }) => status === "delivered"),
    smart_step: smallint(({ smart }) => smart?.step ?? null),
    success_metric: text(({ smart }) => smart?.success_metric ?? null),
    success_is_event: bool(({ smart }) => smart?.success_is_event ?? false),
    success_achieved_at: nowIf(({ smart }) => smart?.achieved === true),
    wait_time_in_seconds: int(({ smart }) => waitSeconds(smart)),
  });
  await insertSteps(tx, messages.flatMap(toStep));
  await insertGoals(tx, messages.flatMap(toGoal));
}

function toItem({ id, run, inbox_item }: NewMessage): NewInboxItem[] {
  const { workspace_id, recipient_id, object_type, distinct_id, tenant_id, workflow } = run;
  const who = { recipient_id, object_type, distinct_id };
  return toInboxItem({ workspace_id, id, tenant_id, category: workflow.category, ...who }, inbox_item);
}

function waitSeconds(smart: SmartPlace | null): number | null {
  return smart === null || smart.wait_ms === null ? null : Math.round(smart.wait_ms / 1000);
}

function toStep({ workspace_id, id, run, node_ref, status, smart }: NewMessage): NewStep[] {
  if (status !== "to_be_triggered" || smart === null || smart.wait_ms === null) return [];
  const { step, gap_ms, is_stored, wait_ms } = smart;
  const due_at = new Date(run.now.getTime() + wait_ms);
  const at = { execution_id: run.id, node_ref, begun_at: run.now, due_at };
  return [{ workspace_id, message_id: id, step, gap_ms, is_stored, ...at }];
}

/** One per node, taken from any of its messages. */
function toGoal({ workspace_id, run, node_ref, smart }: NewMessage): NewGoal[] {
  if (smart === null || smart.goal === null) return [];
  const topic = smart.success_metric.toLowerCase();
  return [{ workspace_id, execution_id: run.id, node_ref, topic, ...smart.goal }];
}

/**
 * Inserts messages and queues the jobs that send them. A message is inserted leased to its job, as its first attempt,
 * so that claiming the job is the only write before the vendor is called.
 */
async function insertAndQueue(tx: Tx, messages: NewMessage[], queue: Queue): Promise<void> {
  const sendable = messages.filter(({ status }) => status === "triggered");
  const jobs = queue.plan(
    "send",
    sendable.map((message) => ({ ...memberOf(message.run), id: message.id, message })),
  );
  for (const { id, members } of jobs) for (const { message } of members) message.lease = id;
  await insertMessages(tx, messages);
  await queue.enqueueJobs(tx, "send", jobs);
}
