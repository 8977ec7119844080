import { describe, expect, it } from "vitest";
import { nextOccurrence, type Schedule, scheduleSchema } from "./schedule.ts";

const set = new Date("2026-01-01T00:00:00Z");

/** The longest list that a schedule may have of a day that never comes. */
const FEBRUARY_30 = Array.from({ length: 132 }, () => ({ pos: 30 }));

/** The first occurrences after an instant, as UTC. */
function list(schedule: Schedule, zone: string, after: string, count: number, anchor = set): string[] {
  const found: string[] = [];
  let now = new Date(after);
  while (found.length < count) {
    const next = nextOccurrence(schedule, now, zone, anchor);
    if (next === null) break;
    found.push(next.toISOString().replace(/:00\.000Z$/, "Z"));
    now = next;
  }
  return found;
}

describe("nextOccurrence", () => {
  it("begins a daily schedule on the day after a start that is past the hour", () => {
    const schedule = { frequency: "daily", time: "16:00", dtstart: "2026-07-17T17:00:00" } as const;
    expect(list(schedule, "UTC", "2026-07-01T00:00Z", 2)).toEqual(["2026-07-18T16:00Z", "2026-07-19T16:00Z"]);
  });

  it("takes the start itself for an occurrence where it is one", () => {
    const schedule = { frequency: "daily", time: "16:00", dtstart: "2026-07-17T16:00:00" } as const;
    expect(list(schedule, "Asia/Kathmandu", "2026-07-01T00:00Z", 1)).toEqual(["2026-07-17T10:15Z"]);
  });

  it("is strictly after now", () => {
    const schedule = { frequency: "daily", time: "16:00" } as const;
    expect(list(schedule, "UTC", "2026-07-17T15:59:59.999Z", 1)).toEqual(["2026-07-17T16:00Z"]);
    expect(list(schedule, "UTC", "2026-07-17T16:00:00.000Z", 1)).toEqual(["2026-07-18T16:00Z"]);
  });

  const cases: [string, Schedule, string, string, string[]][] = [
    [
      "midnight where no time is given",
      { frequency: "daily" },
      "UTC",
      "2026-07-17T12:00Z",
      ["2026-07-18T00:00Z"],
    ],
    [
      "midnight where the time is blank or null",
      { frequency: "weekly", weekdays: ["mo"], time: "", interval: null, dtstart: null, monthdays: null },
      "UTC",
      "2026-07-17T12:00Z",
      ["2026-07-20T00:00Z"],
    ],
    [
      "a local day that is another one in UTC",
      { frequency: "weekly", weekdays: ["mo"], time: "01:00" },
      "Asia/Kathmandu",
      "2026-07-17T00:00Z",
      ["2026-07-19T19:15Z", "2026-07-26T19:15Z"],
    ],
    [
      "seven in the evening in London through March",
      { frequency: "daily", time: "19:00" },
      "Europe/London",
      "2026-03-27T20:00Z",
      ["2026-03-28T19:00Z", "2026-03-29T18:00Z", "2026-03-30T18:00Z"],
    ],
    [
      "seven in the evening in London through October",
      { frequency: "daily", time: "19:00" },
      "Europe/London",
      "2026-10-23T20:00Z",
      ["2026-10-24T18:00Z", "2026-10-25T19:00Z", "2026-10-26T19:00Z"],
    ],
    [
      "half past one in London, moved by the hour that is skipped",
      { frequency: "daily", time: "01:30" },
      "Europe/London",
      "2026-03-28T00:00Z",
      ["2026-03-28T01:30Z", "2026-03-29T01:30Z", "2026-03-30T00:30Z"],
    ],
    [
      "half past one in London, the first of two",
      { frequency: "daily", time: "01:30" },
      "Europe/London",
      "2026-10-24T12:00Z",
      ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
    ],
    [
      "the day after, between the two",
      { frequency: "daily", time: "01:30" },
      "Europe/London",
      "2026-10-25T01:15Z",
      ["2026-10-26T01:30Z"],
    ],
    [
      "a quarter past two on Lord Howe, whose summer is half an hour",
      { frequency: "daily", time: "02:15" },
      "Australia/Lord_Howe",
      "2026-10-02T12:00Z",
      ["2026-10-02T15:45Z", "2026-10-03T15:45Z", "2026-10-04T15:15Z"],
    ],
    [
      "two in the morning in St John's, half an hour off",
      { frequency: "daily", time: "02:00" },
      "America/St_Johns",
      "2026-03-07T00:00Z",
      ["2026-03-07T05:30Z", "2026-03-08T05:30Z", "2026-03-09T04:30Z"],
    ],
    [
      "a quarter past one in Troll, whose summer is two hours",
      { frequency: "daily", time: "01:15" },
      "Antarctica/Troll",
      "2026-03-28T00:00Z",
      ["2026-03-28T01:15Z", "2026-03-29T01:15Z", "2026-03-29T23:15Z"],
    ],
    [
      "each day of Apia once, around the one that it skipped",
      { frequency: "daily", time: "16:00", dtstart: "2011-12-01" },
      "Pacific/Apia",
      "2011-12-29T00:00Z",
      ["2011-12-29T02:00Z", "2011-12-30T02:00Z", "2011-12-31T02:00Z", "2012-01-01T02:00Z"],
    ],
    [
      "the Friday that Apia skipped, on Saturday",
      { frequency: "weekly", weekdays: ["fr"], time: "16:00", dtstart: "2011-12-01" },
      "Pacific/Apia",
      "2011-12-24T03:00Z",
      ["2011-12-31T02:00Z", "2012-01-06T02:00Z"],
    ],
    [
      "the Friday that Apia skipped, when Saturday has begun",
      { frequency: "weekly", weekdays: ["fr"], time: "16:00", dtstart: "2011-12-01" },
      "Pacific/Apia",
      "2011-12-30T10:30Z",
      ["2011-12-31T02:00Z", "2012-01-06T02:00Z"],
    ],
    [
      "half past eleven in Nuuk, whose clocks skip the hour to midnight",
      { frequency: "weekly", weekdays: ["sa"], time: "23:30" },
      "America/Nuuk",
      "2026-03-29T01:10Z",
      ["2026-03-29T01:30Z", "2026-04-05T00:30Z"],
    ],
    [
      "no Friday from before the start, skipped or not",
      { frequency: "weekly", weekdays: ["fr"], time: "16:00", dtstart: "2011-12-31" },
      "Pacific/Apia",
      "2011-12-24T03:00Z",
      ["2012-01-06T02:00Z"],
    ],
    [
      "every other day, counted from the start although that is past the hour",
      { frequency: "daily", interval: 2, time: "16:00", dtstart: "2026-07-17T17:00:00" },
      "UTC",
      "2026-07-01T00:00Z",
      ["2026-07-19T16:00Z", "2026-07-21T16:00Z"],
    ],
    [
      "every other week, counted from the Monday before the start",
      {
        frequency: "weekly",
        interval: 2,
        weekdays: ["mo", "fr"],
        time: "09:00",
        dtstart: "2026-07-15T00:00:00",
      },
      "America/New_York",
      "2026-07-01T00:00Z",
      ["2026-07-17T13:00Z", "2026-07-27T13:00Z", "2026-07-31T13:00Z"],
    ],
    [
      "the last day of every third month",
      {
        frequency: "monthly",
        interval: 3,
        monthdays: [{ pos: -1, day: "" }],
        time: "08:00",
        dtstart: "2025-11-30",
      },
      "Asia/Tokyo",
      "2026-01-01T00:00Z",
      ["2026-02-27T23:00Z", "2026-05-30T23:00Z"],
    ],
    [
      "elapsed hours through a change of the clocks",
      { frequency: "hourly", interval: 6, dtstart: "2026-03-28T18:00:00" },
      "Europe/London",
      "2026-03-28T12:00Z",
      ["2026-03-28T18:00Z", "2026-03-29T00:00Z", "2026-03-29T06:00Z"],
    ],
    [
      "every hour although the clocks show one twice",
      { frequency: "hourly", time: "12:34" },
      "Europe/London",
      "2026-10-24T23:30Z",
      ["2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"],
    ],
    [
      "every 45 minutes from a start in local time",
      { frequency: "minutely", interval: 45, dtstart: "2026-07-17T09:10:30" },
      "Asia/Kolkata",
      "2026-07-17T04:25:30Z",
      ["2026-07-17T05:10:30.000Z", "2026-07-17T05:55:30.000Z"],
    ],
    [
      "a start with an offset of its own",
      { frequency: "hourly", interval: 24, dtstart: "2026-07-17T09:00:00-07:00" },
      "Asia/Tokyo",
      "2026-07-01T00:00Z",
      ["2026-07-17T16:00Z"],
    ],
    [
      "a start in UTC, whose day is another one in the zone",
      { frequency: "daily", interval: 2, time: "12:00", dtstart: "2026-07-17 20:00:00z" },
      "Asia/Tokyo",
      "2026-07-01T00:00Z",
      ["2026-07-18T03:00Z", "2026-07-20T03:00Z"],
    ],
    [
      "a start that the clocks skip, where they go on",
      { frequency: "minutely", interval: 60, dtstart: "2026-03-29T01:30:00" },
      "Europe/London",
      "2026-03-01T00:00Z",
      ["2026-03-29T01:30Z", "2026-03-29T02:30Z"],
    ],
    [
      "29 February",
      { frequency: "monthly", interval: 12, monthdays: [{ pos: 29 }], time: "10:00", dtstart: "2024-02-01" },
      "Europe/Paris",
      "2024-03-01T00:00Z",
      ["2028-02-29T09:00Z", "2032-02-29T09:00Z"],
    ],
  ];

  it.each(cases)("finds %s", (_, schedule, zone, after, expected) => {
    expect(list(schedule, zone, after, expected.length)).toEqual(expected);
  });

  it("counts from when the schedule was set if it has no start", () => {
    const anchor = new Date("2026-07-17T10:20:30.456Z");
    expect(list({ frequency: "hourly", interval: 2 }, "UTC", "2026-07-17T10:20:31Z", 1, anchor)).toEqual([
      "2026-07-17T12:20:30.456Z",
    ]);
    expect(
      list({ frequency: "daily", interval: 3, dtstart: "" }, "UTC", "2026-07-18T00:00Z", 1, anchor),
    ).toEqual(["2026-07-20T00:00Z"]);
  });

  it("waits for a start in the future", () => {
    const schedule = { frequency: "minutely", dtstart: "2030-01-01T00:00:00" } as const;
    expect(list(schedule, "UTC", "2026-01-01T00:00Z", 2)).toEqual(["2030-01-01T00:00Z", "2030-01-01T00:01Z"]);
  });

  it.each([
    ["30 February", { frequency: "monthly", interval: 12, monthdays: [{ pos: 30 }], dtstart: "2026-02-01" }],
    ["an hour past the last year", { frequency: "hourly", interval: Number.MAX_SAFE_INTEGER }],
    [
      "a day past the last year",
      { frequency: "daily", interval: Number.MAX_SAFE_INTEGER, dtstart: "2000-01-01" },
    ],
  ] as const)("is null for %s", (_, { ...schedule }) => {
    const parsed = scheduleSchema.parse(schedule);
    expect(nextOccurrence(parsed, new Date("2026-07-17T00:00Z"), "Europe/London", set)).toBeNull();
  });

  it("is null from the last occurrence of the last year on", () => {
    const schedule = { frequency: "daily", time: "20:00" } as const;
    expect(list(schedule, "America/New_York", "9999-12-30T00:00Z", 5)).toEqual([
      "9999-12-30T01:00Z",
      "9999-12-31T01:00Z",
    ]);
  });

  it("throws for an unchecked zone", () => {
    expect(() => nextOccurrence({ frequency: "daily" }, set, "Mars/Olympus", set)).toThrow(RangeError);
  });

  it.each([
    ["minutes from a start of long ago", { frequency: "minutely", interval: 7, dtstart: "0001-01-01" }, 1],
    ["days from a start of long ago", { frequency: "daily", interval: 7, dtstart: "0001-01-01" }, 1],
    [
      "no occurrence",
      { frequency: "monthly", interval: 12, monthdays: FEBRUARY_30, dtstart: "2000-02-01" },
      10,
    ],
  ] as const)("takes no time over %s", (_, schedule, ms) => {
    const parsed = scheduleSchema.parse(schedule);
    // The best of many runs, since the machine may be busy.
    const times = Array.from({ length: 50 }, () => {
      const before = performance.now();
      nextOccurrence(parsed, new Date("2026-07-17T00:00Z"), "Europe/London", set);
      return performance.now() - before;
    });
    expect(Math.min(...times)).toBeLessThan(ms);
  });
});

