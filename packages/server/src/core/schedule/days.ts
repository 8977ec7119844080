import { z } from "zod";

/*
 * Days of schedules and time windows, and times of day. Days are counted from 1 January 1970 and belong to no zone;
 * everything is arithmetic, so that a start years ago costs the same as one of yesterday.
 *
 * Recurrence is iCalendar's: weeks start on Monday, intervals are counted from the day, week or month of the start, and
 * a day that a month does not have is left out of that month, not moved.
 */
export const DAY_MS = 86_400_000;

/** The end of the four-digit years. Nothing is scheduled beyond it. */
export const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const LAST_DAY = Math.floor(LAST_INSTANT / DAY_MS);

/** The Gregorian calendar repeats, including weekdays, after this many months. */
const CALENDAR_CYCLE = 4800;

/** In the order of `Date.getUTCDay`. */
const WEEKDAYS = ["su", "mo", "tu", "we", "th", "fr", "sa"] as const;

type Weekday = (typeof WEEKDAYS)[number];

const weekday = z.enum(WEEKDAYS, { error: `must be one of ${WEEKDAYS.join(" ")}` });

const monthday = z
  .object(
    {
      pos: z
        .int({ error: "must be a whole number, such as 1 for the first day or -1 for the last" })
        .min(-31, { error: "must be from -31 to 31" })
        .max(31, { error: "must be from -31 to 31" })
        .refine((pos) => pos !== 0, { error: "must not be 0: the first is 1 and the last is -1" })
        .describe("Which one, from the start of the month or, negative, from its end: -1 is the last."),
      day: z
        .enum([...WEEKDAYS, ""], {
          error: `must be one of ${WEEKDAYS.join(" ")}, or empty for a day of the month`,
        })
        .nullish()
        .describe("Count the days of this name. Absent or empty: all days of the month."),
    },
    { error: "must be an object with pos, such as { pos: -1 } or { pos: 1, day: mo }" },
  )
  .refine(({ pos, day }) => isCalendarDay(day) || Math.abs(pos) <= 5, {
    path: ["pos"],
    error: "must be from -5 to 5 with a weekday: no month has more of one",
  });

/** As many as there are: 62 days of the month, and 10 of each weekday. */
const MAX_MONTHDAYS = 132;

export const dayFields = {
  weekdays: z
    .array(weekday, { error: "must be a list of weekdays, such as mo and fr" })
    .nullish()
    .describe("Of a weekly frequency."),
  monthdays: z
    .array(monthday, { error: "must be a list of days, such as { pos: 1 }" })
    .max(MAX_MONTHDAYS, { error: `must have at most ${MAX_MONTHDAYS} entries` })
    .nullish()
    .describe("Of a monthly frequency."),
};

export const DAY_FREQUENCIES = ["daily", "weekly_mo2fr", "weekly", "monthly"] as const;

type Monthday = z.infer<typeof monthday>;

/** Fields that the frequency does not need may be present; they are ignored. */
export interface DayRule {
  frequency: (typeof DAY_FREQUENCIES)[number];
  weekdays?: readonly Weekday[] | null | undefined;
  monthdays?: readonly Monthday[] | null | undefined;
}

/** Refines schemas with `dayFields`: a frequency must have the days that it needs. */
export function requireDays(
  rule: {
    frequency: string;
    weekdays?: unknown[] | null | undefined;
    monthdays?: unknown[] | null | undefined;
  },
  context: z.RefinementCtx,
): void {
  const refuse = (field: string, message: string) =>
    context.addIssue({ code: "custom", path: [field], message });
  if (rule.frequency === "weekly" && (rule.weekdays ?? []).length === 0)
    refuse("weekdays", `weekly needs at least one of ${WEEKDAYS.join(" ")}`);
  if (rule.frequency === "monthly" && (rule.monthdays ?? []).length === 0)
    refuse("monthdays", "monthly needs at least one day, such as { pos: 1 } for the first of the month");
}

/** `HH:MM` on the 24-hour clock as milliseconds after midnight, or null. */
export function parseTimeOfDay(text: string): number | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return match === null ? null : (Number(match[1]) * 60 + Number(match[2])) * 60_000;
}

