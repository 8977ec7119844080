import { defineNode } from "../engine/node.ts";
import { delaySettings, resolveTarget, targetExpressions } from "./shared/wait-target.ts";

export default defineNode({
  type: "delay",
  short: "delay",
  name: "Delay",
  config: delaySettings,
  expressions: (target) => targetExpressions(target, "value"),
  /** The target is computed once, on entry: a profile that changes later does not move it. */
  run(ctx, target) {
    const resolved = resolveTarget(ctx, target, "delay");
    return resolved.ok ? { kind: "suspend", until: resolved.at } : resolved.outcome;
  },
});
