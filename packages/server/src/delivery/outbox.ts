import type { Channel } from "../core/channel.ts";
import type { JsonObject } from "../core/json.ts";
import type { Lane } from "../core/lane.ts";
import type { Tx } from "../db/db.ts";
import { MAX_ATTEMPTS, mayRepeat, type Verdict } from "./verdict.ts";
import type { Attachment } from "./vendor.ts";

/**
 * The outbox's statements. A message is leased before its vendor is called, durably, and its result is written only
 * under that lease. The lease is the job that carries the message: a worker holds the job by its heartbeat, so the
 * same job handed out again says that its worker died, and that a message it had leased may or may not have gone
 * out. The attempt's number is part of the fence: a result that comes late belongs to an attempt that is over.
 */
export interface LeasedMessage {
  workspace_id: number;
  id: string;
  lease: string;
  lane: Lane;
  channel: Channel;
  tenant_id: string;
  object_type: string;
  distinct_id: string;
  recipient_id: string | null;
  category: string;
  attempt: number;
  channel_value: string | JsonObject;
  identity_key: string;
  content: JsonObject;
  attachments: Attachment[] | null;
  vendor_config_id: string;
  vendor_slug: string;
}

export interface OutboxJob {
  id: string;
  /** It was handed out before: its worker died, or could not finish. */
  retried: boolean;
  refs: { workspace_id: number; id: string }[];
}

/**
 * Leases what is still to be sent of a job. Left out is what is settled, waits for a retry, or is in another job's
 * hands. What this very job had leased before is in doubt: by the channel's rule it is leased again or failed, and
 * either way marked ambiguous.
 */
export async function leaseMessages(tx: Tx, job: OutboxJob): Promise<LeasedMessage[]> {
  const doubtful = job.retried ? await findDoubtful(tx, job) : new Set<string>();
  const leased = await tx.query<LeasedMessage>(
    `update message m
        set lease = $3, attempt = m.attempt + 1, triggered_at = coalesce(m.triggered_at, now()), updated_at = now()
       from unnest($1::int[], $2::text[]) as k(workspace_id, id)
      where m.workspace_id = k.workspace_id and m.id = k.id and m.status = 'triggered' and m.next_attempt_at is null
        and (m.lease is null or m.lease = $3)
      returning m.workspace_id, m.id, m.lease, m.lane, m.channel, m.tenant_id, m.object_type, m.distinct_id,
                m.recipient_id, m.category, m.attempt, m.channel_value, m.identity_key, m.content, m.attachments,
                m.vendor_config_id, m.vendor_slug`,
    [...refColumns(job), job.id],
    "outbox_lease",
  );
  const inDoubt = leased.filter(({ id }) => doubtful.has(id));
  if (inDoubt.length === 0) return leased;
  const held = new Set(inDoubt.filter((message) => !mayRepeat(message) || message.attempt > MAX_ATTEMPTS));
  await markAmbiguous(tx, inDoubt, held);
  return leased.filter((message) => !held.has(message));
}

async function findDoubtful(tx: Tx, job: OutboxJob): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(
    `select m.id from unnest($1::int[], $2::text[]) as k(workspace_id, id)
       join message m on m.workspace_id = k.workspace_id and m.id = k.id
      where m.status = 'triggered' and m.lease = $3`,
    [...refColumns(job), job.id],
  );
  return new Set(rows.map(({ id }) => id));
}

async function markAmbiguous(tx: Tx, doubtful: LeasedMessage[], held: Set<LeasedMessage>): Promise<void> {
  await tx.query(
    `insert into message_event (workspace_id, message_id, at, kind, detail)
     select workspace_id, id, now(), 'ambiguous', json_build_object('attempt', attempt, 'sent_again', again)
       from unnest($1::int[], $2::text[], $3::int[], $4::bool[]) as e(workspace_id, id, attempt, again)`,
    [
      doubtful.map(({ workspace_id }) => workspace_id),
      doubtful.map(({ id }) => id),
      doubtful.map(({ attempt }) => attempt - 1),
      doubtful.map((message) => !held.has(message)),
    ],
  );
  if (held.size === 0) return;
  await tx.query(
    `update message m set status = 'trigger_failed', lease = null, failure_class = 'ambiguous', failure_reason = $3
       from unnest($1::int[], $2::text[]) as k(workspace_id, id)
      where m.workspace_id = k.workspace_id and m.id = k.id`,
    [
      [...held].map(({ workspace_id }) => workspace_id),
      [...held].map(({ id }) => id),
      "ambiguous: the worker died while the message was with the vendor",
    ],
  );
}

export interface Settled {
  message: LeasedMessage;
  verdict: Verdict;
}

