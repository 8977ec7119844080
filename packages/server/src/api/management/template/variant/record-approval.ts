import { z } from "zod";
import { recordVendorApproval } from "../../../../authoring/templates/approval-change.ts";
import { getVariantView, variantReply } from "../../../../authoring/templates/variant-view.ts";
import { vendorApprovalSchema } from "../../../../core/approval.ts";
import { defineRoute } from "../../../../http/route.ts";
import { variantParams } from "../../params.ts";
import { liveOnlyQuery } from "../../query.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/:id/vendor_approval/",
  summary: "Record what a vendor says of a variant's content",
  params: variantParams,
  query: z.object(liveOnlyQuery),
  body: vendorApprovalSchema,
  reply: { status: 200, body: variantReply, description: "Once a vendor has approved it, it is sent." },
  errors: ["not_found", "conflict", "validation_error"],
  async handle(ctx) {
    const { slug, channel, id } = ctx.params;
    const source = templateSource(ctx);
    await recordVendorApproval(source, slug, { channel, id }, ctx.body);
    return getVariantView(source, slug, { channel, id }, "live");
  },
});
