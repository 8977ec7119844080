import * as fc from "fast-check";
import { RRuleTemporal } from "rrule-temporal";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import { DAY_FREQUENCIES, type DayRule } from "./days.ts";
import { nextOccurrence, type Schedule, scheduleSchema } from "./schedule.ts";
import { nextOpening, type TimeWindow, windowsSchema } from "./time-window.ts";
import { findZone, instantAt, wallTime } from "./zone.ts";

/*
 * Schedules and windows against a reference without arithmetic: it looks at the clocks minute by minute, and checks a
 * day against the calendar of its month. Its clocks are those of Intl.
 */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NAMES = ["su", "mo", "tu", "we", "th", "fr", "sa"] as const;

/** Reads the clocks of a zone: wall time of an instant, counted as if it were UTC. */
function wallClock(zone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  });
  return (instant) => {
    const second = Math.floor(instant / 1000) * 1000;
    const [month = 0, day = 0, year = 0, h = 0, m = 0, s = 0] = format
      .format(second)
      .split(/\D+/)
      .map(Number);
    return Date.UTC(year, month - 1, day, h, m, s) + (instant - second);
  };
}

/**
 * The same for many consecutive minutes. If an hour begins and ends with the same offset, the clocks did not change in
 * it.
 */
function quickWallClock(zone: string): (instant: number) => number {
  const read = wallClock(zone);
  let hour = Number.NaN;
  let offset: number | null = null;
  return (instant) => {
    const start = Math.floor(instant / HOUR) * HOUR;
    if (start !== hour) {
      hour = start;
      const [before, after] = [read(start) - start, read(start + HOUR) - (start + HOUR)];
      offset = before === after ? before : null;
    }
    return offset === null ? read(instant) : instant + offset;
  };
}

/** Whether the rule, every `interval` days, weeks or months from `start` on, has this day (as its midnight). */
function hasDay(rule: DayRule, midnight: number, start: number, interval: number): boolean {
  const date = new Date(midnight);
  const name = NAMES[date.getUTCDay()];
  const monday = (day: number) => {
    let at = day;
    while (new Date(at).getUTCDay() !== 1) at -= DAY;
    return at;
  };
  if (rule.frequency === "daily") return ((midnight - start) / DAY) % interval === 0;
  if (rule.frequency !== "monthly") {
    const weeks = (monday(midnight) - monday(start)) / (7 * DAY);
    const names: readonly string[] =
      rule.frequency === "weekly" ? (rule.weekdays ?? []) : ["mo", "tu", "we", "th", "fr"];
    return weeks % interval === 0 && names.includes(name ?? "");
  }
  const from = new Date(start);
  const months =
    (date.getUTCFullYear() - from.getUTCFullYear()) * 12 + date.getUTCMonth() - from.getUTCMonth();
  if (months % interval !== 0) return false;
  const month: Date[] = [];
  for (let day = midnight - 31 * DAY; day <= midnight + 31 * DAY; day += DAY) {
    if (new Date(day).getUTCMonth() === date.getUTCMonth()) month.push(new Date(day));
  }
  return (rule.monthdays ?? []).some(({ pos, day }) => {
    const named = day ? month.filter((each) => NAMES[each.getUTCDay()] === day) : month;
    return named.at(pos > 0 ? pos - 1 : pos)?.getTime() === midnight;
  });
}

/** When the clocks first show a wall time or, if they skip it, the time moved by the length of the gap. */
function firstShown(wall: number, clock: (instant: number) => number): number {
  for (let instant = wall - 27 * HOUR; ; instant += MINUTE) {
    if (clock(instant) === wall) return instant;
    const expected = clock(instant - MINUTE) + MINUTE;
    if (expected <= wall && wall < clock(instant)) return instant + (wall - expected);
  }
}

const midnightOf = (wall: number) => Math.floor(wall / DAY) * DAY;

const minutes = (time: string) => {
  const [h = 0, m = 0] = time.split(":").map(Number);
  return (h * 60 + m) * MINUTE;
};

function slowOccurrence(schedule: Schedule, rule: DayRule, now: number, zone: string, start: number): number {
  const clock = quickWallClock(zone);
  const first = midnightOf(clock(start));
  const earliest = Math.max(now + 1, start);
  for (let day = Math.max(first, midnightOf(clock(earliest)) - 2 * DAY); ; day += DAY) {
    if (!hasDay(rule, day, first, schedule.interval ?? 1)) continue;
    const instant = firstShown(day + minutes(schedule.time ?? "00:00"), clock);
    if (instant >= earliest) return instant;
  }
}

