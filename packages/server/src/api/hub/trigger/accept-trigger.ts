import { storableJson } from "../../../core/text/text.ts";
import { findAvailable } from "../../../catalog/availability.ts";
import { findPayloadMismatch } from "../../../catalog/payload-mismatch.ts";
import type { CompiledWorkflow } from "../../../catalog/workflow.ts";
import type { Json } from "../../../core/json.ts";
import { parseTrigger, type Trigger } from "../../../core/trigger.ts";
import { AppError } from "../../../errors.ts";
import type { RouteContext } from "../../../http/route.ts";
import { outsiderRefusal } from "../outsider-refusal.ts";
import { noteRefused } from "../request-notes.ts";
import type { WireRecord } from "../records.ts";

export type TriggerContext = Pick<
  RouteContext<unknown, unknown, unknown>,
  "auth" | "services" | "user_agent"
>;

/**
 * Checks the shape of one record of `/trigger/`, finds its workflow (its category determines the lane), and passes it
 * to the engine. Resolves to the request's id once the record is on disk; recipients are determined later.
 */
export async function acceptTrigger(record: WireRecord, ctx: TriggerContext): Promise<string> {
  const { auth, services, user_agent } = ctx;
  const { workspace_id } = auth.workspace;
  const { trigger, live } = await checkTrigger(record.body, ctx).catch((error: unknown) => {
    if (error instanceof AppError) noteRefused(ctx, "workflow", record, error);
    throw error;
  });
  const { workflow, tenant_id, idempotency_key, cancellation_key, metadata } = trigger;
  const accepted = await services.engine.accept({
    workspace_id,
    lane: live.lane,
    api_type: "workflow",
    name: workflow,
    tenant_id,
    idempotency_key,
    cancellation_key,
    weight: trigger.recipients.length,
    body: record.text,
    metadata: metadataText(user_agent, metadata),
  });
  return accepted.message_id;
}

/** Throws an `AppError` for a record that cannot be accepted. */
export async function checkTrigger(
  body: unknown,
  { auth, services }: Pick<TriggerContext, "auth" | "services">,
): Promise<{ trigger: Trigger; live: CompiledWorkflow }> {
  const parsed = parseTrigger(body, { max_recipients: services.config.MAX_RECIPIENTS });
  if (!parsed.ok) {
    const code = parsed.message === "workflow missing" ? "workflow_missing" : "validation_error";
    throw new AppError(code, parsed.message);
  }
  const { workspace_id } = auth.workspace;
  const found = await findAvailable(services.catalog, workspace_id, parsed.value.workflow);
  if (!found.ok) throw new AppError(found.code, found.reason);
  const { live } = found;
  const detail = await findPayloadMismatch(services.catalog, workspace_id, live, parsed.value.data);
  if (detail.length > 0) throw new AppError("schema_validation_error", detail.join("; "), { detail });
  const { tenant_id, recipients } = parsed.value;
  const outsider = await outsiderRefusal({ auth, services }, tenant_id, recipients);
  if (outsider !== null) throw outsider;
  return { trigger: parsed.value, live };
}

/** What the request log keeps about the caller: the client's name, and what it says about itself. */
export function metadataText(user_agent: string, metadata: Json): string {
  return storableJson(metadata === null ? { user_agent } : { user_agent, metadata });
}
