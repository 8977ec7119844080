import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recipientOptions, tenantOptions } from "./digest-options.ts";
import { digestScheduleSchema, resolveDigest, selectionProblems } from "./digest-schedule.ts";

const schedule = digestScheduleSchema.parse({
  options: [
    { label: "At once", frequency: "instantly", time: { default_value: "07:00" } },
    {
      label: "Daily",
      frequency: "daily",
      is_default: true,
      time: { edit_policy: "editable", default_value: "09:00" },
    },
    {
      label: "Weekly",
      frequency: "weekly",
      time: { edit_policy: "locked", default_value: "10:00" },
      weekdays: { edit_policy: "editable", default_value: ["mo"] },
    },
    {
      label: "Work days",
      frequency: "weekly_mo2fr",
      time: { edit_policy: "locked", default_value: "08:00" },
    },
    { label: "Monthly", frequency: "monthly", monthdays: { default_value: [{ pos: -1, day: "fr" }] } },
    { label: "Every third day", frequency: "daily", interval: 3, dtstart: { default_value: "2026-01-01" } },
  ],
});

const optionOf = <Option extends { id: string }>(options: readonly Option[] | null, id: string) =>
  options?.find((option) => option.id === id);

describe("the options of a digest schedule", () => {
  it("have the fields of their frequency, and who may change them", () => {
    expect(tenantOptions(schedule, null)).toEqual([
      { id: "at-once", label: "At once", frequency: "instantly", interval: 1, is_default: false },
      {
        id: "daily",
        label: "Daily",
        frequency: "daily",
        interval: 1,
        time: { edit_policy: "editable", default_value: "09:00" },
        is_default: true,
      },
      {
        id: "weekly",
        label: "Weekly",
        frequency: "weekly",
        interval: 1,
        time: { edit_policy: "locked", default_value: "10:00" },
        weekdays: { edit_policy: "editable", default_value: ["mo"] },
        is_default: false,
      },
      {
        id: "work-days",
        label: "Work days",
        frequency: "weekly_mo2fr",
        interval: 1,
        time: { edit_policy: "locked", default_value: "08:00" },
        weekdays: { edit_policy: "locked", default_value: ["mo", "tu", "we", "th", "fr"] },
        is_default: false,
      },
      {
        id: "monthly",
        label: "Monthly",
        frequency: "monthly",
        interval: 1,
        monthdays: { edit_policy: "editable", default_value: [{ pos: -1, day: "fr" }] },
        is_default: false,
      },
      {
        id: "every-third-day",
        label: "Every third day",
        frequency: "daily",
        interval: 3,
        dtstart: { edit_policy: "editable", default_value: "2026-01-01" },
        is_default: false,
      },
    ]);
  });

  it("have the tenant's values, and its default, locked or not", () => {
    const options = tenantOptions(schedule, {
      options: [
        {
          id: "weekly",
          is_default: true,
          time: { default_value: "11:00" },
          weekdays: { default_value: null },
        },
      ],
    });
    expect(optionOf(options, "weekly")).toMatchObject({
      time: { edit_policy: "locked", default_value: "11:00" },
      weekdays: { default_value: ["mo"] },
      is_default: true,
    });
    expect(options.filter(({ is_default }) => is_default)).toHaveLength(1);
  });

  it("show what the recipient selected, and of its fields only what is theirs", () => {
    const options = recipientOptions(schedule, null, { id: "weekly", time: "18:00", weekdays: ["sa", "su"] });
    expect(optionOf(options, "weekly")).toMatchObject({
      time: { edit_policy: "locked", default_value: "10:00", value: "" },
      weekdays: { edit_policy: "editable", default_value: ["mo"], value: ["sa", "su"] },
      is_default: false,
      is_user_selected: true,
    });
    expect(optionOf(options, "daily")).toMatchObject({
      time: { default_value: "09:00", value: "" },
      is_default: true,
      is_user_selected: false,
    });
    expect(optionOf(options, "monthly")).toMatchObject({ monthdays: { value: [] } });
  });

  it("forget a selection whose option is gone", () => {
    const options = recipientOptions(schedule, null, { id: "hourly" });
    expect(options?.filter(({ is_user_selected }) => is_user_selected)).toEqual([]);
  });

  it.each([null, digestScheduleSchema.parse({ enabled: false, options: [] })])(
    "are none where a category has no digests (%#)",
    (none) => {
      expect(recipientOptions(none, null, null)).toBeNull();
    },
  );

  it("agree with the schedule in effect, whatever was selected", () => {
    const selection = fc.option(
      fc.record(
        {
          id: fc.constantFrom(...schedule.options.map(({ id }) => id), "gone"),
          time: fc.constantFrom("00:00", "23:59"),
          weekdays: fc.constantFrom<("sa" | "su")[]>(["sa"], ["sa", "su"]),
        },
        { requiredKeys: ["id"] },
      ),
      { nil: null },
    );
    fc.assert(
      fc.property(selection, (chosen) => {
        const shown = recipientOptions(schedule, null, chosen) ?? [];
        const effect = resolveDigest(schedule, null, chosen);
        const option =
          shown.find(({ is_user_selected }) => is_user_selected) ?? shown.find((one) => one.is_default);
        expect(option).toMatchObject({ id: effect?.id, is_user_selected: effect?.is_user_selected });
        const { time } = option ?? {};
        if (effect?.time !== undefined) expect(time?.value || time?.default_value).toBe(effect.time);
        // What may be selected is shown as selected.
        if (chosen?.time !== undefined && selectionProblems(schedule, chosen).size === 0)
          expect(time?.value).toBe(chosen.time);
      }),
    );
  });
});
