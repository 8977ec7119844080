import type { Queue } from "../queue/queue.ts";
import { type ChangedMessage, wakeWatchers } from "./watchers.ts";
import type { Job } from "../queue/job.ts";
import type { Channel } from "../core/channel.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Lane } from "../core/lane.ts";
import { afterNow, bool, float8, insertAll, int, json, keysOf, now, rowsOf, text, uuid } from "../db/bulk.ts";
import type { Tx } from "../db/db.ts";
import type { Announce } from "../inbox/feed.ts";
import { insertInboxItems, toInboxItem } from "../inbox/items.ts";
import { passTurns } from "../routing/steps.ts";
import { closeReached } from "../routing/success.ts";
import { insertFallbacks } from "./failover/due-fallbacks.ts";
import { handOver, type HandOverDeps } from "./failover/hand-over.ts";
import type { LeftOut } from "./attachments/attachments.ts";
import type { AttachedFile } from "./vendor/vendor.ts";
import type { NextVendor } from "./vendor-table.ts";
import { deactivateOf } from "./reports/addresses.ts";
import { MAX_ATTEMPTS, mayRepeat, type Verdict } from "./verdict.ts";

/**
 * The outbox's statements. The lease of a message is the job that sends it, written before the job can be handed out.
 * Handing out is durable, so a vendor is only ever called for a message whose job is recorded as started; a worker
 * holds its job by a heartbeat. If the same job is handed out again, its worker died, and its unsettled messages may or
 * may not have gone out. A result is written only under the same lease and attempt.
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
  /** What became of the attempt before, or what it waits for. */
  failure_reason: string | null;
  /** Since it could have been sent, in milliseconds. */
  age_ms: number;
  channel_value: string | JsonObject;
  identity_key: string;
  provider: string;
  content: JsonObject;
  /** Notes of files, in the form of `core/attachments.ts`; null for most messages. */
  attachments: Json;
  vendor_config_id: string;
  vendor_slug: string;
  execution_id: string;
  /** Its run may wait for what becomes of it. */
  is_watched: boolean;
  /** Its step in a smart routing; null without one. */
  smart_step: number | null;
  /** The copies that this attempt is for, after the recipient got the mail; null: it is for everybody. */
  undelivered: string[] | null;
}

/**
 * The unsettled messages of a job. If the job is handed out again, all of them are in doubt: by the channel's rule they
 * are sent as a further attempt, or failed, and either way marked ambiguous. Their rows are then locked: the first
 * worker may be slow and not dead, and a result that it writes at this moment counts.
 */
export async function takeMessages(
  tx: Tx,
  job: Job,
  queue: Pick<Queue, "enqueue">,
): Promise<LeasedMessage[]> {
  const again = job.tries > 0;
  const { from, values, next } = keysOf(job.refs);
  const messages = await tx.query<LeasedMessage>(
    `select m.workspace_id, m.id, m.lease, m.lane, m.channel, m.tenant_id, m.object_type, m.distinct_id,
            m.recipient_id, m.category, m.attempt, m.channel_value, m.identity_key, m.provider, m.content, m.attachments,
            m.vendor_config_id, m.vendor_slug, m.smart_step, m.execution_id, m.is_watched, m.undelivered,
            m.failure_reason, (extract(epoch from now() - coalesce(m.triggered_at, m.created_at)) * 1000)::float8 as age_ms
       from ${from}
       join message m on m.workspace_id = k.workspace_id and m.id = k.id
      where (m.status = 'triggered' or m.undelivered is not null) and m.lease = $${next} ${again ? "for no key update of m" : ""}`,
    [...values, job.id],
    again ? "outbox_take_again" : "outbox_take",
  );
  if (!again || messages.length === 0) return messages;
  const held = new Set(messages.filter((message) => !mayRepeat(message) || message.attempt >= MAX_ATTEMPTS));
  await markAmbiguous(tx, messages, held);
  await wakeWatchers(tx, [...held], queue);
  const repeated = messages.filter((message) => !held.has(message));
  const keys = keysOf(repeated);
  await tx.query(
    `update message m set attempt = m.attempt + 1, updated_at = now()
       from ${keys.from}
      where m.workspace_id = k.workspace_id and m.id = k.id`,
    keys.values,
  );
  return repeated.map((message) => ({ ...message, attempt: message.attempt + 1 }));
}

