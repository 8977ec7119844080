import { defineNode, next, type NodeOutcome } from "../engine/node.ts";
import {
  channelExpressions,
  channelSettings,
  fixedChannels,
  usedTemplate,
  wantedChannels,
} from "./shared/send.ts";

export default defineNode({
  type: "send_multi_channel",
  short: "multichannel",
  name: "Multi-Channel",
  delivers: "messages",
  channels: fixedChannels,
  uses: usedTemplate,
  config: channelSettings,
  expressions: channelExpressions,
  run(ctx, settings): NodeOutcome {
    const wanted = wantedChannels(ctx, settings);
    if (!wanted.ok) return wanted.outcome;
    ctx.deliver({ template: settings.template, channels: wanted.channels });
    return next;
  },
});