/** The day of a wall time. */
export function dayOf(wall: number): number {
  return Math.floor(wall / DAY_MS);
}

/**
 * The first day of the rule that is not before `from`, where every `interval`-th day, week or month counts, starting
 * with that of the day `phase`; `from` must not be before it. Null if there is none before the year 10000.
 */
export function nextDay(rule: DayRule, from: number, phase: number, interval: number): number | null {
  const day = findDay(rule, from, phase, interval);
  return day !== null && day <= LAST_DAY ? day : null;
}

function findDay(rule: DayRule, from: number, phase: number, interval: number): number | null {
  switch (rule.frequency) {
    case "daily":
      return phase + Math.ceil((from - phase) / interval) * interval;
    case "weekly_mo2fr":
      return nextInWeeks([0, 1, 2, 3, 4], from, phase, interval);
    case "weekly":
      return nextInWeeks(
        (rule.weekdays ?? []).map((name) => (WEEKDAYS.indexOf(name) + 6) % 7).sort((a, b) => a - b),
        from,
        phase,
        interval,
      );
    case "monthly":
      return nextInMonths(rule.monthdays ?? [], from, phase, interval);
  }
}

/** `offsets` are days after Monday, ascending. */
function nextInWeeks(
  offsets: readonly number[],
  from: number,
  phase: number,
  interval: number,
): number | null {
  const [first] = offsets;
  if (first === undefined) return null;
  const monday = mondayOf(from);
  const weeks = (monday - mondayOf(phase)) / 7;
  if (weeks % interval === 0) {
    const offset = offsets.find((offset) => monday + offset >= from);
    if (offset !== undefined) return monday + offset;
  }
  const next = (Math.floor(weeks / interval) + 1) * interval;
  return mondayOf(phase) + next * 7 + first;
}

/** Some rules have no day at all, such as 30 February: after one cycle of the calendar no new day can come. */
function nextInMonths(
  monthdays: readonly Monthday[],
  from: number,
  phase: number,
  interval: number,
): number | null {
  const start = monthOf(phase);
  let month = start + Math.ceil((monthOf(from) - start) / interval) * interval;
  for (let visits = 0; visits <= CALENDAR_CYCLE; visits += 1, month += interval) {
    const first = firstDayOf(month);
    if (!(first <= LAST_DAY)) return null;
    const length = firstDayOf(month + 1) - first;
    let nearest = Infinity;
    for (const monthday of monthdays) {
      const day = first + dateIn(monthday, first, length) - 1;
      // Dates outside the month do not exist in it.
      if (day >= from && day >= first && day < first + length && day < nearest) nearest = day;
    }
    if (nearest !== Infinity) return nearest;
  }
  return null;
}

/** The date in the month that begins on day `first`; below 1 or above `length` where the month has none. */
function dateIn({ pos, day }: Monthday, first: number, length: number): number {
  if (isCalendarDay(day)) return pos > 0 ? pos : length + 1 + pos;
  const wanted = WEEKDAYS.indexOf(day);
  if (pos > 0) return 1 + ((wanted - weekdayOf(first) + 7) % 7) + (pos - 1) * 7;
  return length - ((weekdayOf(first + length - 1) - wanted + 7) % 7) + (pos + 1) * 7;
}

function isCalendarDay(day: Weekday | "" | null | undefined): day is "" | null | undefined {
  return day === undefined || day === null || day === "";
}

/** An index into `WEEKDAYS`; 1 January 1970 was a Thursday. */
function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

function mondayOf(day: number): number {
  return day - ((weekdayOf(day) + 6) % 7);
}

/** Months since the year 0. */
function monthOf(day: number): number {
  const date = new Date(day * DAY_MS);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** NaN beyond what a date can hold. */
function firstDayOf(month: number): number {
  // Date.UTC would read the years before 100 as 1900 to 1999.
  return new Date(0).setUTCFullYear(Math.floor(month / 12), month % 12, 1) / DAY_MS;
}
