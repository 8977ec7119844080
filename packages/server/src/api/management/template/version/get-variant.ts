import { z } from "zod";
import { getVariantView, variantReply } from "../../../../authoring/templates/variant-view.ts";
import { defineRoute } from "../../../../http/route.ts";
import { channelParam, slugParam, versionNoParam } from "../../params.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/:slug/version/:version_no/channel/:channel/variant/:id/",
  summary: "Get a variant with its content, as it was committed",
  params: z.object({ ...slugParam, ...versionNoParam, ...channelParam, id: z.string() }),
  reply: { status: 200, body: variantReply },
  errors: ["not_found"],
  handle: (ctx) => {
    const { slug, version_no, channel, id } = ctx.params;
    return getVariantView(templateSource(ctx), slug, { channel, id }, version_no);
  },
});
