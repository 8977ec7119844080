import { z } from "zod";
import { saveVariant } from "../../../../authoring/templates/save-variant.ts";
import {
  DRAFT_CONTENT_EXAMPLE,
  getVariantView,
  variantReply,
} from "../../../../authoring/templates/variant-view.ts";
import { vendorApprovalSchema } from "../../../../core/approval.ts";
import { conditionsSchema } from "../../../../core/conditions/conditions.ts";
import type { JsonObject } from "../../../../core/json.ts";
import { defineRoute } from "../../../../http/route.ts";
import { guardVariant } from "./guard-variant.ts";
import { templateSource } from "../template-source.ts";
import { channelParam, slugParam, variantIdParam } from "../../params.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/:id/",
  summary: "Create a variant or change its draft",
  params: z.object({ ...slugParam, ...channelParam, ...variantIdParam }),
  body: z.object({
    // Upstream allows 6 characters, which excludes zh-Hans and zh-Hant.
    locale: z
      .string()
      .max(35)
      .regex(/^[a-zA-Z]{2,3}([-_][a-zA-Z0-9]{1,8})*$/, "must be a locale like en, es-MX or en-419"),
    content: z.record(z.string(), z.unknown()).meta({ examples: [DRAFT_CONTENT_EXAMPLE] }),
    tenant_id: z
      .string()
      .max(64)
      .regex(/^[a-zA-Z0-9_-]+$/, "must be made of a-z, A-Z, 0-9, - and _")
      .nullish(),
    conditions: conditionsSchema.nullish(),
    needs_vendor_approval: z.boolean().nullish(),
    seq_no: z.int32().min(1).nullish(),
    /** What vendors said of this very content, for one that was approved elsewhere. */
    vendor_approvals: z.array(vendorApprovalSchema).max(50).nullish(),
  }),
  reply: {
    status: 200,
    body: variantReply,
    description: "The draft as stored. One with `errors` is stored too; it cannot be committed.",
  },
  errors: ["not_found", "conflict"],
  takes_if_match: true,
  async handle(ctx) {
    const { slug, channel, id } = ctx.params;
    const { body } = ctx;
    const change = templateSource(ctx);
    await guardVariant(ctx, change);
    await saveVariant(
      change,
      slug,
      { channel, id },
      {
        locale: body.locale,
        content: body.content as JsonObject,
        tenant_id: body.tenant_id,
        // Clients send null for "none".
        conditions: body.conditions === null ? [] : body.conditions,
        needs_vendor_approval: body.needs_vendor_approval ?? undefined,
        seq_no: body.seq_no ?? undefined,
        vendor_approvals: body.vendor_approvals ?? undefined,
      },
    );
    return getVariantView(change, slug, { channel, id }, "draft");
  },
});
