import { isJsonObject } from "../../core/json.ts";
import type { AppError } from "../../errors.ts";
import type { RouteContext } from "../../http/route.ts";
import type { WireRecord } from "./records.ts";

type NotingContext = Pick<RouteContext<unknown, unknown, unknown>, "auth" | "services" | "user_agent">;

/** The key of a record that names what it asks for. */
const NAMED_BY = { workflow: "workflow", dynamic: "name", event: "event" } as const;
const MAX_KEY = 255;

/** Tells the request log of a record that is refused. It is not as it should be: what can be read of it is. */
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

/** Tells it of an edit of a user whose other parts were applied. */
export function notePartialEdit(ctx: NotingContext, record: WireRecord, warnings: readonly string[]): void {
  ctx.services.engine.noteRequest({
    ...factsOf(record, "distinct_id", ctx),
    api_type: "user_edit",
    status: "partial_failure",
    errors: warnings.map((text) => ({ error_code: "invalid_profile_value", error_description: text })),
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
    metadata: JSON.stringify({ user_agent }),
  };
}
