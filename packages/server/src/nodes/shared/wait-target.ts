import { z } from "zod";
import { parseDuration, resolveDurationValue, resolveRelative } from "../../core/time/duration.ts";
import type { NodeContext, NodeExpression, NodeOutcome } from "../../engine/node.ts";
import { jqRefusal } from "./settings.ts";

/** How long a node waits: shared by delays, the longest time of a wait, and windows of batches. */
export type WaitTarget =
  | { type: "fixed"; duration: string }
  | { type: "dynamic"; expression: string }
  | { type: "relative_to"; relative_to: RelativeSettings };

export type RelativeSettings = z.output<typeof relativeSettings>;

const NO_DURATION = "must be a duration like 1d2h30m";

export const durationText = z.string().refine(isDuration, NO_DURATION);

export const relativeSettings = z
  .object({
    pivot_expr: z.string().min(1).describe("jq that gives an ISO-8601 instant."),
    offset_type: z.enum(["before", "after"]).describe("On which side of it."),
    offset_value_type: z.enum(["fixed", "dynamic"]).describe("Whether `offset_value` is a duration or jq."),
    offset_value: z.string().min(1).describe("A duration, or jq that gives whole seconds or a duration."),
    may_be_past: z
      .boolean()
      .optional()
      .describe("A time that has passed already is no reason for a warning."),
  })
  .refine(({ offset_value_type: type, offset_value }) => type === "dynamic" || isDuration(offset_value), {
    path: ["offset_value"],
    error: NO_DURATION,
  });

function isDuration(text: string): boolean {
  return text !== "" && parseDuration(text) !== null;
}

/** Accepts both spellings of a fixed delay on the wire: `value` in the schema, `duration` in the published samples. */
const aliased = (input: unknown): unknown =>
  typeof input === "object" && input !== null && "duration" in input && !("value" in input)
    ? { ...input, value: input.duration }
    : input;

const DELAY = "How the end of the wait is found.";

/** Settings of a delay: of the delay node, and of the longest time of a wait. */
export const delaySettings = z
  .preprocess(
    aliased,
    z.discriminatedUnion("delay_type", [
      z.object({
        delay_type: z.literal("fixed").describe(DELAY),
        value: durationText.describe("A duration; `duration` is another name of this key."),
      }),
      z.object({
        delay_type: z.literal("dynamic").describe(DELAY),
        value: z
          .string()
          .min(1)
          .describe("jq that gives whole seconds, a duration, or an instant in the future."),
      }),
      z.object({
        delay_type: z.literal("relative_to").describe(DELAY),
        relative_to: relativeSettings.describe("An instant, and how far from it the wait ends."),
      }),
    ]),
  )
  .transform((settings): WaitTarget => {
    switch (settings.delay_type) {
      case "fixed":
        return { type: "fixed", duration: settings.value };
      case "dynamic":
        return { type: "dynamic", expression: settings.value };
      case "relative_to":
        return { type: "relative_to", relative_to: settings.relative_to };
    }
  });

export type ResolvedTarget = { ok: true; at: Date } | { ok: false; outcome: NodeOutcome };

/** `label` begins the text of a refusal, which ends the run. */
export function resolveTarget(ctx: NodeContext, target: WaitTarget, label: string): ResolvedTarget {
  switch (target.type) {
    case "fixed":
      return { ok: true, at: new Date(ctx.now.getTime() + (parseDuration(target.duration) ?? 0)) };
    case "dynamic": {
      const { expression } = target;
      const value = ctx.evaluate("jq", expression);
      if (!value.ok) return invalid(`${label}: ${jqRefusal(expression, value.reason)}`);
      const resolved = resolveDurationValue(value.value, ctx.now);
      return resolved.ok ? resolved : invalid(`${label}: jq-expression '${expression}': ${resolved.reason}`);
    }
    case "relative_to":
      return resolveRelativeTo(ctx, target.relative_to, label);
  }
}

function resolveRelativeTo(ctx: NodeContext, settings: RelativeSettings, label: string): ResolvedTarget {
  const { pivot_expr, offset_type, offset_value_type, offset_value, may_be_past } = settings;
  const pivot = ctx.evaluate("jq", pivot_expr);
  if (!pivot.ok) return invalid(`${label}: pivot: ${jqRefusal(pivot_expr, pivot.reason)}`);
  const offset =
    offset_value_type === "fixed"
      ? ({ ok: true, value: offset_value } as const)
      : ctx.evaluate("jq", offset_value);
  if (!offset.ok) return invalid(`${label}: offset: ${jqRefusal(offset_value, offset.reason)}`);
  const resolved = resolveRelative({ pivot: pivot.value, offset_type, offset: offset.value }, ctx.now);
  if (!resolved.ok) return invalid(`${label}: ${resolved.reason}`);
  if (resolved.overdue) {
    const text = "the relative time has passed already; going on at once";
    if (may_be_past === true) ctx.log("info", "waiting", text);
    else ctx.log("warning", "waiting", text, { code: "target_in_past" });
  }
  return { ok: true, at: resolved.at };
}

function invalid(message: string): ResolvedTarget {
  return { ok: false, outcome: { kind: "fail", code: "dynamic_value_invalid", message } };
}

/** The target's expressions, to be checked at commit; `path` is the target's place in the settings. */
export function targetExpressions(target: WaitTarget, path: string): NodeExpression[] {
  switch (target.type) {
    case "fixed":
      return [];
    case "dynamic":
      return [{ path, language: "jq", source: target.expression }];
    case "relative_to": {
      const { pivot_expr, offset_value_type, offset_value } = target.relative_to;
      const pivot: NodeExpression = { path: "relative_to.pivot_expr", language: "jq", source: pivot_expr };
      const offset: NodeExpression = {
        path: "relative_to.offset_value",
        language: "jq",
        source: offset_value,
      };
      return offset_value_type === "dynamic" ? [pivot, offset] : [pivot];
    }
  }
}