function isShownIn({ stime, etime, ...rule }: TimeWindow, wall: number): boolean {
  const [start, end] = [minutes(stime ?? "00:00"), minutes(etime ?? "24:00")];
  const today = midnightOf(wall);
  const time = wall - today;
  const isDay = (day: number) => hasDay(rule, day, day, 1);
  if (start < end) return isDay(today) && start <= time && time < end;
  return (time >= start && isDay(today)) || (time < end && isDay(today - DAY));
}

function slowOpening(windows: TimeWindow[], now: number, zone: string): number {
  const clock = quickWallClock(zone);
  let instant = now;
  while (!windows.some((window) => isShownIn(window, clock(instant))))
    instant = (Math.floor(instant / MINUTE) + 1) * MINUTE;
  return instant;
}

const anyZone = fc.oneof(
  fc.constantFrom(...Intl.supportedValuesOf("timeZone")),
  fc.constantFrom(
    "Europe/London",
    "America/St_Johns",
    "Antarctica/Troll",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "Asia/Gaza",
    "Africa/Casablanca",
    "America/Nuuk",
  ),
);

const from2000 = { min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) };

/** Half of them on the day of a clock change, if there is one. */
const anyMoment = fc
  .tuple(anyZone, fc.integer(from2000), fc.option(fc.integer({ min: -DAY, max: DAY }), { freq: 1 }))
  .map(([zone, instant, beside]) => {
    if (beside === null) return { zone, now: instant };
    const moment = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
    const change = moment.getTimeZoneTransition("next")?.epochMilliseconds ?? Infinity;
    return { zone, now: change < from2000.max ? change + beside : instant };
  });

/** Clocks change in the small hours. */
const anyTime = fc
  .oneof(fc.integer({ min: 0, max: 4 * 60 }), fc.integer({ min: 0, max: 24 * 60 - 1 }))
  .map((m) => `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`);

const anyMonthday = fc.oneof(
  fc.record({
    pos: fc.integer({ min: -31, max: 31 }).filter((pos) => pos !== 0),
    day: fc.constant("" as const),
  }),
  fc.record({
    pos: fc.integer({ min: -5, max: 5 }).filter((pos) => pos !== 0),
    day: fc.constantFrom(...NAMES),
  }),
);

const anyRule = fc.record({
  frequency: fc.constantFrom(...DAY_FREQUENCIES),
  weekdays: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }),
  monthdays: fc.array(anyMonthday, { minLength: 1, maxLength: 3 }),
});

/** Intervals that do not return to the same months: with them every rule has a day within a few years. */
const anyInterval = fc.constantFrom(1, 1, 2, 3, 5, 7);

describe("the laws of time zones", () => {
  it("reads the clocks as another library does", () => {
    fc.assert(
      fc.property(anyMoment, ({ zone, now }) => {
        expect(wallTime(now, zone)).toBe(wallClock(zone)(now));
      }),
      { numRuns: 500 },
    );
  });

  it("comes back from a wall time to the moment, or to when that time was shown first", () => {
    fc.assert(
      fc.property(anyMoment, ({ zone, now }) => {
        const wall = wallTime(now, zone);
        const back = instantAt(wall, zone);
        expect(back).toBeLessThanOrEqual(now);
        expect(wallTime(back, zone)).toBe(wall);
      }),
      { numRuns: 500 },
    );
  });

  it("knows a zone if and only if it can tell its time", () => {
    fc.assert(
      fc.property(fc.oneof(anyZone, fc.string(), fc.string({ unit: "grapheme" })), (text) => {
        const zone = findZone(text);
        if (zone !== null) expect(wallTime(0, zone)).toBe(wallClock(zone)(0));
        else expect(Intl.supportedValuesOf("timeZone")).not.toContain(text);
      }),
    );
  });
});

