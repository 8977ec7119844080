import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checkReservedProperty } from "../profile/reserved-properties.ts";
import { findZone, instantAt, nextClockChange, zoneFields, zoneOf } from "./zone.ts";

const at = (text: string) => Date.parse(text);
const iso = (instant: number) => new Date(instant).toISOString();

describe("findZone", () => {
  it.each([
    ["UTC", "UTC"],
    ["Europe/London", "Europe/London"],
    ["Etc/GMT+1", "Etc/GMT+1"],
    ["America/Port-au-Prince", "America/Port-au-Prince"],
    ["America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"],
    ["Asia/Kathmandu", "Asia/Kathmandu"],
    ["Asia/Katmandu", "Asia/Katmandu"],
    ["US/Eastern", "US/Eastern"],
    ["GB", "GB"],
    ["NZ-CHAT", "NZ-CHAT"],
    ["EST5EDT", "EST5EDT"],
    ["GMT+0", "GMT+0"],
    ["europe/london", "Europe/London"],
  ])("knows %s", (text, zone) => {
    expect(findZone(text)).toBe(zone);
  });

  it.each([
    "",
    " ",
    " Europe/London",
    "Europe/London\n",
    "Mars/Olympus",
    "IST",
    "PST",
    "Etc/Unknown",
    "+05:30",
    "-08:00",
    "GMT+1",
    "Európe/London",
    "Ünited",
    "__proto__",
    "constructor",
    "2026-01-01T00:00Z",
    "2026-01-01T00:00[Europe/London]",
    "Europe/London\u0000",
    "x".repeat(1_000_000),
  ])("does not know %j", (text) => {
    expect(findZone(text)).toBeNull();
  });

  it("knows every zone that a profile may have", () => {
    const zones = [...Intl.supportedValuesOf("timeZone"), "Asia/Kolkata", "Europe/Kyiv", "America/Nuuk"];
    const accepted = zones.map((zone) => checkReservedProperty("$timezone", zone));
    expect(accepted.filter(({ ok }) => !ok)).toEqual([]);
    expect(zones.filter((zone) => findZone(zone) !== zone)).toEqual([]);
  });
});

describe("zoneOf", () => {
  const fixed = { tz_selection: "fixed", tz_fixed: "Asia/Tokyo" } as const;
  const recipient = { tz_selection: "recipient", tz_fixed: "Asia/Tokyo" } as const;
  it.each([
    ["the fixed zone", fixed, "Europe/Paris", "America/New_York", "Asia/Tokyo"],
    [
      "the fixed zone where nothing is selected",
      { tz_fixed: "Asia/Tokyo" },
      "Europe/Paris",
      null,
      "Asia/Tokyo",
    ],
    [
      "the fixed zone where null is selected",
      { ...fixed, tz_selection: null },
      "Europe/Paris",
      null,
      "Asia/Tokyo",
    ],
    [
      "the fixed zone where blank is selected",
      { ...fixed, tz_selection: "" },
      "Europe/Paris",
      null,
      "Asia/Tokyo",
    ],
    ["UTC where no zone is fixed", {}, "Europe/Paris", "America/New_York", "UTC"],
    ["UTC where the fixed zone is blank", { tz_fixed: "" }, "Europe/Paris", "America/New_York", "UTC"],
    [
      "UTC where the fixed zone is unknown",
      { tz_fixed: "Mars/Olympus" },
      "Europe/Paris",
      "Asia/Tokyo",
      "UTC",
    ],
    ["the recipient's zone", recipient, "Europe/Paris", "America/New_York", "Europe/Paris"],
    ["the account's zone", recipient, null, "America/New_York", "America/New_York"],
    [
      "the account's zone for an unknown one",
      recipient,
      "Mars/Olympus",
      "America/New_York",
      "America/New_York",
    ],
    ["the account's zone for a blank one", recipient, "", "America/New_York", "America/New_York"],
    ["UTC where neither has one", recipient, null, null, "UTC"],
    ["UTC where both are unknown", recipient, "__proto__", "Mars/Olympus", "UTC"],
  ] as const)("gives %s", (_, selection, recipientZone, accountZone, zone) => {
    expect(zoneOf(selection, recipientZone, accountZone)).toBe(zone);
  });
});

describe("zoneFields", () => {
  const schema = z.object(zoneFields);

  it.each([
    {},
    { tz_selection: null, tz_fixed: null },
    { tz_selection: "", tz_fixed: "" },
    { tz_selection: "fixed", tz_fixed: "Etc/GMT+1" },
    { tz_selection: "recipient", tz_fixed: "US/Pacific" },
  ])("takes %j", (value) => {
    expect(schema.safeParse(value).success).toBe(true);
  });

  it.each([
    [{ tz_selection: "sender" }, "tz_selection", "must be recipient, fixed, or empty for fixed"],
    [{ tz_selection: true }, "tz_selection", "must be recipient, fixed, or empty for fixed"],
    [{ tz_fixed: 330 }, "tz_fixed", "must be text: an IANA time zone such as Europe/London"],
    [
      { tz_fixed: "+05:30" },
      "tz_fixed",
      "must be an IANA time zone such as Europe/London, Asia/Kathmandu or Etc/GMT+1",
    ],
    [
      { tz_fixed: "India" },
      "tz_fixed",
      "must be an IANA time zone such as Europe/London, Asia/Kathmandu or Etc/GMT+1",
    ],
  ])("refuses %j", (value, field, message) => {
    const issues = schema.safeParse(value).error?.issues.map(({ path, message }) => [path, message]);
    expect(issues).toEqual([[[field], message]]);
  });
});

describe("wall times", () => {
  it.each([
    // Kathmandu is 5:45 ahead.
    ["Asia/Kathmandu", "2026-07-01T00:00:00Z", "2026-06-30T18:15:00.000Z"],
    ["Europe/London", "2026-07-01T09:00:00Z", "2026-07-01T08:00:00.000Z"],
    // Skipped: moved by an hour, by half an hour on Lord Howe, by two hours in Troll, by a day in Apia.
    ["Europe/London", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00.000Z"],
    ["Australia/Lord_Howe", "2026-10-04T02:15:00Z", "2026-10-03T15:45:00.000Z"],
    ["Antarctica/Troll", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00.000Z"],
    ["Pacific/Apia", "2011-12-30T16:00:00Z", "2011-12-31T02:00:00.000Z"],
    // Shown twice: the first.
    ["Europe/London", "2026-10-25T01:30:00Z", "2026-10-25T00:30:00.000Z"],
    ["America/St_Johns", "2026-11-01T01:30:00Z", "2026-11-01T04:00:00.000Z"],
  ])("in %s the clocks show %s at %s", (zone, wall, instant) => {
    expect(iso(instantAt(at(wall), zone))).toBe(instant);
  });

  it("run evenly until the next change of the clocks", () => {
    expect(iso(nextClockChange(at("2026-01-01T00:00:00Z"), "Europe/London"))).toBe(
      "2026-03-29T01:00:00.000Z",
    );
    expect(iso(nextClockChange(at("2026-03-29T01:00:00Z"), "Europe/London"))).toBe(
      "2026-10-25T01:00:00.000Z",
    );
    expect(nextClockChange(at("2026-01-01T00:00:00Z"), "Asia/Kathmandu")).toBe(Infinity);
  });
});
