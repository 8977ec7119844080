import type { z } from "zod";
import { AppError } from "../errors.ts";
import type { ErrorFamily } from "./envelope.ts";

/**
 * Parses one part of a request with its schema. The refusal names each field and what it expects, in the shape that the
 * family's clients know: `{"recipients":"is a required field"}` or `{"name":["This field is required."]}`.
 */
export function validate(schema: z.ZodType, value: unknown, family: ErrorFamily): unknown {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const reasons = new Map<string, string[]>();
  for (const issue of parsed.error.issues) {
    const path = issue.path.length === 0 ? "(root)" : formatPath(issue.path);
    const known = reasons.get(path);
    if (known === undefined) reasons.set(path, [reasonOf(issue, family)]);
    else known.push(reasonOf(issue, family));
  }
  const root = reasons.get("(root)");
  if (root !== undefined && reasons.size === 1) throw new AppError("validation_error", root.join("; "));
  const shown = [...reasons].map(([path, list]) => [path, family === "management" ? list : list[0]]);
  const detail: unknown = Object.fromEntries(shown);
  throw new AppError(
    family === "code_message" ? "invalid_request_error" : "validation_error",
    JSON.stringify(detail),
    {
      detail,
    },
  );
}

function reasonOf(issue: z.core.$ZodIssue, family: ErrorFamily): string {
  const missing = issue.code === "invalid_type" && issue.input === undefined;
  if (!missing) return issue.message;
  return family === "management" ? "This field is required." : "is a required field";
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`,
    )
    .join("");
}
