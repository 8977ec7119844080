import { isJsonObject, type Json, type JsonObject } from "../../../core/json.ts";
import { withoutSecrets } from "../../../core/secret-addresses.ts";
import { millisZ, orNull } from "../../../core/time/wire-time.ts";

/** A message with the names that its keys refer to. */
export interface MessageRow {
  id: string;
  execution_id: string;
  broadcast_id: string | null;
  parent_run_id: string | null;
  workflow_slug: string;
  version_id: string;
  workflow_name: string | null;
  node_ref: string;
  template_slug: string | null;
  template_name: string | null;
  template_version_no: number | null;
  variant_id: string | null;
  category: string;
  tenant_id: string;
  object_type: string;
  distinct_id: string;
  parent_object: string | null;
  channel: string;
  channel_value: unknown;
  /** Request and response of a webhook node. */
  webhook_data?: unknown;
  content?: unknown;
  vendor_slug: string | null;
  vendor_nickname: string | null;
  status: string;
  failure_reason: string | null;
  idempotency_key: string;
  is_read: boolean;
  is_archived: boolean;
  created_at: Date;
  updated_at: Date;
  triggered_at: Date | null;
  delivered_at: Date | null;
  seen_at: Date | null;
  clicked_at: Date | null;
  dismissed_at: Date | null;
  read_at: Date | null;
  unread_at: Date | null;
  archived_at: Date | null;
  unarchived_at: Date | null;
  /** Null for messages outside a smart routing. */
  smart_step: number | null;
  success_metric: string | null;
  success_achieved_at: Date | null;
  wait_time_in_seconds: number | null;
}

const TIMES = [
  "triggered_at",
  "delivered_at",
  "seen_at",
  "clicked_at",
  "dismissed_at",
  "read_at",
  "unread_at",
  "archived_at",
  "unarchived_at",
] as const;

/** One message as `/v1/message/` shows it; `content` only if requested. */
export function presentMessage(row: MessageRow): JsonObject {
  const isObject = row.object_type !== "";
  return {
    message_id: row.id,
    created_at: millisZ(row.created_at),
    updated_at: millisZ(row.updated_at),
    ...Object.fromEntries(TIMES.map((time) => [time, orNull(millisZ, row[time])])),
    is_read: row.is_read,
    is_archived: row.is_archived,
    status: presentStatus(row.status),
    channel: row.channel,
    idempotency_key: row.idempotency_key,
    failure_reason: row.failure_reason,
    recipient: {
      $type: isObject ? "object" : "user",
      distinct_id: isObject ? null : row.distinct_id,
      object_type: isObject ? row.object_type : null,
      id: isObject ? row.distinct_id : null,
    },
    parent_entity_id: row.parent_object,
    parent_entity_type: row.parent_object === null ? null : "object",
    vendor: { name: vendorName(row.vendor_slug, row.channel), nickname: row.vendor_nickname },
    // To clients a broadcast is one execution; each of its recipients has a run of their own.
    execution_id: row.broadcast_id ?? row.execution_id,
    parent_execution_id: row.broadcast_id === null ? row.parent_run_id : null,
    is_campaign: row.broadcast_id !== null,
    tenant_id: row.tenant_id,
    workflow: {
      slug: row.workflow_slug,
      version_id: row.version_id,
      name: row.workflow_name,
      node_ref: row.node_ref,
    },
    template:
      row.template_slug === null
        ? null
        : {
            name: row.template_name,
            slug: row.template_slug,
            version_no: row.template_version_no,
            variant_id: row.variant_id,
          },
    channel_identity: { [row.channel]: withoutSecrets(row.channel_value as Json) },
    category: row.category,
    is_smart: row.smart_step !== null,
    success_metric: row.success_metric,
    success_achieved_at: orNull(millisZ, row.success_achieved_at),
    wait_time_in_seconds: row.wait_time_in_seconds,
    ...(row.channel === "webhook" ? { webhook_data: row.webhook_data as Json } : {}),
    ...(row.content === undefined ? {} : { content: presentContent(row.content) }),
  };
}

/** The rendered content, with the two keys that identify its format. */
export function presentContent(content: unknown): JsonObject | null {
  if (!isJsonObject(content)) return null;
  return { schema_version: "1.0", templating_language: "handlebars", ...content };
}

/** Filters use the stored name of this status; responses have always used another one. */
function presentStatus(status: string): string {
  return status === "failure_by_vendor" ? "delivery_failure" : status;
}

/** `twilio` of `twilio-sms`. The built-in inbox has the name that clients know. */
function vendorName(slug: string | null, channel: string): string | null {
  if (slug === null) return null;
  if (slug === "carillon-inbox") return "suprsend_inbox";
  return slug.endsWith(`-${channel}`) ? slug.slice(0, -channel.length - 1) : slug;
}
