import { z } from "zod";
import {
  DAY_FREQUENCIES,
  DAY_MS,
  dayFields,
  dayOf,
  LAST_INSTANT,
  nextDay,
  parseTimeOfDay,
  requireDays,
} from "./days.ts";
import { nextClockChange, wallTime } from "./zone.ts";

/*
 * Times at which a run may continue, such as office hours. A window is open while the clocks of the zone show a time in
 * it, and nothing else matters. A time that the clocks skip is never shown, so a window that lies entirely in it stays
 * shut that day; a time that they show twice is in the window twice.
 */
const MIDNIGHT = 0;
const NEXT_MIDNIGHT = "24:00";

const timeOfDay = z.string({ error: "must be text: a time of day such as 09:30" });

const windowSchema = z
  .object(
    {
      frequency: z
        .enum(DAY_FREQUENCIES, { error: `must be one of ${DAY_FREQUENCIES.join(" ")}` })
        .describe("`weekly` needs `weekdays`, `monthly` needs `monthdays`."),
      ...dayFields,
      stime: timeOfDay
        .refine((text) => text === "" || parseTimeOfDay(text) !== null, {
          error: "must be HH:MM on the 24-hour clock, such as 09:00",
        })
        .nullish()
        .meta({ description: "The first minute of the window.", default: "00:00" }),
      etime: timeOfDay
        .refine((text) => text === "" || text === NEXT_MIDNIGHT || parseTimeOfDay(text) !== null, {
          error: "must be HH:MM on the 24-hour clock, such as 17:30, or 24:00",
        })
        .nullish()
        .meta({
          description: "The first minute after it. Not after `stime`: it is of the day after.",
          default: NEXT_MIDNIGHT,
        }),
    },
    { error: "must be an object with a frequency" },
  )
  .superRefine(requireDays);

export const windowsSchema = z
  .array(windowSchema, { error: "must be a list of time windows" })
  .min(1, { error: "needs at least one time window" });

export type TimeWindow = z.infer<typeof windowSchema>;

/**
 * Whether any of the windows is open at `now`, and otherwise the first instant at which one is; null if there is none
 * before the year 10000. A window that continues past midnight belongs to the day on which it begins. The zone must
 * come from `zoneOf`: an unknown one throws.
 */
export function nextOpening(
  windows: readonly TimeWindow[],
  now: Date,
  zone: string,
): { open: true } | { open: false; at: Date | null } {
  let instant = now.getTime();
  for (;;) {
    const wall = wallTime(instant, zone);
    const opening = nextOpenWallTime(windows, wall);
    if (opening === wall && instant === now.getTime()) return { open: true };
    const at = instant + (opening - wall);
    if (at > LAST_INSTANT) return { open: false, at: null };
    // The clocks run evenly until their next change; after it the opening must be computed again.
    const change = nextClockChange(instant, zone);
    if (at < change) return { open: false, at: new Date(at) };
    instant = change;
  }
}

/** The first wall time at or after `wall` that is in any of the windows, or infinity. */
function nextOpenWallTime(windows: readonly TimeWindow[], wall: number): number {
  let nearest = Infinity;
  for (const window of windows) nearest = Math.min(nearest, nextWallTimeIn(window, wall));
  return nearest;
}

function nextWallTimeIn(window: TimeWindow, wall: number): number {
  const start = parseTimeOfDay(window.stime ?? "") ?? MIDNIGHT;
  const end = parseTimeOfDay(window.etime ?? "") ?? DAY_MS;
  const length = end <= start ? end + DAY_MS - start : end - start;
  // A window that began yesterday may still be open.
  const first = dayOf(wall) - 1;
  let from = first;
  for (;;) {
    const day = nextDay(window, from, first, 1);
    if (day === null) return Infinity;
    const opens = day * DAY_MS + start;
    if (wall < opens + length) return Math.max(opens, wall);
    from = day + 1;
  }
}
