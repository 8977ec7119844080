import { z } from "zod";
import { type InlineTrigger, parseInlineTrigger } from "../../../catalog/inline-workflow.ts";
import { isRootCategory, type Lane, laneOf } from "../../../core/lane.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute, RouteReply } from "../../../http/route.ts";
import { inlineTriggerBody } from "../wire-schemas.ts";
import { outsiderRefusals } from "../outsider-refusal.ts";
import { noteRefused } from "../request-notes.ts";
import {
  MAX_RECORDS,
  noDryRun,
  presentTexts,
  settleRecords,
  recordsOf,
  type WireRecord,
} from "../records.ts";
import { metadataText, type TriggerContext } from "./accept-trigger.ts";

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
    const read = await readTriggers(records, ctx);
    const fates = await settleRecords(read, (trigger) => acceptInline(trigger, ctx));
    return new RouteReply(202, presentTexts("OK", fates), "text/plain; charset=utf-8");
  },
});

interface InlineRecord {
  trigger: InlineTrigger;
  lane: Lane;
  text: string;
}

/** The records in order, those that are wrong replaced by their errors. */
async function readTriggers(
  records: readonly (WireRecord | AppError)[],
  ctx: TriggerContext,
): Promise<(InlineRecord | AppError)[]> {
  const read = records.map((record) => (record instanceof AppError ? record : readTrigger(record, ctx)));
  const right = read.flatMap((one) => (one instanceof AppError ? [] : [one]));
  const refusals = await outsiderRefusals(
    ctx,
    right.map(({ trigger: { tenant_id, recipients } }) => ({ tenant_id, people: recipients })),
  );
  const refused = new Map(right.map((one, index) => [one, refusals?.[index] ?? null]));
  return read.map((one, index) => {
    const fate = one instanceof AppError ? one : (refused.get(one) ?? one);
    const record = records[index];
    if (fate instanceof AppError && record !== undefined && !(record instanceof AppError))
      noteRefused(ctx, "dynamic", record, fate);
    return fate;
  });
}

function readTrigger({ body, text }: WireRecord, { services }: TriggerContext): InlineRecord | AppError {
  const { MAX_RECIPIENTS: max_recipients } = services.config;
  const parsed = parseInlineTrigger(body, { max_recipients });
  if (!parsed.ok) return new AppError("validation_error", parsed.message);
  const { category } = parsed.value;
  if (!isRootCategory(category)) return new AppError("validation_error", `category '${category}' not found`);
  return { trigger: parsed.value, lane: laneOf(category), text };
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
