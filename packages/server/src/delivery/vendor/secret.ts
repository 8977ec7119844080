import { z } from "zod";

/**
 * Secrets in a vendor's settings. Secret fields are marked once, in the vendor's own zod schema; masking in responses,
 * encryption at rest and the password fields of forms all follow from it. The mark is the JSON Schema keyword
 * `x-secret`, so it also reaches the settings form through `z.toJSONSchema`.
 */
const MARK = "x-secret";

/** Marks a field of a vendor's config as secret. Without a schema: a non-blank string. */
export function secret(): z.ZodString;
export function secret<Schema extends z.ZodType>(schema: Schema): Schema;
export function secret(schema: z.ZodType = z.string().min(1)): z.ZodType {
  return schema.meta({ ...schema.meta(), [MARK]: true });
}

/**
 * Dotted paths of the secret fields of a schema, sorted: `password`, `auth.token`. A star stands for every
 * entry of a record or an array: `headers.*`.
 */
export function secretFields(schema: z.ZodType): string[] {
  return secretPaths(schema).map((path) => path.join("."));
}

/**
 * A copy of a config that is safe to show: every secret is masked, everything else is unchanged. Works on stored values
 * that no longer match the schema.
 */
export function redactConfig<Value>(schema: z.ZodType, value: Value): Value {
  const shown = structuredClone(value);
  for (const path of secretPaths(schema)) {
    rewrite(shown, path, (held) => maskSecret(held));
  }
  return shown;
}

/**
 * Restores a config sent back by a settings form: masks become the stored secrets again. A newly typed secret differs
 * from its mask and is kept. Entries of an array are matched by position.
 */
export function restoreSecrets<Value>(schema: z.ZodType, submitted: Value, stored: unknown): Value {
  const restored = structuredClone(submitted);
  for (const path of secretPaths(schema)) {
    rewrite(
      restored,
      path,
      (held, known) => (held !== "" && held === maskSecret(known) ? known : held),
      stored,
    );
  }
  return restored;
}

/**
 * Long secrets keep their first four characters, as in other lists of keys (`SS.X*****`), so that two keys can be
 * distinguished. Short ones would reveal too much. Unset values visibly stay unset.
 */
export function maskSecret(value: unknown): unknown {
  if (value === null || value === undefined || value === "") {
    return value;
  }
  return typeof value === "string" && value.length >= 20 ? `${value.slice(0, 4)}*****` : "********";
}

type Path = readonly string[];

function secretPaths(schema: z.ZodType): Path[] {
  const found = new Map<string, Path>();
  collect(schema, [], new Set(), found);
  return [...found.values()].sort((a, b) => (a.join(".") < b.join(".") ? -1 : 1));
}

function collect(schema: z.core.$ZodType, path: Path, above: Set<unknown>, found: Map<string, Path>): void {
  if (above.has(schema)) {
    return; // A recursive schema has no deeper fields than those already found.
  }
  if (z.globalRegistry.get(schema)?.[MARK] === true) {
    found.set(path.join("."), path);
    return;
  }
  const within = new Set(above).add(schema);
  for (const [key, child] of children(schema)) {
    collect(child, key === null ? path : [...path, key], within, found);
  }
}

/** The children of a schema: fields by name, entries as a star, and (null) wrappers and alternatives. */
function children(schema: z.core.$ZodType): [string | null, z.core.$ZodType][] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape);
  }
  if (schema instanceof z.ZodRecord) {
    return [["*", schema.valueType]];
  }
  if (schema instanceof z.ZodArray) {
    return [["*", schema.element]];
  }
  if (schema instanceof z.ZodUnion) {
    return schema.options.map((option) => [null, option]);
  }
  if (schema instanceof z.ZodIntersection) {
    return [
      [null, schema.def.left],
      [null, schema.def.right],
    ];
  }
  if (schema instanceof z.ZodPipe) {
    return [
      [null, schema.in],
      [null, schema.out],
    ];
  }
  if (schema instanceof z.ZodLazy) {
    return [[null, schema.unwrap()]];
  }
  const wraps =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNonOptional ||
    schema instanceof z.ZodCatch ||
    schema instanceof z.ZodReadonly;
  return wraps ? [[null, schema.def.innerType]] : [];
}

/**
 * Replaces the value at `path` inside `holder`; `beside` is traversed in parallel to give the value at the same place.
 */
function rewrite(
  holder: unknown,
  path: Path,
  change: (held: unknown, beside: unknown) => unknown,
  beside?: unknown,
): void {
  const [step, ...rest] = path;
  if (step === undefined || typeof holder !== "object" || holder === null) {
    return;
  }
  const record = holder as Record<string, unknown>;
  const keys = step === "*" ? Object.keys(record) : Object.hasOwn(record, step) ? [step] : [];
  for (const key of keys) {
    const known = own(beside, key);
    if (rest.length > 0) {
      rewrite(record[key], rest, change, known);
    } else {
      record[key] = change(record[key], known);
    }
  }
}

function own(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
