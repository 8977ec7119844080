import {
  ADJUSTABLE,
  defaultOption,
  type DigestOption,
  type DigestOverrides,
  type DigestSchedule,
  type DigestSelection,
  uses,
} from "./digest-schedule.ts";

/**
 * The options of a digest schedule as APIs list them: fields that an option's frequency does not have are absent, and
 * the tenant's values stand in place of the category's.
 */
interface OptionField {
  edit_policy: "locked" | "editable";
  default_value: unknown;
}

interface RecipientField extends OptionField {
  /** The recipient's own; empty where there is none, or where it is locked. */
  value: unknown;
}

type ShownOption<Field> = Pick<DigestOption, "id" | "label" | "frequency" | "interval"> &
  Partial<Record<(typeof ADJUSTABLE)[number], Field>> & { is_default: boolean };

export type TenantOption = ShownOption<OptionField>;

export type RecipientOption = ShownOption<RecipientField> & { is_user_selected: boolean };

/** Nobody chooses the days from Monday to Friday. */
const MONDAY_TO_FRIDAY: OptionField = {
  edit_policy: "locked",
  default_value: ["mo", "tu", "we", "th", "fr"],
};

/** What a tenant made of the options; without overrides, those of the category. */
export function tenantOptions(schedule: DigestSchedule, overrides: DigestOverrides | null): TenantOption[] {
  const usual = defaultOption(schedule, overrides);
  return schedule.options.map((option) => ({
    ...headOf(option),
    ...fieldsOf(option, overrides, (_name, field) => field),
    is_default: option === usual,
  }));
}

/** The same with a recipient's selection. Null: the category has no digests. */
export function recipientOptions(
  schedule: DigestSchedule | null,
  overrides: DigestOverrides | null,
  selection: DigestSelection | null,
): RecipientOption[] | null {
  if (schedule === null || !schedule.enabled) return null;
  const usual = defaultOption(schedule, overrides);
  return schedule.options.map((option) => {
    const own = selection?.id === option.id ? selection : null;
    return {
      ...headOf(option),
      ...fieldsOf(option, overrides, (name, field) => {
        const chosen = field.edit_policy === "editable" ? own?.[name] : undefined;
        return { ...field, value: chosen ?? (name === "time" || name === "dtstart" ? "" : []) };
      }),
      is_default: option === usual,
      is_user_selected: own !== null,
    };
  });
}

function headOf({ id, label, frequency, interval }: DigestOption) {
  return { id, label, frequency, interval };
}

function fieldsOf<Field>(
  option: DigestOption,
  overrides: DigestOverrides | null,
  show: (name: (typeof ADJUSTABLE)[number], field: OptionField) => Field,
): Partial<Record<(typeof ADJUSTABLE)[number], Field>> {
  const tenant = overrides?.options.find(({ id }) => id === option.id);
  const fields: Partial<Record<(typeof ADJUSTABLE)[number], Field>> = {};
  for (const name of ADJUSTABLE) {
    if (!uses(option, name)) continue;
    const stated = option[name] ?? null;
    const default_value = tenant?.[name]?.default_value ?? stated?.default_value ?? null;
    if (stated === null && default_value === null) continue;
    // What the category does not state, no recipient can change.
    fields[name] = show(name, { edit_policy: stated?.edit_policy ?? "locked", default_value });
  }
  if (option.frequency === "weekly_mo2fr") fields.weekdays = show("weekdays", MONDAY_TO_FRIDAY);
  return fields;
}
