import { z } from "zod";
import type { CategorySchedule } from "../schedule/category-schedule.ts";
import { slugOf } from "../text/slug.ts";

/**
 * How often a category's digests come: a recipient selects one of the options and adjusts its editable fields. A tenant
 * may set other default values, whatever the policy of a field.
 */
const MAX_OPTIONS = 10;
const MAX_ID = 64;
const MAX_LABEL = 256;

const WEEKDAYS = ["su", "mo", "tu", "we", "th", "fr", "sa"] as const;
const FREQUENCIES = [
  "instantly",
  "minutely",
  "hourly",
  "daily",
  "weekly",
  "weekly_mo2fr",
  "monthly",
] as const;

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time like 09:30");
const dtstart = z.union([z.iso.datetime({ offset: true, local: true }), z.iso.date()], {
  error: "must be an ISO 8601 date or time",
});
const weekdays = z.array(z.enum(WEEKDAYS)).min(1).max(WEEKDAYS.length);
const monthday = z.object({
  /** Counted from the end of the month where negative; with `day`, that weekday's nth in the month. */
  pos: z
    .int()
    .min(-31)
    .max(31)
    .refine((pos) => pos !== 0, "must not be 0"),
  day: z.enum(WEEKDAYS).exactOptional(),
});
const monthdays = z.array(monthday).min(1).max(31);

function withPolicy<T extends z.ZodType>(value: T) {
  return z.object({
    edit_policy: z.enum(["locked", "editable"]).default("editable"),
    default_value: value.nullish(),
  });
}

const optionId = z
  .string()
  .max(MAX_ID)
  .regex(/^[a-z0-9_-]+$/, "must only contain a-z, 0-9, _ and -");

const option = z
  .object({
    id: optionId.optional(),
    label: z.string().min(1).max(MAX_LABEL),
    frequency: z.enum(FREQUENCIES),
    interval: z.int().min(1).default(1),
    time: withPolicy(time).nullish(),
    weekdays: withPolicy(weekdays).nullish(),
    monthdays: withPolicy(monthdays).nullish(),
    dtstart: withPolicy(dtstart).nullish(),
    is_default: z.boolean().default(false),
  })
  .transform((stated) => ({ ...stated, id: stated.id ?? idOf(stated.label) }));

export const digestScheduleSchema = z.object({
  enabled: z.boolean().default(true),
  options: z.array(option).max(MAX_OPTIONS),
});

export type DigestSchedule = z.infer<typeof digestScheduleSchema>;

/** A recipient's selection: an option and values of its editable fields. */
export const digestSelectionSchema = z.object({
  id: z.string().min(1).max(MAX_ID),
  time: time.optional(),
  weekdays: weekdays.optional(),
  monthdays: monthdays.optional(),
  dtstart: dtstart.optional(),
});

export type DigestSelection = z.infer<typeof digestSelectionSchema>;

/** A tenant's changes to the options; matched by `id`. */
export const digestOverridesSchema = z.object({
  options: z
    .array(
      z.object({
        id: z.string().min(1).max(MAX_ID),
        time: z.object({ default_value: time.nullable() }).optional(),
        weekdays: z.object({ default_value: weekdays.nullable() }).optional(),
        monthdays: z.object({ default_value: monthdays.nullable() }).optional(),
        dtstart: z.object({ default_value: dtstart.nullable() }).optional(),
        is_default: z.boolean().optional(),
      }),
    )
    .max(MAX_OPTIONS),
});

export type DigestOverrides = z.infer<typeof digestOverridesSchema>;

export const ADJUSTABLE = ["time", "weekdays", "monthdays", "dtstart"] as const;

export type DigestOption = DigestSchedule["options"][number];

/**
 * The digest schedule of a recipient: the option they selected, else the tenant's default, else the category's; for
 * each of its fields their own value, unless it is locked, else the tenant's, else the category's. Stored selections
 * outlive their options: what no longer exists is ignored. Null where the category has no digests.
 */
