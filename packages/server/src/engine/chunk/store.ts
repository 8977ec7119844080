import { formatPosition } from "../../core/run-state.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { insertInboxItems, type NewInboxItem } from "../../inbox/items.ts";
import { insertSteps, type NewStep } from "../../routing/steps.ts";
import { insertGoals, type NewGoal } from "../../routing/success.ts";
import type { Queue } from "../../queue/queue.ts";
import { memberOf, type NewMessage, type Run, type SmartPlace } from "../run.ts";
import { discardBatches, writeWaiters } from "../waits/waiters.ts";

/**
 * The engine's writes, in bulk: one statement for the runs of a chunk, one for their messages, and for what waits or
 * calls one more. Documents are passed as text and cast, so that every statement is prepared once for all sizes.
 */
export async function writeChunk(
  tx: Tx,
  runs: { made: Run[] } | { walked: Run[] },
  messages: NewMessage[],
  queue: Queue,
): Promise<void> {
  const all = "made" in runs ? runs.made : runs.walked;
  if ("made" in runs) await insertRuns(tx, all);
  else await updateRuns(tx, all);
  await writeWaiters(tx, all);
  await discardBatches(tx, all);
  await queueCalls(tx, all, queue);
  await insertAndQueue(tx, messages, queue);
}

async function queueCalls(tx: Tx, runs: Run[], queue: Queue): Promise<void> {
  const calling = runs.filter(({ left, memory }) => left.began !== null && memory.call !== undefined);
  await queue.enqueue(tx, "call", calling.map(memberOf));
}

async function insertRuns(tx: Queryable, runs: Run[]): Promise<void> {
  if (runs.length === 0) return;
  await tx.query(
    `insert into run (workspace_id, id, request_id, parent_run_id, workflow_slug, version_id, lane, object_type,
                      distinct_id, recipient_id, tenant_id, idempotency_key, cancellation_key, actor, inline, data,
                      status, position, wake_at, steps, state, parent_object)
     select workspace_id, id, request_id, parent_run_id, workflow_slug, version_id, lane, object_type, distinct_id,
            recipient_id, tenant_id, idempotency_key, cancellation_key, actor::json, inline::json, data::json,
            status, position, wake_at, steps::json, state::json, parent_object
       from unnest($1::int[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::text[],
                   $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
                   $16::text[], $17::text[], $18::text[], $19::timestamptz[], $20::text[], $21::text[],
                   $22::text[])
         as r(workspace_id, id, request_id, parent_run_id, workflow_slug, version_id, lane, object_type, distinct_id,
              recipient_id, tenant_id, idempotency_key, cancellation_key, actor, inline, data, status, position,
              wake_at, steps, state, parent_object)`,
    [
      runs.map((run) => run.workspace_id),
      runs.map((run) => run.id),
      runs.map((run) => run.request_id),
      runs.map((run) => run.parent_run_id),
      runs.map((run) => run.workflow.slug),
      runs.map((run) => run.workflow.version_id),
      runs.map((run) => run.workflow.lane),
      runs.map((run) => run.object_type),
      runs.map((run) => run.distinct_id),
      runs.map((run) => run.recipient_id),
      runs.map((run) => run.tenant_id),
      runs.map((run) => run.idempotency_key),
      runs.map((run) => run.cancellation_key),
      runs.map((run) => (run.actor === null ? null : JSON.stringify(run.actor))),
      runs.map((run) => (run.inline === null ? null : JSON.stringify(run.inline))),
      runs.map((run) => (run.data_changed ? JSON.stringify(run.data) : null)),
      runs.map((run) => run.status),
      runs.map((run) => (run.position === null ? null : formatPosition(run.position))),
      runs.map((run) => run.wake_at),
      runs.map((run) => JSON.stringify(run.steps)),
      runs.map(memoryText),
      runs.map((run) => run.parent_object),
    ],
    "runs_insert",
  );
}

function memoryText({ memory }: Run): string | null {
  const text = JSON.stringify(memory);
  return text === "{}" ? null : text;
}

/** Runs that were loaded with a lock and walked further. */
async function updateRuns(tx: Queryable, runs: Run[]): Promise<void> {
  if (runs.length === 0) return;
  await tx.query(
    `update run r set status = u.status, position = u.position, wake_at = u.wake_at, steps = u.steps::json,
                      data = coalesce(u.data::json, r.data), state = u.state::json, updated_at = now()
       from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[])
         as u(workspace_id, id, status, position, wake_at, steps, data, state)
      where r.workspace_id = u.workspace_id and r.id = u.id`,
    [
      runs.map((run) => run.workspace_id),
      runs.map((run) => run.id),
      runs.map((run) => run.status),
      runs.map((run) => (run.position === null ? null : formatPosition(run.position))),
      runs.map((run) => run.wake_at),
      runs.map((run) => JSON.stringify(run.steps)),
      runs.map((run) => (run.data_changed ? JSON.stringify(run.data) : null)),
      runs.map(memoryText),
    ],
    "runs_update",
  );
}

