import { z } from "zod";
import { type InlineTrigger, parseInlineTrigger } from "../../../catalog/inline-workflow.ts";
import { isRootCategory, type Lane, laneOf } from "../../../core/lane.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute, RouteReply } from "../../../http/route.ts";
import { inlineTriggerBody } from "../wire-schemas.ts";
import { outsiderRefusal } from "../outsider-refusal.ts";
import { noteRefused } from "../request-notes.ts";
import { noDryRun, presentTexts, settleRecords, recordsOf, type WireRecord } from "../records.ts";
import { metadataText, type TriggerContext } from "./accept-trigger.ts";

const MAX_RECORDS = 100;

/**
 * The endpoint of the deprecated `Workflow` classes: the trigger contains its template and category. An error in one
 * record affects only that record.
 */
export default defineRoute({
  method: "POST",
  path: "/:workspace_key/trigger/",
  summary: "Trigger a workflow that the request itself describes (deprecated)",
  params: z.object({ workspace_key: z.string() }),
  query: noDryRun,
  body: z.unknown().meta(inlineTriggerBody),
  reply: {
    status: 202,
    body: z.string().meta({ examples: ["OK"] }),
    content_type: "text/plain",
    description:
      "Accepted: on disk, not yet run. The text `OK`, and after it a line for each record that was refused.",
  },
  errors: ["validation_error", "bad_json", "payload_too_large"],
  family: "status_fail",
  transaction: false,
  guardsText: true,
  async handle(ctx) {
    const records = recordsOf(ctx.body, ctx.raw, MAX_RECORDS);
    const read = await Promise.all(
      records.map(async (record) => {
        if (record instanceof AppError) return record;
        const trigger = await readTrigger(record, ctx);
        if (trigger instanceof AppError) noteRefused(ctx, "dynamic", record, trigger);
        return trigger;
      }),
    );
    const fates = await settleRecords(read, (trigger) => acceptInline(trigger, ctx));
    return new RouteReply(202, presentTexts("OK", fates), "text/plain; charset=utf-8");
  },
});

interface InlineRecord {
  trigger: InlineTrigger;
  lane: Lane;
  text: string;
}

async function readTrigger(record: WireRecord, ctx: TriggerContext): Promise<InlineRecord | AppError> {
  const { MAX_RECIPIENTS: max_recipients } = ctx.services.config;
  const parsed = parseInlineTrigger(record.body, { max_recipients });
  if (!parsed.ok) return new AppError("validation_error", parsed.message);
  const { category, tenant_id, recipients } = parsed.value;
  if (!isRootCategory(category)) return new AppError("validation_error", `category '${category}' not found`);
  const outsider = await outsiderRefusal(ctx, tenant_id, recipients);
  return outsider ?? { trigger: parsed.value, lane: laneOf(category), text: record.text };
}

async function acceptInline({ trigger, lane, text }: InlineRecord, ctx: TriggerContext): Promise<string> {
  const { auth, services, user_agent } = ctx;
  const { slug, tenant_id, idempotency_key, cancellation_key, metadata } = trigger;
  const accepted = await services.engine.accept({
    workspace_id: auth.workspace.workspace_id,
    lane,
    api_type: "dynamic",
    name: slug,
    tenant_id,
    idempotency_key,
    cancellation_key,
    weight: trigger.recipients.length,
    body: text,
    metadata: metadataText(user_agent, metadata),
  });
  return accepted.message_id;
}