async function markAmbiguous(tx: Tx, doubtful: LeasedMessage[], held: Set<LeasedMessage>): Promise<void> {
  await insertAll(tx, "message_event", doubtful, {
    workspace_id: int((message) => message.workspace_id),
    message_id: text((message) => message.id),
    at: now,
    kind: text(() => "ambiguous"),
    detail: json((message) => ({
      attempt: message.attempt,
      sent_again: !held.has(message),
      ...(message.undelivered === null ? {} : { copies: message.undelivered }),
    })),
  });
  if (held.size === 0) return;
  const { from, values, next } = keysOf([...held]);
  await tx.query(
    `update message m
        set status = case when m.undelivered is null then 'trigger_failed' else m.status end,
            failure_class = case when m.undelivered is null then 'ambiguous' else m.failure_class end,
            failure_reason = case when m.undelivered is null then $${next} else m.failure_reason end,
            lease = null, undelivered = null
       from ${from}
      where m.workspace_id = k.workspace_id and m.id = k.id`,
    [...values, "ambiguous: the worker died while the message was with the vendor"],
  );
}

/** Ends a message that no worker gets through; one whose recipient has it loses only its deferred copies. */
export async function giveUpMessage(
  tx: Tx,
  workspace_id: number,
  id: string,
  reason: string,
): Promise<ChangedMessage[]> {
  await tx.query(
    `insert into message_event (workspace_id, message_id, at, kind, detail)
     select m.workspace_id, m.id, now(), 'copy_failed',
            json_build_object('attempt', m.attempt, 'address', copy, 'class', 'internal', 'reason', $3::text, 'retry_in_ms', null)
       from message m, json_array_elements_text(m.undelivered) copy where m.workspace_id = $1 and m.id = $2`,
    [workspace_id, id, reason],
  );
  return tx.query<ChangedMessage>(
    `update message
        set status = case when undelivered is null then 'trigger_failed' else status end,
            failure_class = case when undelivered is null then 'internal' else failure_class end,
            failure_reason = case when undelivered is null then $3 else failure_reason end,
            lease = null, undelivered = null, updated_at = now()
      where workspace_id = $1 and id = $2 and (status = 'triggered' or undelivered is not null)
      returning workspace_id, execution_id, tenant_id, lane, is_watched`,
    [workspace_id, id, reason],
  );
}

export interface Settled {
  message: LeasedMessage;
  verdict: Verdict;
  /** The files that the vendor received; null for messages without files, and for those that did not get that far. */
  attached: Attached | null;
  /** Reports will name the message by the vendor's id. */
  keeps_ack: boolean;
  /** The vendor that follows in its priority list; null: none does. */
  next: NextVendor | null;
  /** The vendor reports deliveries: without a report in time the message goes to the next one as well. */
  does_report: boolean;
}

export interface Attached {
  files: (Omit<AttachedFile, "bytes"> & { size: number })[];
  left_out: LeftOut[];
}

export interface SettleDeps extends HandOverDeps {
  announce: Announce;
}

/**
 * Writes the verdicts that still hold their lease, and all their consequences. A message whose report arrived before
 * its vendor's response keeps the status of the report.
 */