async function insertMessages(tx: Tx, messages: NewMessage[]): Promise<void> {
  if (messages.length === 0) return;
  await tx.query(
    `insert into message (workspace_id, id, execution_id, workflow_slug, version_id, node_ref, template_slug,
                          template_version_no, variant_id, category, lane, tenant_id, object_type, distinct_id,
                          recipient_id, channel, provider, identity_key, channel_value, content, attachments,
                          vendor_config_id, vendor_slug, status, failure_reason, idempotency_key, lease, webhook_data,
                          parent_object, attempt, triggered_at, delivered_at, smart_step, success_metric,
                          success_is_event, success_achieved_at, wait_time_in_seconds)
     select workspace_id, id, execution_id, workflow_slug, version_id, node_ref, template_slug, template_version_no,
            variant_id, category, lane, tenant_id, object_type, distinct_id, recipient_id, channel, provider,
            identity_key, channel_value::json, content::json, attachments::json, vendor_config_id, vendor_slug,
            status, failure_reason, idempotency_key, lease, webhook_data::json, parent_object, case when lease is null then 0 else 1 end,
            case when status in ('triggered', 'delivered') then now() end, case when status = 'delivered' then now() end,
            smart_step, success_metric, success_is_event, case when is_achieved then now() end, wait_time_in_seconds
       from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[],
                   $9::text[], $10::text[], $11::smallint[], $12::text[], $13::text[], $14::text[], $15::text[],
                   $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[],
                   $23::text[], $24::text[], $25::text[], $26::text[], $27::uuid[], $28::text[], $29::text[],
                   $30::smallint[], $31::text[], $32::bool[], $33::bool[], $34::int[])
         as m(workspace_id, id, execution_id, workflow_slug, version_id, node_ref, template_slug,
              template_version_no, variant_id, category, lane, tenant_id, object_type, distinct_id, recipient_id,
              channel, provider, identity_key, channel_value, content, attachments, vendor_config_id, vendor_slug,
              status, failure_reason, idempotency_key, lease, webhook_data, parent_object, smart_step, success_metric,
              success_is_event, is_achieved, wait_time_in_seconds)`,
    [
      messages.map((message) => message.workspace_id),
      messages.map((message) => message.id),
      messages.map(({ run }) => run.id),
      messages.map(({ run }) => run.workflow.slug),
      messages.map(({ run }) => run.workflow.version_id),
      messages.map((message) => message.node_ref),
      messages.map((message) => message.template_slug),
      messages.map((message) => message.template_version_no),
      messages.map((message) => message.variant_id),
      messages.map(({ run }) => run.workflow.category),
      messages.map(({ run }) => run.workflow.lane),
      messages.map(({ run }) => run.tenant_id),
      messages.map(({ run }) => run.object_type),
      messages.map(({ run }) => run.distinct_id),
      messages.map(({ run }) => run.recipient_id),
      messages.map((message) => message.channel),
      messages.map((message) => message.provider),
      messages.map((message) => message.identity_key),
      messages.map(({ channel_value }) => (channel_value === null ? null : JSON.stringify(channel_value))),
      messages.map((message) => (message.content === null ? null : JSON.stringify(message.content))),
      messages.map((message) => (message.attachments === null ? null : JSON.stringify(message.attachments))),
      messages.map((message) => message.vendor_config_id),
      messages.map((message) => message.vendor_slug),
      messages.map((message) => message.status),
      messages.map((message) => message.failure_reason),
      messages.map(({ run }) => run.idempotency_key),
      messages.map((message) => message.lease),
      messages.map(({ webhook_data }) => (webhook_data === null ? null : JSON.stringify(webhook_data))),
      messages.map(({ run }) => run.parent_object),
      messages.map(({ smart }) => smart?.step ?? null),
      messages.map(({ smart }) => smart?.success_metric ?? null),
      messages.map(({ smart }) => smart?.success_is_event ?? false),
      messages.map(({ smart }) => smart?.achieved ?? false),
      messages.map(({ smart }) => waitSeconds(smart)),
    ],
    "messages_insert",
  );
  await insertInboxItems(tx, messages.flatMap(toInboxItem));
  await insertSteps(tx, messages.flatMap(toStep));
  await insertGoals(tx, messages.flatMap(toGoal));
}

function toInboxItem({ workspace_id, id, run, inbox_item }: NewMessage): NewInboxItem[] {
  if (inbox_item === null) return [];
  const recipient_id = run.recipient_id ?? `${run.object_type}/${run.distinct_id}`;
  return [
    {
      workspace_id,
      id,
      recipient_id,
      tenant_id: run.tenant_id,
      category: run.workflow.category,
      message: inbox_item,
    },
  ];
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

/** One for each node, whichever of its messages it is taken from. */
function toGoal({ workspace_id, run, node_ref, smart }: NewMessage): NewGoal[] {
  if (smart === null || smart.goal === null) return [];
  const topic = smart.success_metric.toLowerCase();
  return [{ workspace_id, execution_id: run.id, node_ref, topic, ...smart.goal }];
}

/**
 * Inserts messages and queues the jobs that send them. A message is born leased to its job, as its first attempt, so
 * that handing the job out is all that is written before the vendor is called.
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