describe("the laws of schedules", () => {
  it("finds the same occurrence as watching the clocks", () => {
    fc.assert(
      fc.property(
        anyMoment,
        anyRule,
        anyTime,
        anyInterval,
        fc.integer({ min: -20 * DAY, max: 400 * DAY }),
        ({ zone, now }, rule, time, interval, age) => {
          const schedule = scheduleSchema.parse({ ...rule, time, interval });
          const start = now - age;
          const found = nextOccurrence(schedule, new Date(now), zone, new Date(start));
          expect(found?.getTime()).toBe(slowOccurrence(schedule, rule, now, zone, start));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("agrees with a library for iCalendar's rules, where no clocks are changed", () => {
    const frequencies = {
      minutely: "MINUTELY",
      hourly: "HOURLY",
      daily: "DAILY",
      weekly: "WEEKLY",
      weekly_mo2fr: "WEEKLY",
      monthly: "MONTHLY",
    } as const;
    const anyFrequency = fc.constantFrom("minutely", "hourly", ...DAY_FREQUENCIES);
    const anySecond = fc.integer({ min: from2000.min / 1000, max: from2000.max / 1000 });
    fc.assert(
      fc.property(
        anyRule,
        anyFrequency,
        anyMonthday,
        anyTime,
        anyInterval,
        anySecond,
        fc.integer({ min: -30 * DAY, max: 400 * DAY }),
        ({ weekdays }, frequency, monthday, time, interval, second, age) => {
          const schedule: Schedule = { frequency, weekdays, monthdays: [monthday], time, interval };
          const start = second * 1000;
          const now = start + age;
          const byDay =
            frequency === "weekly"
              ? weekdays
              : frequency === "weekly_mo2fr"
                ? ["mo", "tu", "we", "th", "fr"]
                : frequency === "monthly" && monthday.day !== ""
                  ? [`${monthday.pos}${monthday.day}`]
                  : [];
          const [hour = 0, minute = 0] = time.split(":").map(Number);
          const isElapsed = frequency === "minutely" || frequency === "hourly";
          const rule = new RRuleTemporal({
            freq: frequencies[frequency],
            interval,
            wkst: "MO",
            dtstart: Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO("UTC"),
            ...(byDay.length > 0 && { byDay: byDay.map((day) => day.toUpperCase()) }),
            ...(frequency === "monthly" && monthday.day === "" && { byMonthDay: [monthday.pos] }),
            ...(!isElapsed && { byHour: [hour], byMinute: [minute], bySecond: [0] }),
          });
          const found = nextOccurrence(schedule, new Date(now), "UTC", new Date(start));
          expect(found?.getTime()).toBe(rule.next(new Date(now))?.epochMilliseconds);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("goes from one occurrence to the next without leaving one out", () => {
    fc.assert(
      fc.property(anyMoment, anyRule, anyTime, anyInterval, ({ zone, now }, rule, time, interval) => {
        const schedule = scheduleSchema.parse({ ...rule, time, interval });
        const anchor = new Date(now);
        const next = (after: number) =>
          nextOccurrence(schedule, new Date(after), zone, anchor)?.getTime() ?? 0;
        const first = next(now);
        const second = next(first);
        expect(first).toBeGreaterThan(now);
        expect(second).toBeGreaterThan(first);
        expect(next(first - 1)).toBe(first);
        expect(next(Math.floor((first + second) / 2))).toBe(second);
      }),
    );
  });
});

describe("the laws of time windows", () => {
  const anyWindows = fc.array(
    fc
      .tuple(anyRule, fc.option(anyTime), fc.option(fc.oneof(anyTime, fc.constant("24:00"))))
      .map(([rule, stime, etime]) => ({ ...rule, stime, etime })),
    { minLength: 1, maxLength: 3 },
  );

  it("opens at the same time as by watching the clocks", () => {
    fc.assert(
      fc.property(anyMoment, anyWindows, ({ zone, now }, windows) => {
        const result = nextOpening(windowsSchema.parse(windows), new Date(now), zone);
        const expected = slowOpening(windows, now, zone);
        expect(result).toEqual(expected === now ? { open: true } : { open: false, at: new Date(expected) });
      }),
      { numRuns: 150 },
    );
  });

  it("is open at its opening, and not a moment earlier", () => {
    fc.assert(
      fc.property(anyMoment, anyWindows, ({ zone, now }, windows) => {
        const result = nextOpening(windows, new Date(now), zone);
        if (result.open || result.at === null) return;
        expect(nextOpening(windows, result.at, zone)).toEqual({ open: true });
        expect(nextOpening(windows, new Date(result.at.getTime() - 1), zone)).toEqual(result);
      }),
      { numRuns: 300 },
    );
  });
});
