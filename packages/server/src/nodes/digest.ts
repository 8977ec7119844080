import { z } from "zod";
import { scheduleOfCategory } from "../core/schedule/category-schedule.ts";
import { nextOccurrence, type Schedule, scheduleSchema } from "../core/schedule/schedule.ts";
import { zoneOf } from "../core/schedule/zone.ts";
import {
  closeGathered,
  expressionText,
  gatherInto,
  batchAlone,
  retentionFields,
} from "./shared/gathering.ts";
import { defineNode, type NodeContext, type NodeOutcome } from "../engine/node.ts";
import { jqRefusal } from "./shared/settings.ts";

const SCHEDULES = ["static", "dynamic", "category_digest_schedule"] as const;
const SCHEDULE =
  "Whether the schedule is written here, found by an expression, or the one that the recipient has for the category.";

const base = {
  trigger_min_count: z
    .int({ error: "must be a whole number, 1 or more" })
    .min(1, { error: "must be 1 or more" })
    .nullish()
    .meta({ description: "Digests of fewer triggers end quietly.", default: 1 }),
  ...retentionFields,
};

const config = z.discriminatedUnion(
  "schedule_type",
  [
    z.object({
      ...base,
      schedule_type: z.literal("static").describe(SCHEDULE),
      schedule: scheduleSchema.describe("When it closes."),
    }),
    z.object({
      ...base,
      schedule_type: z.literal("dynamic").describe(SCHEDULE),
      dynamic_schedule_expr: expressionText(".schedule").describe("jq that gives such a `schedule`."),
    }),
    z.object({ ...base, schedule_type: z.literal("category_digest_schedule").describe(SCHEDULE) }),
  ],
  { error: `must be one of ${SCHEDULES.join(" ")}` },
);

type Settings = z.output<typeof config>;

/**
 * A batch per recipient (and tenant) that closes by the calendar: at the next occurrence of its schedule, whenever its
 * first run arrives. Nothing is sent if no run arrives. Its end is fixed when it opens; neither a new version nor a new
 * time zone of the recipient moves it. Where a category lets recipients choose the schedule, it is in their time zone,
 * and recipients who chose immediate delivery do not wait.
 */
export default defineNode({
  type: "digest",
  short: "digest",
  name: "Digest",
  config,
  expressions: (settings) =>
    settings.schedule_type === "dynamic"
      ? [{ path: "dynamic_schedule_expr", language: "jq", source: settings.dynamic_schedule_expr }]
      : [],
  run(ctx, settings) {
    const found = scheduleOf(ctx, settings);
    if (!found.ok) return found.outcome;
    const { schedule } = found;
    if (schedule === null) return batchAlone(ctx);
    const { recipient_timezone, account_timezone, version_at } = ctx.run;
    const zone = zoneOf(schedule, recipient_timezone, account_timezone);
    // A sandbox's clock may be before the commit: then the schedule counts from the clock's time.
    const set_at = version_at < ctx.now ? version_at : ctx.now;
    const closes_at = nextOccurrence(schedule, ctx.now, zone, set_at);
    if (closes_at === null) return invalid("the schedule has no day on which it could close");
    return gatherInto(ctx, { bucket: undefined, closes_at, flush_leading: false });
  },
  resume(ctx, settings) {
    const { trigger_min_count: count } = settings;
    const least = typeof count === "number" ? { count, code: "digest_below_min_count" as const } : null;
    return closeGathered(ctx, settings, least);
  },
});

/** Null: send at once. */
type Found = { ok: true; schedule: Schedule | null } | { ok: false; outcome: NodeOutcome };

function scheduleOf(ctx: NodeContext, settings: Settings): Found {
  switch (settings.schedule_type) {
    case "static":
      return { ok: true, schedule: settings.schedule };
    case "dynamic": {
      const source = settings.dynamic_schedule_expr;
      const value = ctx.evaluate("jq", source);
      if (!value.ok) return { ok: false, outcome: invalid(jqRefusal(source, value.reason)) };
      return readSchedule(value.value, `jq-expression '${source}'`);
    }
    case "category_digest_schedule":
      return categorySchedule(ctx);
  }
}

function categorySchedule(ctx: NodeContext): Found {
  const { category_digest: chosen, recipient_timezone, account_timezone } = ctx.run;
  if (chosen === null)
    return { ok: false, outcome: invalid("the category of this workflow has no digest schedule") };
  const by = chosen.is_user_selected ? "selected by the recipient" : "the default";
  const seen = { ...chosen };
  ctx.log("info", "expression_evaluated", `digest schedule '${chosen.label}', ${by}`, {
    digest_schedule: seen,
  });
  const tz_selection = "recipient";
  const zone = zoneOf({ tz_selection }, recipient_timezone, account_timezone);
  const schedule = scheduleOfCategory(chosen, ctx.now, zone);
  if (schedule === null) return { ok: true, schedule };
  return readSchedule({ ...schedule, tz_selection }, `digest schedule '${chosen.label}'`);
}

/** A category's stored schedule may be older than the rules for schedules. */
function readSchedule(value: unknown, label: string): Found {
  const parsed = scheduleSchema.safeParse(value);
  if (parsed.success) return { ok: true, schedule: parsed.data };
  const reasons = parsed.error.issues.map(
    ({ path, message }) => ["schedule", ...path].join(".") + `: ${message}`,
  );
  return { ok: false, outcome: invalid(`${label}: ${reasons.join("; ")}`) };
}

function invalid(reason: string): NodeOutcome {
  return { kind: "fail", code: "dynamic_value_invalid", message: `digest: ${reason}` };
}
