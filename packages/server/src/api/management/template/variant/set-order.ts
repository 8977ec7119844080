import { z } from "zod";
import {
  getVariantOrder,
  setVariantOrder,
  variantOrder,
  variantOrderBody,
} from "../../../../authoring/templates/variant-order.ts";
import { defineRoute } from "../../../../http/route.ts";
import { slugParam } from "../../params.ts";
import { draftOnlyQuery } from "../../query.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "POST",
  path: "/v2/:workspace/template/:slug/variant/order/",
  summary: "Set the order in which the variants of a draft are tried",
  params: z.object(slugParam),
  query: z.object(draftOnlyQuery),
  body: variantOrderBody,
  reply: {
    status: 200,
    body: variantOrder,
    description:
      "The whole order. Variants that the body does not name follow those it names, in their old order.",
  },
  errors: ["not_found", "conflict", "validation_error"],
  async handle(ctx) {
    const source = templateSource(ctx);
    await setVariantOrder(source, ctx.params.slug, ctx.body);
    return getVariantOrder(source, ctx.params.slug, "draft");
  },
});
