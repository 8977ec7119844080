import { z } from "zod";
import type { Channel } from "../core/channel.ts";
import { defineNode, type NodeDefinition, next } from "./node.ts";

/** The settings that every delivery node has. */
export const deliverySettings = z.object({
  template: z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/, "must be the slug of a template"),
  success: z.string().nullish(),
  success_is_event: z.boolean().nullish(),
});

/** A node that sends one template on fixed channels; the eight single-channel nodes are made of it. */
export function defineSendNode(node: {
  type: string;
  short: string;
  name: string;
  channels: Channel[];
}): NodeDefinition<z.output<typeof deliverySettings>> {
  return defineNode({
    type: node.type,
    short: node.short,
    name: node.name,
    delivers: true,
    config: deliverySettings,
    run(ctx, { template }) {
      ctx.deliver({ template, channels: node.channels });
      return next;
    },
  });
}
