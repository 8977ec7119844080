import { DAY_MS, dayOf, parseTimeOfDay } from "./days.ts";
import type { Schedule } from "./schedule.ts";
import { wallTime } from "./zone.ts";

/** A recipient's digest schedule for a category, as APIs show it. Fields that its frequency does not use are absent. */
export type CategorySchedule = {
  id: string;
  label: string;
  frequency: "instantly" | Schedule["frequency"];
  interval: number;
  /** `HH:MM`; hours and minutes are counted from it. */
  time?: string;
  weekdays?: Weekday[];
  monthdays?: { pos: number; day?: Weekday }[];
  /** ISO-8601. */
  dtstart?: string;
  /** The option for recipients who have not selected any. */
  is_default: boolean;
  is_user_selected: boolean;
};

type Weekday = NonNullable<Schedule["weekdays"]>[number];

/**
 * Converts it to a schedule in `zone` at a time; null: every trigger continues at once. Hours and minutes with a `time`
 * are counted from when the clocks last showed it, so that "every six hours from nine" stays so after a clock change.
 * Weeks and months without days, which categories may leave unset, use their first day.
 */
export function scheduleOfCategory(
  { frequency, interval, time, weekdays, monthdays, dtstart }: CategorySchedule,
  now: Date,
  zone: string,
): Schedule | null {
  if (frequency === "instantly") return null;
  const elapses = frequency === "hourly" || frequency === "minutely";
  const start = elapses && time !== undefined ? lastShown(time, now, zone) : dtstart;
  return {
    frequency,
    interval,
    ...(time === undefined || elapses ? {} : { time }),
    ...(frequency === "weekly" ? { weekdays: weekdays ?? ["mo"] } : {}),
    ...(frequency === "monthly" ? { monthdays: monthdays ?? [{ pos: 1 }] } : {}),
    ...(start === undefined ? {} : { dtstart: start }),
  };
}

/** A wall time, without an offset. */
function lastShown(time: string, now: Date, zone: string): string {
  const wall = wallTime(now.getTime(), zone);
  const today = dayOf(wall) * DAY_MS + (parseTimeOfDay(time) ?? 0);
  return new Date(today <= wall ? today : today - DAY_MS).toISOString().slice(0, -1);
}
