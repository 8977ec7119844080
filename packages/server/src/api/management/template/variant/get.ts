import { z } from "zod";
import { getVariantView, variantReply } from "../../../../authoring/templates/variant-view.ts";
import { defineRoute } from "../../../../http/route.ts";
import { variantParams } from "../../params.ts";
import { modeQuery } from "../../query.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/:id/",
  summary: "Get a variant with its content, of the draft or of the live version",
  params: variantParams,
  query: z.object(modeQuery),
  reply: { status: 200, body: variantReply },
  errors: ["not_found"],
  handle(ctx) {
    const { slug, channel, id } = ctx.params;
    return getVariantView(templateSource(ctx), slug, { channel, id }, ctx.query.mode);
  },
});
