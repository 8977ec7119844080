import { z } from "zod";
import { TEMPLATE_SLUG } from "../../catalog/template.ts";
import { type Channel, CHANNELS, isChannel } from "../../core/channel.ts";
import {
  defineNode,
  type NodeContext,
  type NodeDefinition,
  type NodeExpression,
  type NodeOutcome,
  next,
} from "../../engine/node.ts";

/** Settings of every delivery node. */
export const deliverySettings = z.object({
  template: z
    .string()
    .regex(TEMPLATE_SLUG, "must be the slug of a template")
    .describe("Slug of the template; its live version is sent."),
  success: z.string().nullish().describe("What counts as success; kept, and used by smart routing alone."),
  success_is_event: z.boolean().nullish().describe("`success` is the name of an event."),
});

/** The template that a send node refers to. */
export function usedTemplate({ template }: { template: string }): { template: string } {
  return { template };
}

export interface SendNode {
  type: string;
  short: string;
  name: string;
  channels: Channel[];
}

/** A node that sends one template on fixed channels. */
export function defineSendNode(node: SendNode): NodeDefinition<z.output<typeof deliverySettings>> {
  return defineNode({
    type: node.type,
    short: node.short,
    name: node.name,
    delivers: "messages",
    channels: () => node.channels,
    uses: usedTemplate,
    config: deliverySettings,
    run(ctx, { template }) {
      ctx.deliver({ template, channels: node.channels });
      return next;
    },
  });
}

/** Settings of nodes that send on several channels. */
export const channelSettings = deliverySettings.extend({
  channels: z
    .array(z.enum(CHANNELS))
    .nullish()
    .describe("Channels to send on. Absent or empty: all that the template has."),
  channels_expr: z
    .string()
    .min(2)
    .nullish()
    .describe("jq that gives a channel or an array of channels; wins over `channels`."),
});

type ChannelSettings = Pick<z.output<typeof channelSettings>, "channels" | "channels_expr">;

/** Channels known before a run; null otherwise. */
export function fixedChannels({ channels, channels_expr }: ChannelSettings): Channel[] | null {
  if (channels_expr !== undefined && channels_expr !== null) return null;
  return channels === undefined || channels === null || channels.length === 0 ? null : channels;
}

export function channelExpressions({ channels_expr }: ChannelSettings): NodeExpression[] {
  if (channels_expr === undefined || channels_expr === null) return [];
  return [{ path: "channels_expr", language: "jq", source: channels_expr }];
}

/**
 * The channels that a node requests, null for all that the template has. `channels_expr` takes precedence over
 * `channels`, and may give channels not listed there; an invalid result ends the run.
 */
export function wantedChannels(
  ctx: Pick<NodeContext, "evaluate">,
  { channels, channels_expr }: ChannelSettings,
): { ok: true; channels: Channel[] | null } | { ok: false; outcome: NodeOutcome } {
  if (channels_expr === undefined || channels_expr === null) {
    return { ok: true, channels: fixedChannels({ channels, channels_expr }) };
  }
  const value = ctx.evaluate("jq", channels_expr);
  if (!value.ok) return invalid(channels_expr, value.reason);
  const list = typeof value.value === "string" ? [value.value] : value.value;
  if (!Array.isArray(list) || !list.every(isChannel)) {
    const gave = JSON.stringify(value.value);
    return invalid(channels_expr, `must give a channel or an array of channels, gave ${gave}`);
  }
  return { ok: true, channels: list };
}

function invalid(expression: string, reason: string): { ok: false; outcome: NodeOutcome } {
  const message = `channels: error evaluating jq-expression ${expression}: ${reason}`;
  return { ok: false, outcome: { kind: "fail", code: "dynamic_value_invalid", message } };
}