export async function settleMessages(tx: Tx, settled: Settled[], deps: SettleDeps): Promise<Settled[]> {
  const { from, values } = rowsOf("u", settled, {
    workspace_id: int(({ message }) => message.workspace_id),
    id: text(({ message }) => message.id),
    lease: uuid(({ message }) => message.lease),
    attempt: int(({ message }) => message.attempt),
    status: text(({ verdict }) => verdict.status),
    failure_reason: text(({ verdict }) => verdict.failure_reason),
    failure_class: text(({ verdict }) => verdict.failure_class),
    vendor_message_id: text(({ verdict }) => verdict.vendor_message_id),
    retry_in_ms: float8(({ verdict }) => verdict.retry_in_ms),
    undelivered: json(({ message, verdict }) =>
      verdict.is_postponed ? message.undelivered : deferredCopies(verdict),
    ),
    is_postponed: bool(({ verdict }) => verdict.is_postponed),
  });
  const rows = await tx.query<{ id: string }>(
    `update message m
        set status = case when m.status = 'triggered' then u.status else m.status end,
            failure_reason = case when m.status = 'triggered' then u.failure_reason else m.failure_reason end,
            failure_class = case when m.status = 'triggered' and not u.is_postponed then u.failure_class else m.failure_class end,
            attempt = m.attempt - u.is_postponed::int,
            vendor_message_id = coalesce(u.vendor_message_id, m.vendor_message_id), lease = null,
            undelivered = u.undelivered::json,
            next_attempt_at = case when m.status = 'triggered' or u.undelivered is not null
                                   then now() + u.retry_in_ms * interval '1 millisecond' end,
            delivered_at = case when u.status = 'delivered' then coalesce(m.delivered_at, now()) else m.delivered_at end,
            updated_at = now()
       from ${from}
      where m.workspace_id = u.workspace_id and m.id = u.id and m.lease = u.lease and m.attempt = u.attempt
      returning m.id`,
    values,
    "outbox_settle",
  );
  const ours = new Set(rows.map(({ id }) => id));
  const held = settled.filter(({ message }) => ours.has(message.id));
  const written = held.filter(({ verdict }) => !verdict.is_postponed);
  await recordAttempts(
    tx,
    written.filter(({ verdict }) => verdict.failure_reason !== null),
  );
  await recordCopies(tx, written);
  await recordAttached(tx, written.filter(isOver));
  await closeReached(tx, refsOf(written.filter(isDelivered)));
  await passTurns(tx, refsOf(written.filter(yieldsTurn)));
  await handOver(
    tx,
    written.flatMap(({ message: { workspace_id, id }, verdict, next }) =>
      verdict.hands_over && next !== null
        ? [{ workspace_id, id, next, reason: verdict.failure_reason ?? "" }]
        : [],
    ),
    deps,
  );
  await insertFallbacks(
    tx,
    written.flatMap(({ message: { workspace_id, id: message_id }, verdict, next, does_report }) =>
      verdict.status === "sent_by_vendor" && does_report && next !== null
        ? [{ workspace_id, message_id, wait_ms: next.wait_ms }]
        : [],
    ),
  );
  await keepAcks(
    tx,
    written.filter(({ keeps_ack, verdict }) => keeps_ack && verdict.vendor_message_id !== null),
  );
  await scheduleReceipts(
    tx,
    written.filter(({ verdict }) => verdict.receipts.length > 0),
  );
  await deactivateOf(
    tx,
    written.flatMap(({ message: { workspace_id, recipient_id, channel, identity_key: key }, verdict }) =>
      verdict.inactivate && recipient_id !== null ? [{ workspace_id, recipient_id, channel, key }] : [],
    ),
  );
  await insertInboxItems(
    tx,
    written.flatMap(({ message, verdict }) => toInboxItem(message, verdict.inbox_item)),
    deps.announce,
  );
  return held;
}

function isDelivered({ message, verdict }: Settled): boolean {
  return message.smart_step !== null && verdict.status === "delivered";
}

/** True if nothing was sent: then the next step of its routing is due at once. Not if something may have been sent. */
export function yieldsTurn({ message, verdict }: Settled): boolean {
  if (message.smart_step === null || verdict.hands_over) return false;
  return verdict.status === "trigger_failed" && verdict.failure_class !== "ambiguous";
}

function refsOf(settled: Settled[]): { workspace_id: number; id: string }[] {
  return settled.map(({ message: { workspace_id, id } }) => ({ workspace_id, id }));
}

