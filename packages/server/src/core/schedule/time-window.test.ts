import { describe, expect, it } from "vitest";
import { nextOpening, type TimeWindow, windowsSchema } from "./time-window.ts";

const FRIDAY_NOON = "2026-07-17T12:00Z";

function opening(windows: TimeWindow[], zone: string, now: string): string | null {
  const result = nextOpening(windows, new Date(now), zone);
  return result.open ? "open" : (result.at?.toISOString().replace(/:00\.000Z$/, "Z") ?? null);
}

const office: TimeWindow = { frequency: "weekly_mo2fr", stime: "09:00", etime: "17:00" };
const night: TimeWindow = { frequency: "daily", stime: "22:00", etime: "06:00" };
const fridayNight: TimeWindow = { frequency: "weekly", weekdays: ["fr"], stime: "22:00", etime: "06:00" };

describe("nextOpening", () => {
  const cases: [string, TimeWindow[], string, string, string | null][] = [
    ["open inside the window", [office], "UTC", FRIDAY_NOON, "open"],
    ["open at the first moment of the window", [office], "UTC", "2026-07-17T09:00:00.000Z", "open"],
    ["shut a moment before", [office], "UTC", "2026-07-17T08:59:59.999Z", "2026-07-17T09:00Z"],
    ["open until the last moment of the window", [office], "UTC", "2026-07-17T16:59:59.999Z", "open"],
    [
      "shut at its end, here for the weekend",
      [office],
      "UTC",
      "2026-07-17T17:00:00.000Z",
      "2026-07-20T09:00Z",
    ],
    ["shut on a day that is not in it", [office], "UTC", "2026-07-18T12:00Z", "2026-07-20T09:00Z"],
    ["in the zone's hours", [office], "Asia/Kathmandu", FRIDAY_NOON, "2026-07-20T03:15Z"],
    ["in the zone's days", [office], "Pacific/Auckland", "2026-07-16T20:00Z", "2026-07-16T21:00Z"],
    ["open all day where no times are given", [{ frequency: "daily" }], "UTC", FRIDAY_NOON, "open"],
    [
      "open all day where the times are null or blank",
      [{ frequency: "daily", stime: null, etime: "" }],
      "UTC",
      "2026-07-17T23:59:59.999Z",
      "open",
    ],
    [
      "open up to midnight",
      [{ frequency: "weekly", weekdays: ["fr"], stime: "18:00", etime: "24:00" }],
      "UTC",
      "2026-07-17T23:59:59.999Z",
      "open",
    ],
    [
      "shut from midnight",
      [{ frequency: "weekly", weekdays: ["fr"], stime: "18:00", etime: "24:00" }],
      "UTC",
      "2026-07-18T00:00Z",
      "2026-07-24T18:00Z",
    ],
    ["open before midnight", [night], "UTC", "2026-07-17T23:00Z", "open"],
    ["open after midnight", [night], "UTC", "2026-07-17T05:59:59.999Z", "open"],
    ["shut by day", [night], "UTC", "2026-07-17T06:00Z", "2026-07-17T22:00Z"],
    ["open in the night of the day on which it began", [fridayNight], "UTC", "2026-07-18T05:00Z", "open"],
    [
      "shut in the night that began the day before",
      [fridayNight],
      "UTC",
      "2026-07-17T05:00Z",
      "2026-07-17T22:00Z",
    ],
    [
      "a day long where it ends when it starts",
      [{ frequency: "weekly", weekdays: ["fr"], stime: "08:00", etime: "08:00" }],
      "UTC",
      "2026-07-18T07:59Z",
      "open",
    ],
    [
      "and no longer",
      [{ frequency: "weekly", weekdays: ["fr"], stime: "08:00", etime: "08:00" }],
      "UTC",
      "2026-07-18T08:00Z",
      "2026-07-24T08:00Z",
    ],
    ["open where any window is", [office, night], "UTC", "2026-07-17T23:00Z", "open"],
    ["the earliest where none is", [office, night], "UTC", "2026-07-17T17:30Z", "2026-07-17T22:00Z"],
    [
      "the last day of the month",
      [{ frequency: "monthly", monthdays: [{ pos: -1 }], stime: "10:00", etime: "11:00" }],
      "America/New_York",
      "2028-02-10T00:00Z",
      "2028-02-29T15:00Z",
    ],
    [
      "the first Monday of the month",
      [{ frequency: "monthly", monthdays: [{ pos: 1, day: "mo" }], stime: "10:00", etime: "11:00" }],
      "Europe/Paris",
      FRIDAY_NOON,
      "2026-08-03T08:00Z",
    ],
    [
      "nine o'clock after a change of the clocks",
      [{ frequency: "weekly", weekdays: ["mo"], stime: "09:00", etime: "17:00" }],
      "Europe/London",
      "2026-03-28T12:00Z",
      "2026-03-30T08:00Z",
    ],
    [
      "where the clocks go on, if they skip the start",
      [{ frequency: "daily", stime: "01:30", etime: "05:00" }],
      "Europe/London",
      "2026-03-29T00:30Z",
      "2026-03-29T01:00Z",
    ],
    [
      "shut on the day whose clocks skip more than all of it",
      [{ frequency: "daily", stime: "01:15", etime: "01:45" }],
      "Europe/London",
      "2026-03-29T00:30Z",
      "2026-03-30T00:15Z",
    ],
    [
      "shut on the day whose clocks skip it from start to end",
      [{ frequency: "daily", stime: "01:00", etime: "02:00" }],
      "Europe/London",
      "2026-03-29T00:30Z",
      "2026-03-30T00:00Z",
    ],
    [
      "shut where the clocks skip its end",
      [{ frequency: "daily", stime: "00:00", etime: "01:30" }],
      "Europe/London",
      "2026-03-29T01:00Z",
      "2026-03-29T23:00Z",
    ],
    [
      "open again where the clocks go back into it",
      [{ frequency: "daily", stime: "00:30", etime: "01:30" }],
      "Europe/London",
      "2026-10-25T00:40Z",
      "2026-10-25T01:00Z",
    ],
    [
      "open at a time that the clocks show once more",
      [{ frequency: "daily", stime: "01:30", etime: "01:45" }],
      "Europe/London",
      "2026-10-25T01:35Z",
      "open",
    ],
    [
      "the half hour of Lord Howe",
      [{ frequency: "daily", stime: "02:00", etime: "02:45" }],
      "Australia/Lord_Howe",
      "2026-10-03T15:00Z",
      "2026-10-03T15:30Z",
    ],
    ["St John's, half an hour off", [office], "America/St_Johns", "2026-07-17T09:00Z", "2026-07-17T11:30Z"],
    [
      "the two hours of Troll",
      [{ frequency: "daily", stime: "02:15", etime: "02:45" }],
      "Antarctica/Troll",
      "2026-03-29T00:30Z",
      "2026-03-30T00:15Z",
    ],
    [
      "shut on the Friday that Apia skipped",
      [{ frequency: "weekly", weekdays: ["fr"], stime: "09:00", etime: "17:00" }],
      "Pacific/Apia",
      "2011-12-29T00:00Z",
      "2012-01-05T19:00Z",
    ],
    ["never, without a window", [], "UTC", FRIDAY_NOON, null],
    ["never, after the last of the last year", [office], "America/New_York", "9999-12-31T22:00Z", null],
    [
      "never, where the evening of the last year is in the next one in UTC",
      [{ frequency: "daily", stime: "22:00", etime: "23:00" }],
      "America/New_York",
      "9999-12-31T12:00Z",
      null,
    ],
    ["open at the end of the last year", [{ frequency: "daily" }], "UTC", "9999-12-31T23:59:59.999Z", "open"],
  ];

  it.each(cases)("is %s", (_, windows, zone, now, expected) => {
    expect(opening(windows, zone, now)).toBe(expected);
  });

  it("is another instant in another zone", () => {
    expect(opening([office], "Asia/Tokyo", "2026-07-17T10:00Z")).toBe("2026-07-20T00:00Z");
    expect(opening([office], "America/New_York", "2026-07-17T10:00Z")).toBe("2026-07-17T13:00Z");
    expect(opening([office], "Europe/London", "2026-07-17T10:00Z")).toBe("open");
  });

  it("throws for an unchecked zone", () => {
    expect(() => opening([office], "Mars/Olympus", FRIDAY_NOON)).toThrow(RangeError);
  });
});

