import type { Json } from "../core/json.ts";

/** One entry of a request's `errors`: why something of it did not run, for the request log. */
export interface RequestProblem {
  error_code: string;
  error_description: string;
  error_type: string;
  severity: "critical" | "error" | "warning" | "info";
  workflow_slug: string | null;
  trace?: Json;
}

export function problem(
  workflow_slug: string | null,
  error_code: string,
  error_description: string,
): RequestProblem {
  return { error_code, error_description, error_type: "workflow_trigger", severity: "error", workflow_slug };
}
