import { describe, expect, it } from "vitest";
import { DAY_MS, type DayRule, nextDay, parseTimeOfDay } from "./days.ts";

const day = (text: string) => Date.parse(text) / DAY_MS;
const date = (day: number | null) =>
  day === null ? null : new Date(day * DAY_MS).toISOString().replace(/T.*/, "");

/** The first `count` days from a start, from which intervals are also counted. */
function list(rule: DayRule, start: string, interval: number, count: number): (string | null)[] {
  const phase = day(start);
  const days: (string | null)[] = [];
  let from = phase;
  while (days.length < count) {
    const next = nextDay(rule, from, phase, interval);
    days.push(date(next));
    if (next === null) break;
    from = next + 1;
  }
  return days;
}

const monthly = (...monthdays: [pos: number, day?: "su" | "mo" | "tu" | "we" | "th" | "fr" | "sa" | ""][]) =>
  ({
    frequency: "monthly",
    monthdays: monthdays.map(([pos, day]) => (day === undefined ? { pos } : { pos, day })),
  }) satisfies DayRule;

describe("nextDay", () => {
  const cases: [string, DayRule, string, number, (string | null)[]][] = [
    ["every day", { frequency: "daily" }, "2026-12-30", 1, ["2026-12-30", "2026-12-31", "2027-01-01"]],
    ["every third day", { frequency: "daily" }, "2028-02-27", 3, ["2028-02-27", "2028-03-01", "2028-03-04"]],
    [
      "working days",
      { frequency: "weekly_mo2fr" },
      "2026-07-16",
      1,
      ["2026-07-16", "2026-07-17", "2026-07-20", "2026-07-21"],
    ],
    [
      "working days of every other week, which begins on Monday",
      { frequency: "weekly_mo2fr" },
      "2026-07-19",
      2,
      ["2026-07-27", "2026-07-28", "2026-07-29"],
    ],
    [
      "some weekdays, in whatever order they are given",
      { frequency: "weekly", weekdays: ["su", "we", "we", "mo"] },
      "2026-07-14",
      1,
      ["2026-07-15", "2026-07-19", "2026-07-20", "2026-07-22"],
    ],
    [
      "a weekday of every third week, counted from the week of the start",
      { frequency: "weekly", weekdays: ["tu"] },
      "2026-07-15",
      3,
      ["2026-08-04", "2026-08-25"],
    ],
    [
      "Sunday as the last day of its week",
      { frequency: "weekly", weekdays: ["su"] },
      "2026-07-15",
      2,
      ["2026-07-19", "2026-08-02"],
    ],
    ["no weekday", { frequency: "weekly", weekdays: [] }, "2026-07-15", 1, [null]],
    [
      "the 31st, where there is one",
      monthly([31]),
      "2026-01-01",
      1,
      ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31", "2026-08-31", "2026-10-31"],
    ],
    ["the 30th without February", monthly([30, ""]), "2026-01-30", 1, ["2026-01-30", "2026-03-30"]],
    [
      "the last day",
      monthly([-1]),
      "2027-12-31",
      1,
      ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"],
    ],
    [
      "the 31st from the end, where there is one",
      monthly([-31]),
      "2026-04-01",
      1,
      ["2026-05-01", "2026-07-01"],
    ],
    [
      "29 February, once in four years but not in 2100",
      monthly([29]),
      "2092-02-01",
      12,
      ["2092-02-29", "2096-02-29", "2104-02-29"],
    ],
    ["30 February, which never comes", monthly([30], [31], [-30]), "2026-02-01", 12, [null]],
    [
      "the first Monday and the 15th",
      monthly([15], [1, "mo"]),
      "2026-06-10",
      1,
      ["2026-06-15", "2026-07-06", "2026-07-15", "2026-08-03"],
    ],
    [
      "a day named twice, once",
      monthly([1], [1, "we"], [-31]),
      "2026-07-01",
      1,
      ["2026-07-01", "2026-08-01"],
    ],
    ["the last Friday", monthly([-1, "fr"]), "2026-07-01", 1, ["2026-07-31", "2026-08-28", "2026-09-25"]],
    ["the last Sunday but one", monthly([-2, "su"]), "2026-02-01", 1, ["2026-02-15", "2026-03-22"]],
    [
      "the fifth Thursday, where there is one",
      monthly([5, "th"]),
      "2026-07-01",
      1,
      ["2026-07-30", "2026-10-29"],
    ],
    ["the fifth Thursday from the end", monthly([-5, "th"]), "2026-07-01", 1, ["2026-07-02", "2026-10-01"]],
    ["a day of every fifth month", monthly([10]), "2026-07-11", 5, ["2026-12-10", "2027-05-10"]],
    ["days before 1970", monthly([-1, "th"]), "1969-12-01", 1, ["1969-12-25", "1970-01-29"]],
    ["days before the year 100", monthly([29]), "0096-02-01", 12, ["0096-02-29", "0104-02-29"]],
    ["the last days there are", { frequency: "daily" }, "9999-12-30", 1, ["9999-12-30", "9999-12-31", null]],
    ["no working day after the last", { frequency: "weekly_mo2fr" }, "9999-12-31", 1, ["9999-12-31", null]],
    ["no month after the last", monthly([1]), "9999-12-02", 1, [null]],
    [
      "one day of an endless interval",
      { frequency: "daily" },
      "2026-01-01",
      Number.MAX_SAFE_INTEGER,
      ["2026-01-01", null],
    ],
    [
      "one week of an endless interval",
      { frequency: "weekly", weekdays: ["fr"] },
      "2026-01-01",
      Number.MAX_SAFE_INTEGER,
      ["2026-01-02", null],
    ],
    [
      "one month of an endless interval",
      monthly([3]),
      "2026-01-01",
      Number.MAX_SAFE_INTEGER,
      ["2026-01-03", null],
    ],
  ];

  it.each(cases)("finds %s", (_, rule, start, interval, expected) => {
    expect(list(rule, start, interval, expected.length)).toEqual(expected);
  });

  it("counts from a start of long ago", () => {
    const start = day("1900-01-01");
    expect(date(nextDay({ frequency: "daily" }, day("2026-07-17"), start, 7))).toBe("2026-07-20");
    expect(date(nextDay(monthly([1]), day("2026-07-17"), start, 7))).toBe("2026-08-01");
  });
});

describe("parseTimeOfDay", () => {
  it.each([
    ["00:00", 0],
    ["09:30", 34_200_000],
    ["23:59", 86_340_000],
  ])("reads %s", (text, ms) => {
    expect(parseTimeOfDay(text)).toBe(ms);
  });

  it.each(["", "9:30", "24:00", "23:60", "09:30:00", " 09:30", "09:30\n", "0930", "-1:00", "٠٩:٣٠", "９:30"])(
    "refuses %j",
    (text) => {
      expect(parseTimeOfDay(text)).toBeNull();
    },
  );
});
