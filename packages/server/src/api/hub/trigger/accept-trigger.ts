import { storableJson } from "../../../core/text/text.ts";
import { findAvailable } from "../../../catalog/availability.ts";
import { findPayloadMismatch } from "../../../catalog/payload-mismatch.ts";
import type { CompiledWorkflow } from "../../../catalog/workflow.ts";
import type { Json } from "../../../core/json.ts";
import { parseTrigger, type Trigger } from "../../../core/trigger.ts";
import { AppError } from "../../../errors.ts";
import type { RouteContext } from "../../../http/route.ts";
import { outsiderRefusals } from "../outsider-refusal.ts";
import { noteRefused } from "../request-notes.ts";
import { settleRecords, type WireRecord } from "../records.ts";

export type TriggerContext = Pick<
  RouteContext<unknown, unknown, unknown>,
  "auth" | "services" | "user_agent"
>;

/** A trigger that can be accepted, and its workflow, whose category determines the lane. */
export interface CheckedTrigger {
  trigger: Trigger;
  live: CompiledWorkflow;
}

/**
 * Checks the records of `/trigger/` and passes each that is right to the engine. A fate is the request's id, once the
 * record is on disk, or why that record was not accepted; recipients are determined later.
 */
export async function acceptTriggers(
  records: readonly (WireRecord | AppError)[],
  ctx: TriggerContext,
): Promise<PromiseSettledResult<string>[]> {
  const checked = await checkTriggers(records, ctx);
  return Promise.allSettled(
    checked.map(async (fate, index) => {
      const record = records[index];
      if (record === undefined || record instanceof AppError) throw record ?? new Error("a record was lost");
      if (fate.status === "fulfilled") return acceptTrigger(fate.value, record, ctx);
      if (fate.reason instanceof AppError) noteRefused(ctx, "workflow", record, fate.reason);
      throw fate.reason;
    }),
  );
}

/** Checks each record by itself, except that one statement asks for the tenants of all recipients. */
export async function checkTriggers(
  records: readonly (WireRecord | AppError)[],
  ctx: Pick<TriggerContext, "auth" | "services">,
): Promise<PromiseSettledResult<CheckedTrigger>[]> {
  const checked = await settleRecords(records, ({ body }) => checkTrigger(body, ctx));
  const right = checked.flatMap((fate) => (fate.status === "fulfilled" ? [fate.value.trigger] : []));
  const refusals = await outsiderRefusals(
    ctx,
    right.map(({ tenant_id, recipients }) => ({ tenant_id, people: recipients })),
  );
  if (refusals === null) return checked;
  const refused = new Map(right.map((trigger, index) => [trigger, refusals[index] ?? null]));
  return checked.map((fate) => {
    const reason = fate.status === "fulfilled" ? refused.get(fate.value.trigger) : null;
    return reason ? { status: "rejected", reason } : fate;
  });
}

async function acceptTrigger(
  { trigger, live }: CheckedTrigger,
  { text }: WireRecord,
  { auth, services, user_agent }: TriggerContext,
): Promise<string> {
  const { workflow, tenant_id, idempotency_key, cancellation_key, metadata } = trigger;
  const accepted = await services.engine.accept({
    workspace_id: auth.workspace.workspace_id,
    lane: live.lane,
    api_type: "workflow",
    name: workflow,
    tenant_id,
    idempotency_key,
    cancellation_key,
    weight: trigger.recipients.length,
    body: text,
    metadata: metadataText(user_agent, metadata),
  });
  return accepted.message_id;
}

/** Throws an `AppError` for a record that is wrong by itself. */
async function checkTrigger(
  body: unknown,
  { auth, services }: Pick<TriggerContext, "auth" | "services">,
): Promise<CheckedTrigger> {
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
  return { trigger: parsed.value, live };
}

/** What the request log keeps about the caller: the client's name, and what it says about itself. */
export function metadataText(user_agent: string, metadata: Json): string {
  return storableJson(metadata === null ? { user_agent } : { user_agent, metadata });
}
