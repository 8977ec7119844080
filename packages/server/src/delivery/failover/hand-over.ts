import type { Lane } from "../../core/lane.ts";
import { insertAll, int, json, keysOf, now, rowsOf, text, uuid } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import { preparedName } from "../../db/prepared-name.ts";
import type { Tables } from "../../db/tables.gen.ts";
import { bucketOfId, type IdSource } from "../../ids.ts";
import { leasesOf } from "../../queue/job.ts";
import type { Queue } from "../../queue/queue.ts";
import type { NextVendor } from "../vendor-table.ts";

/**
 * Hands messages over to the next vendor of their priority list. Each vendor has a message row of its own under one
 * group, so that the log shows what became of each, and a late report finds the row that it is about.
 */
export interface HandOver {
  workspace_id: number;
  /** The message that the vendor before did not deliver. */
  id: string;
  next: NextVendor;
  /** For the log. */
  reason: string;
}

export interface HandOverDeps {
  queue: Pick<Queue, "plan" | "enqueueJobs">;
  ids: IdSource;
}

/** Ignores messages that were handed over before, and those of a group that reached its recipient. */
export async function handOver(
  tx: Tx,
  asked: readonly HandOver[],
  { queue, ids }: HandOverDeps,
): Promise<void> {
  if (asked.length === 0) return;
  const keys = keysOf(asked);
  const open = await tx.query<{ workspace_id: number; id: string; tenant_id: string; lane: Lane }>(
    `select m.workspace_id, m.id, m.tenant_id, m.lane
       from ${keys.from}
       join message m on m.workspace_id = k.workspace_id and m.id = k.id
        for no key update of m`,
    keys.values,
    "hand_over_lock",
  );
  const wanted = new Map(asked.map((one) => [one.id, one]));
  const jobs = queue.plan(
    "send",
    open.flatMap(({ id: from_id, ...message }) => {
      const asking = wanted.get(from_id);
      if (asking === undefined) return [];
      return [{ ...message, id: ids.ulidIn(bucketOfId(from_id)), from_id, asking }];
    }),
  );
  const successors = leasesOf(jobs);
  const { from, values } = rowsOf("k", successors, {
    workspace_id: int(({ workspace_id }) => workspace_id),
    from_id: text(({ from_id }) => from_id),
    id: text(({ id }) => id),
    lease: uuid(({ lease }) => lease),
    vendor_config_id: text(({ asking }) => asking.next.vendor_config_id),
    vendor_slug: text(({ asking }) => asking.next.vendor_slug),
  });
  const statement = insertFrom(from);
  const made = await tx.query<{ id: string }>(statement, values, preparedName(statement));
  const begun = new Set(made.map(({ id }) => id));
  const kept = jobs
    .map((job) => ({ ...job, members: job.members.filter(({ id }) => begun.has(id)) }))
    .filter(({ members }) => members.length > 0);
  await queue.enqueueJobs(tx, "send", kept);
  await insertAll(
    tx,
    "message_event",
    successors.filter(({ id }) => begun.has(id)),
    {
      workspace_id: int(({ workspace_id }) => workspace_id),
      message_id: text(({ from_id }) => from_id),
      at: now,
      kind: text(() => "handed_over"),
      detail: json(({ id, asking: { next, reason } }) => ({
        message_id: id,
        vendor: next.vendor_slug,
        reason,
      })),
    },
  );
}

const GROUP = "coalesce(m.group_id, m.id)";

/** What the row for the next vendor has: `m` is the row of the vendor before, `k` what is new. */
const SUCCESSOR: Record<keyof Tables["message"], string> = {
  ...same("workspace_id", "execution_id", "workflow_slug", "version_id", "node_ref"),
  ...same("template_slug", "template_version_no", "variant_id", "category", "lane", "tenant_id"),
  ...same("object_type", "distinct_id", "recipient_id", "parent_object", "channel", "provider"),
  ...same("identity_key", "channel_value", "content", "attachments", "idempotency_key", "webhook_data"),
  ...same("smart_step", "success_metric", "success_is_event", "wait_time_in_seconds", "is_watched"),
  ...same("broadcast_id"),
  id: "k.id",
  lease: "k.lease",
  vendor_config_id: "k.vendor_config_id",
  vendor_slug: "k.vendor_slug",
  group_id: GROUP,
  fallback_level: "m.fallback_level + 1",
  status: "'triggered'",
  attempt: "1",
  is_read: "false",
  is_archived: "false",
  created_at: "now()",
  updated_at: "now()",
  triggered_at: "now()",
  ...nothing("vendor_message_id", "failure_reason", "failure_class", "next_attempt_at", "undelivered"),
  ...nothing("delivered_at", "seen_at", "clicked_at", "dismissed_at", "read_at", "unread_at"),
  ...nothing("archived_at", "unarchived_at", "success_achieved_at"),
};

function same<Name extends keyof Tables["message"]>(...names: Name[]): Record<Name, string> {
  return Object.fromEntries(names.map((name) => [name, `m.${name}`])) as Record<Name, string>;
}

function nothing<Name extends keyof Tables["message"]>(...names: Name[]): Record<Name, string> {
  return Object.fromEntries(names.map((name) => [name, "null"])) as Record<Name, string>;
}

/** Of a group, each level is made once, and none after the recipient was reached or the run cancelled. */
function insertFrom(from: string): string {
  return `insert into message (${Object.keys(SUCCESSOR).join(", ")})
    select ${Object.values(SUCCESSOR).join(", ")}
      from ${from}
      join message m on m.workspace_id = k.workspace_id and m.id = k.from_id
     where not exists (select from message o
                        where o.workspace_id = m.workspace_id and o.group_id = ${GROUP}
                          and o.fallback_level > m.fallback_level)
       and not exists (select from message o
                        where o.workspace_id = m.workspace_id and (o.group_id = ${GROUP} or o.id = ${GROUP})
                          and (o.success_achieved_at is not null or o.delivered_at is not null
                            or o.seen_at is not null or o.clicked_at is not null))
       and not exists (select from run r
                        where r.workspace_id = m.workspace_id and r.id = m.execution_id and r.status = 'cancelled')
    returning id`;
}
