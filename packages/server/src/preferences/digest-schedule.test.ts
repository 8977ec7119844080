import { describe, expect, it } from "vitest";
import type { Json } from "../core/json.ts";
import {
  digestOverridesSchema,
  digestScheduleSchema,
  digestSelectionSchema,
  overrideProblems,
  selectionProblems,
} from "./digest-schedule.ts";

const schedule = digestScheduleSchema.parse({
  options: [
    {
      label: "Daily",
      frequency: "daily",
      is_default: true,
      time: { edit_policy: "editable", default_value: "09:00" },
    },
    {
      label: "Weekly",
      frequency: "weekly",
      time: { edit_policy: "locked", default_value: "08:00" },
      weekdays: { default_value: ["mo"] },
    },
  ],
});

describe("a digest selection", () => {
  it.each<[Json, Record<string, string>]>([
    [{ id: "daily" }, {}],
    [{ id: "daily", time: "23:59" }, {}],
    [{ id: "weekly", weekdays: ["mo", "fr"] }, {}],
    [{ id: "hourly" }, { "digest_schedule.id": "must be one of ['daily' 'weekly']" }],
    [{ id: "constructor" }, { "digest_schedule.id": "must be one of ['daily' 'weekly']" }],
    [{ id: "weekly", time: "10:00" }, { "digest_schedule.time": "not editable" }],
    // A field that the option does not have cannot be adjusted either.
    [{ id: "daily", weekdays: ["su"] }, { "digest_schedule.weekdays": "not editable" }],
  ])("of %j has the problems it should", (selection, expected) => {
    const problems = selectionProblems(schedule, digestSelectionSchema.parse(selection));
    expect(Object.fromEntries(problems)).toEqual(expected);
  });

  it("is refused where the category has no digests", () => {
    expect([...selectionProblems(null, { id: "daily" })]).toEqual([
      ["digest_schedule.id", "must be one of []"],
    ]);
  });

  it.each<Json>([
    {},
    { id: "" },
    { id: 5 },
    { id: "daily", time: "24:00" },
    { id: "daily", time: "9:00" },
    { id: "daily", weekdays: [] },
    { id: "daily", weekdays: ["monday"] },
    { id: "daily", monthdays: [{ pos: 0 }] },
    { id: "daily", monthdays: [{ pos: 32 }] },
    { id: "daily", dtstart: "tomorrow" },
  ])("%j is none", (value) => {
    expect(digestSelectionSchema.safeParse(value).success).toBe(false);
  });

  it.each<Json>([
    { id: "daily", monthdays: [{ pos: -1 }, { pos: 2, day: "tu" }] },
    { id: "daily", dtstart: "2026-11-20" },
    { id: "daily", dtstart: "2026-11-20T09:00:00+05:30" },
    { id: "daily", dtstart: "2026-11-20T09:00:00" },
  ])("%j is one", (value) => {
    expect(digestSelectionSchema.parse(value)).toEqual(value);
  });
});

describe("a tenant's digest options", () => {
  it("may change locked values, of options that there are, with one default", () => {
    const parse = (options: Json[]) => digestOverridesSchema.parse({ options });
    expect([
      ...overrideProblems(schedule, parse([{ id: "weekly", time: { default_value: "07:00" } }])),
    ]).toEqual([]);
    expect([...overrideProblems(schedule, parse([{ id: "daily" }, { id: "yearly" }]))]).toEqual([
      ["digest_schedule.options[1].id", "must be one of ['daily' 'weekly']"],
    ]);
    const two = parse([
      { id: "daily", is_default: true },
      { id: "weekly", is_default: true },
    ]);
    expect([...overrideProblems(schedule, two)]).toEqual([
      ["digest_schedule.options", "only one can be the default"],
    ]);
  });
});
