import { z } from "zod";
import { parseInstant } from "../time/instant.ts";
import {
  DAY_FREQUENCIES,
  DAY_MS,
  dayFields,
  dayOf,
  type DayRule,
  LAST_INSTANT,
  nextDay,
  parseTimeOfDay,
  requireDays,
} from "./days.ts";
import { instantAt, wallTime, zoneFields } from "./zone.ts";

/*
 * Recurring instants, such as the closing times of digests.
 *
 * The arithmetic is our own and not rrule-temporal's, which leaves out a day whose hour the clocks skip (a digest at
 * half past one would be missing once a year) and throws, after 50 ms, where a rule has no occurrence. Without clock
 * changes the two agree, which a test verifies.
 */

const MIDNIGHT = 0;

const frequencies = ["minutely", "hourly", ...DAY_FREQUENCIES] as const;

/** A field that is null (jq's result for missing data) or blank (left by editors) counts as absent. */
export const scheduleSchema = z
  .object(
    {
      frequency: z
        .enum(frequencies, { error: `must be one of ${frequencies.join(" ")}` })
        .describe("`weekly` needs `weekdays`, `monthly` needs `monthdays`."),
      interval: z
        .int({ error: "must be a whole number, 1 or more" })
        .min(1, { error: "must be a whole number, 1 or more" })
        .nullish()
        .meta({
          description: "Every how many minutes, hours, days, weeks or months, counted from the start.",
          default: 1,
        }),
      ...dayFields,
      time: z
        .string({ error: "must be text: a time of day such as 09:30" })
        .refine((text) => text === "" || parseTimeOfDay(text) !== null, {
          error: "must be HH:MM on the 24-hour clock, such as 09:30",
        })
        .nullish()
        .meta({
          description: "Time of day. Minutely and hourly schedules have none.",
          default: "00:00",
        }),
      dtstart: z
        .string({ error: "must be text: an ISO-8601 time such as 2026-07-17T17:00:00" })
        .refine((text) => text === "" || parseInstant(text) !== null, {
          error: "must be an ISO-8601 time in the schedule's zone, such as 2026-07-17T17:00:00",
        })
        .nullish()
        .describe(
          "The start, in the schedule's zone unless it names an offset. Absent: when the version was committed.",
        ),
      ...zoneFields,
    },
    { error: "must be an object with a frequency" },
  )
  .superRefine(requireDays);

export type Schedule = z.infer<typeof scheduleSchema>;

/**
 * The first occurrence that is after `now` and not before the start of the schedule: its `dtstart`, or `anchor`, when
 * the schedule was set. Null if there is none before the year 10000. The zone must come from `zoneOf`: an unknown one
 * throws.
 *
 * A time of day that the clocks skip moves forward with them; one that they show twice means the first time. Minutes
 * and hours are elapsed time, whatever the clocks do.
 */
export function nextOccurrence(schedule: Schedule, now: Date, zone: string, anchor: Date): Date | null {
  const start = startOf(schedule, zone, anchor);
  const earliest = Math.max(now.getTime() + 1, start);
  const interval = schedule.interval ?? 1;
  const { frequency } = schedule;
  if (frequency === "minutely") return nextElapsed(start, earliest, interval * 60_000);
  if (frequency === "hourly") return nextElapsed(start, earliest, interval * 3_600_000);

  const rule: DayRule = { ...schedule, frequency };
  const phase = dayOf(wallTime(start, zone));
  const timeOfDay = parseTimeOfDay(schedule.time ?? "") ?? MIDNIGHT;
  // One day early: the clocks may have skipped its time and moved it to this day.
  let from = Math.max(dayOf(wallTime(earliest, zone)) - 1, phase);
  for (;;) {
    const day = nextDay(rule, from, phase, interval);
    if (day === null) return null;
    const instant = instantAt(day * DAY_MS + timeOfDay, zone);
    if (instant >= earliest) return dateWithin(instant);
    from = day + 1;
  }
}

function startOf({ dtstart }: Schedule, zone: string, anchor: Date): number {
  const start = parseInstant(dtstart ?? "")?.getTime();
  if (!dtstart || start === undefined) return anchor.getTime();
  // Without an offset it was parsed as if the wall clock were UTC, which is how wall times are represented.
  const hasOffset = /[T ].*[Z+-]/i.test(dtstart);
  return hasOffset ? start : instantAt(start, zone);
}

function nextElapsed(start: number, earliest: number, step: number): Date | null {
  return dateWithin(start + Math.ceil((earliest - start) / step) * step);
}

function dateWithin(instant: number): Date | null {
  return instant <= LAST_INSTANT ? new Date(instant) : null;
}
