import { z } from "zod";
import { CHANNELS } from "../core/channel.ts";
import { parseDuration } from "../core/time/duration.ts";
import { statusMetric } from "../core/success-metric.ts";
import { defineNode, next, type NodeOutcome } from "../engine/node.ts";
import {
  channelExpressions,
  channelSettings,
  fixedChannels,
  usedTemplate,
  wantedChannels,
} from "./shared/send.ts";
import { durationText } from "./shared/wait-target.ts";

const HOUR_MS = 3_600_000;
const LONGEST_MS = 365 * 24 * HOUR_MS;
const MAX_EVENT_NAME = 255;

const config = channelSettings
  .extend({
    ttl_value: durationText
      .refine((text) => (parseDuration(text) ?? 0) <= LONGEST_MS, "must not be longer than 365d")
      .nullish()
      .meta({ description: "The time from the first step to the last.", default: "1h" }),
    mandatory_channels: z
      .array(z.enum(CHANNELS))
      .nullish()
      .describe("Channels that are sent at once, beside the steps."),
    routing_basis: z
      .literal("cost_low_to_high")
      .nullish()
      .describe("The order of the steps; there is only this one."),
    success: z.string().nullish().meta({
      description: "`delivered`, `seen` or `interaction`, or the name of an event: ends the steps.",
      default: "seen",
    }),
  })
  .superRefine(({ success, success_is_event }, ctx) => {
    const refuse = (message: string) => ctx.addIssue({ code: "custom", path: ["success"], message });
    if (success_is_event === true) {
      const name = success?.trim() ?? "";
      if (name === "") refuse("must be the name of an event");
      if (name.length > MAX_EVENT_NAME) refuse(`must be at most ${MAX_EVENT_NAME} characters`);
    } else if (success !== undefined && success !== null && statusMetric(success) === null) {
      refuse("must be delivered, seen or interaction, or the name of an event with success_is_event");
    }
  });

export default defineNode({
  type: "send_smart_channel_routing",
  short: "smart",
  name: "Smart Channel Routing",
  delivers: "messages",
  channels: fixedChannels,
  uses: usedTemplate,
  config,
  expressions: channelExpressions,
  /** Continues at once: the waker sends the later steps. */
  run(ctx, settings): NodeOutcome {
    const wanted = wantedChannels(ctx, settings);
    if (!wanted.ok) return wanted.outcome;
    const { template, ttl_value, mandatory_channels, success, success_is_event } = settings;
    const isEvent = success_is_event === true;
    ctx.deliver({
      template,
      channels: wanted.channels,
      routing: {
        ttl_ms: (ttl_value == null ? null : parseDuration(ttl_value)) ?? HOUR_MS,
        mandatory_channels: mandatory_channels ?? [],
        success: isEvent ? (success?.trim() ?? "") : (statusMetric(success ?? "") ?? "seen"),
        success_is_event: isEvent,
      },
    });
    return next;
  },
});