describe("scheduleSchema", () => {
  it.each([
    { frequency: "minutely" },
    { frequency: "hourly", interval: 12, time: null, weekdays: null, monthdays: null, dtstart: null },
    { frequency: "daily", time: "23:59", dtstart: "2026-07-17T17:00:00.123+05:45", weekdays: [] },
    { frequency: "weekly_mo2fr", tz_selection: "recipient", tz_fixed: "" },
    { frequency: "weekly", weekdays: ["su", "sa"], tz_selection: "", tz_fixed: "America/Port-au-Prince" },
    { frequency: "monthly", monthdays: [{ pos: 31 }, { pos: -31, day: null }, { pos: -5, day: "sa" }] },
    { frequency: "monthly", monthdays: FEBRUARY_30 },
    JSON.parse('{"frequency":"daily","__proto__":{"interval":0},"constructor":1}') as unknown,
  ])("takes %j", (value) => {
    expect(scheduleSchema.safeParse(value).error).toBeUndefined();
  });

  const weekdays = "must be one of su mo tu we th fr sa";
  const pos = "must be a whole number, such as 1 for the first day or -1 for the last";
  it.each([
    [null, "", "must be an object with a frequency"],
    [[], "", "must be an object with a frequency"],
    ["daily", "", "must be an object with a frequency"],
    [{}, "frequency", "must be one of minutely hourly daily weekly_mo2fr weekly monthly"],
    [
      { frequency: "yearly" },
      "frequency",
      "must be one of minutely hourly daily weekly_mo2fr weekly monthly",
    ],
    [
      { frequency: "constructor" },
      "frequency",
      "must be one of minutely hourly daily weekly_mo2fr weekly monthly",
    ],
    [{ frequency: "daily", interval: 0 }, "interval", "must be a whole number, 1 or more"],
    [{ frequency: "daily", interval: 1.5 }, "interval", "must be a whole number, 1 or more"],
    [{ frequency: "daily", interval: "2" }, "interval", "must be a whole number, 1 or more"],
    [{ frequency: "daily", interval: 1e300 }, "interval", "must be a whole number, 1 or more"],
    [{ frequency: "daily", interval: Number.NaN }, "interval", "must be a whole number, 1 or more"],
    [{ frequency: "weekly" }, "weekdays", "weekly needs at least one of su mo tu we th fr sa"],
    [{ frequency: "weekly", weekdays: [] }, "weekdays", "weekly needs at least one of su mo tu we th fr sa"],
    [
      { frequency: "weekly", weekdays: null },
      "weekdays",
      "weekly needs at least one of su mo tu we th fr sa",
    ],
    [{ frequency: "weekly", weekdays: "mo" }, "weekdays", "must be a list of weekdays, such as mo and fr"],
    [{ frequency: "weekly", weekdays: ["MO"] }, "weekdays.0", weekdays],
    [{ frequency: "daily", weekdays: ["mo", 1] }, "weekdays.1", weekdays],
    [
      { frequency: "monthly", monthdays: [] },
      "monthdays",
      "monthly needs at least one day, such as { pos: 1 } for the first of the month",
    ],
    [
      { frequency: "monthly", monthdays: { pos: 1 } },
      "monthdays",
      "must be a list of days, such as { pos: 1 }",
    ],
    [
      { frequency: "monthly", monthdays: [1] },
      "monthdays.0",
      "must be an object with pos, such as { pos: -1 } or { pos: 1, day: mo }",
    ],
    [{ frequency: "monthly", monthdays: [{}] }, "monthdays.0.pos", pos],
    [{ frequency: "monthly", monthdays: [{ pos: "1" }] }, "monthdays.0.pos", pos],
    [{ frequency: "monthly", monthdays: [{ pos: 1.5 }] }, "monthdays.0.pos", pos],
    [
      { frequency: "monthly", monthdays: [{ pos: 0 }] },
      "monthdays.0.pos",
      "must not be 0: the first is 1 and the last is -1",
    ],
    [
      { frequency: "monthly", monthdays: [{ pos: 1 }, { pos: 32 }] },
      "monthdays.1.pos",
      "must be from -31 to 31",
    ],
    [
      { frequency: "monthly", monthdays: [{ pos: -6, day: "mo" }] },
      "monthdays.0.pos",
      "must be from -5 to 5 with a weekday: no month has more of one",
    ],
    [
      { frequency: "monthly", monthdays: [{ pos: 1, day: "monday" }] },
      "monthdays.0.day",
      "must be one of su mo tu we th fr sa, or empty for a day of the month",
    ],
    [
      { frequency: "monthly", monthdays: [...FEBRUARY_30, { pos: 1 }] },
      "monthdays",
      "must have at most 132 entries",
    ],
    [{ frequency: "daily", time: "9:30" }, "time", "must be HH:MM on the 24-hour clock, such as 09:30"],
    [{ frequency: "daily", time: "24:00" }, "time", "must be HH:MM on the 24-hour clock, such as 09:30"],
    [{ frequency: "daily", time: 930 }, "time", "must be text: a time of day such as 09:30"],
    [
      { frequency: "daily", dtstart: "17 July" },
      "dtstart",
      "must be an ISO-8601 time in the schedule's zone, such as 2026-07-17T17:00:00",
    ],
    [
      { frequency: "daily", dtstart: "2026-02-30" },
      "dtstart",
      "must be an ISO-8601 time in the schedule's zone, such as 2026-07-17T17:00:00",
    ],
    [
      { frequency: "daily", dtstart: 1_784_000_000 },
      "dtstart",
      "must be text: an ISO-8601 time such as 2026-07-17T17:00:00",
    ],
    [
      { frequency: "daily", tz_fixed: "Mars/Olympus" },
      "tz_fixed",
      "must be an IANA time zone such as Europe/London, Asia/Kathmandu or Etc/GMT+1",
    ],
  ])("refuses %j", (value, place, message) => {
    const issues = scheduleSchema.safeParse(value).error?.issues;
    expect(issues?.map((issue) => [issue.path.join("."), issue.message])).toEqual([[place, message]]);
  });
});
