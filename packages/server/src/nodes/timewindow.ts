import { z } from "zod";
import { nextOpening, windowsSchema } from "../core/schedule/time-window.ts";
import { zoneFields, zoneOf } from "../core/schedule/zone.ts";
import { isJsonObject } from "../core/json.ts";
import { defineNode, next, type NodeContext, type NodeOutcome, PROFILE_CHANGED } from "../engine/node.ts";

const config = z.object({
  windows: windowsSchema.describe("Any of them being open lets a run pass."),
  ...zoneFields,
});

type Settings = z.output<typeof config>;

/**
 * Lets a run pass while any of its windows is open, and otherwise makes it wait for the next opening. If the windows
 * are in the recipient's time zone, the run checks again when the profile changes: a recipient who travels may be
 * reached earlier, or only on another day.
 */
export default defineNode({
  type: "timewindow",
  short: "timewindow",
  name: "Time Window",
  config,
  run: passOrWait,
  resume(ctx, settings, woken) {
    const outcome = passOrWait(ctx, settings);
    const isSame =
      outcome.kind === "suspend" &&
      isJsonObject(ctx.memo) &&
      ctx.memo.opens_at === outcome.until.toISOString();
    return isSame && woken.by !== "time" ? { kind: "wait" } : outcome;
  },
});

function passOrWait(ctx: NodeContext, settings: Settings): NodeOutcome {
  const { recipient, recipient_timezone, account_timezone } = ctx.run;
  const zone = zoneOf(settings, recipient_timezone, account_timezone);
  const opening = nextOpening(settings.windows, ctx.now, zone);
  if (opening.open) {
    ctx.log("info", "expression_evaluated", `time window: open in ${zone}`, { zone });
    return next;
  }
  if (opening.at === null) {
    return {
      kind: "fail",
      code: "dynamic_value_invalid",
      message: "time window: none of the windows ever opens",
    };
  }
  const opens_at = opening.at.toISOString();
  ctx.log("info", "expression_evaluated", `time window: closed in ${zone} until ${opens_at}`, {
    zone,
    opens_at,
  });
  const { recipient_id: key } = recipient;
  const isMoving = settings.tz_selection === "recipient" && key !== null;
  return {
    kind: "suspend",
    until: opening.at,
    memo: { opens_at },
    ...(isMoving ? { on: [{ name: PROFILE_CHANGED, key }] } : {}),
  };
}
