import type { ErrorCode } from "../errors.ts";
import type { ProblemCode } from "../core/log/problem-codes.ts";
import type { Json } from "../core/json.ts";
import { recipientName } from "../core/text/recipient-name.ts";

/** One entry of a request's `errors`: why part of it did not run, for the request log. */
export interface RequestProblem {
  error_code: ProblemCode | ErrorCode;
  error_description: string;
  error_type: string;
  severity: "critical" | "error" | "warning" | "info";
  workflow_slug: string | null;
  /** The recipient it concerns, `object_type/id` or `distinct_id`; absent where it concerns the whole request. */
  recipient?: string;
  trace?: Json;
}

/** A problem of one recipient, named as in the API. */
export function problemOf(
  who: { object_type: string; distinct_id: string },
  workflow_slug: string | null,
  error_code: ProblemCode | ErrorCode,
  error_description: string,
): RequestProblem {
  return { ...problem(workflow_slug, error_code, error_description), recipient: recipientName(who) };
}

export function problem(
  workflow_slug: string | null,
  error_code: ProblemCode | ErrorCode,
  error_description: string,
): RequestProblem {
  return { error_code, error_description, error_type: "workflow_trigger", severity: "error", workflow_slug };
}