export function resolveDigest(
  schedule: DigestSchedule | null,
  overrides: DigestOverrides | null,
  selection: DigestSelection | null,
): CategorySchedule | null {
  if (schedule === null || !schedule.enabled) return null;
  const usual = defaultOption(schedule, overrides);
  const selected = schedule.options.find(({ id }) => id === selection?.id);
  const option = selected ?? usual;
  if (option === undefined) return null;
  const { id, label, frequency, interval } = option;
  const own = selected === undefined ? null : selection;
  const tenant = overrides?.options.find((changed) => changed.id === id);
  const time = uses(option, "time") ? valueOf(option.time, tenant?.time, own?.time) : null;
  const weekdays = uses(option, "weekdays")
    ? valueOf(option.weekdays, tenant?.weekdays, own?.weekdays)
    : null;
  const monthdays = uses(option, "monthdays")
    ? valueOf(option.monthdays, tenant?.monthdays, own?.monthdays)
    : null;
  const dtstart = uses(option, "dtstart") ? valueOf(option.dtstart, tenant?.dtstart, own?.dtstart) : null;
  return {
    id,
    label,
    frequency,
    interval,
    ...(time === null ? {} : { time }),
    ...(weekdays === null ? {} : { weekdays }),
    ...(monthdays === null ? {} : { monthdays }),
    ...(dtstart === null ? {} : { dtstart }),
    is_default: option === usual,
    is_user_selected: selected !== undefined,
  };
}

/** The option of recipients who have not selected any: the tenant's default, else the category's. */
export function defaultOption(
  { options }: DigestSchedule,
  overrides: DigestOverrides | null,
): DigestOption | undefined {
  const named = overrides?.options.find(({ is_default }) => is_default === true)?.id;
  return options.find(({ id }) => id === named) ?? options.find(({ is_default }) => is_default) ?? options[0];
}

/** Whether an option's frequency has a field; what a document states of another one has no effect. */
export function uses({ frequency, interval }: DigestOption, field: (typeof ADJUSTABLE)[number]): boolean {
  switch (field) {
    case "time":
      // A digest every minute has no time to choose.
      return frequency !== "instantly" && (frequency !== "minutely" || interval > 1);
    case "weekdays":
      return frequency === "weekly";
    case "monthdays":
      return frequency === "monthly";
    case "dtstart":
      // The start determines which days count; weeks and months are counted from when the schedule was set.
      return frequency === "daily" && interval > 1;
  }
}

/** A field that the option does not have cannot be selected, like a locked one. */
function valueOf<T>(
  stated: { edit_policy: "locked" | "editable"; default_value?: T | null | undefined } | null | undefined,
  tenant: { default_value: T | null } | undefined,
  own: T | undefined,
): T | null {
  const chosen = stated?.edit_policy === "editable" ? own : undefined;
  return chosen ?? tenant?.default_value ?? stated?.default_value ?? null;
}

/** Why a schedule cannot be committed, as `field: reason`. */
export function digestProblems({ enabled, options }: DigestSchedule): string[] {
  const problems: string[] = [];
  const defaults = options.filter(({ is_default }) => is_default).length;
  if (enabled && defaults !== 1) {
    problems.push(`digest_schedule.options: exactly one must have is_default, ${defaults} have`);
  }
  const seen = new Set<string>();
  for (const [index, { id }] of options.entries()) {
    if (seen.has(id)) problems.push(`digest_schedule.options[${index}].id: '${id}' is there twice`);
    seen.add(id);
  }
  return problems;
}

/** Why a recipient cannot select this, by field path; empty when it can. */
export function selectionProblems(
  schedule: DigestSchedule | null,
  selection: DigestSelection,
): Map<string, string> {
  const options = schedule?.options ?? [];
  const chosen = options.find(({ id }) => id === selection.id);
  if (chosen === undefined) return new Map([["digest_schedule.id", mustBeOneOf(options)]]);
  const locked = ADJUSTABLE.filter(
    (field) =>
      selection[field] !== undefined && (!uses(chosen, field) || chosen[field]?.edit_policy !== "editable"),
  );
  return new Map(locked.map((field) => [`digest_schedule.${field}`, "not editable"]));
}

/** Why a tenant cannot override this, by field path; empty when it can. */
export function overrideProblems(
  schedule: DigestSchedule | null,
  overrides: DigestOverrides,
): Map<string, string> {
  const options = schedule?.options ?? [];
  const known = new Set(options.map(({ id }) => id));
  const problems = new Map<string, string>();
  for (const [index, { id }] of overrides.options.entries()) {
    if (!known.has(id)) problems.set(`digest_schedule.options[${index}].id`, mustBeOneOf(options));
  }
  if (overrides.options.filter(({ is_default }) => is_default === true).length > 1) {
    problems.set("digest_schedule.options", "only one can be the default");
  }
  return problems;
}

function mustBeOneOf(options: readonly { id: string }[]): string {
  return `must be one of [${options.map(({ id }) => `'${id}'`).join(" ")}]`;
}

/** `Every Monday!` → `every-monday`; a label without a usable letter is an `option`. */
function idOf(label: string): string {
  const id = slugOf(label).slice(0, MAX_ID).replaceAll(/-+$/g, "");
  return id === "" ? "option" : id;
}
