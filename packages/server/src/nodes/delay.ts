import { z } from "zod";
import { parseDuration, resolveDurationValue, resolveRelative } from "../core/duration.ts";
import { defineNode, type NodeOutcome } from "../engine/node.ts";

const duration = z.string().refine((text) => parseDuration(text) !== null, "must be a duration like 1d2h30m");

/** Both spellings of a fixed delay are on the wire: `value` in the schema, `duration` in the published samples. */
const aliased = (input: unknown): unknown =>
  typeof input === "object" && input !== null && "duration" in input && !("value" in input)
    ? { ...input, value: input.duration }
    : input;

const config = z.preprocess(
  aliased,
  z.discriminatedUnion("delay_type", [
    z.object({ delay_type: z.literal("fixed"), value: duration }),
    z.object({ delay_type: z.literal("dynamic"), value: z.string().min(1) }),
    z.object({
      delay_type: z.literal("relative_to"),
      relative_to: z.object({
        pivot_expr: z.string().min(1),
        offset_type: z.enum(["before", "after"]),
        offset_value_type: z.enum(["fixed", "dynamic"]),
        offset_value: z.string().min(1),
      }),
    }),
  ]),
);

export default defineNode({
  type: "delay",
  short: "delay",
  name: "Delay",
  config,
  /** The target is computed once, on entry: a profile that changes later does not move it. */
  run(ctx, settings): NodeOutcome {
    if (settings.delay_type === "fixed") {
      return { kind: "suspend", until: new Date(ctx.now.getTime() + (parseDuration(settings.value) ?? 0)) };
    }
    if (settings.delay_type === "dynamic") {
      const value = ctx.jq(settings.value);
      if (!value.ok) return invalid(`delay: jq-expression '${settings.value}' ${value.reason}`);
      const target = resolveDurationValue(value.value, ctx.now);
      if (!target.ok) return invalid(`delay: jq-expression '${settings.value}': ${target.reason}`);
      return { kind: "suspend", until: target.at };
    }
    const { pivot_expr, offset_type, offset_value_type, offset_value } = settings.relative_to;
    const pivot = ctx.jq(pivot_expr);
    if (!pivot.ok) return invalid(`delay: pivot '${pivot_expr}' ${pivot.reason}`);
    const offset =
      offset_value_type === "fixed" ? ({ ok: true, value: offset_value } as const) : ctx.jq(offset_value);
    if (!offset.ok) return invalid(`delay: offset '${offset_value}' ${offset.reason}`);
    const target = resolveRelative({ pivot: pivot.value, offset_type, offset: offset.value }, ctx.now);
    if (!target.ok) return invalid(`delay: ${target.reason}`);
    if (target.at <= ctx.now)
      ctx.log("warning", "waiting", "the relative time has passed already; going on at once");
    return { kind: "suspend", until: target.at };
  },
});

function invalid(message: string): NodeOutcome {
  return { kind: "fail", code: "dynamic_value_invalid", message };
}
