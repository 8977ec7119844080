import { describe, expect, it } from "vitest";
import type { Json } from "../json.ts";
import {
  digestOverridesSchema,
  digestScheduleSchema,
  digestSelectionSchema,
  overrideProblems,
  resolveDigest,
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

describe("the schedule of a recipient", () => {
  const options = digestScheduleSchema.parse({
    options: [
      { label: "At once", frequency: "instantly", time: { default_value: "01:00" } },
      {
        label: "Daily",
        frequency: "daily",
        is_default: true,
        time: { edit_policy: "editable", default_value: "09:00" },
        weekdays: { default_value: ["mo"] },
        dtstart: { default_value: "2026-01-01" },
      },
      {
        label: "Weekly",
        frequency: "weekly",
        time: { edit_policy: "locked", default_value: "08:00" },
        weekdays: { default_value: ["mo"] },
      },
      { label: "Now and then", frequency: "daily", interval: 3, dtstart: { default_value: "2026-01-01" } },
      { label: "Hours", frequency: "hourly", interval: 6, time: { default_value: "06:00" } },
    ],
  });
  const daily = { id: "daily", label: "Daily", frequency: "daily", interval: 1 };
  const weekly = { id: "weekly", label: "Weekly", frequency: "weekly", interval: 1 };
  const usual = { is_default: true, is_user_selected: false };
  const selected = { is_default: false, is_user_selected: true };

  it.each<[string, Json, Json, Json]>([
    ["the category's default", null, null, { ...daily, time: "09:00", ...usual }],
    [
      "the tenant's default, with the tenant's values",
      { options: [{ id: "weekly", is_default: true, time: { default_value: "07:00" } }] },
      null,
      { ...weekly, time: "07:00", weekdays: ["mo"], ...usual },
    ],
    [
      "what the tenant changed of the category's default",
      { options: [{ id: "daily", time: { default_value: "07:00" } }] },
      null,
      { ...daily, time: "07:00", ...usual },
    ],
    [
      "a value of the tenant that is null is the category's",
      { options: [{ id: "daily", time: { default_value: null } }] },
      null,
      { ...daily, time: "09:00", ...usual },
    ],
    [
      "what they selected, with their values",
      { options: [{ id: "daily", is_default: true, time: { default_value: "07:00" } }] },
      { id: "weekly", weekdays: ["tu", "fr"] },
      { ...weekly, time: "08:00", weekdays: ["tu", "fr"], ...selected },
    ],
    [
      "their own time over the tenant's",
      { options: [{ id: "daily", time: { default_value: "07:00" } }] },
      { id: "daily", time: "18:30" },
      { ...daily, time: "18:30", is_default: true, is_user_selected: true },
    ],
    [
      "a value that has been locked since is passed over",
      null,
      { id: "weekly", time: "10:00" },
      { ...weekly, time: "08:00", weekdays: ["mo"], ...selected },
    ],
    [
      "an option that is gone, too, with its values",
      null,
      { id: "gone", time: "10:00" },
      { ...daily, time: "09:00", ...usual },
    ],
    [
      "a default of the tenant that is gone, too",
      { options: [{ id: "gone", is_default: true }] },
      { id: "constructor" },
      { ...daily, time: "09:00", ...usual },
    ],
    [
      "at once, without a time",
      null,
      { id: "at-once" },
      { id: "at-once", label: "At once", frequency: "instantly", interval: 1, ...selected },
    ],
    [
      "a start, where days are left out",
      null,
      { id: "now-and-then", dtstart: "2026-02-02" },
      {
        id: "now-and-then",
        label: "Now and then",
        frequency: "daily",
        interval: 3,
        dtstart: "2026-02-02",
        ...selected,
      },
    ],
    [
      "hours from a time",
      null,
      { id: "hours" },
      { id: "hours", label: "Hours", frequency: "hourly", interval: 6, time: "06:00", ...selected },
    ],
  ])("is %s", (_title, overrides, selection, expected) => {
    const tenant = overrides === null ? null : digestOverridesSchema.parse(overrides);
    const own = selection === null ? null : digestSelectionSchema.parse(selection);
    expect(resolveDigest(options, tenant, own)).toEqual(expected);
  });

  it("is none where the category has none, or has turned them off", () => {
    expect(resolveDigest(null, null, { id: "daily" })).toBeNull();
    expect(resolveDigest({ ...options, enabled: false }, null, { id: "daily" })).toBeNull();
    expect(resolveDigest({ enabled: true, options: [] }, null, null)).toBeNull();
  });
});
