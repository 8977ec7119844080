import { z } from "zod";
import { getVariantView, variantReply } from "../../../authoring/templates/variant-view.ts";
import { defineRoute } from "../../../http/route.ts";
import { channelParam, slugParam } from "../params.ts";
import { modeQuery } from "../query.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/:id/",
  summary: "Get a variant with its content, of the draft or of the live version",
  params: z.object({ ...slugParam, ...channelParam, id: z.string() }),
  query: z.object(modeQuery),
  reply: { status: 200, body: variantReply },
  errors: ["not_found"],
  handle: ({ params: { slug, channel, id }, query, auth, db, services: { channels, engine } }) =>
    getVariantView(
      { db, workspace_id: auth.workspace.workspace_id, channels, expressions: engine.expressions },
      slug,
      { channel, id },
      query.mode,
    ),
});
