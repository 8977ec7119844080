import type { z } from "zod";

/** One reason why a value does not fit its schema. */
export interface SchemaIssue {
  path: PropertyKey[];
  reason: string;
}

export type Checked<T> = { ok: true; value: T } | { ok: false; problems: string[] };

/**
 * A stored value parsed by its schema, or why it does not fit: `field[0].name: reason`, with the path starting at
 * `prefix`; only the reason if there is no path.
 */
export function checkValue<T>(
  schema: z.ZodType<T>,
  value: unknown,
  prefix: readonly PropertyKey[] = [],
): Checked<T> {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = schemaIssues(parsed.error).map(({ path, reason }) => {
    const place = formatPath([...prefix, ...path]);
    return place === "" ? reason : `${place}: ${reason}`;
  });
  return { ok: false, problems };
}

/** Like `checkValue`, for callers that need only the problems. */
export function schemaProblems(
  schema: z.ZodType,
  value: unknown,
  prefix: readonly PropertyKey[] = [],
): string[] {
  const checked = checkValue(schema, value, prefix);
  return checked.ok ? [] : checked.problems;
}

/**
 * The error must come from a parse with `reportInput`, which distinguishes a missing field from one of the wrong type.
 */
export function schemaIssues(error: z.ZodError): SchemaIssue[] {
  return error.issues.flatMap((issue) => flatten(issue, []));
}

function flatten(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): SchemaIssue[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // If no shape of a union fits, the author most likely meant the one with the fewest problems.
    const [nearest = []] = issue.errors.toSorted((left, right) => left.length - right.length);
    return nearest.flatMap((inner) => flatten(inner, path));
  }
  const isMissing = issue.code === "invalid_type" && issue.input === undefined;
  return [{ path, reason: isMissing ? "is a required field" : issue.message }];
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`,
    )
    .join("");
}