async function recordAttempts(tx: Tx, failed: Settled[]): Promise<void> {
  await insertAll(tx, "message_event", failed, {
    workspace_id: int(({ message }) => message.workspace_id),
    message_id: text(({ message }) => message.id),
    at: now,
    kind: text(() => "attempt_failed"),
    detail: json(({ message, verdict }) => ({
      attempt: message.attempt,
      class: verdict.failure_class,
      reason: verdict.failure_reason,
      retry_in_ms: verdict.retry_in_ms,
    })),
  });
}

/** Null when no copy is sent again. */
function deferredCopies({ copies }: Verdict): string[] | null {
  const deferred = copies.filter(({ is_deferred }) => is_deferred);
  return deferred.length === 0 ? null : deferred.map(({ address }) => address);
}

/** Records what became of copies one by one, as of the recipient's own mail: those that failed, and those of a retry. */
async function recordCopies(tx: Tx, settled: Settled[]): Promise<void> {
  const events = settled.flatMap(({ message, verdict }) => {
    const { attempt, undelivered } = message;
    const failed = verdict.copies.map(({ address, class: failure, reason, is_deferred }) => {
      const retry_in_ms = is_deferred ? verdict.retry_in_ms : null;
      return {
        message,
        kind: "copy_failed",
        detail: { attempt, address, class: failure, reason, retry_in_ms },
      };
    });
    const names = new Set(verdict.copies.map(({ address }) => address));
    const sent = (undelivered ?? []).filter((address) => !names.has(address));
    return [
      ...failed,
      ...sent.map((address) => ({ message, kind: "copy_sent", detail: { attempt, address } })),
    ];
  });
  await insertAll(tx, "message_event", events, {
    workspace_id: int(({ message }) => message.workspace_id),
    message_id: text(({ message }) => message.id),
    at: now,
    kind: text(({ kind }) => kind),
    detail: json(({ detail }) => detail),
  });
}

/** False before a retry, which attaches the same files. */
function isOver({ attached, message, verdict }: Settled): boolean {
  return attached !== null && message.undelivered === null && verdict.status !== "triggered";
}

/** Records the files that a mail carried and those left out: name, type, size and hash, never the bytes. */
async function recordAttached(tx: Tx, settled: Settled[]): Promise<void> {
  await insertAll(tx, "message_event", settled, {
    workspace_id: int(({ message }) => message.workspace_id),
    message_id: text(({ message }) => message.id),
    at: now,
    kind: text(({ attached }) => (attached?.left_out.length === 0 ? "attached" : "attachments_left_out")),
    detail: json(({ message: { attempt }, attached }) => ({
      attempt,
      files: attached?.files.map(({ filename, content_type, size, sha256 }) => {
        return { filename, content_type, size, sha256 };
      }),
      left_out: attached?.left_out,
    })),
  });
}

/** A vendor that repeats an id means the latest message by it. */
async function keepAcks(tx: Tx, sent: Settled[]): Promise<void> {
  const last = new Map(
    sent.map((one) => [`${one.message.vendor_config_id}/${one.verdict.vendor_message_id}`, one]),
  );
  await insertAll(
    tx,
    "vendor_ack",
    [...last.values()],
    {
      workspace_id: int(({ message }) => message.workspace_id),
      vendor_config_id: text(({ message }) => message.vendor_config_id),
      vendor_message_id: text(({ verdict }) => verdict.vendor_message_id ?? ""),
      message_id: text(({ message }) => message.id),
    },
    `on conflict (workspace_id, vendor_config_id, vendor_message_id)
     do update set message_id = excluded.message_id, created_at = now()`,
  );
}

async function scheduleReceipts(tx: Tx, sent: Settled[]): Promise<void> {
  const receipts = sent.flatMap(({ message, verdict }) =>
    verdict.receipts.map((receipt) => ({ message, receipt })),
  );
  await insertAll(tx, "due_receipt", receipts, {
    workspace_id: int(({ message }) => message.workspace_id),
    message_id: text(({ message }) => message.id),
    status: text(({ receipt }) => receipt.status),
    reason: text(({ receipt }) => receipt.reason),
    due_at: afterNow(({ receipt }) => receipt.after_ms),
  });
}
