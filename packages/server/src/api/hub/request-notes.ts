import { storableJson } from "../../core/text/text.ts";
import { isJsonObject } from "../../core/json.ts";
import type { AppError } from "../../errors.ts";
import type { RouteContext } from "../../http/route.ts";
import type { WireRecord } from "./records.ts";

type NotingContext = Pick<RouteContext<unknown, unknown, unknown>, "auth" | "services" | "user_agent">;

/** The key by which a record names what it triggers. */
const NAMED_BY = { workflow: "workflow", dynamic: "name", event: "event", broadcast: "list_id" } as const;
const MAX_KEY = 255;

/** Reports a refused record to the request log. The record is malformed, so only its readable parts are noted. */
export function noteRefused(
  ctx: NotingContext,
  api_type: keyof typeof NAMED_BY,
  record: WireRecord,
  { code, message }: AppError,
): void {
  ctx.services.engine.noteRequest({
    ...factsOf(record, NAMED_BY[api_type], ctx),
    api_type,
    status: "refused",
    errors: [{ error_code: code, error_description: message }],
  });
}

/** Reports a user edit to the request log of which something was not applied; does nothing without reasons. */
export function noteEdit(
  ctx: NotingContext,
  record: WireRecord,
  status: "partial_failure" | "refused",
  reasons: readonly string[],
): void {
  if (reasons.length === 0) return;
  ctx.services.engine.noteRequest({
    ...factsOf(record, "distinct_id", ctx),
    api_type: "user_edit",
    status,
    errors: reasons.map((text) => ({ error_code: "invalid_profile_value", error_description: text })),
  });
}

function factsOf({ body, text }: WireRecord, named_by: string, { auth, user_agent }: NotingContext) {
  const read = (key: string): string | null => {
    const value = isJsonObject(body) ? body[key] : null;
    return typeof value === "string" && value !== "" && value.length <= MAX_KEY ? value : null;
  };
  return {
    workspace_id: auth.workspace.workspace_id,
    name: read(named_by) ?? "",
    tenant_id: read("tenant_id"),
    idempotency_key: read("$idempotency_key") ?? read("$insert_id"),
    body: text,
    metadata: storableJson({ user_agent }),
  };
}
