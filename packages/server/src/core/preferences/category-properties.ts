import { z } from "zod";
import type { Json } from "../json.ts";
import { getOwn } from "../json/json-path.ts";

/**
 * Settings of a category that workflow conditions can read: a recipient's threshold, the projects that they want
 * notifications about. The category defines them with defaults; tenants and recipients set values.
 */
const MAX_PROPERTIES = 25;
const MAX_CHOICES = 25;
const MAX_LABEL = 256;

const VALUE_TYPES = [
  "integer",
  "string",
  "string_choice",
  "list_choice",
  "string_dynamic",
  "list_dynamic",
] as const;

type ValueType = (typeof VALUE_TYPES)[number];

const propertyKey = z
  .string()
  .max(64)
  .regex(/^[_a-z][a-z0-9_]+$/, "must be a-z, 0-9 and _, and not begin with a digit");

const propertyValue = z.union([z.string(), z.number(), z.array(z.string())]);

const property = z.object({
  key: propertyKey,
  label: z.string().max(MAX_LABEL),
  value_type: z.enum(VALUE_TYPES),
  is_optional: z.boolean().default(false),
  choices: z
    .array(z.object({ value: z.string(), label: z.string() }))
    .max(MAX_CHOICES)
    .nullish(),
  default_value: propertyValue.nullish(),
  /** Identifies the choices that the customer's own page renders. */
  dynamic_choices_key: z.string().nullish(),
  edit_policy: z.enum(["locked", "editable"]).default("editable"),
});

export const categoryPropertiesSchema = z.array(property).max(MAX_PROPERTIES);

export type CategoryProperty = z.infer<typeof property>;

/** Values as tenants and recipients send them; null removes a value. */
export const propertyValuesSchema = z
  .array(z.object({ key: propertyKey, value: propertyValue.nullable() }))
  .max(MAX_PROPERTIES);

export type PropertyValues = z.infer<typeof propertyValuesSchema>;

/** Why definitions cannot be committed, as `field: reason`. */
export function propertyProblems(properties: readonly CategoryProperty[]): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const [index, property] of properties.entries()) {
    const place = `properties[${index}]`;
    if (seen.has(property.key)) problems.push(`${place}.key: '${property.key}' is there twice`);
    seen.add(property.key);
    if (property.value_type.endsWith("_choice") && (property.choices ?? []).length === 0) {
      problems.push(`${place}.choices: is a required field`);
    }
    const value = property.default_value ?? null;
    const fault = value === null ? missing(property) : faultOf(property, value);
    if (fault !== null) problems.push(`${place}.default_value: ${fault}`);
  }
  return problems;
}

/**
 * Why these values do not fit their definitions, by field path; empty when they do. `by`: recipients cannot set locked
 * properties, tenants can.
 */
export function valueProblems(
  properties: readonly CategoryProperty[] | null,
  values: PropertyValues,
  by: "recipient" | "tenant",
): Map<string, string> {
  const known = new Map((properties ?? []).map((property) => [property.key, property]));
  const problems = new Map<string, string>();
  for (const [index, { key, value }] of values.entries()) {
    const property = known.get(key);
    if (property === undefined) {
      const keys = [...known.keys()].map((name) => `'${name}'`).join(" ");
      problems.set(`properties[${index}].key`, `must be one of [${keys}]`);
    } else if (by === "recipient" && property.edit_policy === "locked") {
      problems.set(`properties[${index}].value`, "not editable");
    } else {
      const fault = value === null ? null : faultOf(property, value);
      if (fault !== null) problems.set(`properties[${index}].value`, fault);
    }
  }
  return problems;
}

/**
 * The values that a tenant sets, whose numbers may arrive as text (`"100"`): the published example sends one so.
 */
export function readTenantValues(
  properties: readonly CategoryProperty[] | null,
  values: PropertyValues,
): PropertyValues {
  const integers = new Set(
    (properties ?? []).flatMap(({ key, value_type }) => (value_type === "integer" ? key : [])),
  );
  return values.map(({ key, value }) => ({
    key,
    value:
      integers.has(key) && typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value,
  }));
}

