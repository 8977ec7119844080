import type { ErrorCode } from "../errors.ts";
import type { ProblemCode } from "../core/log/problem-codes.ts";
import type { Json } from "../core/json.ts";
import { recipientName } from "../core/recipient-name.ts";

/** One entry of a request's `errors`: why something of it did not run, for the request log. */
export interface RequestProblem {
  error_code: ProblemCode | ErrorCode;
  error_description: string;
  error_type: string;
  severity: "critical" | "error" | "warning" | "info";
  workflow_slug: string | null;
  /** Whom it concerns, `object_type/id` or `distinct_id`; absent where that is the whole request. */
  recipient?: string;
  trace?: Json;
}

/** Of one recipient, as the API names users and objects. */
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
