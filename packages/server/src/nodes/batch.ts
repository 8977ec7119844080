import { z } from "zod";
import type { Json } from "../core/json.ts";
import { parseDuration } from "../core/time/duration.ts";
import { closeGathered, expressionText, gatherInto, retentionFields } from "./shared/gathering.ts";
import { defineNode, type NodeContext } from "../engine/node.ts";
import { jqRefusal } from "./shared/settings.ts";
import {
  durationText,
  relativeSettings,
  resolveTarget,
  targetExpressions,
  type WaitTarget,
} from "./shared/wait-target.ts";

const MODES = ["accumulate_all", "flush_leading_item"] as const;
const WINDOWS = ["fixed", "dynamic", "relative_to"] as const;
const WINDOW = "How the end of the window is found.";

const base = {
  mode: z
    .enum(MODES, { error: `must be one of ${MODES.join(" ")}` })
    .describe("Whether the first run waits like the others, or goes ahead at once and alone."),
  batch_key: z
    .string({ error: "must be text: a jq expression such as .post_id" })
    .nullish()
    .describe("jq; runs with the same value are gathered together. Absent: one batch per recipient."),
  ...retentionFields,
};

const fixedWindow = durationText.refine((text) => parseDuration(text) !== 0, {
  error: "must be longer than nothing, such as 30s or 1h30m",
});

const config = z.discriminatedUnion(
  "window_type",
  [
    z.object({
      ...base,
      window_type: z.literal("fixed").describe(WINDOW),
      fixed_window: fixedWindow.describe("A duration, longer than nothing."),
    }),
    z.object({
      ...base,
      window_type: z.literal("dynamic").describe(WINDOW),
      dynamic_window_expr: expressionText(".window").describe(
        "jq that gives whole seconds, a duration, or an instant in the future.",
      ),
    }),
    z.object({
      ...base,
      window_type: z.literal("relative_to").describe(WINDOW),
      relative_to: relativeSettings.describe("An instant, and how far from it the window ends."),
    }),
  ],
  { error: `must be one of ${WINDOWS.join(" ")}` },
);

type Settings = z.output<typeof config>;

/**
 * One notification for many triggers. The first run of a recipient (and tenant, and batch key) opens a window whose end
 * is fixed; runs that come until then leave their payload and end. At the end the opener continues with
 * `$batched_events` and `$batched_events_count`, and the next run opens a new window. With `flush_leading_item` the
 * opener continues at once on its own, and the second run carries the others.
 */
export default defineNode({
  type: "batch",
  short: "batch",
  name: "Batch",
  config,
  expressions: (settings) => [
    ...targetExpressions(targetOf(settings), "dynamic_window_expr"),
    ...(hasKey(settings.batch_key)
      ? [{ path: "batch_key", language: "jq" as const, source: settings.batch_key }]
      : []),
  ],
  run(ctx, settings) {
    const target = resolveTarget(ctx, targetOf(settings), "batch");
    if (!target.ok) return target.outcome;
    if (settings.window_type === "dynamic" && target.at <= ctx.now) {
      return {
        kind: "fail",
        code: "dynamic_value_invalid",
        message: `batch: jq-expression '${settings.dynamic_window_expr}': the window must be longer than nothing`,
      };
    }
    return gatherInto(ctx, {
      bucket: bucketOf(ctx, settings.batch_key),
      closes_at: target.at,
      flush_leading: settings.mode === "flush_leading_item",
    });
  },
  resume: (ctx, settings) => closeGathered(ctx, settings, null),
});

function hasKey(batch_key: string | null | undefined): batch_key is string {
  return typeof batch_key === "string" && batch_key.trim() !== "";
}

/** A missing key is its own bucket, so that the recipient is still notified. */
function bucketOf(ctx: NodeContext, batch_key: Settings["batch_key"]): Json | undefined {
  if (!hasKey(batch_key)) return undefined;
  const value = ctx.evaluate("jq", batch_key);
  if (value.ok) return value.value;
  ctx.log(
    "warning",
    "expression_evaluated",
    `batch: batch_key: ${jqRefusal(batch_key, value.reason)}; taken for null`,
    { code: "batch_key_invalid" },
  );
  return null;
}

function targetOf(settings: Settings): WaitTarget {
  switch (settings.window_type) {
    case "fixed":
      return { type: "fixed", duration: settings.fixed_window };
    case "dynamic":
      return { type: "dynamic", expression: settings.dynamic_window_expr };
    case "relative_to":
      return { type: "relative_to", relative_to: settings.relative_to };
  }
}