describe("windowsSchema", () => {
  it.each([
    [[{ frequency: "daily" }]],
    [[{ frequency: "daily", stime: "", etime: null, weekdays: null }]],
    [[{ frequency: "weekly_mo2fr", stime: "00:00", etime: "24:00" }]],
    [
      [
        { frequency: "weekly", weekdays: ["su"], stime: "22:00", etime: "06:00" },
        { frequency: "monthly", monthdays: [{ pos: -1, day: "" }], stime: "08:00", etime: "08:00" },
      ],
    ],
  ])("takes %j", (value) => {
    expect(windowsSchema.safeParse(value).error).toBeUndefined();
  });

  it.each([
    [null, "", "must be a list of time windows"],
    [{ frequency: "daily" }, "", "must be a list of time windows"],
    [[], "", "needs at least one time window"],
    [["daily"], "0", "must be an object with a frequency"],
    [[{ frequency: "hourly" }], "0.frequency", "must be one of daily weekly_mo2fr weekly monthly"],
    [[{}], "0.frequency", "must be one of daily weekly_mo2fr weekly monthly"],
    [
      [{ frequency: "daily" }, { frequency: "weekly" }],
      "1.weekdays",
      "weekly needs at least one of su mo tu we th fr sa",
    ],
    [
      [{ frequency: "monthly" }],
      "0.monthdays",
      "monthly needs at least one day, such as { pos: 1 } for the first of the month",
    ],
    [
      [{ frequency: "daily", stime: "24:00" }],
      "0.stime",
      "must be HH:MM on the 24-hour clock, such as 09:00",
    ],
    [[{ frequency: "daily", stime: 9 }], "0.stime", "must be text: a time of day such as 09:30"],
    [
      [{ frequency: "daily", etime: "24:01" }],
      "0.etime",
      "must be HH:MM on the 24-hour clock, such as 17:30, or 24:00",
    ],
  ])("refuses %j", (value, place, message) => {
    const issues = windowsSchema.safeParse(value).error?.issues;
    expect(issues?.map((issue) => [issue.path.join("."), issue.message])).toEqual([[place, message]]);
  });
});
