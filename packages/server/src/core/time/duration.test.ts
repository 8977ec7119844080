import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDuration, resolveDurationValue, resolveRelative } from "./duration.ts";
import type { Json } from "../json.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const now = new Date("2026-03-01T12:00:00.000Z");

describe("parseDuration", () => {
  it.each([
    ["30s", 30 * SECOND],
    ["5m", 300 * SECOND],
    ["1h30m", 1.5 * HOUR],
    ["30m1h", 1.5 * HOUR],
    ["2d", 2 * DAY],
    ["1d12h30m", 1.5 * DAY + 1800 * SECOND],
    ["1h1h", 2 * HOUR],
    ["00d00h00m00s", 0],
    ["0s", 0],
    ["3650d", 3650 * DAY],
    ["36500d", 36_500 * DAY],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    "",
    " ",
    "s",
    "5",
    "1h30",
    "1 h",
    " 1h",
    "1h ",
    "1.5h",
    "-1h",
    "+1h",
    "1H",
    "1w",
    "1y",
    "1ms",
    "h1",
    "1e3s",
    "٣s",
    "99999999999d",
    `${"9".repeat(500)}s`,
  ])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it("refuses a huge text without choking on it", () => {
    expect(parseDuration(`${"1s".repeat(500_000)}x`)).toBeNull();
  });

  it("sums its parts whatever their order", () => {
    const part = fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.constantFrom("d", "h", "m", "s"));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
        const written = parts.map(([amount, unit]) => `${amount}${unit}`);
        const sum = written.reduce((total, text) => total + (parseDuration(text) ?? Number.NaN), 0);
        expect(parseDuration(written.join(""))).toBe(sum);
        expect(parseDuration(written.toReversed().join(""))).toBe(sum);
      }),
    );
  });

  it("takes exactly what the wire's pattern takes", () => {
    const text = fc.string({ unit: fc.constantFrom("1", "0", "d", "h", "m", "s", " ", "x"), maxLength: 8 });
    fc.assert(
      fc.property(text, (candidate) => {
        expect(parseDuration(candidate) !== null).toBe(/^(\d+[dhms])+$/.test(candidate));
      }),
    );
  });
});

describe("resolveDurationValue", () => {
  it.each<[Json, string]>([
    [0, "2026-03-01T12:00:00.000Z"],
    [90, "2026-03-01T12:01:30.000Z"],
    ["50", "2026-03-01T12:00:50.000Z"],
    [" 50 ", "2026-03-01T12:00:50.000Z"],
    ["1h30m", "2026-03-01T13:30:00.000Z"],
    ["0s", "2026-03-01T12:00:00.000Z"],
    ["2026-03-01T12:00:00.001Z", "2026-03-01T12:00:00.001Z"],
    ["2026-03-02T00:00:00", "2026-03-02T00:00:00.000Z"],
    ["2026-03-01T14:00:00+01:00", "2026-03-01T13:00:00.000Z"],
    ["2026-03-02", "2026-03-02T00:00:00.000Z"],
  ])("takes %j", (value, at) => {
    expect(resolveDurationValue(value, now)).toEqual({ ok: true, at: new Date(at) });
  });

  it.each<[Json | undefined, RegExp]>([
    [undefined, /got nothing/],
    [null, /got null/],
    ["", /got ""/],
    [true, /got true/],
    [1.5, /got 1.5/],
    [-1, /must not be negative/],
    ["-5", /must not be negative/],
    ["-5m", /must not be negative/],
    ["1.5", /got "1.5"/],
    ["soon", /got "soon"/],
    ["1h 30m", /got "1h 30m"/],
    [[60], /got \[60\]/],
    [{ seconds: 60 }, /got \{"seconds":60\}/],
    [Number.MAX_SAFE_INTEGER + 1, /must be whole seconds/],
    [Number.MAX_SAFE_INTEGER, /year 9999/],
    ["2026-03-01T12:00:00.000Z", /not in the future/],
    ["2020-01-01", /not in the future/],
    ["2026-02-30T00:00:00Z", /must be whole seconds/],
  ])("refuses %j and says why", (value, reason) => {
    expect(resolveDurationValue(value, now)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it("waits ten years when asked to", () => {
    expect(resolveDurationValue("3653d", now)).toEqual({
      ok: true,
      at: new Date("2036-03-01T12:00:00.000Z"),
    });
    expect(resolveDurationValue(3653 * 86_400, now)).toEqual({
      ok: true,
      at: new Date("2036-03-01T12:00:00.000Z"),
    });
  });

  it("answers every JSON value without throwing, and never with an instant before now", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const result = resolveDurationValue(value as Json, now);
        expect(result.ok ? result.at >= now : result.reason !== "").toBe(true);
      }),
    );
  });
});

describe("resolveRelative", () => {
  const pivot = "2026-03-01T18:00:00Z";

  it.each([
    ["before", "1h", "2026-03-01T17:00:00.000Z"],
    ["after", "1h", "2026-03-01T19:00:00.000Z"],
    ["before", 60, "2026-03-01T17:59:00.000Z"],
    ["after", "60", "2026-03-01T18:01:00.000Z"],
    ["after", 0, "2026-03-01T18:00:00.000Z"],
    ["after", "3650d", "2036-02-27T18:00:00.000Z"],
  ] as const)("waits until %s the pivot by %s", (offset_type, offset, at) => {
    const target = new Date(at);
    expect(resolveRelative({ pivot, offset_type, offset }, now)).toEqual({
      ok: true,
      at: target,
      target,
      overdue: false,
    });
  });

  it("goes on at once, overdue, when the target has passed but the pivot has not", () => {
    expect(resolveRelative({ pivot, offset_type: "before", offset: "1d" }, now)).toEqual({
      ok: true,
      at: now,
      target: new Date("2026-02-28T18:00:00.000Z"),
      overdue: true,
    });
  });

  it("waits for a future target of a pivot that has passed", () => {
    const target = new Date("2026-03-01T12:50:00.000Z");
    expect(
      resolveRelative({ pivot: "2026-03-01T11:50:00Z", offset_type: "after", offset: "1h" }, now),
    ).toEqual({
      ok: true,
      at: target,
      target,
      overdue: false,
    });
  });

  it.each<[Json | undefined, "before" | "after", Json | undefined, RegExp]>([
    ["2026-03-01T11:00:00Z", "after", "30m", /both past/],
    ["2026-03-01T11:00:00Z", "before", "30m", /both past/],
    ["2026-03-01T12:00:00Z", "after", 0, /both past/],
    [undefined, "after", "30m", /pivot must be an ISO-8601 instant: got nothing/],
    [1_772_366_400, "after", "30m", /pivot must be an ISO-8601 instant/],
    ["tomorrow", "after", "30m", /got "tomorrow"/],
    [pivot, "after", undefined, /offset is not valid/],
    [pivot, "after", -60, /must not be negative/],
    [pivot, "after", "2026-03-01T19:00:00Z", /offset is not valid/],
    [pivot, "after", Number.MAX_SAFE_INTEGER, /year 9999/],
  ])("refuses pivot %j %s by %j", (pivotValue, offset_type, offset, reason) => {
    expect(resolveRelative({ pivot: pivotValue, offset_type, offset }, now)).toEqual({
      ok: false,
      reason: expect.stringMatching(reason),
    });
  });
});
