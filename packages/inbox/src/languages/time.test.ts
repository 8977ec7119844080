import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ago, dayName, daysBetween, relativeName, snoozeChoices } from "./time.ts";

const at = (text: string) => new Date(text).getTime();
const NOW = at("2026-11-30T14:30:00");

describe("points in time, as people say them", () => {
  it.each([
    ["2026-11-30T14:29:40", "now"],
    ["2026-11-30T14:31:00", "now"],
    ["2026-11-30T14:25:00", "5 min. ago"],
    ["2026-11-30T09:30:00", "5 hr. ago"],
    ["2026-11-28T14:30:00", "Nov 28"],
    ["2025-11-28T14:30:00", "Nov 28, 2025"],
  ])("%s is %j", (time, expected) => {
    expect(ago("en", at(time), NOW)).toBe(expected);
  });

  it.each([
    ["2026-11-30T00:00:00", "Today"],
    ["2026-11-29T23:59:59", "Yesterday"],
    ["2026-11-27T12:00:00", "Friday"],
    ["2026-11-20T12:00:00", "November 20, 2026"],
    // A clock that is ahead of this one.
    ["2026-12-01T00:10:00", "Today"],
  ])("%s is on %j", (time, expected) => {
    expect(dayName("en", at(time), NOW)).toBe(expected);
  });

  it("begin with a capital, as the language writes it", () => {
    expect(relativeName("de", 1, "day")).toBe("Morgen");
    expect(relativeName("tr", 3, "hour")).toBe("3 saat sonra");
    expect(dayName("ru", at("2026-11-29T12:00:00"), NOW)).toBe("Вчера");
  });

  it("offer to snooze for hours, to tomorrow and to a Monday, always later than now", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (now) => {
        const [hours, tomorrow, monday] = snoozeChoices(now).map(({ until }) => until);
        expect(hours).toBe(now + 3 * 3_600_000);
        expect(daysBetween(now, tomorrow ?? 0)).toBe(1);
        expect(new Date(tomorrow ?? 0).getHours()).toBe(9);
        expect(new Date(monday ?? 0).getDay()).toBe(1);
        expect(daysBetween(now, monday ?? 0)).toBeGreaterThanOrEqual(1);
        expect(daysBetween(now, monday ?? 0)).toBeLessThanOrEqual(7);
      }),
    );
  });
});
