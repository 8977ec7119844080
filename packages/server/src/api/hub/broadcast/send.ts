import { z } from "zod";
import { type BroadcastOrder, parseBroadcast } from "../../../catalog/broadcast.ts";
import { type Lane, laneOf } from "../../../core/lane.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute, RouteReply } from "../../../http/route.ts";
import { noteRefused } from "../request-notes.ts";
import { noDryRun, toRecord } from "../records.ts";
import { metadataText, type TriggerContext } from "../trigger/accept-trigger.ts";
import { broadcastBody } from "../wire-schemas.ts";

/**
 * The SDKs' broadcast. What the body names may not exist yet: list, template and tenant are looked at when the broadcast
 * begins, and what is missing then is in its log, as the wire has it. The category is looked at here, because it decides
 * the lane.
 */
export default defineRoute({
  method: "POST",
  path: "/:workspace_key/broadcast/",
  summary: "Send a template to everybody in a list",
  params: z.object({ workspace_key: z.string() }),
  query: noDryRun,
  body: z.unknown().meta(broadcastBody),
  reply: {
    status: 202,
    body: z.string().meta({ examples: ["OK"] }),
    content_type: "text/plain",
    description: "Accepted: on disk, not yet begun. `GET /v1/broadcast_run/` says how far it is.",
  },
  errors: ["validation_error", "bad_json", "payload_too_large"],
  family: "text",
  transaction: false,
  guardsText: true,
  async handle(ctx) {
    const record = toRecord(ctx.body, ctx.raw);
    const { order, lane } = await readOrder(record.body, ctx).catch((error: unknown) => {
      if (error instanceof AppError) noteRefused(ctx, "broadcast", record, error);
      throw error;
    });
    const { list_id, template, category, delay_ms, trigger_at, tenant_id, idempotency_key } = order;
    await ctx.services.engine.accept({
      workspace_id: ctx.auth.workspace.workspace_id,
      lane,
      api_type: "broadcast",
      name: list_id,
      tenant_id,
      idempotency_key,
      cancellation_key: null,
      body: record.text,
      metadata: metadataText(ctx.user_agent, null),
      broadcast: { list_id, template, category, delay_ms, trigger_at },
    });
    return new RouteReply(202, "OK", "text/plain; charset=utf-8");
  },
});

async function readOrder(
  body: unknown,
  { auth, services }: Pick<TriggerContext, "auth" | "services">,
): Promise<{ order: BroadcastOrder; lane: Lane }> {
  const parsed = parseBroadcast(body);
  if (!parsed.ok) throw new AppError("validation_error", parsed.message);
  const { category: slug } = parsed.value;
  const category = await services.preferences.findCategory(auth.workspace.workspace_id, slug);
  if (category === null) throw new AppError("validation_error", `category '${slug}' not found`);
  return { order: parsed.value, lane: laneOf(category.root_category) };
}
