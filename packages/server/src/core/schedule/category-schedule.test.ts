import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CategorySchedule, scheduleOfCategory } from "./category-schedule.ts";
import { nextOccurrence, scheduleSchema } from "./schedule.ts";
import { wallTime } from "./zone.ts";

const chosen = (more: Partial<CategorySchedule>): CategorySchedule => ({
  id: "x",
  label: "X",
  frequency: "daily",
  interval: 1,
  is_default: true,
  is_user_selected: false,
  ...more,
});

/** The first closings after an instant, as UTC. */
function closings(one: Partial<CategorySchedule>, zone: string, after: string, count = 3): string[] {
  const found: string[] = [];
  let now = new Date(after);
  while (found.length < count) {
    const schedule = scheduleOfCategory(chosen(one), now, zone);
    const next =
      schedule === null ? null : nextOccurrence(schedule, now, zone, new Date("2026-01-01T00:00Z"));
    if (next === null) break;
    found.push(next.toISOString().replace(/:00\.000Z$/, "Z"));
    now = next;
  }
  return found;
}

describe("the schedule of a recipient for a category", () => {
  it.each<[string, Partial<CategorySchedule>, string, string, string[]]>([
    ["at once", { frequency: "instantly" }, "UTC", "2026-07-16T12:00Z", []],
    [
      "daily at a time",
      { time: "09:00" },
      "Asia/Kathmandu",
      "2026-07-16T12:00Z",
      ["2026-07-17T03:15Z", "2026-07-18T03:15Z", "2026-07-19T03:15Z"],
    ],
    [
      "every third day from a start",
      { interval: 3, time: "06:00", dtstart: "2026-07-15" },
      "UTC",
      "2026-07-16T12:00Z",
      ["2026-07-18T06:00Z", "2026-07-21T06:00Z", "2026-07-24T06:00Z"],
    ],
    [
      "weekly without a day, on Mondays",
      { frequency: "weekly", time: "08:00" },
      "UTC",
      "2026-07-16T12:00Z",
      ["2026-07-20T08:00Z", "2026-07-27T08:00Z", "2026-08-03T08:00Z"],
    ],
    [
      "monthly without a day, on the first",
      { frequency: "monthly" },
      "UTC",
      "2026-07-16T12:00Z",
      ["2026-08-01T00:00Z", "2026-09-01T00:00Z", "2026-10-01T00:00Z"],
    ],
    [
      "on the last Friday of the month",
      { frequency: "monthly", monthdays: [{ pos: -1, day: "fr" }], time: "17:00" },
      "UTC",
      "2026-07-16T12:00Z",
      ["2026-07-31T17:00Z", "2026-08-28T17:00Z", "2026-09-25T17:00Z"],
    ],
    [
      "on workdays",
      { frequency: "weekly_mo2fr", time: "07:30" },
      "UTC",
      "2026-07-16T12:00Z",
      ["2026-07-17T07:30Z", "2026-07-20T07:30Z", "2026-07-21T07:30Z"],
    ],
    [
      "every six hours from nine, also before nine",
      { frequency: "hourly", interval: 6, time: "09:00" },
      "UTC",
      "2026-07-16T01:00Z",
      ["2026-07-16T03:00Z", "2026-07-16T09:00Z", "2026-07-16T15:00Z"],
    ],
    [
      "every six hours from nine on the clock, over the end of summer time",
      { frequency: "hourly", interval: 6, time: "09:00" },
      "Europe/London",
      "2026-10-25T09:30Z",
      ["2026-10-25T15:00Z", "2026-10-25T21:00Z", "2026-10-26T03:00Z"],
    ],
    [
      "every twenty minutes from five past",
      { frequency: "minutely", interval: 20, time: "00:05" },
      "UTC",
      "2026-07-16T12:00Z",
      ["2026-07-16T12:05Z", "2026-07-16T12:25Z", "2026-07-16T12:45Z"],
    ],
    [
      "every minute",
      { frequency: "minutely" },
      "UTC",
      "2026-07-16T12:00Z",
      ["2026-07-16T12:01Z", "2026-07-16T12:02Z", "2026-07-16T12:03Z"],
    ],
  ])("closes %s", (_title, one, zone, after, expected) => {
    expect(closings(one, zone, after)).toEqual(expected);
  });

  it("is always a valid schedule, whose hours are counted from its time of day", () => {
    const time = fc
      .tuple(fc.nat(23), fc.nat(59))
      .map((parts) => parts.map((part) => String(part).padStart(2, "0")).join(":"));
    const frequency = fc.constantFrom("minutely", "hourly", "daily", "weekly", "weekly_mo2fr", "monthly");
    // Hours that divide a day: all others restart with it.
    const interval = fc.constantFrom(1, 2, 3, 4, 6, 8, 12);
    const now = fc.date({ min: new Date("2026-01-01"), max: new Date("2026-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(frequency, interval, time, now, (one, every, at, when) => {
        const schedule = scheduleOfCategory(
          chosen({ frequency: one, interval: every, time: at }),
          when,
          "UTC",
        );
        expect(scheduleSchema.safeParse(schedule).success).toBe(true);
        if (schedule === null || one !== "hourly") return;
        const next = nextOccurrence(schedule, when, "UTC", when);
        const [hour = 0, minute = 0] = at.split(":").map(Number);
        const wall = wallTime(next?.getTime() ?? 0, "UTC") / 60_000;
        expect((wall - hour * 60 - minute) % (every * 60)).toBe(0);
      }),
    );
  });
});
