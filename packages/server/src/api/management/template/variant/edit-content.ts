import { z } from "zod";
import { mergeContent } from "../../../../authoring/templates/save-variant.ts";
import {
  DRAFT_CONTENT_EXAMPLE,
  getVariantView,
  variantReply,
} from "../../../../authoring/templates/variant-view.ts";
import type { JsonObject } from "../../../../core/json.ts";
import { defineRoute } from "../../../../http/route.ts";
import { guardVariant } from "./guard-variant.ts";
import { variantParams } from "../../params.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "PATCH",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/:id/content/",
  summary: "Change a part of the content of a variant's draft",
  params: variantParams,
  body: z.object({
    /** Objects are merged at every depth; arrays, texts, numbers and null replace what is there. */
    content: z.record(z.string(), z.unknown()).meta({ examples: [DRAFT_CONTENT_EXAMPLE] }),
  }),
  reply: { status: 200, body: variantReply, description: "The draft as stored, with its errors." },
  errors: ["not_found", "conflict", "validation_error"],
  takes_if_match: true,
  async handle(ctx) {
    const { slug, channel, id } = ctx.params;
    const source = templateSource(ctx);
    await guardVariant(ctx, source);
    await mergeContent(source, slug, { channel, id }, ctx.body.content as JsonObject);
    return getVariantView(source, slug, { channel, id }, "draft");
  },
});
