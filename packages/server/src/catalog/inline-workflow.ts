import { statusMetric } from "../core/success-metric.ts";
import { slugOf, withoutAccents } from "../core/text/slug.ts";
import { cut } from "../core/text/text.ts";
import { createHash } from "node:crypto";
import { type Channel, isChannel } from "../core/channel.ts";
import { LAST_INSTANT, parseDelay, parseTriggerAt, requireText } from "./inline-fields.ts";
import { TEMPLATE_SLUG } from "./template.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import {
  capture,
  expectRecord,
  type Parsed,
  parseCommon,
  refuse,
  type Trigger,
  type TriggerLimits,
} from "../core/trigger.ts";
import type { StoredNode, WorkflowDefinition } from "./workflow.ts";

/**
 * Triggers that contain their workflow: the oldest endpoint, `/{workspace_key}/trigger/`. The body is checked on accept
 * and compiled to a workflow of its own on expand. Equal bodies compile to equal definitions, so a stored version is
 * created once and then found again.
 */
export interface InlineTrigger extends Omit<Trigger, "workflow"> {
  name: string;
  /** Derived from the name: identifies this workflow in logs and analytics. */
  slug: string;
  template: string;
  category: string;
  delivery: InlineDelivery;
  /** A duration; null for none. */
  delay: string | null;
  trigger_at: Date | null;
}

/** What makes its workflow. */
export type InlineSteps = Pick<
  InlineTrigger,
  "name" | "template" | "category" | "delivery" | "delay" | "trigger_at"
>;

export interface InlineDelivery {
  smart: boolean;
  /** A message status, or the name of an event. */
  success: string;
  time_to_live: string;
  mandatory_channels: Channel[];
}

const MAX_SLUG = 200;
export function parseInlineTrigger(body: unknown, limits: TriggerLimits): Parsed<InlineTrigger> {
  return capture(() => {
    const record = expectRecord(body);
    const name = requireText(record, "name");
    const template = requireText(record, "template");
    if (!TEMPLATE_SLUG.test(template)) refuse("template: must be the slug of a template");
    return {
      name,
      slug: slugOfName(name),
      template,
      category: requireText(record, "notification_category"),
      delivery: parseDelivery(record.delivery ?? null),
      delay: parseDelay(record.delay ?? null, "delay"),
      trigger_at: parseTriggerAt(record.trigger_at ?? null),
      ...parseCommon(record, "users", limits),
    };
  });
}

/** The one-off tree: wait until `trigger_at`, then for `delay`, then send. */
export function compileInlineWorkflow(trigger: InlineSteps): WorkflowDefinition {
  const nodes: StoredNode[] = [];
  if (trigger.trigger_at !== null) nodes.push(untilNode("delay_1", trigger.trigger_at));
  if (trigger.delay !== null) {
    const ref = `delay_${nodes.length + 1}`;
    nodes.push(madeNode("delay", "Delay", ref, { delay_type: "fixed", value: trigger.delay }));
  }
  nodes.push(deliveryNode(trigger));
  return madeDefinition({ name: trigger.name, category: trigger.category, nodes });
}

/** A workflow that nobody wrote: of these nodes alone. */
export function madeDefinition({
  name,
  category,
  nodes,
}: {
  name: string;
  category: string;
  nodes: StoredNode[];
}): WorkflowDefinition {
  return {
    name,
    description: null,
    category,
    tags: [],
    trigger_type: "dynamic",
    trigger_events: [],
    payload_schema: null,
    ratelimit: null,
    conditions: [],
    override_recipients_type: null,
    override_recipients_user_expr: null,
    override_recipients_single_object_fields_expr: null,
    override_actor_user_expr: null,
    override_tenant_expr: null,
    tree: { nodes },
  };
}

/**
 * A plain wait for an instant fails a run that is late, even by the milliseconds of a busy queue. A wait for a time
 * before a pivot continues at once, as long as the pivot itself is still to come; so the pivot is as far off as
 * instants go, in whole seconds, which is what durations consist of. Times before 1970 count as 1970, which gives the
 * longest duration.
 */
function untilNode(ref: string, at: Date): StoredNode {
  const from = Math.max(at.getTime(), 0);
  const seconds = Math.floor((LAST_INSTANT - from) / 1000);
  return madeNode("delay", "Trigger at", ref, {
    delay_type: "relative_to",
    relative_to: {
      pivot_expr: JSON.stringify(new Date(from + seconds * 1000).toISOString()),
      offset_type: "before",
      offset_value_type: "fixed",
      offset_value: `${seconds}s`,
      may_be_past: true,
    },
  });
}

function deliveryNode({ template, delivery }: InlineSteps): StoredNode {
  const { smart, success, time_to_live, mandatory_channels } = delivery;
  const settings = { template, success, success_is_event: statusMetric(success) === null };
  if (!smart) return multiChannelNode(settings);
  return madeNode("send_smart_channel_routing", "Smart Channel Routing", "smartchannel_1", {
    ...settings,
    ttl_value: time_to_live,
    mandatory_channels,
    routing_basis: "cost_low_to_high",
  });
}

/** Sends on the channels that its settings name, or on all that the template has. */
export function multiChannelNode(settings: JsonObject): StoredNode {
  return madeNode("send_multi_channel", "Multi-Channel", "multichannel_1", settings);
}

function madeNode(node_type: string, name: string, ref: string, properties: JsonObject): StoredNode {
  return { node_type, name, description: null, ref, schema_version: "1", properties };
}

function parseDelivery(value: Json): InlineDelivery {
  const given = value ?? {};
  if (!isJsonObject(given)) refuse("delivery: must be a JSON object");
  const smart = given.smart ?? false;
  if (typeof smart !== "boolean") refuse("delivery.smart: must be true or false");
  const success = given.success ?? "seen";
  if (typeof success !== "string" || success.trim() === "") refuse("delivery.success: must be a string");
  const mandatory = given.mandatory_channels ?? [];
  if (!Array.isArray(mandatory)) refuse("delivery.mandatory_channels: value must be of array type");
  // `messenger` is in the SDKs' list of channels, but there is no such product.
  const mandatory_channels = mandatory
    .filter((channel) => channel !== "messenger")
    .map((channel) =>
      isChannel(channel) ? channel : refuse("delivery.mandatory_channels: must be channels"),
    );
  return {
    smart,
    success: statusMetric(success.trim()) ?? success.trim(),
    time_to_live: parseDelay(given.time_to_live ?? null, "delivery.time_to_live") ?? "1h",
    mandatory_channels: [...new Set(mandatory_channels)],
  };
}

/**
 * A slug for any name. If the name loses distinguishing characters, some digits of its hash are added to keep it apart
 * from others with the same slug.
 */
function slugOfName(name: string): string {
  const dashed = slugOf(name);
  const slug = cut(dashed, MAX_SLUG);
  if (slug !== "" && slug === dashed && !/\P{ASCII}/u.test(withoutAccents(name))) return slug;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${slug || "workflow"}-${hash}`;
}
