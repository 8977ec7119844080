import { formatPosition } from "../core/run-state.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { insertInboxItems, type NewInboxItem } from "../inbox/items.ts";
import type { Dispatch } from "./dispatch.ts";
import type { NewMessage, Run } from "./run.ts";

/**
 * The engine's writes, in bulk: one statement for the runs of a chunk, one for their messages. Documents are
 * passed as text and cast, so that every statement is prepared once for all sizes.
 */
export async function insertRuns(tx: Queryable, runs: Run[]): Promise<void> {
  if (runs.length === 0) return;
  await tx.query(
    `insert into run (workspace_id, id, request_id, parent_run_id, workflow_slug, version_id, lane, object_type,
                      distinct_id, recipient_id, tenant_id, idempotency_key, cancellation_key, actor, inline, data,
                      status, position, wake_at, steps)
     select workspace_id, id, request_id, parent_run_id, workflow_slug, version_id, lane, object_type, distinct_id,
            recipient_id, tenant_id, idempotency_key, cancellation_key, actor::json, inline::json, data::json,
            status, position, wake_at, steps::json
       from unnest($1::int[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::text[],
                   $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
                   $16::text[], $17::text[], $18::text[], $19::timestamptz[], $20::text[])
         as r(workspace_id, id, request_id, parent_run_id, workflow_slug, version_id, lane, object_type, distinct_id,
              recipient_id, tenant_id, idempotency_key, cancellation_key, actor, inline, data, status, position,
              wake_at, steps)`,
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
    ],
    "runs_insert",
  );
}

/** Runs that were loaded with a lock and walked further. */
export async function updateRuns(tx: Queryable, runs: Run[]): Promise<void> {
  if (runs.length === 0) return;
  await tx.query(
    `update run r set status = u.status, position = u.position, wake_at = u.wake_at, steps = u.steps::json,
                      data = coalesce(u.data::json, r.data), updated_at = now()
       from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[])
         as u(workspace_id, id, status, position, wake_at, steps, data)
      where r.workspace_id = u.workspace_id and r.id = u.id`,
    [
      runs.map((run) => run.workspace_id),
      runs.map((run) => run.id),
      runs.map((run) => run.status),
      runs.map((run) => (run.position === null ? null : formatPosition(run.position))),
      runs.map((run) => run.wake_at),
      runs.map((run) => JSON.stringify(run.steps)),
      runs.map((run) => (run.data_changed ? JSON.stringify(run.data) : null)),
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
                          vendor_config_id, vendor_slug, status, failure_reason, idempotency_key, lease, attempt,
                          triggered_at, delivered_at)
     select workspace_id, id, execution_id, workflow_slug, version_id, node_ref, template_slug, template_version_no,
            variant_id, category, lane, tenant_id, object_type, distinct_id, recipient_id, channel, provider,
            identity_key, channel_value::json, content::json, attachments::json, vendor_config_id, vendor_slug,
            status, failure_reason, idempotency_key, lease, case when lease is null then 0 else 1 end,
            case when status <> 'trigger_failed' then now() end, case when status = 'delivered' then now() end
       from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[],
                   $9::text[], $10::text[], $11::smallint[], $12::text[], $13::text[], $14::text[], $15::text[],
                   $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[],
                   $23::text[], $24::text[], $25::text[], $26::text[], $27::uuid[])
         as m(workspace_id, id, execution_id, workflow_slug, version_id, node_ref, template_slug,
              template_version_no, variant_id, category, lane, tenant_id, object_type, distinct_id, recipient_id,
              channel, provider, identity_key, channel_value, content, attachments, vendor_config_id, vendor_slug,
              status, failure_reason, idempotency_key, lease)`,
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
      messages.map((message) => JSON.stringify(message.channel_value)),
      messages.map((message) => (message.content === null ? null : JSON.stringify(message.content))),
      messages.map((message) => (message.attachments === null ? null : JSON.stringify(message.attachments))),
      messages.map((message) => message.vendor_config_id),
      messages.map((message) => message.vendor_slug),
      messages.map((message) => message.status),
      messages.map((message) => message.failure_reason),
      messages.map(({ run }) => run.idempotency_key),
      messages.map((message) => message.lease),
    ],
    "messages_insert",
  );
  await insertInboxItems(tx, messages.flatMap(toInboxItem));
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

/**
 * Inserts messages and queues the jobs that send them. A message is born leased to its job, as its first attempt, so
 * that handing the job out is all that is written before the vendor is called.
 */
export async function insertAndQueue(tx: Tx, messages: NewMessage[], dispatch: Dispatch): Promise<void> {
  const lanes = ([0, 1, 2] as const).map((lane) => {
    const sendable = messages.filter(
      ({ status, run }) => status === "triggered" && run.workflow.lane === lane,
    );
    const planned = dispatch.plan("send", lane, sendable);
    for (const { job, members } of planned) for (const message of members) message.lease = job.id;
    return { lane, jobs: planned.map(({ job }) => job) };
  });
  await insertMessages(tx, messages);
  for (const { lane, jobs } of lanes) if (jobs.length > 0) await dispatch.enqueueJobs(tx, "send", lane, jobs);
}
