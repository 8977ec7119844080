import type { StoredNode } from "../../../catalog/workflow.ts";
import type { Json } from "../../../core/json.ts";
import { microsZ, orNull } from "../../../core/time/wire-time.ts";
import type { Queryable } from "../../../db/db.ts";
import { withoutSecrets } from "../../../core/secret-addresses.ts";

/** The messages of an execution as its log shows them, including webhook calls and the vendors' reports on each. */
interface MessageRow {
  id: string;
  node_ref: string;
  template_slug: string | null;
  template_version_no: number | null;
  variant_id: string | null;
  channel: string;
  channel_value: Json;
  status: string;
  vendor_slug: string | null;
  vendor_nickname: string | null;
  vendor_message_id: string | null;
  attempt: number;
  failure_class: string | null;
  failure_reason: string | null;
  group_id: string | null;
  fallback_level: number;
  smart_step: number | null;
  success_metric: string | null;
  success_achieved_at: Date | null;
  wait_time_in_seconds: number | null;
  webhook_data: Json;
  created_at: Date;
  triggered_at: Date | null;
  delivered_at: Date | null;
  seen_at: Date | null;
  clicked_at: Date | null;
  events: { at: string; kind: string; detail: Json }[] | null;
}

/** An execution has as many messages as its nodes reach addresses; the log shows at most this many. */
const MOST = 1000;

/** Relies on the indexes of message by execution and of message_event by message. */
export async function readMessages(
  db: Queryable,
  workspace_id: number,
  execution_id: string,
  nodes: ReadonlyMap<string, Pick<StoredNode, "name" | "node_type">>,
): Promise<Record<string, unknown>[]> {
  const rows = await db.query<MessageRow>(
    `select m.id, m.node_ref, m.template_slug, m.template_version_no, m.variant_id, m.channel, m.channel_value,
            m.status, m.vendor_slug, c.nickname as vendor_nickname, m.vendor_message_id, m.attempt, m.failure_class,
            m.failure_reason, m.group_id, m.fallback_level, m.smart_step, m.success_metric, m.success_achieved_at, m.wait_time_in_seconds,
            m.webhook_data, m.created_at, m.triggered_at, m.delivered_at, m.seen_at, m.clicked_at,
            (select json_agg(json_build_object('at', e.at, 'kind', e.kind, 'detail', e.detail) order by e.at)
               from message_event e where e.workspace_id = m.workspace_id and e.message_id = m.id) as events
       from message m
       left join vendor_config c on c.workspace_id = m.workspace_id and c.id = m.vendor_config_id
      where m.workspace_id = $1 and m.execution_id = $2 order by m.id limit ${MOST}`,
    [workspace_id, execution_id],
  );
  return rows.map((row) => presentMessage(row, nodes.get(row.node_ref)));
}

function presentMessage(
  row: MessageRow,
  node: Pick<StoredNode, "name" | "node_type"> | undefined,
): Record<string, unknown> {
  return {
    message_id: row.id,
    node_ref: row.node_ref,
    node_name: node?.name ?? null,
    node_type: node?.node_type ?? null,
    template_slug: row.template_slug,
    template_version: row.template_version_no,
    variant_id: row.variant_id,
    channel: row.channel,
    channel_value: withoutSecrets(row.channel_value),
    status: row.status,
    vendor: row.vendor_slug,
    vendor_nickname: row.vendor_nickname,
    message_id_by_vendor: row.vendor_message_id,
    attempt: row.attempt,
    failure_class: row.failure_class,
    failure_reason: row.failure_reason,
    // The rows of one message that went from vendor to vendor share a group: the id of the first.
    group_id: row.group_id ?? row.id,
    fallback_level: row.fallback_level,
    is_smart: row.smart_step !== null,
    smart_step: row.smart_step,
    success_metric: row.success_metric,
    success_achieved_at: orNull(microsZ, row.success_achieved_at),
    wait_time_in_seconds: row.wait_time_in_seconds,
    webhook_data: row.webhook_data,
    created_at: microsZ(row.created_at),
    triggered_at: orNull(microsZ, row.triggered_at),
    delivered_at: orNull(microsZ, row.delivered_at),
    seen_at: orNull(microsZ, row.seen_at),
    clicked_at: orNull(microsZ, row.clicked_at),
    events: (row.events ?? []).map(({ at, kind, detail }) => ({
      created_at: microsZ(new Date(at)),
      kind,
      detail,
    })),
  };
}
