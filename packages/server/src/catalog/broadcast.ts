import { type Channel, CHANNELS, isChannel } from "../core/channel.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { isPlainId } from "../core/plain-id.ts";
import { cut } from "../core/text/text.ts";
import { parseDuration } from "../core/time/duration.ts";
import {
  capture,
  expectRecord,
  type Parsed,
  parseData,
  parseKey,
  parseTenantId,
  refuse,
} from "../core/trigger.ts";
import { parseDelay, parseTriggerAt, requireText } from "./inline-fields.ts";
import { madeDefinition, multiChannelNode } from "./inline-workflow.ts";
import { TEMPLATE_SLUG } from "./template.ts";
import type { WorkflowDefinition } from "./workflow.ts";

/**
 * Broadcasts as `/{workspace_key}/broadcast/` takes them: a template for everybody in a list. The body is checked on
 * accept; the workflow that each recipient's run walks is compiled when the broadcast begins.
 */
export interface BroadcastOrder {
  /** Lower case, as lists are stored. */
  list_id: string;
  template: string;
  category: string;
  /** Null: all live channels of the template. */
  channels: Channel[] | null;
  data: JsonObject;
  delay_ms: number;
  /** Wins over the delay. */
  trigger_at: Date | null;
  tenant_id: string | null;
  idempotency_key: string | null;
}

const MAX_LIST_ID = 64;

export function parseBroadcast(body: unknown): Parsed<BroadcastOrder> {
  return capture(() => {
    const record = expectRecord(body);
    const template = requireText(record, "template");
    if (!TEMPLATE_SLUG.test(template)) refuse("template: must be the slug of a template");
    const category = requireText(record, "notification_category");
    if (category.length < 2) refuse("notification_category: must be at least 2 characters");
    const delay = parseDelay(record.delay ?? null, "delay");
    return {
      list_id: parseListId(record),
      template,
      category,
      channels: parseChannels(record.channels ?? null),
      data: parseData(record.data, "data"),
      delay_ms: delay === null ? 0 : (parseDuration(delay) ?? 0),
      trigger_at: parseTriggerAt(record.trigger_at ?? null),
      tenant_id: parseTenantId(record),
      idempotency_key: parseKey(record, "$idempotency_key") ?? parseKey(record, "idempotency_key"),
    };
  });
}

function parseListId(record: JsonObject): string {
  const list_id = requireText(record, "list_id").toLowerCase();
  if (list_id.length > MAX_LIST_ID) refuse(`list_id: must be at most ${MAX_LIST_ID} characters`);
  if (!isPlainId(list_id))
    refuse(`list_id: '${cut(list_id, MAX_LIST_ID)}' must be made of a-z, 0-9, - and _`);
  return list_id;
}

function parseChannels(value: Json): Channel[] | null {
  if (value === null) return null;
  if (!Array.isArray(value)) refuse("channels: value must be of array type");
  if (value.length === 0) return null;
  // `messenger` is in the SDKs' list of channels, but there is no such product.
  const known = value.filter((channel) => channel !== "messenger");
  if (known.length === 0 || !known.every(isChannel))
    refuse(`{"channels":"must be one of [${CHANNELS.map((name) => `'${name}'`).join(" ")}]"}`);
  return [...new Set(known)];
}

/** Its dot is in no slug that a workflow can be given. */
export function broadcastSlug({ template }: Pick<BroadcastOrder, "template">): string {
  return `broadcast.${template}`;
}

/** What one recipient of a broadcast goes through. */
export function compileBroadcast({
  template,
  category,
  channels,
}: Pick<BroadcastOrder, "template" | "category" | "channels">): WorkflowDefinition {
  const settings = { template, success: "seen", success_is_event: false };
  const properties = channels === null ? settings : { ...settings, channels };
  return madeDefinition({
    name: `Broadcast of ${template}`,
    category,
    nodes: [multiChannelNode(properties)],
  });
}
