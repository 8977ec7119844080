import { isJsonObject } from "../../core/json.ts";
import type { AppError } from "../../errors.ts";
import type { RouteContext } from "../../http/route.ts";
import type { WireRecord } from "./records.ts";

const NAMED_BY = { workflow: "workflow", dynamic: "name", event: "event" } as const;

/** Tells the request log of a record that is refused. It is not the record as it should be: what can be read of it is. */
export function noteRefused(
  {
    auth,
    services,
    user_agent,
  }: Pick<RouteContext<unknown, unknown, unknown>, "auth" | "services" | "user_agent">,
  api_type: keyof typeof NAMED_BY,
  { body, text }: WireRecord,
  { code, message }: AppError,
): void {
  const read = (key: string): string | null => {
    const value = isJsonObject(body) ? body[key] : null;
    return typeof value === "string" && value !== "" && value.length <= MAX_KEY ? value : null;
  };
  services.engine.noteRefused({
    workspace_id: auth.workspace.workspace_id,
    api_type,
    name: read(NAMED_BY[api_type]) ?? "",
    tenant_id: read("tenant_id"),
    idempotency_key: read("$idempotency_key"),
    body: text,
    metadata: JSON.stringify({ user_agent }),
    error_code: code,
    error_description: message,
  });
}

const MAX_KEY = 255;