/** Writes the verdicts that still hold their lease, with everything that follows from them. */
export async function settleMessages(tx: Tx, settled: Settled[]): Promise<Settled[]> {
  const verdicts = settled.map(({ verdict }) => verdict);
  const rows = await tx.query<{ id: string }>(
    `update message m
        set status = u.status, failure_reason = u.failure_reason, failure_class = u.failure_class,
            vendor_message_id = coalesce(u.vendor_message_id, m.vendor_message_id), lease = null,
            next_attempt_at = now() + u.retry_in_ms * interval '1 millisecond',
            delivered_at = case when u.status = 'delivered' then now() else m.delivered_at end, updated_at = now()
       from unnest($1::int[], $2::text[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::float8[])
         as u(workspace_id, id, lease, attempt, status, failure_reason, failure_class, vendor_message_id, retry_in_ms)
      where m.workspace_id = u.workspace_id and m.id = u.id and m.lease = u.lease and m.attempt = u.attempt
      returning m.id`,
    [
      ...keyColumns(settled.map(({ message }) => message)),
      verdicts.map((verdict) => verdict.status),
      verdicts.map((verdict) => verdict.failure_reason),
      verdicts.map((verdict) => verdict.failure_class),
      verdicts.map((verdict) => verdict.vendor_message_id),
      verdicts.map((verdict) => verdict.retry_in_ms),
    ],
    "outbox_settle",
  );
  const ours = new Set(rows.map(({ id }) => id));
  const written = settled.filter(({ message }) => ours.has(message.id));
  await recordAttempts(
    tx,
    written.filter(({ verdict }) => verdict.failure_reason !== null),
  );
  await insertInboxItems(
    tx,
    written.filter(({ verdict }) => verdict.inbox_item !== null),
  );
  await scheduleReceipts(
    tx,
    written.filter(({ verdict }) => verdict.receipts.length > 0),
  );
  await suppressIdentities(
    tx,
    written.filter(({ verdict, message }) => verdict.inactivate && message.recipient_id !== null),
  );
  return written;
}

async function recordAttempts(tx: Tx, failed: Settled[]): Promise<void> {
  if (failed.length === 0) return;
  await tx.query(
    `insert into message_event (workspace_id, message_id, at, kind, detail)
     select workspace_id, id, now(), 'attempt_failed', detail::json
       from unnest($1::int[], $2::text[], $3::text[]) as e(workspace_id, id, detail)`,
    [
      failed.map(({ message }) => message.workspace_id),
      failed.map(({ message }) => message.id),
      failed.map(({ message, verdict }) =>
        JSON.stringify({
          attempt: message.attempt,
          class: verdict.failure_class,
          reason: verdict.failure_reason,
          retry_in_ms: verdict.retry_in_ms,
        }),
      ),
    ],
  );
}

/** Our own inbox: the item is stored with the message's result, so it exists exactly when it was delivered. */
async function insertInboxItems(tx: Tx, items: Settled[]): Promise<void> {
  if (items.length === 0) return;
  await tx.query(
    `insert into inbox_item (workspace_id, id, recipient_id, tenant_id, category, message, tags)
     select workspace_id, id, recipient_id, tenant_id, category, message::json,
            coalesce((select array_agg(tag) from json_array_elements_text(case json_typeof(message::json -> 'tags')
              when 'array' then message::json -> 'tags' else '[]' end) tag), '{}')
       from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
         as i(workspace_id, id, recipient_id, tenant_id, category, message)
     on conflict do nothing`,
    [
      items.map(({ message }) => message.workspace_id),
      items.map(({ message }) => message.id),
      items.map(({ message }) => message.recipient_id ?? `${message.object_type}/${message.distinct_id}`),
      items.map(({ message }) => message.tenant_id),
      items.map(({ message }) => message.category),
      items.map(({ verdict }) => JSON.stringify(verdict.inbox_item)),
    ],
    "outbox_inbox",
  );
}

async function scheduleReceipts(tx: Tx, sent: Settled[]): Promise<void> {
  const receipts = sent.flatMap(({ message, verdict }) =>
    verdict.receipts.map((receipt) => ({ message, receipt })),
  );
  if (receipts.length === 0) return;
  await tx.query(
    `insert into due_receipt (workspace_id, message_id, status, reason, due_at)
     select workspace_id, id, status, reason, now() + after_ms * interval '1 millisecond'
       from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::float8[]) as r(workspace_id, id, status, reason, after_ms)`,
    [
      receipts.map(({ message }) => message.workspace_id),
      receipts.map(({ message }) => message.id),
      receipts.map(({ receipt }) => receipt.status),
      receipts.map(({ receipt }) => receipt.reason),
      receipts.map(({ receipt }) => receipt.after_ms),
    ],
  );
}

/** How long an address that bounced is left alone: 90 days by e-mail, 15 on WhatsApp, a token for ever. */
async function suppressIdentities(tx: Tx, bounced: Settled[]): Promise<void> {
  if (bounced.length === 0) return;
  await tx.query(
    `update identity i
        set perma_status = 'disabled', updated_at = now(),
            perma_until = case i.channel when 'email' then now() + interval '90 days'
                                         when 'whatsapp' then now() + interval '15 days' end
       from unnest($1::int[], $2::text[], $3::text[], $4::text[]) as b(workspace_id, recipient_id, channel, key)
      where i.workspace_id = b.workspace_id and i.recipient_id = b.recipient_id and i.channel = b.channel and i.key = b.key`,
    [
      bounced.map(({ message }) => message.workspace_id),
      bounced.map(({ message }) => message.recipient_id),
      bounced.map(({ message }) => message.channel),
      bounced.map(({ message }) => message.identity_key),
    ],
  );
}

function refColumns({ refs }: OutboxJob): [number[], string[]] {
  return [refs.map(({ workspace_id }) => workspace_id), refs.map(({ id }) => id)];
}

function keyColumns(messages: LeasedMessage[]): [number[], string[], string[], number[]] {
  return [
    messages.map(({ workspace_id }) => workspace_id),
    messages.map(({ id }) => id),
    messages.map(({ lease }) => lease),
    messages.map(({ attempt }) => attempt),
  ];
}
