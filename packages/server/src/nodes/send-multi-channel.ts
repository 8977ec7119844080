import { z } from "zod";
import { CHANNELS, isChannel } from "../core/channel.ts";
import { defineNode, next, type NodeOutcome } from "../engine/node.ts";
import { deliverySettings } from "../engine/send-node.ts";

const config = deliverySettings.extend({
  channels: z.array(z.enum(CHANNELS)).nullish(),
  channels_expr: z.string().min(2).nullish(),
});

export default defineNode({
  type: "send_multi_channel",
  short: "multichannel",
  name: "Multi-Channel",
  delivers: true,
  config,
  /** `channels_expr` wins over `channels`, also for channels that are not in it; a bad result ends the run. */
  run(ctx, { template, channels, channels_expr }): NodeOutcome {
    if (channels_expr === undefined || channels_expr === null) {
      const wanted = channels === undefined || channels === null || channels.length === 0 ? null : channels;
      ctx.deliver({ template, channels: wanted });
      return next;
    }
    const value = ctx.jq(channels_expr);
    if (!value.ok) return invalid(channels_expr, value.reason);
    const list = typeof value.value === "string" ? [value.value] : value.value;
    if (!Array.isArray(list) || !list.every(isChannel)) {
      return invalid(
        channels_expr,
        `must give a channel or an array of channels, gave ${JSON.stringify(value.value)}`,
      );
    }
    ctx.deliver({ template, channels: list });
    return next;
  },
});

function invalid(expression: string, reason: string): NodeOutcome {
  return {
    kind: "fail",
    code: "dynamic_value_invalid",
    message: `channels: error evaluating jq-expression ${expression}: ${reason}`,
  };
}