/**
 * Merges values into the stored ones by key; null when none is left. Safe for a key like `__proto__`: it is never
 * assigned to.
 */
export function mergeValues(
  stored: Record<string, Json> | null,
  values: PropertyValues | null | undefined,
): Record<string, Json> | null {
  if (values === undefined) return stored;
  if (values === null) return null;
  const merged = new Map(Object.entries(stored ?? {}));
  for (const { key, value } of values) {
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  return merged.size === 0 ? null : Object.fromEntries(merged);
}

/**
 * The values that conditions see: for each property the recipient's, unless it is locked, else the tenant's, else the
 * category's, else null. Stored values outlive their definition: one that no longer fits is ignored.
 */
export function resolveProperties(
  properties: readonly CategoryProperty[] | null,
  tenant: Record<string, Json> | null,
  recipient: Record<string, Json> | null,
): Record<string, Json> {
  return Object.fromEntries(
    (properties ?? []).map((property) => {
      const { key, edit_policy, default_value } = property;
      const own = edit_policy === "locked" ? undefined : getOwn(recipient ?? undefined, key);
      const stated = [own, getOwn(tenant ?? undefined, key)].find((value) => fits(property, value));
      return [key, stated ?? default_value ?? null];
    }),
  );
}

/** A property as APIs show it, for one who may set it. */
export interface ShownProperty extends Pick<
  CategoryProperty,
  "key" | "label" | "value_type" | "is_optional" | "edit_policy"
> {
  choices?: { value: string; label: string }[];
  dynamic_choices_key?: string;
  /** What applies where no own value is set. */
  default_value: Json;
  is_overridden: boolean;
  value: Json;
}

/**
 * The properties of a category with the tenant's values and, with `recipient`, with its own over them. Undefined:
 * the page is the tenant's, who may set what is locked for recipients. Null: nothing is defined.
 */
export function showProperties(
  properties: readonly CategoryProperty[] | null,
  tenant: Record<string, Json> | null,
  recipient?: Record<string, Json> | null,
): ShownProperty[] | null {
  if (properties === null || properties.length === 0) return null;
  const usual = resolveProperties(properties, recipient === undefined ? null : tenant, null);
  const values = resolveProperties(properties, tenant, recipient ?? null);
  return properties.map((property) => {
    const { key, label, value_type, choices, dynamic_choices_key, is_optional, edit_policy } = property;
    const isMine = recipient === undefined || edit_policy === "editable";
    const own = getOwn((recipient === undefined ? tenant : recipient) ?? undefined, key);
    return {
      key,
      label,
      value_type,
      ...(choices == null ? {} : { choices }),
      ...(dynamic_choices_key == null ? {} : { dynamic_choices_key }),
      default_value: usual[key] ?? null,
      is_optional,
      edit_policy,
      is_overridden: isMine && fits(property, own),
      value: values[key] ?? null,
    };
  });
}

function fits(property: CategoryProperty, value: Json | undefined): boolean {
  const parsed = propertyValue.safeParse(value);
  return parsed.success && faultOf(property, parsed.data) === null;
}

function missing({ is_optional }: CategoryProperty): string | null {
  return is_optional ? null : "is a required field";
}

const EXPECTED: Record<ValueType, string> = {
  integer: "must be an integer",
  string: "must be a string",
  string_choice: "must be a string",
  string_dynamic: "must be a string",
  list_choice: "must be an array of strings",
  list_dynamic: "must be an array of strings",
};

function faultOf(
  { value_type, choices }: CategoryProperty,
  value: string | number | string[],
): string | null {
  if (!hasType(value_type, value)) return EXPECTED[value_type];
  if (!value_type.endsWith("_choice")) return null;
  const allowed = new Set<unknown>((choices ?? []).map((choice) => choice.value));
  const given: unknown[] = Array.isArray(value) ? value : [value];
  if (given.every((one) => allowed.has(one))) return null;
  return `must be one of [${[...allowed].map((one) => `'${String(one)}'`).join(" ")}]`;
}

function hasType(value_type: ValueType, value: string | number | string[]): boolean {
  if (value_type === "integer") return Number.isSafeInteger(value);
  return value_type.startsWith("list_") ? Array.isArray(value) : typeof value === "string";
}
