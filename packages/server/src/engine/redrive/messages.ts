import { type Channel, isChannel } from "../../core/channel.ts";
import type { Lane } from "../../core/lane.ts";
import { rowsOf, text, uuid } from "../../db/bulk.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { leasesOf } from "../../queue/job.ts";
import { type Concern, findUnwanted, type Policies } from "../../routing/unwanted.ts";
import { type RedriveDeps, type Redriven, type RedriveOrder, type Refusal, sortOut } from "./order.ts";

interface FailedMessage extends Concern {
  id: string;
  lane: Lane;
  recipient_id: string | null;
  /** Also `webhook`, which nobody opts out of. */
  channel: string;
  status: string;
  failure_class: string | null;
  failure_reason: string | null;
  is_ready: boolean;
  has_vendor: boolean;
}

const FAILED: ReadonlySet<string> = new Set(["trigger_failed", "failure_by_vendor"]);

/** The categories and tenants of messages to put back: their configuration is read before the transaction. */
export async function readConcerns(
  db: Queryable,
  workspace_id: number,
  { messages }: RedriveOrder,
): Promise<Concern[]> {
  if (messages.length === 0) return [];
  return db.query<Concern>(
    "select distinct workspace_id, tenant_id, category from message where workspace_id = $1 and id = any($2)",
    [workspace_id, messages],
  );
}

/**
 * Leases messages to new jobs, as for new messages, with the content rendered originally. A recipient who has turned the
 * channel off since then is not sent it.
 */
export async function redriveMessages(
  tx: Tx,
  workspace_id: number,
  { messages: ids, include_ambiguous, dry_run }: RedriveOrder,
  policies: Policies,
  deps: Pick<RedriveDeps, "queue" | "preferences">,
): Promise<Redriven> {
  if (ids.length === 0) return { redriven: [], refused: [] };
  const messages = await tx.query<FailedMessage>(
    `select m.id, m.workspace_id, m.lane, m.tenant_id, m.category, m.recipient_id, m.channel, m.status, m.failure_class, m.failure_reason,
            m.content is not null and m.vendor_config_id is not null as is_ready,
            exists (select from vendor_config c
                     where c.workspace_id = m.workspace_id and c.id = m.vendor_config_id) as has_vendor
       from message m where m.workspace_id = $1 and m.id = any($2) order by m.id ${dry_run ? "" : "for no key update of m"}`,
    [workspace_id, ids],
  );
  const unwanted: ReadonlyMap<FailedMessage, string> = await findUnwanted(
    tx,
    messages.filter(isChoosable),
    policies,
    deps,
  );
  const { fit, refused } = sortOut("message", ids, messages, (message) => {
    const reason = unwanted.get(message);
    return (
      refusalOf(message, include_ambiguous) ?? (reason === undefined ? null : { code: "unwanted", reason })
    );
  });
  if (!dry_run && fit.length > 0) await putBack(tx, workspace_id, fit, deps);
  return { redriven: fit.map(({ id }) => id), refused };
}

function isChoosable(message: FailedMessage): message is FailedMessage & { channel: Channel } {
  return isChannel(message.channel);
}

function refusalOf(message: FailedMessage, include_ambiguous: boolean): Omit<Refusal, "id"> | null {
  if (!FAILED.has(message.status)) {
    return {
      code: "not_failed",
      reason: `its status is ${message.status}: only failed messages are put back`,
    };
  }
  if (message.channel === "webhook") {
    return {
      code: "not_sent",
      reason: "a call is no message to a vendor: redrive its execution, or trigger it again",
    };
  }
  if (!message.is_ready) {
    const reason = `it was never ready to be sent (${message.failure_reason ?? "unknown"}): trigger it again`;
    return { code: "not_ready", reason };
  }
  if (!message.has_vendor) {
    return {
      code: "vendor_gone",
      reason: "the vendor configuration it was for was deleted: trigger it again",
    };
  }
  if (message.failure_class === "ambiguous" && !include_ambiguous) {
    return {
      code: "ambiguous",
      reason: "it was perhaps sent: set include_ambiguous to send it again all the same",
    };
  }
  return null;
}

async function putBack(
  tx: Tx,
  workspace_id: number,
  messages: FailedMessage[],
  { queue }: Pick<RedriveDeps, "queue">,
): Promise<void> {
  await tx.query(
    `insert into message_event (workspace_id, message_id, at, kind, detail)
     select m.workspace_id, m.id, now(), 'redriven',
            json_build_object('status', m.status, 'class', m.failure_class, 'reason', m.failure_reason, 'attempt', m.attempt)
       from message m where m.workspace_id = $1 and m.id = any($2)`,
    [workspace_id, messages.map(({ id }) => id)],
  );
  const jobs = queue.plan("send", messages);
  const { from, values, next } = rowsOf("u", leasesOf(jobs), {
    id: text((message) => message.id),
    lease: uuid((message) => message.lease),
  });
  await tx.query(
    `update message m
        set status = 'triggered', lease = u.lease, attempt = 1, next_attempt_at = null, undelivered = null, failure_class = null,
            failure_reason = null, vendor_message_id = null, triggered_at = now(), updated_at = now()
       from ${from} where m.workspace_id = $${next} and m.id = u.id`,
    [...values, workspace_id],
  );
  await queue.enqueueJobs(tx, "send", jobs);
}
