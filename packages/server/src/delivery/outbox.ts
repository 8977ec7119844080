import { randomUUID } from "node:crypto";
import type { Channel } from "../core/channel.ts";
import type { JsonObject } from "../core/json.ts";
import type { Lane } from "../core/lane.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { MAX_ATTEMPTS, mayRepeat, type Verdict } from "./verdict.ts";
import type { Attachment } from "./vendor.ts";

/**
 * The outbox's statements. A message is leased before the vendor is called and its result is written only under
 * that lease, so two workers never settle one message, and a lease that ran out says: a worker died here, and
 * the call may or may not have been made.
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

export const LEASE_SECONDS = 15;

/** Leases what is still to be sent of `refs`; what is leased, settled or cancelled already is left out. */
export async function leaseMessages(
  tx: Tx,
  refs: { workspace_id: number; id: string }[],
): Promise<LeasedMessage[]> {
  return tx.query<LeasedMessage>(
    `update message m
        set lease = $3, leased_until = now() + make_interval(secs => ${LEASE_SECONDS}), attempt = m.attempt + 1,
            next_attempt_at = null, triggered_at = coalesce(m.triggered_at, now()), updated_at = now()
       from unnest($1::int[], $2::text[]) as k(workspace_id, id)
      where m.workspace_id = k.workspace_id and m.id = k.id and m.status = 'triggered' and m.leased_until is null
      returning m.workspace_id, m.id, m.lease, m.lane, m.channel, m.tenant_id, m.object_type, m.distinct_id,
                m.recipient_id, m.category, m.attempt, m.channel_value, m.identity_key, m.content, m.attachments,
                m.vendor_config_id, m.vendor_slug`,
    [refs.map((ref) => ref.workspace_id), refs.map((ref) => ref.id), randomUUID()],
    "outbox_lease",
  );
}

/** Keeps calls that take longer than a lease. */
export async function renewLeases(db: Queryable, messages: LeasedMessage[]): Promise<void> {
  await db.query(
    `update message m set leased_until = now() + make_interval(secs => ${LEASE_SECONDS})
       from unnest($1::int[], $2::text[], $3::uuid[]) as k(workspace_id, id, lease)
      where m.workspace_id = k.workspace_id and m.id = k.id and m.lease = k.lease`,
    keyColumns(messages),
    "outbox_renew",
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
            vendor_message_id = coalesce(u.vendor_message_id, m.vendor_message_id), lease = null, leased_until = null,
            next_attempt_at = now() + u.retry_in_ms * interval '1 millisecond',
            delivered_at = case when u.status = 'delivered' then now() else m.delivered_at end, updated_at = now()
       from unnest($1::int[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::float8[])
         as u(workspace_id, id, lease, status, failure_reason, failure_class, vendor_message_id, retry_in_ms)
      where m.workspace_id = u.workspace_id and m.id = u.id and m.lease = u.lease
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

/**
 * Messages whose lease ran out: their worker died between the lease and the result. By the channel's rule they
 * are sent again or shown as failed, always marked ambiguous. Relies on message_leased.
 */
export async function recoverExpired(tx: Tx): Promise<number> {
  const rows = await tx.query<{
    workspace_id: number;
    id: string;
    channel: Channel;
    lane: Lane;
    attempt: number;
  }>(
    `select workspace_id, id, channel, lane, attempt from message
      where leased_until < now() order by leased_until limit 500 for update skip locked`,
    [],
    "outbox_expired",
  );
  if (rows.length === 0) return 0;
  const repeats = rows.map((row) => mayRepeat(row) && row.attempt < MAX_ATTEMPTS);
  const reason = "ambiguous: the worker died while the message was with the vendor";
  await tx.query(
    `update message m
        set lease = null, leased_until = null, failure_class = 'ambiguous', failure_reason = $4, updated_at = now(),
            status = case when u.again then m.status else 'trigger_failed' end,
            next_attempt_at = case when u.again then now() end
       from unnest($1::int[], $2::text[], $3::bool[]) as u(workspace_id, id, again)
      where m.workspace_id = u.workspace_id and m.id = u.id`,
    [rows.map((row) => row.workspace_id), rows.map((row) => row.id), repeats, reason],
  );
  await tx.query(
    `insert into message_event (workspace_id, message_id, at, kind, detail)
     select workspace_id, id, now(), 'ambiguous', json_build_object('attempt', attempt, 'sent_again', again)
       from unnest($1::int[], $2::text[], $3::int[], $4::bool[]) as e(workspace_id, id, attempt, again)`,
    [rows.map((row) => row.workspace_id), rows.map((row) => row.id), rows.map((row) => row.attempt), repeats],
  );
  return rows.length;
}

function keyColumns(messages: LeasedMessage[]): [number[], string[], string[]] {
  return [
    messages.map(({ workspace_id }) => workspace_id),
    messages.map(({ id }) => id),
    messages.map(({ lease }) => lease),
  ];
}
