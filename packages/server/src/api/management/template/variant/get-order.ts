import { z } from "zod";
import { getVariantOrder, variantOrder } from "../../../../authoring/templates/variant-order.ts";
import { defineRoute } from "../../../../http/route.ts";
import { slugParam } from "../../params.ts";
import { modeQuery } from "../../query.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/:slug/variant/order/",
  summary: "Get the order in which the variants of each channel and tenant are tried",
  params: z.object(slugParam),
  query: z.object(modeQuery),
  reply: { status: 200, body: variantOrder },
  errors: ["not_found"],
  handle: (ctx) => getVariantOrder(templateSource(ctx), ctx.params.slug, ctx.query.mode),
});
