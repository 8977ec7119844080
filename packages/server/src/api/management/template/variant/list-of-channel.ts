import { z } from "zod";
import { variantReply, viewVariants, withoutContent } from "../../../../authoring/templates/variant-view.ts";
import { defineRoute } from "../../../../http/route.ts";
import { pageOf, pagingQuery, toPage } from "../../../paging.ts";
import { channelParam, slugParam } from "../../params.ts";
import { includeContentQuery, modeQuery } from "../../query.ts";
import { templateSource } from "../template-source.ts";

export default defineRoute({
  method: "GET",
  path: "/v2/:workspace/template/:slug/channel/:channel/variant/",
  summary: "List the variants of one channel of a template, in their order",
  params: z.object({ ...slugParam, ...channelParam }),
  query: z.object({ ...modeQuery, ...includeContentQuery, ...pagingQuery(20) }),
  reply: { status: 200, body: pageOf(variantReply) },
  errors: ["not_found"],
  async handle(ctx) {
    const { params, query } = ctx;
    const { count, variants } = await viewVariants(
      templateSource(ctx),
      params.slug,
      query.mode,
      { channel: params.channel },
      query,
    );
    return toPage(query.include_content ? variants : variants.map(withoutContent), count, query);
  },
});
